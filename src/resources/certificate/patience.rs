//! How long an obstacle may stand with nothing under way that could lift it.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use tokio::time::Instant;

use super::obstacle::Obstacle;

const PATIENCE: Duration = Duration::from_secs(60);

/// Since when obstacles have stood, each kind for itself: another one that comes and goes
/// in between starts nothing anew.
#[derive(Default)]
pub(super) struct Patience(HashMap<Discriminant<Obstacle>, Instant>);

impl Patience {
    /// Whether this obstacle has stood for too long. `may_pass`: something is under way that
    /// may lift it.
    pub(super) fn is_over(&mut self, obstacle: &Obstacle, may_pass: bool) -> bool {
        let kind = discriminant(obstacle);
        if may_pass {
            self.0.remove(&kind);
            return false;
        }
        let since = *self.0.entry(kind).or_insert_with(Instant::now);
        since.elapsed() >= PATIENCE
    }
}
