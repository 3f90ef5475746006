//! One list for all who ask.

use std::sync::Arc;
use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Simulator};
use tokio_util::sync::CancellationToken;

use crate::in_process::{hostname, minutes, options, start, upload, zone_id};
use crate::{
    Association, AssociationWrite, CertificateId, Client, Error, Fresh, Hostname, Scope, Store,
    Wanted,
};

fn name(n: usize) -> Hostname {
    hostname(&format!("h{n}.example.com"))
}

/// A zone whose API takes a moment, with so many hostnames.
async fn zone_of(count: usize) -> (Simulator, Arc<Client>, CertificateId) {
    let (simulator, client) = start(&options());
    simulator.set(|settings| {
        settings.associations = 5000;
        settings.latency = Duration::from_millis(100);
    });
    let certificate = upload(&client, &minutes(1)).await.expect("a certificate");
    let writes: Vec<AssociationWrite> = (0..count).map(|n| write(n, &certificate.id)).collect();
    let batch = client
        .zone(&zone_id())
        .write_associations(&minutes(5), &writes, Wanted::Always)
        .await;
    assert_eq!(batch.accepted.len(), count);
    (simulator, client, certificate.id)
}

fn write(n: usize, certificate: &CertificateId) -> AssociationWrite {
    AssociationWrite {
        hostname: name(n),
        cert_id: certificate.clone(),
        enabled: Some(true),
    }
}

/// Reads these hostnames at once.
async fn read(
    client: &Arc<Client>,
    names: std::ops::Range<usize>,
) -> Vec<Result<Association, Error>> {
    let reads = names.map(|n| {
        let client = Arc::clone(client);
        tokio::spawn(async move {
            let zone = client.zone(&zone_id());
            zone.association_as_of(&minutes(2), &name(n), Fresh::Recent)
                .await
        })
    });
    let mut answers = Vec::new();
    for read in reads.collect::<Vec<_>>() {
        answers.push(read.await.expect("no panic"));
    }
    answers
}

