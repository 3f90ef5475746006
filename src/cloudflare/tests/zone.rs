//! A zone: lists to their end, and whose turn it is.

use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Action, Fault};
use tokio_util::sync::CancellationToken;

use super::{client_of, date, hostname, id, minutes, options, start, statuses, upload, zone_id};
use crate::cloudflare::{
    Association, AssociationWrite, CertificateId, Deletion, Hostname, Scope, Store, Switch, Wanted,
};
use crate::secret::Secret;

#[tokio::test(start_paused = true)]
async fn waiting_for_the_rate_limit_costs_no_read_its_time() {
    let (simulator, client) = start(&options());
    let limited = aop_simulator::Answer::error(429, 971, "wait").with("retry-after", "140");
    simulator.order(Fault::on("GET", "", Action::Answer(limited)));
    let zone = client.zone(&zone_id());
    let read = |name: &'static str| {
        let zone = &zone;
        async move {
            let hostname = Hostname::parse(name).expect("a hostname");
            let scope = Scope::reading(CancellationToken::new());
            zone.association(&scope, &hostname).await
        }
    };
    let (a, b, c) = tokio::join!(
        read("a.example.com"),
        read("b.example.com"),
        read("c.example.com")
    );
    for outcome in [a, b, c] {
        assert!(outcome.expect_err("there is none").is_gone());
    }
}

