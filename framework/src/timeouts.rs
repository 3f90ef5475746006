//! The nested attribute `timeouts`.

use std::time::Duration;

use super::{Attr, Diagnostic, Diagnostics, Model, Object, Walk, parse_duration};
use crate::value::{Path, Step};

/// How long an operation takes before it gives up, unless the user says otherwise.
const DEFAULT: Duration = Duration::from_secs(600);

/// An operation that has a timeout of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creating the object.
    Create,
    /// Changing it in place.
    Update,
    /// Destroying it.
    Delete,
}

/// `timeouts = { create = "10m", update = "10m", delete = "10m" }`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeouts {
    create: Attr<String>,
    update: Attr<String>,
    delete: Attr<String>,
}

impl Model for Timeouts {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            create,
            update,
            delete,
        } = self;
        walk.attr("create", create)
            .optional()
            .doc("How long creating may take, such as `30s` or `10m`. Default `10m`.");
        walk.attr("update", update)
            .optional()
            .doc("How long a change in place may take. Default `10m`.");
        walk.attr("delete", delete)
            .optional()
            .doc("How long destroying may take; read from state. Default `10m`.");
    }
}

impl Timeouts {
    /// The documentation of the attribute itself.
    pub const DOC: &'static str = "How long operations may take.";

    /// How long the operation may take. Text that is no duration, which only
    /// foreign state can hold after [`Timeouts::check`], counts as not set.
    pub fn of(timeouts: &Attr<Object<Self>>, operation: Operation) -> Duration {
        timeouts
            .known()
            .and_then(|Object(timeouts)| timeouts.slot(operation).known())
            .and_then(|text| parse_duration(text).ok())
            .unwrap_or(DEFAULT)
    }

    /// Reports every text that is no duration, at its place.
    pub fn check(timeouts: &Attr<Object<Self>>, report: &mut Diagnostics) {
        let Some(Object(timeouts)) = timeouts.known() else {
            return;
        };
        for (name, operation) in [
            ("create", Operation::Create),
            ("update", Operation::Update),
            ("delete", Operation::Delete),
        ] {
            let text = timeouts.slot(operation).known();
            if let Some(Err(problem)) = text.map(|text| parse_duration(text)) {
                let path = Path::attribute("timeouts").then(Step::Attribute(name.to_owned()));
                // Terraform points at the whole attribute, so the text says which it is.
                let detail = format!("timeouts.{name}: {problem}");
                report.push(Diagnostic::error("Invalid timeout", detail).at_path(path));
            }
        }
    }

    fn slot(&self, operation: Operation) -> &Attr<String> {
        match operation {
            Operation::Create => &self.create,
            Operation::Update => &self.update,
            Operation::Delete => &self.delete,
        }
    }
}
