//! The codec on everything that fits and on everything that does not.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{
    Dynamic, Number, Refinement, Step, Type, Unknown, from_json, from_msgpack, to_msgpack,
};

fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::String),
        Just(Type::Number),
        Just(Type::Bool),
        Just(Type::Dynamic)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ty| Type::List(Box::new(ty))),
            inner.clone().prop_map(|ty| Type::Set(Box::new(ty))),
            inner.clone().prop_map(|ty| Type::Map(Box::new(ty))),
            vec(inner.clone(), 0..3).prop_map(Type::Tuple),
            btree_map("[a-z]{1,6}", inner, 0..4).prop_map(Type::Object),
        ]
    })
}

fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,30})?".prop_map(|text| text.parse().expect("a number")),
    ]
}

fn unknowns() -> impl Strategy<Value = Unknown> {
    let prefix = proptest::option::of("[a-z]{1,8}");
    let bound = || proptest::option::of((numbers(), any::<bool>()));
    let length = proptest::option::of(any::<i64>());
    let all = (
        proptest::option::of(any::<bool>()),
        prefix,
        bound(),
        bound(),
        length.clone(),
        length,
    );
    all.prop_map(|(null, prefix, lower, upper, min_length, max_length)| {
        Unknown::refined(Refinement {
            null,
            prefix,
            lower,
            upper,
            min_length,
            max_length,
        })
    })
}

/// A value of a type; anything may be null or unknown.
fn values(ty: &Type) -> BoxedStrategy<Dynamic> {
    let known = match ty {
        Type::String => ".{0,12}".prop_map(Dynamic::String).boxed(),
        Type::Number => numbers().prop_map(Dynamic::Number).boxed(),
        Type::Bool => any::<bool>().prop_map(Dynamic::Bool).boxed(),
        Type::Dynamic => prop_oneof![
            ".{0,8}"
                .prop_map(|text| Dynamic::Typed(Box::new((Type::String, Dynamic::String(text))))),
            any::<bool>().prop_map(|b| Dynamic::Typed(Box::new((Type::Bool, Dynamic::Bool(b))))),
        ]
        .boxed(),
        Type::List(element) | Type::Set(element) => {
            vec(values(element), 0..4).prop_map(Dynamic::List).boxed()
        }
        Type::Map(element) => btree_map(".{0,6}", values(element), 0..4)
            .prop_map(|entries| Dynamic::Map(entries.into_iter().collect()))
            .boxed(),
        Type::Tuple(elements) => {
            let all: Vec<_> = elements.iter().map(values).collect();
            all.prop_map(Dynamic::List).boxed()
        }
        Type::Object(attributes) => {
            let names: Vec<String> = attributes.keys().cloned().collect();
            let all: Vec<_> = attributes.values().map(values).collect();
            all.prop_map(move |values| Dynamic::Map(names.iter().cloned().zip(values).collect()))
                .boxed()
        }
    };
    prop_oneof![
        8 => known,
        1 => Just(Dynamic::Null),
        1 => unknowns().prop_map(Dynamic::Unknown),
    ]
    .boxed()
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself((ty, value) in types().prop_flat_map(|ty| (Just(ty.clone()), values(&ty)))) {
        let bytes = to_msgpack(&value, &ty).expect("it fits");
        prop_assert_eq!(from_msgpack(&bytes, &ty), Ok(value));
    }

    #[test]
    fn a_type_survives_its_json_form(ty in types()) {
        prop_assert_eq!(Type::from_json(ty.to_json().as_bytes()), Ok(ty));
    }

    #[test]
    fn no_input_makes_a_decoder_panic(ty in types(), bytes in vec(any::<u8>(), 0..200)) {
        let _ = from_msgpack(&bytes, &ty);
        let _ = from_json(&bytes, &ty);
        let _ = Type::from_json(&bytes);
    }

    #[test]
    fn a_damaged_value_is_an_error_or_another_value(
        (ty, value) in types().prop_flat_map(|ty| (Just(ty.clone()), values(&ty))),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = to_msgpack(&value, &ty).expect("it fits");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = from_msgpack(&bytes, &ty);
        let _ = from_msgpack(&bytes[..at], &ty);
    }

    #[test]
    fn numbers_keep_their_value(number in numbers()) {
        prop_assert_eq!(number.to_string().parse(), Ok(number));
    }
}

