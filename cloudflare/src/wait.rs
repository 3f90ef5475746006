//! The rhythm of waiting: quick at first, then patient.

use std::time::Duration;

use super::{Interrupted, Scope};

/// Pauses between looks at something that settles in its own time.
pub struct Polls {
    pause: Duration,
}

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(5);

impl Polls {
    /// The first pause is short: deployment usually takes seconds.
    pub fn new() -> Self {
        Self { pause: FIRST }
    }

    /// Pauses before the next look, or stops early.
    pub async fn pause(&mut self, scope: &Scope) -> Result<(), Interrupted> {
        scope.sleep(self.next()).await
    }

    /// The same while it is another operation's turn: that does not count against the
    /// deadline.
    pub async fn pause_for_others(&mut self, scope: &Scope) -> Result<(), Interrupted> {
        scope.sleep_for_others(self.next()).await
    }

    fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = pause.mul_f64(1.5).min(LONGEST);
        pause
    }
}

impl Default for Polls {
    fn default() -> Self {
        Self::new()
    }
}
