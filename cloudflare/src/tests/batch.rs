//! Many writes at once: few requests, each with its own outcome, whatever befalls them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aop_simulator::pki::{Authority, ClientCertificate};
use aop_simulator::{Action, Answer, Fault, Simulator};
use fastrand::Rng;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::id;
use crate::in_process::{date, hostname, minutes, options, start, zone_id};
use crate::{
    Association, AssociationWrite, CertificateId, Client, Error, Fresh, Hostname, Key, Scope,
    Store, Wanted,
};
use text::Secret;

fn name(n: usize) -> Hostname {
    hostname(&format!("h{n}.example.com"))
}

fn write_of(
    hostname: &Hostname,
    certificate: &CertificateId,
    enabled: Option<bool>,
) -> AssociationWrite {
    AssociationWrite {
        hostname: hostname.clone(),
        cert_id: certificate.clone(),
        enabled,
    }
}

/// A zone whose API takes a moment, and the ids of its certificates.
async fn zone_with(made: &[ClientCertificate]) -> (Simulator, Arc<Client>, Vec<CertificateId>) {
    let (simulator, client) = start(&options());
    simulator.set(|settings| settings.rate_limit = None);
    let zone = client.zone(&zone_id());
    let mut ids = Vec::new();
    for one in made {
        let key = Secret::new(one.private_key.clone());
        let uploaded = zone
            .upload(
                &minutes(1),
                Store::Hostname,
                one.certificate.clone(),
                key,
                |_| true,
            )
            .await;
        ids.push(uploaded.expect("a certificate").id);
    }
    simulator.set(|settings| settings.latency = Duration::from_millis(100));
    (simulator, client, ids)
}

fn certificates(count: usize) -> Vec<ClientCertificate> {
    let authority = Authority::new("CA").expect("a CA");
    let made = (0..count).map(|n| authority.client(&format!("c{n}"), date()));
    made.collect::<Result<_, _>>().expect("certificates")
}

/// Writes each hostname in an operation of its own, all at once.
async fn write_apart(
    client: &Arc<Client>,
    writes: Vec<AssociationWrite>,
) -> Vec<Result<Option<Association>, Error>> {
    let tasks = writes.into_iter().map(|write| {
        let client = Arc::clone(client);
        tokio::spawn(async move {
            let (zone, scope) = (client.zone(&zone_id()), minutes(5));
            zone.write_associations(&scope, &[write], Wanted::Always)
                .await
                .only()
        })
    });
    let mut outcomes = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        outcomes.push(task.await.expect("no panic"));
    }
    outcomes
}

fn puts(simulator: &Simulator) -> usize {
    let log = simulator.log();
    log.iter().filter(|r| r.method == "PUT").count()
}

#[tokio::test(start_paused = true)]
async fn what_is_written_at_once_goes_out_together() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    simulator.set(|settings| settings.associations = 1000);
    let writes = (0..250).map(|n| write_of(&name(n), &ids[0], Some(true)));
    let outcomes = write_apart(&client, writes.collect()).await;
    assert!(outcomes.iter().all(|o| matches!(o, Ok(Some(_)))));
    assert_eq!(puts(&simulator), 3);
}