fn gets(simulator: &Simulator) -> usize {
    let log = simulator.log();
    log.iter().filter(|r| r.method == "GET").count()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reads_are_one_request_and_serve_half_a_minute() {
    let (simulator, client, _) = zone_of(1000).await;
    let before = gets(&simulator);
    let answers = read(&client, 0..1000).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.expect("an association").hostname, name(n));
    }
    assert_eq!(gets(&simulator), before + 1);
    tokio::time::sleep(Duration::from_secs(29)).await;
    read(&client, 0..10).await;
    assert_eq!(gets(&simulator), before + 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    read(&client, 0..10).await;
    assert_eq!(gets(&simulator), before + 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_listed_is_asked_for_by_name() {
    let (simulator, client, _) = zone_of(3).await;
    let before = gets(&simulator);
    let answers = read(&client, 0..5).await;
    let gone = answers
        .iter()
        .filter(|a| a.as_ref().is_err_and(Error::is_gone));
    assert_eq!(gone.count(), 2);
    assert_eq!(gets(&simulator), before + 3);
}

/// Whatever a reader sees was true after the last write that ended before it asked.
#[tokio::test(start_paused = true)]
async fn a_list_from_before_a_write_answers_nobody_after_it() {
    let (_, client, certificate) = zone_of(5).await;
    read(&client, 0..5).await;
    let mut off = write(2, &certificate);
    off.enabled = Some(false);
    let zone = client.zone(&zone_id());
    // Readers come before, during and after the write.
    let early = tokio::spawn({
        let client = Arc::clone(&client);
        async move { read(&client, 0..5).await }
    });
    let written = zone
        .write_associations(&minutes(1), &[off], Wanted::Always)
        .await;
    written.only().expect("it is accepted");
    let after = read(&client, 2..3).await.remove(0);
    assert_eq!(after.expect("an association").enabled, Some(false));
    let listed = zone.associations_as_of(&minutes(1), Fresh::Recent).await;
    let listed = listed.expect("a list").list;
    let row = listed.get(&name(2)).expect("a row");
    assert_eq!(row.enabled, Some(false));
    assert!(early.await.expect("no panic").iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_list_from_before_a_deletion_answers_nobody_after_it() {
    let (_, client) = start(&options());
    let (zone, scope) = (client.zone(&zone_id()), minutes(5));
    let id = upload(&client, &scope).await.expect("a certificate").id;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let count = async || {
        let listed = zone.certificates_as_of(&scope, Store::Hostname, Fresh::Recent);
        listed.await.expect("a list").list.len()
    };
    assert_eq!(count().await, 1);
    let locked = zone.lock(&scope).await.expect("the lock");
    let deleted = locked.delete(&scope, Store::Hostname, &id, || true);
    deleted.await.expect("deleted");
    drop(locked);
    assert_eq!(count().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_that_of_those_who_waited_and_of_nobody_later() {
    let (simulator, client, _) = zone_of(50).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let denied = Answer::error(403, 9109, "Unauthorized to access requested resource");
    simulator.order(Fault::on("GET", "/hostnames", Action::Answer(denied)));
    let before = gets(&simulator);
    let answers = read(&client, 0..50).await;
    assert!(
        answers
            .iter()
            .all(|a| a.as_ref().is_err_and(|e| e.has_code(9109)))
    );
    assert_eq!(gets(&simulator), before + 1, "all failed with one request");
    assert!(read(&client, 0..50).await.iter().all(Result::is_ok));
    assert_eq!(gets(&simulator), before + 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_asked_may_stop_and_another_asks_in_its_place() {
    let (simulator, client, _) = zone_of(10).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    simulator.set(|settings| settings.latency = Duration::from_secs(20));
    let hurried = tokio::spawn({
        let client = Arc::clone(&client);
        async move {
            let scope = Scope::lasting(Duration::from_secs(5), CancellationToken::new());
            let zone = client.zone(&zone_id());
            zone.association_as_of(&scope, &name(0), Fresh::Recent)
                .await
        }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let patient = read(&client, 1..10).await;
    assert!(patient.iter().all(Result::is_ok), "{patient:?}");
    assert!(hurried.await.expect("no panic").is_err(), "its time was up");
}

#[tokio::test(start_paused = true)]
async fn without_a_list_everybody_asks_for_its_own() {
    let (simulator, client, _) = zone_of(5).await;
    simulator.set(|settings| settings.lists_associations = false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(read(&client, 0..5).await.iter().all(Result::is_ok));
    let names: Vec<Hostname> = (0..7).map(name).collect();
    let (zone, scope) = (client.zone(&zone_id()), minutes(1));
    let found = zone.associations_of(&scope, names.iter(), Fresh::now());
    assert_eq!(found.await.expect("one by one").len(), 5);
}

/// A wrong zone id, or a token that does not see the zone: hundreds of resources do not
/// use up the budget to learn it.
#[tokio::test(start_paused = true)]
async fn a_zone_that_cannot_be_seen_is_one_failure_for_all_who_ask() {
    let (simulator, client, _) = zone_of(0).await;
    let unseen = Answer::error(
        404,
        7003,
        "Could not route to /zones/x, perhaps your object identifier is invalid?",
    );
    simulator.order(Fault::on_any(Action::Answer(unseen)).times(u32::MAX));
    let before = gets(&simulator);
    let answers = read(&client, 0..100).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().is_err_and(|e| e.has_code(7003)))
    );
    assert_eq!(
        gets(&simulator) - before,
        2,
        "the list, and a look whether there is a zone"
    );
}

/// Each looks every five seconds, and each began at another moment.
#[tokio::test(start_paused = true)]
async fn those_who_wait_look_at_the_same_lists() {
    let (simulator, client, _) = zone_of(10).await;
    let before = gets(&simulator);
    let waits = (0..10).map(|n| {
        let client = Arc::clone(&client);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(430 * n)).await;
            let (zone, scope) = (client.zone(&zone_id()), minutes(2));
            let mut fresh = Fresh::Recent;
            for _ in 0..12 {
                let found = zone.association_as_of(&scope, &name(0), fresh).await;
                fresh = Fresh::now();
                assert!(found.is_ok());
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        })
    });
    for wait in waits.collect::<Vec<_>>() {
        wait.await.expect("no panic");
    }
    let lists = gets(&simulator) - before;
    assert!(
        lists <= 14,
        "{lists} lists in a minute, as one of them alone"
    );
}
