//! What the server itself has to say: of a process that is not ready, and of plans.

use crate::value::Path;
use crate::{Diagnostic, Diagnostics};

pub(super) fn unknown_type(kind: &str, name: &str) -> Diagnostics {
    Diagnostic::error(
        format!("Unknown {kind}"),
        format!("This provider has no {kind} {name:?}."),
    )
    .into()
}

/// Core makes each plan again before it carries it out, and calls it a mistake if the second
/// one replaces what the first one updated.
pub(super) fn not_known_before(replaces: &[Path]) -> Diagnostic {
    let changed: Vec<String> = replaces.iter().map(Path::to_string).collect();
    Diagnostic::warning(
        "Planned without a refresh",
        format!(
            "{} differs from what is in state, so this resource is to be replaced. If Terraform \
             says now that the final plan is inconsistent, the value was not known when the plan \
             was made: nothing was changed, and the next apply replaces it.",
            changed.join(" and ")
        ),
    )
}

pub(super) fn unknown(arguments: &[&str]) -> Diagnostics {
    Diagnostic::error(
        "Provider configuration is not known yet",
        format!(
            "The provider's {} will be known only after apply, so its API cannot be asked now. \
             Apply what it depends on first (with -target), or give the value as a variable or in \
             the environment.",
            arguments.join(" and ")
        ),
    )
    .into()
}

pub(super) fn in_use() -> Diagnostics {
    Diagnostic::error(
        "Provider is in use with another configuration",
        "Another command is attached to this process (TF_REATTACH_PROVIDERS) and has configured \
         the provider differently. A process works with one configuration at a time: wait until \
         the other command has ended, or start another process with --debug for this one. Nothing \
         was changed.",
    )
    .into()
}

pub(super) fn unconfigured() -> Diagnostics {
    Diagnostic::error(
        "Provider is not configured",
        "Terraform asked for an operation before it configured the provider. Run the command \
         again; if this comes back, report it as a bug of the provider.",
    )
    .into()
}
