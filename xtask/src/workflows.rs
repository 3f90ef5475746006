//! `cargo xtask workflows`: whether the workflows of `.github/` are sound.

use std::process::Command;

use xtask::{ACTIONLINT, Outcome, root};

/// Has all of them read by actionlint.
pub(crate) fn workflows() -> Outcome<()> {
    let actionlint = ACTIONLINT.obtain()?;
    let status = Command::new(actionlint).current_dir(root()).status()?;
    match status.success() {
        true => Ok(()),
        false => Err("a workflow is not sound".into()),
    }
}