/// What Terraform was measured to send for these numbers.
#[test]
fn numbers_travel_as_core_sends_them() {
    for (text, bytes) in [
        ("1", b"\x01".as_slice()),
        ("-1", b"\xff"),
        ("0.1", b"\xa30.1"),
        (
            "9223372036854775807",
            b"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff",
        ),
        ("9223372036854775808", b"\xb39223372036854775808"),
        ("100000000000000000000", b"\xb5100000000000000000000"),
    ] {
        let number = Dynamic::Number(text.parse().expect("a number"));
        let encoded = to_msgpack(&number, &Type::Number).expect("it fits");
        assert_eq!(encoded, bytes, "{text}");
        assert_eq!(from_msgpack(bytes, &Type::Number), Ok(number));
    }
    let half = Dynamic::Number("0.5".parse().expect("a number"));
    assert_eq!(
        from_msgpack(b"\xcb\x3f\xe0\0\0\0\0\0\0", &Type::Number),
        Ok(half)
    );
}

#[test]
fn an_unknown_value_is_one_whatever_its_payload() {
    for bytes in [
        b"\xd4\x00\x00".as_slice(),
        b"\xd4\x05\xff",
        b"\xc7\x03\x07abc",
        b"\xc7\x00\x00",
        b"\xc7\x01\x0c\x80",
        b"\xc7\x04\x0c\x81\x63\xc0\xc0",
        b"\xc7\x03\x0c\x81\x07\x80",
        b"\xc7\x04\x0c\x81\xa1a\xc2",
        b"\xc7\x00\x0c",
    ] {
        assert_eq!(
            from_msgpack(bytes, &Type::String),
            Ok(Dynamic::unknown()),
            "{bytes:?}"
        );
    }
    assert_eq!(
        to_msgpack(&Dynamic::unknown(), &Type::String),
        Ok(b"\xd4\x00\x00".to_vec())
    );
}

#[test]
fn a_mistake_is_reported_where_it_stands() {
    let ty = Type::from_json(br#"["object",{"list":["list",["object",{"ok":"bool"}]]}]"#);
    let ty = ty.expect("a type");
    // {"list": [{"ok": true}, {"ok": "no"}]}
    let bytes = b"\x81\xa4list\x92\x81\xa2ok\xc3\x81\xa2ok\xa2no";
    let error = from_msgpack(bytes, &ty).expect_err("not a bool");
    let steps = [
        Step::Attribute("list".to_owned()),
        Step::Index(1),
        Step::Attribute("ok".to_owned()),
    ];
    assert_eq!(error.path().steps(), steps);
    assert_eq!(
        error.to_string(),
        "list[1].ok: expected a bool, found a string"
    );
    let json = br#"{"list":[{"ok":true},{"ok":[]}]}"#;
    assert_eq!(
        from_json(json, &ty).expect_err("not a bool").path().steps(),
        steps
    );
}

#[test]
fn a_short_input_cannot_ask_for_much_memory() {
    let list = Type::List(Box::new(Type::Bool));
    let map = Type::Map(Box::new(Type::Bool));
    assert!(from_msgpack(b"\xdd\xff\xff\xff\xff", &list).is_err());
    assert!(from_msgpack(b"\xdf\xff\xff\xff\xff", &map).is_err());
    assert!(from_msgpack(b"\xdb\xff\xff\xff\xff", &Type::String).is_err());
    assert!(from_msgpack(b"\xc9\xff\xff\xff\xff\x0c", &Type::String).is_err());
}

#[test]
fn values_with_types_of_their_own_do_not_nest_without_end() {
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        bytes.extend(b"\x92\xc4\x09\"dynamic\"");
    }
    assert!(from_msgpack(&bytes, &Type::Dynamic).is_err());
    // Levels that carry a type, each of a type that is deep itself.
    let ty = format!("{}\"dynamic\"{}", "[\"list\",".repeat(100), "]".repeat(100));
    let mut level = b"\x92\xc5".to_vec();
    level.extend(u16::try_from(ty.len()).expect("short").to_be_bytes());
    level.extend(ty.as_bytes());
    level.extend([0x91; 100]);
    assert!(from_msgpack(&level.repeat(60), &Type::Dynamic).is_err());
    let mut list = vec![b'['; 100_000];
    list.extend(vec![b']'; 100_000]);
    assert!(from_json(&list, &Type::Dynamic).is_err());
}

#[test]
fn a_value_is_never_printed() {
    let secret = Dynamic::List(vec![Dynamic::from("hunter2")]);
    assert!(!format!("{secret:?}").contains("hunter2"));
}
