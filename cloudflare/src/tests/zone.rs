//! A zone: lists to their end, and whose turn it is.

use std::time::Duration;

use aop_simulator::{Action, Fault};
use tokio_util::sync::CancellationToken;

use super::statuses;
use crate::in_process::{hostname, minutes, options, start, upload, zone_id};
use crate::{Association, AssociationWrite, Hostname, Scope, Wanted};

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
async fn certificate_writes_of_one_process_never_meet() {
    let (simulator, client) = start(&options());
    simulator.set(|s| s.latency = Duration::from_millis(200));
    let scope = minutes(10);
    let upload = || upload(&client, &scope);
    let (a, b, c) = tokio::join!(upload(), upload(), upload());
    assert!([a, b, c].iter().all(Result::is_ok));
    assert_eq!(statuses(&simulator, 409), 0);
}
