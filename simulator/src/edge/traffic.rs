//! Traffic: request after request for every hostname, and what became of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use super::handshake::Edge;

/// How long the edge rests between two requests.
const REST: Duration = Duration::from_millis(2);
/// How many requests are under way at once.
const AT_ONCE: usize = 8;

/// How requests fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub handshakes: u64,
    /// How often every hostname had its turn.
    pub rounds: u64,
    /// Those that the origin refused.
    pub refused: u64,
    /// The first refusal: when, since the start of the simulator, the hostname, and why.
    pub first_refusal: Option<(Duration, String, String)>,
}

/// Traffic under way. Dropped, it ends.
pub struct Traffic {
    tally: Arc<Mutex<Tally>>,
    task: JoinHandle<()>,
}

impl Edge {
    /// One request for each of the hostnames, from a point of presence that is up to
    /// date and, if there is such a thing, one that is behind.
    pub async fn sweep(&self, hostnames: &[String], tally: &Mutex<Tally>) {
        for hostname in hostnames {
            let lag = self.lag();
            let mut points = vec![Duration::ZERO];
            points.extend((lag > Duration::ZERO).then_some(lag));
            for behind in points {
                let outcome = self.request(hostname, behind).await;
                let mut tally = lock(tally);
                tally.handshakes += 1;
                if let Err(why) = outcome {
                    tally.refused += 1;
                    let refusal = (self.now(), hostname.clone(), why.to_string());
                    tally.first_refusal.get_or_insert(refusal);
                }
            }
        }
    }

    /// Begins requests for these hostnames, many in a second, until it is dropped.
    /// Without any: for every hostname that the zone has in the meantime.
    pub fn drive(self: &Arc<Self>, hostnames: &[&str]) -> Traffic {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let given: Vec<String> = hostnames.iter().map(|name| (*name).to_owned()).collect();
        let (edge, counted) = (Arc::clone(self), Arc::clone(&tally));
        let task = tokio::spawn(async move {
            loop {
                let hostnames = match given.is_empty() {
                    true => edge.hostnames(),
                    false => given.clone(),
                };
                for together in hostnames.chunks(AT_ONCE) {
                    let mut requests = JoinSet::new();
                    for hostname in together {
                        let (edge, counted) = (Arc::clone(&edge), Arc::clone(&counted));
                        let hostname = [hostname.clone()];
                        requests.spawn(async move { edge.sweep(&hostname, &counted).await });
                    }
                    requests.join_all().await;
                    tokio::time::sleep(REST).await;
                }
                lock(&counted).rounds += 1;
                tokio::time::sleep(REST).await;
            }
        });
        Traffic { tally, task }
    }
}

impl Traffic {
    /// What became of the requests so far. Traffic that ended by itself counts as refused.
    pub fn tally(&self) -> Tally {
        if self.task.is_finished() {
            lock(&self.tally).refused += 1;
        }
        lock(&self.tally).clone()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A panic elsewhere does not make the count wrong.
fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}
