//! The client against the simulator in one process.

mod batch;
mod contents;
mod faults;
mod limit;
mod pace;
mod presented;
mod requests;
mod run;
mod shared;
mod zone;

use aop_simulator::Simulator;

use crate::CertificateId;

fn id(text: &str) -> CertificateId {
    CertificateId::parse(text).expect("an id")
}

fn statuses(simulator: &Simulator, status: u16) -> usize {
    simulator
        .log()
        .iter()
        .filter(|r| r.status == status)
        .count()
}
