//! Somebody who watches the edge while time passes: is every hostname served at
//! every moment?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Edge, Origin, Simulator, ZONE_ID};
use tokio::task::JoinHandle;

/// How far points of presence are behind: one is up to date, one is not.
const POINTS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(1500)];
/// How often the watcher looks.
const EVERY: Duration = Duration::from_millis(100);

/// How many hostnames it looks at each time: of more it takes turns.
const MOST_AT_ONCE: usize = 10;

/// A watcher at work.
pub(super) struct Watch {
    refused: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Looks at these hostnames from now on. Each certificate that turns up is tried
    /// with a real handshake once; what is presented is looked up each time.
    pub(super) fn begin(
        simulator: &Simulator,
        authority: &Authority,
        hostnames: &[String],
    ) -> Self {
        let origin = Origin::trusting(authority.certificate()).expect("an origin");
        let edge = Edge::beside(simulator, ZONE_ID, Arc::new(origin));
        let refused = Arc::new(Mutex::new(Vec::new()));
        let (seen, names, simulator) =
            (Arc::clone(&refused), hostnames.to_vec(), simulator.clone());
        let task = tokio::spawn(async move {
            let mut tried: HashMap<Option<String>, bool> = HashMap::new();
            let stride = names.len().div_ceil(MOST_AT_ONCE).max(1);
            for round in 0.. {
                let looked_at = names.iter().skip(round % stride).step_by(stride);
                for (name, behind) in looked_at.flat_map(|n| POINTS.map(|point| (n, point))) {
                    let presented = simulator.look(ZONE_ID, |zone, now| {
                        zone.presented(name, now, behind).id().map(str::to_owned)
                    });
                    let served = match tried.get(&presented) {
                        Some(served) => *served,
                        None => {
                            let served = edge.request(name, behind).await.is_ok();
                            tried.insert(presented, served);
                            served
                        }
                    };
                    if !served {
                        let at = simulator.clock().now();
                        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                        seen.push(format!("{name} at {at:?}, {behind:?} behind"));
                    }
                }
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { refused, task }
    }

    /// The moments at which a hostname was not served.
    pub(super) fn refused(&self) -> Vec<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
