//! `cargo xtask test`: every test, with every CLI.

use std::process::Command;

use xtask::{Cli, Outcome, phase, root};

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
    phase("Running every test", || match command.status()?.success() {
        true => Ok(()),
        false => Err("tests failed".into()),
    })?;
    let with = match &terraform {
        Some(terraform) => format!("{} and {}", terraform.name(), opentofu.name()),
        None => format!("{} (no Terraform is on the PATH)", opentofu.name()),
    };
    println!("All tests passed, with {with}.");
    Ok(())
}
