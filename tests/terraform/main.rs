//! The real CLIs with the real binary against the simulator.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test"
)]

mod arguments;
mod bad_input;
mod bad_provider;
mod bring;
mod capacity;
mod data;
mod docs;
mod drift;
mod expiry;
mod export;
mod faults;
mod front;
mod guides;
mod handover;
mod import;
mod install;
mod interruption;
mod issue;
mod issue_input;
mod lifecycle;
mod meanwhile;
mod module;
mod moves;
mod network;
mod origin;
mod origin_data;
mod owners;
mod plural;
mod postgres;
mod presented;
mod replacement;
mod rotation;
mod scale;
mod scene;
mod secrets;
mod secrets_at_work;
mod spelling;
mod team;
mod verify_origins;
