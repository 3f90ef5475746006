//! When to look at something that settles in its own time: in close steps where nothing is
//! known, else when the last ones of its kind were there.
//!
//! Nothing here waits. `wait` does, and tells what came of it.

use std::time::Duration;

use tokio::time::Instant;

/// No look comes sooner after another one.
pub(super) const SHORTEST: Duration = Duration::from_millis(250);
/// While nothing has taken long yet, looks are this far apart.
const STEP: Duration = Duration::from_millis(350);
/// Later they are so far apart, as a part of what it has taken already: what happens in
/// between is noticed that late at the most.
const PART: f64 = 0.13;
/// What is there at the first look may have been there for long: the next wave looks so much
/// sooner, and twice as much each time that this happens again,
const SOONER: f64 = 0.04;
/// but never by more than this.
const MUCH_SOONER: f64 = 0.5;

/// So many waits of a wave tell enough.
const ENOUGH: usize = 64;

/// When things of one kind happen in this run.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// What the last wave of which anything is known has shown.
    seen: Vec<Seen>,
    /// The wave under way, and when it began.
    schedule: Schedule,
    begun: Option<Instant>,
    /// What was learned from which wave.
    learned: Option<(u32, Duration)>,
    /// What the wave before had learned.
    before: Option<Duration>,
    /// For how many waves in a row the first look has shown it.
    first_looks: i32,
}

/// When the waits of one wave look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Schedule {
    wave: u32,
    /// The first look; none where nothing is known.
    first: Option<Duration>,
}

/// What a wait came to.
#[derive(Clone, Copy, Debug)]
struct Seen {
    wave: u32,
    took: Duration,
    looks: u32,
}

impl Schedule {
    /// How long after its beginning a wait looks next.
    pub(super) fn next(&self, elapsed: Duration) -> Duration {
        match self.first {
            Some(first) if first > elapsed => first.max(elapsed + SHORTEST),
            _ if elapsed < SHORTEST => elapsed + SHORTEST,
            _ => elapsed + elapsed.mul_f64(PART).max(STEP),
        }
    }
}

impl Pace {
    /// Begins a wait. What begins together is one wave, and looks together.
    pub(super) fn begin(&mut self, now: Instant) -> Schedule {
        let usual = self.schedule.first.unwrap_or_default();
        let together = usual.mul_f64(0.25) + Duration::from_millis(50);
        if self.begun.is_none_or(|begun| now - begun > together) {
            self.begun = Some(now);
            self.schedule = Schedule {
                wave: self.schedule.wave + 1,
                first: self.first_look(),
            };
        }
        self.schedule
    }

    /// Learns from a wait: how long it took, and how many looks.
    pub(super) fn learn(&mut self, schedule: Schedule, took: Duration, looks: u32) {
        let wave = schedule.wave;
        if self.seen.first().is_some_and(|seen| seen.wave < wave) {
            self.seen.clear();
        }
        if self.seen.len() < ENOUGH && self.seen.first().is_none_or(|seen| seen.wave == wave) {
            self.seen.push(Seen { wave, took, looks });
        }
    }

    /// When the next wave looks first: when the quicker one of the last two has usually seen
    /// it, or a little sooner.
    fn first_look(&mut self) -> Option<Duration> {
        let wave = self.seen.first()?.wave;
        if let Some((learned, first)) = self.learned
            && learned == wave
        {
            return Some(first);
        }
        self.seen.sort_unstable_by_key(|seen| seen.took);
        let median = self.seen.get((self.seen.len() - 1) / 2)?;
        self.first_looks = match median.looks {
            1 => self.first_looks + 1,
            _ => 0,
        };
        let sooner = match self.first_looks {
            0 => 0.0,
            times => (SOONER * 2_f64.powi(times - 1)).min(MUCH_SOONER),
        };
        // One slow wave is no rule: the next one still looks when those before were over.
        let took = median.took;
        let first = self.before.map_or(took, |before| before.min(took));
        self.before = Some(took);
        let first = first.mul_f64(1.0 - sooner);
        self.learned = Some((wave, first));
        Some(first)
    }
}
