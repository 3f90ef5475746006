//! State of older and of newer versions.

use super::*;

#[test]
fn state_of_every_older_version_is_brought_to_the_current_shape() {
    let entry = Entry::boxed(Kinds);
    for (version, json) in [
        (0, r#"{"title":"test-x","size":1e20}"#),
        (1, r#"{"name":"test-x","size":100000000000000000000}"#),
        (2, r#"{"name":"x","size":"100000000000000000000"}"#),
    ] {
        let state = entry.upgrade(version, json.as_bytes()).expect(json);
        let state: Everything = read_model(state).expect("a model");
        assert_eq!(state.name, "x".into());
        let size = state.size.known().map(Number::to_string);
        assert_eq!(size.as_deref(), Some("100000000000000000000"));
    }
    assert_eq!(entry.schema().version, 2);
}

#[test]
fn state_that_another_version_wrote_is_refused_whole() {
    let entry = Entry::boxed(Kinds);
    for (version, json) in [(3, "{}"), (-1, "{}"), (0, "[]"), (1, "{")] {
        let errors = entry.upgrade(version, json.as_bytes()).expect_err(json);
        assert!(errors.has_error());
    }
    let newer = entry.upgrade(3, b"{}").expect_err("a newer one");
    let first = newer.iter().next().map(|d| d.summary.as_str());
    assert_eq!(first, Some("State of another version"));
}
