//! Servers, states and machines that mean harm, against the real binary: each gets one
//! clear message, costs a bounded amount of memory, and leaves the provider alive.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test; the client is that of the protocol suite"
)]

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// As in the program: a process of this suite takes its place where memory is looked at.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

mod answers;
#[path = "../protocol/client.rs"]
mod client;
mod endless;
mod identifiers;
mod machine;
mod memory;
#[path = "../protocol/plugin.rs"]
mod plugin;
mod server;
mod world;
