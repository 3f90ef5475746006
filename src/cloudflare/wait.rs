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
        scope.sleep(self.pause).await?;
        self.pause = self.pause.mul_f64(1.5).min(LONGEST);
        Ok(())
    }
}

impl Default for Polls {
    fn default() -> Self {
        Self::new()
    }
}
