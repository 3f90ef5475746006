//! Which zone certificate is presented, whatever the API shows of them.

use serde_json::json;

use crate::{Certificate, CertificateId, Presented};

const ONE: &str = "11111111-0c35-4c7f-82c7-8e9487d3ff60";
const OTHER: &str = "22222222-0c35-4c7f-82c7-8e9487d3ff60";

fn certificate(id: &str, status: &str, uploaded_on: Option<&str>) -> Certificate {
    let shown = json!({ "id": id, "status": status, "uploaded_on": uploaded_on });
    serde_json::from_value(shown).expect("a certificate")
}

#[test]
fn it_is_the_active_one_that_was_uploaded_last() {
    let (early, late) = (Some("2026-01-01T00:00:00Z"), Some("2026-01-01T00:00:00.5Z"));
    let cases = [
        ("active", early, None, Some(true)),
        ("pending_deployment", late, None, Some(false)),
        ("active", None, None, Some(true)),
        ("active", late, Some(("active", early)), Some(true)),
        ("active", early, Some(("active", late)), Some(false)),
        (
            "active",
            early,
            Some(("pending_deployment", late)),
            Some(true),
        ),
        ("active", early, Some(("deleted", late)), Some(true)),
        ("active", early, Some(("active", early)), None),
        ("active", None, Some(("active", late)), None),
        ("active", late, Some(("active", None)), None),
    ];
    for (status, uploaded_on, other, expected) in cases {
        let one = certificate(ONE, status, uploaded_on);
        let other = other.map(|(status, at)| certificate(OTHER, status, at));
        let all: Vec<Certificate> = [one].into_iter().chain(other).collect();
        let id = CertificateId::parse(ONE).expect("an id");
        for all in [all.clone(), all.into_iter().rev().collect()] {
            assert_eq!(Presented::of(&all).is(&id), expected, "{all:?}");
        }
    }
}
