//! Objects that a destroy leaves to their successors, and why.

use super::Api;
use super::problem::problem;
use cloudflare::{Key, Scope};
use framework::{Ctx, Diagnostic, Successor};

/// Leaves objects, each by its keys, to their successors. Answers the numbers of those whose
/// successors have failed.
pub(super) async fn hand_over(
    ctx: &Ctx<Api>,
    scope: &Scope,
    objects: &[Vec<Key>],
    to: Successor,
) -> Result<Vec<usize>, Diagnostic> {
    let run = ctx.api.run();
    // Killed from here on, what is left may be in no state.
    tracing::info!(?objects, ?to, "left to a successor");
    if to == Successor::Another {
        let failed = run.hand_over(objects, scope).await;
        return failed.map_err(|why| problem(&why.into(), "Waiting for a successor"));
    }
    Ok(run.leave_all(objects))
}

/// Why a destroy leaves its object, inside a sentence; `id` is what it is imported by.
pub(super) fn whose(successor: Successor, id: &str) -> String {
    match successor {
        Successor::Replacement => format!(
            "the new resource at the same address takes it over. If that one is not created in \
             this apply, import it by the id {id}"
        ),
        Successor::Another => format!(
            "another resource of this apply takes it over. If that one is not created, import it \
             by the id {id}"
        ),
        Successor::Perhaps => format!(
            "it is a deposed object, and the resource at the same address may have the same one. \
             If none has, import it by the id {id}, and destroy it"
        ),
    }
}
