//! Renewal under a clock that is given: what each plan says, from the first day to the last.

use aop_simulator::pki::{Authority, Wanted};
use jiff::SignedDuration;

use super::super::issue::Issue;
use super::super::plan::complete;
use super::*;
use crate::resources::Settings;
use cloudflare::in_process::date;
use framework::value::Dynamic;
use framework::{Severity, read_model};

/// What is known of the authority's key.
#[derive(Clone, Copy, Debug)]
enum Key {
    Present,
    Absent,
    Empty,
    Wrong,
    Unknown,
}

/// A zone's certificate of ninety days, issued on the first, and its configuration.
struct Case {
    authority: Authority,
    issued: Timestamp,
    prior: Certificate,
}

impl Case {
    fn new() -> Self {
        let (authority, issued) = (Authority::new("Client CA").expect("a CA"), date());
        let leaf = authority.issue(&Wanted {
            name: "Cloudflare Authenticated Origin Pulls",
            not_before: issued,
            not_after: issued + days(90),
        });
        let text = leaf.expect("a certificate").certificate;
        let existing = Existing::find(&text).expect("a certificate");
        let prior = Certificate {
            id: "1".into(),
            zone_id: "023e105f4ecef8ad9ca31a8372d0c353".into(),
            certificate: text.as_str().into(),
            issue: Attr::Known(Object(issue(&authority, Dynamic::Null))),
            wait_for_deployment: true.into(),
            status: "active".into(),
            facts: existing.facts().into(),
            superseded_ids: Attr::Known(Vec::new()),
            ..Certificate::default()
        };
        Self {
            authority,
            issued,
            prior,
        }
    }

    fn key(&self, key: Key) -> Dynamic {
        let other = Authority::new("Client CA").expect("a CA");
        match key {
            Key::Present => Dynamic::from(self.authority.private_key().as_str()),
            Key::Wrong => Dynamic::from(other.private_key().as_str()),
            Key::Absent => Dynamic::Null,
            Key::Empty => Dynamic::from(""),
            Key::Unknown => Dynamic::unknown(),
        }
    }

    /// What the plan after a read on this day says: whether it issues another certificate, and
    /// its messages.
    fn plan(&self, day: i64, key: Key) -> (bool, Vec<(Severity, String)>) {
        self.plan_of(&self.prior, day, key)
    }

    /// The same, where the configuration says this of what needs no other certificate.
    fn plan_of(
        &self,
        proposed: &Certificate,
        day: i64,
        key: Key,
    ) -> (bool, Vec<(Severity, String)>) {
        let now = self.issued + days(day);
        let mut private = Private::default();
        note(&mut private, &self.prior, now);
        let config = Certificate {
            zone_id: self.prior.zone_id.clone(),
            issue: Attr::Known(Object(issue(&self.authority, self.key(key)))),
            ..Certificate::default()
        };
        let settings = Settings {
            expiry_warning_days: 30,
        };
        let mut change = Change {
            config,
            prior: Some(self.prior.clone()),
            planned: proposed.clone(),
            private: &private,
            settings: &settings,
            now,
            report: Diagnostics::default(),
        };
        complete(&mut change, Store::Zone);
        let said = change.report.iter();
        let said = said.map(|said| (said.severity, said.summary.clone()));
        (change.planned.id.is_unknown(), said.collect())
    }
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn issue(authority: &Authority, key: Dynamic) -> Issue {
    let arguments = [
        ("ca_certificate", Dynamic::from(authority.certificate())),
        ("ca_private_key_wo", key),
    ];
    let arguments = arguments.map(|(name, value)| (name.to_owned(), value));
    read_model(Dynamic::Map(arguments.into())).expect("the arguments")
}

#[test]
fn every_day_of_a_certificate_has_its_plan() {
    use Severity::{Error, Warning};
    let case = Case::new();
    let due = (Warning, "Renewal is due");
    let renews = (Warning, "Certificate is renewed");
    let wrong = (Error, "Private key does not belong to the certificate");
    for (day, is_due) in [
        (0, false),
        (59, false),
        (60, true),
        (76, true),
        (78, true),
        (91, true),
    ] {
        for key in [
            Key::Present,
            Key::Absent,
            Key::Empty,
            Key::Wrong,
            Key::Unknown,
        ] {
            let (issues, expected) = match (is_due, key) {
                (false, _) => (false, vec![]),
                (true, Key::Absent | Key::Empty) => (false, vec![due]),
                (true, Key::Present | Key::Unknown) => (true, vec![renews]),
                (true, Key::Wrong) => (true, vec![renews, wrong]),
            };
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(severity, said)| (severity, said.to_owned()))
                .collect();
            let first = case.plan(day, key);
            assert_eq!(first, (issues, expected), "day {day}, {key:?}");
            assert_eq!(case.plan(day, key), first, "a second plan on day {day}");
        }
    }
}

