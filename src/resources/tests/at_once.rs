//! Ten operations at a time, as core runs them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::core::{Core, attribute};
use super::declared::Declared;
use framework::Diagnostic;
use framework::value::Dynamic;

impl Core {
    /// Applies so many resources one after another, and the others ten at a time.
    pub(super) async fn apply_at_once(
        &self,
        declared: &[Declared],
        first: usize,
        seed: u64,
    ) -> Vec<Diagnostic> {
        let (first, rest) = declared.split_at(first);
        let api = self.configure();
        let mut failed = self.apply_each(&api, first, BTreeMap::new()).await;
        let ids = first.iter().map(|one| {
            let id = attribute(&self.state(&one.address), "id");
            (one.address.clone(), id)
        });
        let ids: BTreeMap<String, Dynamic> = ids.collect();
        let each = ten_at_a_time(rest, seed, |one| {
            let (core, api, ids) = (self.clone(), api.clone(), ids.clone());
            async move { core.apply_each(&api, &[one], ids).await }
        });
        failed.extend(each.await);
        failed
    }

    /// Destroys resources, ten at a time.
    pub(super) async fn destroy_at_once(
        &self,
        declared: &[Declared],
        seed: u64,
    ) -> Vec<Diagnostic> {
        let api = self.configure();
        let each = ten_at_a_time(declared, seed, |one| {
            let (core, api) = (self.clone(), api.clone());
            async move { core.destroy_in(&api, &one).await }
        });
        each.await
    }
}

/// Ten at a time, as core does: each begins a little after another has ended.
async fn ten_at_a_time<F>(
    declared: &[Declared],
    seed: u64,
    mut act: impl FnMut(Declared) -> F,
) -> Vec<Diagnostic>
where
    F: Future<Output = Vec<Diagnostic>> + Send + 'static,
{
    let (slots, mut running) = (Arc::new(Semaphore::new(10)), JoinSet::new());
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut failed = Vec::new();
    for one in declared.iter().cloned() {
        let slot = Arc::clone(&slots).acquire_owned().await;
        tokio::time::sleep(Duration::from_millis(chance.u64(0..20))).await;
        let acted = act(one);
        running.spawn(async move {
            let _slot = slot;
            acted.await
        });
    }
    while let Some(ended) = running.join_next().await {
        failed.extend(ended.expect("no panic"));
    }
    failed
}
