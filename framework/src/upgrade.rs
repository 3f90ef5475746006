//! State that is stored already: from an older version of the provider, or from somebody who
//! wrote it by hand.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{Diagnostic, Diagnostics, Resource};
use crate::json;
use crate::value::DecodeError;

/// Stored state in the current shape.
pub(super) fn upgraded<R: Resource>(
    version: i64,
    json: &[u8],
) -> Result<Cow<'_, [u8]>, Diagnostics> {
    let steps = usize::try_from(version).ok();
    let steps = steps.and_then(|version| R::UPGRADES.get(version..));
    let steps = steps.ok_or_else(|| {
        Diagnostic::error(
            "State of another version",
            format!(
                "The state of this {} has version {version}, and this version of the provider \
                 knows it up to {}. A newer one wrote it: install that, or restore the state from \
                 a backup.",
                R::NAME,
                R::UPGRADES.len()
            ),
        )
    })?;
    if steps.is_empty() {
        return Ok(json.into());
    }
    let not_json = || malformed(DecodeError::new("the stored state is not a JSON object"));
    let Ok(Json::Object(mut stored)) = json::read(json) else {
        return Err(not_json());
    };
    for step in steps {
        step(&mut stored);
    }
    Ok(Json::Object(stored).to_string().into_bytes().into())
}

/// A value that does not fit the schema: core's mistake or foreign state.
pub(super) fn malformed(error: DecodeError) -> Diagnostics {
    Diagnostic::error(
        "Value does not fit the schema",
        format!(
            "{error}. Terraform sent, or the state file holds, a value that this version of the \
             provider cannot read. If an attribute was edited by hand, undo the edit; otherwise \
             report this as a bug of the provider."
        ),
    )
    .at_path(error.path())
    .into()
}
