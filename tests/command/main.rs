//! The commands of the program, as a person or a pipeline calls them, against the simulator.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test"
)]

mod bad_input;
mod doctor;
mod pages;
mod zone;
