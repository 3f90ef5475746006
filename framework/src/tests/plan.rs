//! What the generic passes of the planner do.

use super::*;

#[test]
fn a_create_has_defaults_unknowns_and_no_write_only_value() {
    let answer = plan(&write_model(&config("x")), Dynamic::Null);
    assert!(!answer.diagnostics.has_error());
    let planned: Everything = read_model(answer.planned.expect("a plan")).expect("a model");
    let expected = Inner {
        text: "t".into(),
        flag: true.into(),
        token: Attr::Null,
        mark: Attr::unknown(),
    };
    assert_eq!(planned.password, Attr::Null);
    assert_eq!(planned.one, Object(expected.clone()).into());
    let many = planned.many.known().expect("a map");
    assert_eq!(many.get("k"), Some(&Object(expected.clone()).into()));
    assert_eq!(planned.rows, vec![Object(expected).into()].into());
    assert_eq!(planned.made, Attr::unknown());
    assert_eq!(planned.tags, config("x").tags, "unknown elements stay");
}

#[test]
fn an_update_keeps_what_is_computed_even_inside() {
    let settled = |model: &mut Everything| {
        let mut inner = Inner {
            text: "t".into(),
            flag: true.into(),
            token: Attr::Null,
            mark: "m".into(),
        };
        model.password = Attr::Null;
        model.made = "then".into();
        model.one = Object(inner.clone()).into();
        inner.flag = false.into();
        model.many = BTreeMap::from([("k".to_owned(), Object(inner.clone()).into())]).into();
        model.rows = vec![Object(inner).into()].into();
    };
    let mut prior = config("x");
    settled(&mut prior);
    let mut proposed = prior.clone();
    // Core proposes prior values where the configuration is silent.
    proposed.size = Number::from(8_i64).into();
    let mut wanted = config("x");
    wanted.size = Number::from(8_i64).into();
    let answer = Entry::boxed(Kinds).plan(
        PlanRequest {
            config: write_model(&wanted),
            prior: write_model(&prior),
            proposed: write_model(&proposed),
            private: Private::default(),
            identity: Dynamic::Null,
            now: jiff::Timestamp::UNIX_EPOCH,
        },
        &(),
    );
    let planned: Everything = read_model(answer.planned.expect("a plan")).expect("a model");
    assert_eq!(planned.made, "then".into());
    assert_eq!(planned.one, prior.one);
    let many = planned
        .many
        .known()
        .and_then(|many| many.get("k"))
        .and_then(Attr::known);
    let Object(inner) = many.expect("an element");
    assert_eq!(inner.mark, "m".into());
    assert_eq!(inner.flag, true.into(), "the default comes back");
    assert_eq!(planned.rows, vec![Object(inner.clone()).into()].into());
    assert_eq!(answer.replaces, []);
}

#[test]
fn a_changed_name_replaces_and_says_where() {
    let mut prior = config("old");
    prior.password = Attr::Null;
    let answer = plan(&write_model(&config("new")), write_model(&prior));
    assert_eq!(answer.replaces, [Path::attribute("name")]);
}

#[test]
fn a_change_inside_replaces_and_says_where() {
    let mut prior = config("x");
    prior.password = Attr::Null;
    let other = Inner {
        text: "other".into(),
        ..Inner::default()
    };
    prior.one = Object(other.clone()).into();
    prior.rows = vec![Object(other.clone()).into()].into();
    let elements = [("k", other.clone()), ("gone", other)];
    let elements = elements.map(|(key, inner)| (key.to_owned(), Object(inner).into()));
    prior.many = BTreeMap::from(elements).into();
    let answer = plan(&write_model(&config("x")), write_model(&prior));
    let paths: Vec<String> = answer.replaces.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["many[\"k\"].text", "one.text", "rows[0].text"]);
}

#[test]
fn a_collection_that_is_wholly_unknown_stays_so() {
    let mut unknown = config("x");
    unknown.many = Attr::unknown();
    unknown.one = Attr::unknown();
    let answer = plan(&write_model(&unknown), Dynamic::Null);
    let planned: Everything = read_model(answer.planned.expect("a plan")).expect("a model");
    assert!(planned.many.is_unknown() && planned.one.is_unknown());
}
