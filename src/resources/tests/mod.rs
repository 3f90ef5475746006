//! The resources against the simulator in one process: a small Terraform runs them,
//! can be killed at any request, and minutes pass in milliseconds.

mod answers;
mod at_once;
mod core;
mod declared;
mod guards;
mod kills;
mod leftovers;
mod numbers;
mod odd;
mod others;
mod presented;
mod scene;
mod sequences;
mod successors;
mod undeployed;
mod watch;

use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Settings, Simulator};

use cloudflare::in_process::date;

/// An account that is slow where the real one is.
fn slow() -> Settings {
    Settings {
        activation: Some(Duration::from_secs(6)),
        initializing: Duration::from_secs(1),
        association: Some(Duration::from_secs(4)),
        deletion: Some(Duration::from_secs(3)),
        list_lag: Duration::from_secs(2),
        latency: Duration::from_millis(150),
        rate_limit: None,
        ..Settings::default()
    }
}

fn start() -> (Simulator, Authority) {
    let simulator = Simulator::new(slow(), date());
    (
        simulator,
        Authority::new("Example origin CA").expect("a CA"),
    )
}
