//! Import ids: what identifies an object, its parts joined by slashes.

use super::entry::Entry;
use super::{AnyResource, Diagnostic, Diagnostics, ImportRequest, Resource};
use crate::value::{Dynamic, Path};

impl<R: Resource> Entry<R> {
    /// What an import id of this resource looks like.
    fn import_form(&self) -> String {
        let attributes = self.identity_schema().attributes.iter();
        let form = attributes.map(|a| format!("<{}>", a.name));
        form.collect::<Vec<_>>().join("/")
    }

    /// The identity that an import names.
    pub(super) fn named(&self, request: ImportRequest) -> Result<Dynamic, Diagnostics> {
        if !request.identity.is_null() {
            return Ok(request.identity);
        }
        let attributes = &self.identity_schema().attributes;
        let parts: Vec<&str> = request.id.split('/').collect();
        if parts.len() != attributes.len() || parts.contains(&"") {
            let form = self.import_form();
            let count = parts.iter().filter(|part| !part.is_empty()).count();
            let wrong = match count == attributes.len() {
                true => "none of them empty".to_owned(),
                false => format!("not {count}"),
            };
            return Err(Diagnostic::error(
                "Malformed import id",
                format!(
                    "The import id of {} has the form {form}: {} parts, {}. Write terraform import \
                     {}.NAME {form}",
                    R::NAME,
                    attributes.len(),
                    wrong,
                    R::NAME
                ),
            )
            .into());
        }
        let named = attributes.iter().zip(parts);
        let named = named.map(|(a, part)| (a.name.to_owned(), Dynamic::from(part)));
        Ok(Dynamic::Map(named.collect()))
    }

    /// Adds to errors about a part of an import id what the whole of it looks like.
    pub(super) fn explain_parts(&self, errors: Diagnostics) -> Diagnostics {
        let form = self.import_form();
        let attributes = &self.identity_schema().attributes;
        let parts: Vec<Path> = attributes.iter().map(|a| Path::attribute(a.name)).collect();
        let mut explained = Diagnostics::default();
        explained.extend(errors.into_iter().map(|mut error| {
            if error.path.as_ref().is_some_and(|path| parts.contains(path)) {
                let name = R::NAME;
                error
                    .detail
                    .push_str(&format!(" The import id of {name} has the form {form}."));
            }
            error
        }));
        explained
    }
}
