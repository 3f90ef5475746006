//! How long an obstacle may stand with nothing under way that could lift it.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use tokio::time::Instant;

use super::obstacle::Obstacle;

const LONGEST: Duration = Duration::from_secs(60);

/// Since when obstacles have stood, each kind for itself: another one that comes and goes
/// in between starts nothing anew.
#[derive(Default)]
pub(super) struct ObstacleTimers(HashMap<Discriminant<Obstacle>, Instant>);

impl ObstacleTimers {
    /// Whether this obstacle has stood for too long.
    pub(super) fn is_over(&mut self, obstacle: &Obstacle) -> bool {
        let since = self.0.entry(discriminant(obstacle));
        since.or_insert_with(Instant::now).elapsed() >= LONGEST
    }

    /// Begins anew: something is under way that may lift it.
    pub(super) fn reset(&mut self, obstacle: &Obstacle) {
        self.0.remove(&discriminant(obstacle));
    }
}