/// The apply of such a plan may have the key, and then the certificate is another one.
#[test]
fn a_plan_without_a_key_that_changes_something_else_leaves_the_renewal_open() {
    let case = Case::new();
    let proposed = Certificate {
        wait_for_deployment: false.into(),
        ..case.prior.clone()
    };
    let due = vec![(Severity::Warning, "Renewal is due".to_owned())];
    assert_eq!(case.plan_of(&proposed, 59, Key::Absent), (false, vec![]));
    assert_eq!(
        case.plan_of(&proposed, 61, Key::Absent),
        (true, due.clone())
    );
    let mut private = Private::default();
    let now = case.issued + days(61);
    note(&mut private, &case.prior, now);
    let config = |key: Key| Certificate {
        issue: Attr::Known(Object(issue(&case.authority, case.key(key)))),
        ..Certificate::default()
    };
    let kept = stays(&private, &config(Key::Absent), &case.prior, now).expect("valid");
    let said = match kept.expect("it stays") {
        Stays::Due(said) => said,
        Stays::InOrder => Diagnostics::default(),
    };
    let said = said.into_iter();
    let said: Vec<_> = said.map(|said| (said.severity, said.summary)).collect();
    assert_eq!(said, due);
    let renewed = stays(&private, &config(Key::Present), &case.prior, now);
    assert!(renewed.expect("valid").is_none());
}

/// A pipeline that runs often renews what lives for an hour.
#[test]
fn a_short_life_is_renewed_to_the_minute() {
    let mut case = Case::new();
    let leaf = case.authority.issue(&Wanted {
        name: "Cloudflare Authenticated Origin Pulls",
        not_before: case.issued,
        not_after: case.issued + days(1),
    });
    case.prior.certificate = leaf.expect("a certificate").certificate.as_str().into();
    let minutes = SignedDuration::from_mins;
    assert_eq!(told(&case, days(1) - minutes(8 * 60 + 1)), None);
    assert!(told(&case, days(1) - minutes(8 * 60)).is_some());
}

/// What was imported long ago is one that somebody has the key of.
#[test]
fn an_import_is_taken_for_an_issued_one_for_a_day() {
    let mut case = Case::new();
    case.prior.issue = Attr::Null;
    let terms = issue(&case.authority, Dynamic::Null).terms();
    let terms = terms.expect("valid").expect("known");
    let mut private = Private::default();
    imported(&mut private, case.issued);
    note(
        &mut private,
        &case.prior,
        case.issued + SignedDuration::from_hours(23),
    );
    assert!(needs(&private, &terms, &case.prior).is_none());
    note(
        &mut private,
        &case.prior,
        case.issued + SignedDuration::from_hours(25),
    );
    let later = needs(&private, &terms, &case.prior);
    assert!(matches!(later, Some(Needs::Another)));
}

/// What an interrupted renewal has left is not deleted by a run without the key.
#[test]
fn a_plan_without_a_key_leaves_what_was_left() {
    let mut case = Case::new();
    case.prior.superseded_ids = Attr::Known(vec!["2".into()]);
    let due = vec![(Severity::Warning, "Renewal is due".to_owned())];
    assert_eq!(
        case.plan_of(&case.prior.clone(), 61, Key::Absent),
        (false, due.clone())
    );
    // An empty text is no key.
    case.prior.superseded_ids = Attr::Known(Vec::new());
    assert_eq!(case.plan(61, Key::Empty), (false, due));
}

