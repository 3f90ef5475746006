//! The clock of this machine and Cloudflare's. Planning never meets the API, so Read
//! leaves for it what it has seen.

use jiff::{SignedDuration, Timestamp};

use super::Change;
use cloudflare::Zone;
use framework::{Diagnostic, Private};

/// The fact that Read leaves for the plan: how many minutes Cloudflare's clock is ahead.
const AHEAD: &str = "clock_ahead_minutes";
/// What was left stays as long as it is right to so many minutes, so that nothing changes
/// from one read to the next.
const EXACT: i64 = 5;

/// Leaves the difference for the next plan, if there is one or was one.
pub(super) fn note(private: &mut Private, zone: &Zone<'_>) {
    let ahead = zone.clock_ahead().map_or(0, |ahead| ahead.as_mins());
    let before = private.get(AHEAD).and_then(|fact| fact.as_i64());
    let differs = match before {
        None => ahead != 0,
        Some(before) => (ahead - before).abs() > EXACT || ahead == 0 && before != 0,
    };
    if differs {
        private.set(AHEAD, ahead);
    }
}

/// The time as Cloudflare has it; before the first answer, as Read has seen it.
pub(super) fn now(private: &Private, zone: &Zone<'_>) -> Timestamp {
    let now = zone.now();
    match zone.is_clock_known() {
        true => now,
        false => now.checked_add(ahead(private)).unwrap_or(now),
    }
}

fn ahead(private: &Private) -> SignedDuration {
    let ahead = private.get(AHEAD).and_then(|fact| fact.as_i64());
    SignedDuration::from_mins(ahead.unwrap_or_default())
}

/// Lets the plan judge by Cloudflare's clock, and tells the user where it differs.
pub(super) fn correct(change: &mut Change<'_>) {
    let ahead = ahead(change.private);
    let Ok(theirs) = change.now.checked_add(ahead) else {
        return;
    };
    if ahead.is_zero() {
        return;
    }
    let side = if ahead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    let hours = ahead.abs().as_hours();
    let minutes = ahead.abs().as_mins() % 60;
    let warning = Diagnostic::warning(
        "Clock skew",
        format!(
            "Cloudflare's clock is {hours} h {minutes} min {side} that of this machine. Whether a \
             certificate is valid is judged by Cloudflare's clock. Set the clock of this machine."
        ),
    );
    change.report.push(warning.once());
    change.now = theirs;
}
