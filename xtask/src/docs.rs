//! `cargo xtask docs`: the pages of `docs/`, written anew from schema and examples.

use std::process::Command;

use xtask::{Outcome, root};

/// Lets the test of the documentation write what it would compare.
pub(crate) fn docs() -> Outcome<()> {
    let status = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["test", "--quiet", "--test", "docs", "--test", "command"])
        .env("UPDATE_DOCS", "1")
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("the pages were written, but not everything about them is right".into()),
    }
}
