//! The clock of this machine and Cloudflare's. Planning never meets the API, so Read
//! leaves for it what it has seen.

use jiff::SignedDuration;

use super::Change;
use crate::cloudflare::Zone;
use crate::framework::{Diagnostic, Private};

/// The fact that Read leaves for the plan: how many seconds Cloudflare's clock is ahead.
const AHEAD: &str = "clock_ahead_s";

/// Leaves the difference for the next plan, if there is one or was one.
pub(super) fn note(private: &mut Private, zone: &Zone<'_>) {
    let ahead = zone.clock_ahead().map_or(0, |ahead| ahead.as_secs());
    if ahead != 0 || private.get(AHEAD).is_some() {
        private.set(AHEAD, ahead);
    }
}

/// Lets the plan judge by Cloudflare's clock, and tells the user where it differs.
pub(super) fn correct(change: &mut Change<'_>) {
    let ahead = change.private.get(AHEAD).and_then(|fact| fact.as_i64());
    let ahead = SignedDuration::from_secs(ahead.unwrap_or_default());
    let Ok(theirs) = change.now.checked_add(ahead) else {
        return;
    };
    if theirs == change.now {
        return;
    }
    let warning = Diagnostic::warning(
        "Clocks differ",
        format!(
            "This machine says that it is {:.0}, and Cloudflare that it is {theirs:.0}. Whether a \
             certificate is valid is judged by Cloudflare's clock. Set the clock of this machine.",
            change.now
        ),
    );
    change.report.push(warning.once());
    change.now = theirs;
}
