//! Values and types as Terraform sends them, and as they stand in stored state.

use std::sync::LazyLock;

use framework::value::{Type, from_json, from_msgpack, to_msgpack};
use terraform_provider_aop::resources;

/// The types of all that the provider manages, and one of each other kind.
static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
    let resources = resources::all();
    let mut types: Vec<Type> = resources.iter().map(|r| r.schema().ty.clone()).collect();
    types.extend([
        Type::Dynamic,
        Type::Number,
        Type::Set(Box::new(Type::Dynamic)),
        Type::List(Box::new(Type::Number)),
        Type::Tuple(vec![Type::Bool, Type::String, Type::Dynamic]),
    ]);
    types
});

/// The first byte chooses a type, the rest is for it.
fn typed(bytes: &[u8]) -> Option<(&'static Type, &[u8])> {
    let (choice, rest) = bytes.split_first()?;
    let ty = TYPES.get(usize::from(*choice) % TYPES.len())?;
    Some((ty, rest))
}

/// MessagePack: what is decoded survives its own encoding.
pub(crate) fn msgpack(bytes: &[u8]) {
    let Some((ty, bytes)) = typed(bytes) else {
        return;
    };
    if let Ok(value) = from_msgpack(bytes, ty) {
        let encoded = to_msgpack(&value, ty).expect("what was decoded fits its type");
        assert_eq!(from_msgpack(&encoded, ty).as_ref(), Ok(&value));
    }
}

/// Stored state: what is read can be sent.
pub(crate) fn state(bytes: &[u8]) {
    let Some((ty, bytes)) = typed(bytes) else {
        return;
    };
    if let Ok(value) = from_json(bytes, ty) {
        let encoded = to_msgpack(&value, ty).expect("what was read fits its type");
        assert_eq!(from_msgpack(&encoded, ty).as_ref(), Ok(&value));
    }
}

/// The JSON form of types: what is read is written the same.
pub(crate) fn type_json(bytes: &[u8]) {
    if let Ok(ty) = Type::from_json(bytes) {
        assert_eq!(Type::from_json(ty.to_json().as_bytes()).as_ref(), Ok(&ty));
    }
}
