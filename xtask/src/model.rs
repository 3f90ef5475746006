//! `cargo xtask model`: the protocol of certificates in larger worlds than the tests try.

use std::process::Command;

use xtask::Outcome;

/// Runs the search with more faults, optimized.
pub(crate) fn model() -> Outcome<()> {
    let mut search = Command::new(env!("CARGO"));
    search
        .args(["test", "--release", "--lib", "every_small_world"])
        .args(["--", "--nocapture"])
        .env("AOP_WORLDS", "large");
    match search.status()?.success() {
        true => Ok(()),
        false => Err("a promise is broken in one of the worlds".into()),
    }
}