#[tokio::test(start_paused = true)]
async fn an_odd_row_of_a_list_costs_nothing_but_itself() {
    let (simulator, client) = start(&options());
    let rows = r#"{"success":true,"result":[{"hostname":"a.example.com","cert_id":null,"enabled":null,"status":"deleted"},{"hostname":null,"extra":[1]}]}"#;
    let answer = aop_simulator::Answer {
        status: 200,
        headers: Vec::new(),
        body: rows.as_bytes().to_vec(),
    };
    simulator.order(Fault::on("GET", "hostnames", Action::Answer(answer)));
    let list = client.zone(&zone_id()).associations(&minutes(1)).await;
    assert!(list.expect("a list").iter().all(Association::is_gone));
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_end() {
    for count in [0_usize, 1, 999, 1000, 1001, 2500] {
        let (simulator, client) = start(&options());
        simulator.set(|s| s.associations = usize::MAX);
        let scope = minutes(10);
        let certificate = upload(&client, &scope).await.expect("a certificate");
        let zone = client.zone(&zone_id());
        let writes: Vec<AssociationWrite> = (0..count)
            .map(|number| AssociationWrite {
                hostname: hostname(&format!("h{number}.example.com")),
                cert_id: certificate.id.clone(),
                enabled: Some(number % 2 == 0),
            })
            .collect();
        zone.write_associations(&scope, &writes, Wanted::Always)
            .await
            .only()
            .expect("written");
        let list = zone.associations(&scope).await.expect("a list");
        assert_eq!(list.len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_while_a_hostname_is_being_deployed() {
    let (simulator, client) = start(&options());
    let scope = minutes(10);
    let certificate = upload(&client, &scope).await.expect("a certificate");
    simulator.clock().advance(Duration::from_secs(5));
    let zone = client.zone(&zone_id());
    let write = |enabled| AssociationWrite {
        hostname: hostname("app.example.com"),
        cert_id: certificate.id.clone(),
        enabled,
    };
    let delete =
        || zone.delete_certificate(&scope, Store::Hostname, &certificate.id, None, || true);
    zone.write_associations(&scope, &[write(Some(true))], Wanted::Always)
        .await
        .only()
        .expect("written");
    let held = Deletion::Unsettled(vec![hostname("app.example.com")]);
    assert_eq!(delete().await.expect("an answer"), held);
    simulator.clock().advance(Duration::from_secs(5));
    assert!(delete().await.expect_err("in use").has_code(1433));
    zone.write_associations(&scope, &[write(None)], Wanted::Always)
        .await
        .only()
        .expect("voided");
    simulator.clock().advance(Duration::from_secs(5));
    assert_eq!(delete().await.expect("an answer"), Deletion::Accepted);
    assert_eq!(
        delete().await.expect("twice is no mistake"),
        Deletion::Accepted
    );
}

#[tokio::test(start_paused = true)]
async fn certificate_writes_of_one_process_never_meet() {
    let (simulator, client) = start(&options());
    simulator.set(|s| s.latency = Duration::from_millis(200));
    let scope = minutes(10);
    let upload = || upload(&client, &scope);
    let (a, b, c) = tokio::join!(upload(), upload(), upload());
    assert!([a, b, c].iter().all(Result::is_ok));
    assert_eq!(statuses(&simulator, 409), 0);
}

/// The hostname is on another certificate now, but this one may still serve it.
#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_that_may_serve_what_was_given_up_in_another_run() {
    let (simulator, client) = start(&options());
    let scope = minutes(60);
    let old = upload(&client, &scope).await.expect("a certificate");
    let new = upload(&client, &scope).await.expect("a certificate");
    simulator.clock().advance(Duration::from_secs(5));
    let write = |id: &CertificateId| AssociationWrite {
        hostname: hostname("app.example.com"),
        cert_id: id.clone(),
        enabled: Some(true),
    };
    for (id, deployment) in [(&old.id, Some(Duration::from_secs(1))), (&new.id, None)] {
        simulator.set(|s| s.association = deployment);
        let zone = client.zone(&zone_id());
        let writes = [write(id)];
        let written = zone.write_associations(&scope, &writes, Wanted::Always);
        written.await.only().expect("written");
        simulator.clock().advance(Duration::from_secs(600));
    }
    let another_run = client_of(&simulator, &options());
    let zone = another_run.zone(&zone_id());
    let held = Deletion::Undeployed(vec![hostname("app.example.com")]);
    // Removed, or rotated away to a third one.
    for heir in [None, Some(&id("2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"))] {
        let deleted = zone.delete_certificate(&scope, Store::Hostname, &old.id, heir, || true);
        assert_eq!(deleted.await.expect("an answer"), held);
    }
    // A hostname that has what the zone says has the heir.
    let made = Authority::new("CA").and_then(|ca| ca.client("zone", date()));
    let made = made.expect("a certificate");
    let key = Secret::new(made.private_key);
    let of_zone = zone.upload(&scope, Store::Zone, made.certificate, key, |_| true);
    let of_zone = of_zone.await.expect("stored").id;
    simulator.clock().advance(Duration::from_secs(5));
    for (heir, outcome) in [(None, &held), (Some(&id("another")), &Deletion::Accepted)] {
        let deleted = zone.delete_certificate(&scope, Store::Zone, &of_zone, heir, || true);
        assert_eq!(deleted.await.as_ref().expect("an answer"), outcome);
    }
    // One that was never deployed has never served anybody.
    simulator.set(|s| s.activation = None);
    let never = upload(&client, &scope).await.expect("a certificate");
    simulator.clock().advance(Duration::from_secs(600));
    let deleted = zone.delete_certificate(&scope, Store::Hostname, &never.id, None, || true);
    assert_eq!(deleted.await.expect("an answer"), Deletion::Accepted);
}

#[tokio::test(start_paused = true)]
async fn the_last_certificate_of_a_zone_stays_whatever_lists_show() {
    let (simulator, client) = start(&options());
    let scope = minutes(60);
    let authority = Authority::new("CA").expect("an authority");
    let day = jiff::SignedDuration::from_hours(24);
    let expired = authority.issue(&aop_simulator::pki::Wanted {
        name: "expired",
        not_before: date() - 30 * day,
        not_after: date() - day,
    });
    let valid = authority.client("valid", date());
    let zone = client.zone(&zone_id());
    let mut ids = Vec::new();
    for made in [expired, valid] {
        let made = made.expect("a certificate");
        let key = Secret::new(made.private_key);
        let stored = zone.upload(&scope, Store::Zone, made.certificate, key, |_| true);
        ids.push(stored.await.expect("stored").id);
    }
    simulator.clock().advance(Duration::from_secs(5));
    let on = zone.set_switch(&scope, Switch::Zone, true, || true);
    assert!(on.await.expect("set"));
    // Another run, to which the list shows neither, or both.
    for lag in [3600, 0] {
        simulator.set(|s| s.list_lag = Duration::from_secs(lag));
        let another_run = client_of(&simulator, &options());
        let zone = another_run.zone(&zone_id());
        let deleted = zone.delete_certificate(&scope, Store::Zone, &ids[1], None, || true);
        let held = Deletion::LastOfZone { pending: false };
        assert_eq!(deleted.await.expect("an answer"), held, "{lag} s");
    }
    let deleted = zone.delete_certificate(&scope, Store::Zone, &ids[0], None, || true);
    assert_eq!(deleted.await.expect("an answer"), Deletion::Accepted);
}
