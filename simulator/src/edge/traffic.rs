//! Traffic: request after request for every hostname, and what became of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::handshake::Edge;

/// How long the edge rests between two requests.
const REST: Duration = Duration::from_millis(2);

/// How requests fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub handshakes: u64,
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
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
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
                for hostname in &hostnames {
                    edge.sweep(std::slice::from_ref(hostname), &counted).await;
                    tokio::time::sleep(REST).await;
                }
                tokio::time::sleep(REST).await;
            }
        });
        Traffic { tally, task }
    }
}

impl Traffic {
    /// What became of the requests so far.
    pub fn tally(&self) -> Tally {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.clone()
    }

    /// Forgets what was counted.
    pub fn reset(&self) {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = Tally::default();
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.task.abort();
    }
}
