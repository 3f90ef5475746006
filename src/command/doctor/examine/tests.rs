//! Every finding, from a zone that has nothing else to find.

use aop_simulator::pki::{Authority, Wanted};

use super::*;
use cloudflare::in_process::date;
use cloudflare::{CertificateId, Hostname};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A certificate, active for a day, that lasts from one day to another.
fn certificate(id: &str, from: i64, until: i64) -> Certificate {
    let authority = Authority::new("CA").expect("a CA");
    let at = |day: i64| date() + SignedDuration::from_hours(24 * day);
    let made = authority.issue(&Wanted {
        name: "leaf",
        not_before: at(from),
        not_after: at(until),
    });
    Certificate {
        id: CertificateId::parse(id).expect("an id"),
        certificate: Some(made.expect("a certificate").certificate),
        status: Status::Active,
        uploaded_on: Some(date() - DAY),
        expires_on: None,
    }
}

fn association(hostname: &str, id: &str) -> Association {
    Association {
        hostname: Hostname::parse(hostname).expect("a hostname"),
        cert_id: Some(CertificateId::parse(id).expect("an id")),
        enabled: Some(true),
        status: Status::Active,
    }
}

/// A zone in order: a zone certificate, a hostname certificate and a hostname.
fn zone() -> Inventory {
    Inventory {
        zone_certificates: vec![certificate("z1", -1, 90)],
        hostname_certificates: vec![certificate("h1", -1, 90)],
        associations: vec![association("a.example.com", "h1")],
        is_on: true,
        global: Some(false),
    }
}

fn codes(zone: &Inventory) -> Vec<&'static str> {
    let examined = examine(zone, date(), 30);
    examined.findings.iter().map(|found| found.code).collect()
}

#[test]
fn each_fault_is_found_alone() {
    assert_eq!(codes(&zone()), Vec::<&str>::new());
    type Break = fn(&mut Inventory);
    let cases: [(&str, Break); 16] = [
        ("certificate_expired", |z| {
            z.hostname_certificates = vec![certificate("h1", -9, -1)]
        }),
        ("certificate_expires_soon", |z| {
            z.zone_certificates = vec![certificate("z1", -9, 29)]
        }),
        ("certificate_not_yet_valid", |z| {
            z.hostname_certificates = vec![certificate("h1", 2, 90)]
        }),
        ("deployment_pending", |z| {
            z.hostname_certificates[0].status = Status::PendingDeployment;
        }),
        ("deletion_timed_out", |z| {
            z.hostname_certificates[0].status = Status::DeletionTimedOut
        }),
        ("certificate_unused", |z| z.associations.clear()),
        ("hostname_limit", |z| {
            let names = (0..100).map(|n| association(&format!("h{n}.example.com"), "h1"));
            z.associations = names.collect();
        }),
        ("zone_certificate_unused", |z| {
            let mut second = certificate("z2", -1, 90);
            second.uploaded_on = Some(date());
            z.zone_certificates.push(second);
        }),
        ("setting_presents_nothing", |z| z.zone_certificates.clear()),
        ("setting_off", |z| z.is_on = false),
        ("quota_used_up", |z| {
            for n in 2..=10 {
                let id = format!("h{n}");
                z.associations
                    .push(association(&format!("h{n}.example.com"), &id));
                z.hostname_certificates.push(certificate(&id, -1, 90));
            }
        }),
        ("hostname_deployment_timed_out", |z| {
            z.associations[0].status = Status::DeploymentTimedOut;
        }),
        ("hostname_deletion_timed_out", |z| {
            z.associations[0].status = Status::DeletionTimedOut;
        }),
        ("hostname_presents_nothing", |z| {
            z.associations.push(association("b.example.com", "h9"));
        }),
        ("", |z| {
            // What was uploaded a moment ago is on its way.
            z.hostname_certificates[0].status = Status::PendingDeployment;
            z.hostname_certificates[0].uploaded_on = Some(date());
        }),
        ("", |z| {
            // Pinned: the certificate is associated, and none is presented on purpose.
            z.associations[0].enabled = Some(false);
        }),
    ];
    for (expected, breaks) in cases {
        let mut zone = zone();
        breaks(&mut zone);
        let expected: Vec<&str> = Some(expected)
            .filter(|code| !code.is_empty())
            .into_iter()
            .collect();
        assert_eq!(codes(&zone), expected);
    }
}

/// A certificate that is never presented is told once, and its hostnames once more together.
#[test]
fn many_hostnames_with_one_fault_are_one_finding() {
    let mut zone = zone();
    zone.hostname_certificates[0].status = Status::DeploymentTimedOut;
    zone.associations = (0..50)
        .map(|n| association(&format!("h{n:02}.example.com"), "h1"))
        .collect();
    let found = examine(&zone, date(), 30).findings;
    let of: Vec<_> = found
        .iter()
        .map(|found| (found.code, found.object.as_str()))
        .collect();
    assert_eq!(
        of,
        [
            ("deployment_timed_out", "certificate h1"),
            (
                "hostname_presents_nothing",
                "h00.example.com, h01.example.com, h02.example.com and 47 more"
            ),
        ]
    );
}

#[test]
fn an_expired_certificate_is_an_error_only_while_it_is_presented() {
    let mut zone = zone();
    zone.hostname_certificates.push(certificate("h2", -9, -1));
    let found = examine(&zone, date(), 30).findings;
    let of: Vec<_> = found
        .iter()
        .map(|found| (found.code, found.severity))
        .collect();
    assert_eq!(
        of,
        [
            ("certificate_expired", Severity::Warning),
            ("certificate_unused", Severity::Warning),
        ]
    );
}