#[test]
fn an_authority_has_to_be_valid_and_to_stay_so() {
    let case = Case::new();
    let terms = issue(&case.authority, Dynamic::Null).terms();
    let terms = terms.expect("valid").expect("known");
    let said = |now: Timestamp| terms.check(now).err().map(|error| error.summary);
    let authority = Existing::find(case.authority.certificate()).expect("a certificate");
    let (from, until) = (authority.not_before(), authority.not_after());
    let (from, until) = (from.expect("a begin"), until.expect("an end"));
    let hour = SignedDuration::from_hours(1);
    for (now, expected) in [
        (from - hour, Some("CA is not valid yet")),
        (from + hour, None),
        (until - days(31), None),
        // What it issues then has to be renewed at once: a third of ninety days.
        (until - days(29), Some("CA expires too soon")),
        (until, Some("CA has expired")),
    ] {
        assert_eq!(said(now).as_deref(), expected, "{now}");
    }
}

/// The words of the plan without a key, on a day.
fn told(case: &Case, at: SignedDuration) -> Option<String> {
    let mut private = Private::default();
    note(&mut private, &case.prior, case.issued + at);
    let terms = issue(&case.authority, Dynamic::Null).terms();
    let terms = terms.expect("valid").expect("known");
    let needs = needs(&private, &terms, &case.prior)?;
    Some(needs.cannot(&case.prior, true).detail)
}

#[test]
fn a_plan_goes_by_the_hour_of_the_read_and_says_what_that_means() {
    let case = Case::new();
    let hour = SignedDuration::from_hours(1);
    assert_eq!(told(&case, days(60) - hour), None);
    let due = told(&case, days(60)).expect("due");
    assert!(
        due.contains("expires on") && !due.contains("From then on"),
        "{due}"
    );
    // A seventh of ninety days before the end.
    let last = days(90) - SignedDuration::from_secs(90 * 86_400 / 7);
    assert!(
        !told(&case, last - hour)
            .expect("due")
            .contains("From then on")
    );
    assert!(
        told(&case, last + hour)
            .expect("late")
            .contains("From then on")
    );
    assert!(told(&case, days(91)).expect("over").contains("has expired"));
    // Nobody has looked.
    let terms = issue(&case.authority, Dynamic::Null).terms();
    let terms = terms.expect("valid").expect("known");
    assert!(needs(&Private::default(), &terms, &case.prior).is_none());
}

/// One that is to be renewed late is not due before, however late it is in its life.
#[test]
fn the_last_seventh_alone_is_no_reason() {
    let case = Case::new();
    let arguments = [
        (
            "ca_certificate",
            Dynamic::from(case.authority.certificate()),
        ),
        ("renew_before", Dynamic::from("24h")),
    ];
    let arguments = arguments.map(|(name, value)| (name.to_owned(), value));
    let issue: Issue = read_model(Dynamic::Map(arguments.into())).expect("the arguments");
    let terms = issue.terms().expect("valid").expect("known");
    let is_due = |day: i64| {
        let mut private = Private::default();
        note(&mut private, &case.prior, case.issued + days(day));
        needs(&private, &terms, &case.prior).is_some()
    };
    assert!(!is_due(88));
    assert!(is_due(89));
}

/// What was given has a key that somebody knows, so that another one is issued; what was
/// imported may have been issued.
#[test]
fn a_given_certificate_that_fits_is_rotated_and_an_imported_one_is_not() {
    let mut case = Case::new();
    case.prior.issue = Attr::Null;
    let terms = issue(&case.authority, Dynamic::Null).terms();
    let terms = terms.expect("valid").expect("known");
    let given = needs(&Private::default(), &terms, &case.prior);
    assert!(matches!(given, Some(Needs::Another)));
    let mut private = Private::default();
    imported(&mut private, case.issued);
    assert!(needs(&private, &terms, &case.prior).is_none());
    // What cannot be read is none of the authority's.
    case.prior.certificate = "nothing".into();
    assert!(matches!(
        needs(&private, &terms, &case.prior),
        Some(Needs::Another)
    ));
}
