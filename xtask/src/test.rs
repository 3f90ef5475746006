//! `cargo xtask test`: every test, with every CLI.

use std::process::Command;
use std::time::Instant;

use xtask::{Cli, Outcome, root};

/// Runs the tests of the whole workspace. Further arguments go to `cargo test`.
pub(crate) fn test(arguments: &[&str]) -> Outcome<()> {
    let opentofu = Cli::opentofu()?;
    let terraform = Cli::terraform()?;
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root())
        .args(["test", "--workspace"])
        .args(arguments)
        .env("TOFU_PATH", &opentofu.path);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        // Most tests wait for a CLI that waits for the simulator.
        command.env("RUST_TEST_THREADS", "8");
    }
    if let Some(terraform) = &terraform {
        command.env("TERRAFORM_PATH", &terraform.path);
    }
    #[allow(clippy::disallowed_methods, reason = "how long the tests took")]
    let started = Instant::now();
    let status = command.status()?;
    let seconds = started.elapsed().as_secs();
    if !status.success() {
        return Err("tests failed".into());
    }
    let with = match &terraform {
        Some(terraform) => format!("{} and {}", terraform.name(), opentofu.name()),
        None => format!("{} (no Terraform is on the PATH)", opentofu.name()),
    };
    println!("All tests passed in {seconds} s, with {with}.");
    Ok(())
}