#[tokio::test(start_paused = true)]
async fn no_request_names_a_hostname_twice() {
    let (simulator, client, ids) = zone_with(&certificates(2)).await;
    let both = ids
        .iter()
        .flat_map(|certificate| (0..5).map(|n| write_of(&name(n), certificate, Some(true))));
    let outcomes = write_apart(&client, both.collect()).await;
    assert!(outcomes.iter().all(|o| matches!(o, Ok(Some(_)))));
    let log = simulator.log();
    for put in log.iter().filter(|request| request.method == "PUT") {
        let items = put.body["config"].as_array().expect("hostnames");
        let names: HashSet<&str> = items
            .iter()
            .filter_map(|i| i["hostname"].as_str())
            .collect();
        assert_eq!(names.len(), items.len(), "{}", put.body);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_request_is_under_way_forms_the_next() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    let first = tokio::spawn({
        let (client, write) = (Arc::clone(&client), write_of(&name(0), &ids[0], Some(true)));
        async move { write_apart(&client, vec![write]).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let writes = (1..20).map(|n| write_of(&name(n), &ids[0], Some(true)));
    let later = write_apart(&client, writes.collect()).await;
    assert!(later.iter().all(Result::is_ok));
    assert!(first.await.expect("no panic").iter().all(Result::is_ok));
    assert_eq!(puts(&simulator), 2);
}

/// One looks for a second, one for ever, and one is ready at once.
#[tokio::test(start_paused = true)]
async fn a_write_waits_a_moment_for_those_that_look() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    let looks = [1, 600].map(|seconds| {
        let (client, id) = (Arc::clone(&client), ids[0].clone());
        tokio::spawn(async move {
            let looking = client.zone(&zone_id()).look_and_write();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            drop(looking);
            let name = name(seconds.try_into().expect("a number"));
            write_apart(&client, vec![write_of(&name, &id, Some(true))]).await
        })
    });
    tokio::task::yield_now().await;
    let started = Instant::now();
    let ready = write_apart(&client, vec![write_of(&name(0), &ids[0], Some(true))]).await;
    assert!(ready[0].is_ok());
    assert_eq!(started.elapsed().as_millis(), 2100, "and the request");
    assert_eq!(puts(&simulator), 1, "the second one's write came along");
    for look in looks {
        assert!(look.await.expect("no panic")[0].is_ok());
    }
    assert_eq!(puts(&simulator), 2);
}

#[tokio::test(start_paused = true)]
async fn only_the_culprit_of_a_refused_request_fails() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    let writes = (0..16).map(|n| match n {
        5 => write_of(&name(n), &id("no-such-certificate"), Some(true)),
        _ => write_of(&name(n), &ids[0], Some(true)),
    });
    let outcomes = write_apart(&client, writes.collect()).await;
    for (n, outcome) in outcomes.iter().enumerate() {
        match n {
            5 => assert!(outcome.as_ref().is_err_and(|e| e.has_code(1415))),
            _ => assert!(outcome.is_ok(), "h{n}: {outcome:?}"),
        }
    }
    // All at once, then halves of it down to the culprit.
    let puts = puts(&simulator);
    assert!((5..=9).contains(&puts), "{puts} PUTs");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_stops_neither_fails_nor_holds_up_the_others() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    simulator.set(|settings| settings.latency = Duration::from_secs(3));
    // The one who sends, and one of those who wait, have to stop while it is under way.
    let hurried = [0, 3].map(|n| {
        let (client, write) = (Arc::clone(&client), write_of(&name(n), &ids[0], Some(true)));
        tokio::spawn(async move {
            let scope = Scope::lasting(Duration::from_secs(1), CancellationToken::new());
            let zone = client.zone(&zone_id());
            zone.write_associations(&scope, &[write], Wanted::Always)
                .await
                .only()
        })
    });
    let writes = (4..9).map(|n| write_of(&name(n), &ids[0], Some(true)));
    let patient = write_apart(&client, writes.collect()).await;
    assert!(patient.iter().all(Result::is_ok), "{patient:?}");
    for one in hurried {
        assert!(one.await.expect("no panic").is_err(), "its time was up");
    }
}

/// What is known of one hostname: every value that was asked for, when its write began
/// and when it was acknowledged.
type History = Vec<(AssociationWrite, Instant, Option<Instant>)>;

/// One schedule: operations on a few hostnames at random moments, some of them stopped,
/// under random faults. Each read answers what the last write that had ended before it
/// began has made, or one that was not over by then.
async fn schedule(seed: u64, made: &[ClientCertificate]) {
    let mut rng = Rng::with_seed(seed);
    let (simulator, client, ids) = zone_with(made).await;
    let histories: Vec<Arc<Mutex<History>>> = (0..3).map(|_| Arc::default()).collect();
    let mut values: Vec<Vec<(usize, bool)>> = vec![Vec::new(); 3];
    for values in &mut values {
        *values = (0..made.len())
            .flat_map(|c| [(c, true), (c, false)])
            .collect();
        rng.shuffle(values);
    }
    for _ in 0..rng.usize(0..3) {
        let action = match rng.usize(0..4) {
            0 => Action::ResetAfter,
            1 => Action::ResetBefore,
            2 => Action::Answer(Answer::html(503, "not now")),
            _ => Action::DoneBut(Answer::html(502, "bad gateway")),
        };
        simulator.order(Fault::on_any(action).after(rng.u32(0..8)));
    }
    let mut tasks = Vec::new();
    for _ in 0..14 {
        let host = rng.usize(0..3);
        let (client, history) = (Arc::clone(&client), Arc::clone(&histories[host]));
        let starts = Duration::from_millis(rng.u64(0..1500));
        let lasts = match rng.usize(0..5) {
            0 => Duration::from_millis(rng.u64(20..400)),
            _ => Duration::from_secs(300),
        };
        let write = match rng.bool() {
            true => values[host]
                .pop()
                .map(|(c, on)| write_of(&name(host), &ids[c], Some(on))),
            false => None,
        };
        let recent = rng.bool();
        tasks.push(tokio::spawn(async move {
            tokio::time::sleep(starts).await;
            let scope = Scope::lasting(lasts, CancellationToken::new());
            let zone = client.zone(&zone_id());
            let begun = Instant::now();
            if let Some(write) = write {
                let place = {
                    let mut history = history.lock().expect("no panic");
                    history.push((write.clone(), begun, None));
                    history.len() - 1
                };
                let batch = zone
                    .write_associations(&scope, &[write], Wanted::Always)
                    .await;
                if let Ok(Some(_)) = batch.only() {
                    let mut history = history.lock().expect("no panic");
                    history[place].2 = Some(Instant::now());
                }
                return None;
            }
            let fresh = if recent { Fresh::Recent } else { Fresh::now() };
            let found = zone.association_as_of(&scope, &name(host), fresh).await;
            let seen = match found {
                Ok(found) => Some((found.cert_id, found.enabled)),
                Err(error) if error.is_gone() => None,
                // Out of time: it says nothing.
                Err(_) => return None,
            };
            Some((host, begun, Instant::now(), seen))
        }));
    }
    let mut reads = Vec::new();
    for task in tasks {
        reads.extend(task.await.expect("no panic"));
    }
    for (host, begun, ended, seen) in reads {
        let history = histories[host].lock().expect("no panic");
        // The writes that were over before the read began: only the last ones count.
        let over = |write: &(_, Instant, Option<Instant>)| write.2.filter(|at| *at < begun);
        let latest_begin = history
            .iter()
            .filter(|w| over(w).is_some())
            .map(|w| w.1)
            .max();
        let possible = history.iter().filter(|w| {
            let superseded = over(w).is_some_and(|at| latest_begin.is_some_and(|b| at < b));
            w.1 <= ended && !superseded
        });
        let mut possible: Vec<Option<(Option<CertificateId>, Option<bool>)>> = possible
            .map(|(write, ..)| Some((Some(write.cert_id.clone()), write.enabled)))
            .collect();
        if latest_begin.is_none() {
            possible.push(None);
        }
        assert!(
            possible.contains(&seen),
            "seed {seed}: h{host} was read as {seen:?}, not one of {possible:?}"
        );
    }
}

/// A failure names its seed.
#[tokio::test(start_paused = true)]
async fn any_interleaving_gives_each_caller_the_truth_of_its_hostname() {
    let made = certificates(8);
    for seed in 0..2000 {
        schedule(seed, &made).await;
    }
}

/// Writes in an operation of its own that may take so long.
fn write_within(
    client: &Arc<Client>,
    write: AssociationWrite,
    seconds: u64,
) -> tokio::task::JoinHandle<Result<Option<Association>, Error>> {
    let client = Arc::clone(client);
    tokio::spawn(async move {
        let scope = Scope::lasting(Duration::from_secs(seconds), CancellationToken::new());
        let zone = client.zone(&zone_id());
        let written = zone.write_associations(&scope, std::slice::from_ref(&write), Wanted::Always);
        written.await.only()
    })
}

/// The one who sends is out of time after its own write was accepted.
#[tokio::test(start_paused = true)]
async fn what_was_accepted_is_told_also_to_a_sender_that_has_to_stop() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    // All are refused together, the first two are accepted, the others take long.
    let slow = Action::Delay(Duration::from_secs(20));
    simulator.order(Fault::on("PUT", "", slow).after(2));
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let certificate = match n {
                2 => id("no-such-certificate"),
                _ => ids[0].clone(),
            };
            let write = write_of(&name(n), &certificate, Some(true));
            write_within(&client, write, if n == 0 { 5 } else { 300 })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        let outcome = task.await.expect("no panic");
        assert_eq!(outcome.is_ok(), n != 2, "{n}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_little_time_takes_none_from_the_others() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    let down = Action::Answer(Answer::html(503, "down"));
    simulator.order(Fault::on("PUT", "", down).times(12));
    let hurried = write_within(&client, write_of(&name(0), &ids[0], Some(true)), 3);
    let patient = write_within(&client, write_of(&name(1), &ids[0], Some(true)), 600);
    assert!(hurried.await.expect("no panic").is_err());
    assert!(matches!(patient.await.expect("no panic"), Ok(Some(_))));
}

/// Half of a hundred writes are refused.
#[tokio::test(start_paused = true)]
async fn many_culprits_cost_few_requests() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    let writes = (0..100).map(|n| match n % 2 {
        0 => write_of(&name(n), &ids[0], Some(true)),
        _ => write_of(&name(n), &id("no-such-certificate"), Some(true)),
    });
    let outcomes = write_apart(&client, writes.collect()).await;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(accepted, 50);
    assert!(puts(&simulator) < 200, "{} requests", puts(&simulator));
}

/// A void waits out the rate limit; meanwhile another resource wants the hostname.
#[tokio::test(start_paused = true)]
async fn a_void_that_is_no_longer_wanted_is_not_sent_again() {
    let (simulator, client, ids) = zone_with(&certificates(1)).await;
    let limited = Answer::error(429, 971, "wait").with("retry-after", "60");
    simulator.order(Fault::on("PUT", "", Action::Answer(limited)));
    let zone = client.zone(&zone_id());
    let scope = minutes(5);
    let void = [write_of(&name(0), &ids[0], None)];
    let (batch, ()) = tokio::join!(
        zone.write_associations(&scope, &void, Wanted::WhileFree),
        async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let key = Key::Association(zone_id(), name(0));
            let claim = client.run().claim(key);
            claim.expect("nobody else has it").keep();
        }
    );
    assert!(matches!(batch.only(), Ok(None)));
    assert_eq!(puts(&simulator), 1);
}
