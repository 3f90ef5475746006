//! The planner: what a change will do. Synchronous and pure; it sees the
//! configuration, the prior state, private state, the provider's settings and the
//! clock, and nothing else.
//!
//! Its passes, in order: defaults where configuration is silent; write-only
//! values removed; on a create, computed values unknown (an update keeps the
//! prior ones); then the resource's own word through [`Change`]; at last the
//! attributes whose change replaces the resource.

use jiff::Timestamp;

use super::{Attribute, Diagnostic, Diagnostics, Model, Private, Shape};
use crate::value::{Dynamic, Path, Step};

/// A change under way, as the resource sees and completes it.
pub struct Change<'a, M, S> {
    /// What the user wrote, write-only values included.
    pub config: M,
    /// What is, as last read; `None` for a create.
    pub prior: Option<M>,
    /// What will be. Starts as the generic passes leave it.
    pub planned: M,
    /// Facts that Read left.
    pub private: &'a Private,
    /// What the provider's configuration says to planning.
    pub settings: &'a S,
    /// The time of the plan.
    pub now: Timestamp,
    /// Errors and warnings.
    pub report: Diagnostics,
}

impl<M: Model, S> Change<'_, M, S> {
    /// Reports an error at an attribute.
    pub fn error(&mut self, attribute: &str, summary: &str, detail: impl Into<String>) {
        let diagnostic = Diagnostic::error(summary, detail).at(attribute);
        self.report.push(diagnostic);
    }

    /// Reports a warning at an attribute.
    pub fn warn(&mut self, attribute: &str, summary: &str, detail: impl Into<String>) {
        let diagnostic = Diagnostic::warning(summary, detail).at(attribute);
        self.report.push(diagnostic);
    }

    /// Lets the plan of the model that this one wraps complete the change.
    pub fn unwrapped<N>(&mut self, complete: impl FnOnce(&mut Change<'_, N, S>))
    where
        M: From<N>,
        N: From<M>,
    {
        let mut change = Change {
            config: std::mem::take(&mut self.config).into(),
            prior: self.prior.take().map(N::from),
            planned: std::mem::take(&mut self.planned).into(),
            private: self.private,
            settings: self.settings,
            now: self.now,
            report: std::mem::take(&mut self.report),
        };
        complete(&mut change);
        self.config = change.config.into();
        self.prior = change.prior.map(M::from);
        self.planned = change.planned.into();
        self.report = change.report;
    }
}

/// Runs the generic passes over what core proposes.
pub(super) fn prepare(
    attributes: &[Attribute],
    config: &Dynamic,
    prior: Option<&Dynamic>,
    mut proposed: Dynamic,
) -> Dynamic {
    let Dynamic::Map(entries) = &mut proposed else {
        return proposed;
    };
    for attribute in attributes {
        let config = entry(config, attribute.name);
        let prior = prior.map(|prior| entry(prior, attribute.name));
        if !entries.contains_key(attribute.name) {
            entries.insert(attribute.name.to_owned(), Dynamic::Null);
        }
        if let Some(slot) = entries.get_mut(attribute.name) {
            prepare_attribute(attribute, config, prior, slot);
        }
    }
    proposed
}

fn prepare_attribute(
    attribute: &Attribute,
    config: &Dynamic,
    prior: Option<&Dynamic>,
    slot: &mut Dynamic,
) {
    let spec = &attribute.spec;
    if spec.write_only {
        *slot = Dynamic::Null;
    } else if config.is_null() {
        if let Some(default) = &spec.default {
            *slot = default.clone();
        } else if spec.computed && prior.is_none() {
            *slot = Dynamic::unknown();
        }
        return;
    }
    match (&attribute.shape, slot) {
        (Shape::Object(inner), slot @ Dynamic::Map(_)) => {
            let known = prior.filter(|prior| !prior.is_null());
            *slot = prepare(inner, config, known, std::mem::replace(slot, Dynamic::Null));
        }
        (Shape::MapOf(inner), Dynamic::Map(elements)) => {
            for (key, element) in elements.iter_mut() {
                let known = prior
                    .map(|prior| entry(prior, key))
                    .filter(|p| !p.is_null());
                let proposed = std::mem::replace(element, Dynamic::Null);
                *element = prepare(inner, entry(config, key), known, proposed);
            }
        }
        (Shape::ListOf(inner), Dynamic::List(elements)) => {
            for (index, element) in elements.iter_mut().enumerate() {
                let known = prior
                    .map(|prior| nth(prior, index))
                    .filter(|p| !p.is_null());
                let proposed = std::mem::replace(element, Dynamic::Null);
                *element = prepare(inner, nth(config, index), known, proposed);
            }
        }
        _ => {}
    }
}

/// What core proposes for an update: the configuration, and where it is silent about what
/// the provider sets, what was there.
pub(super) fn propose(attributes: &[Attribute], config: &Dynamic, prior: &Dynamic) -> Dynamic {
    let proposed = attributes.iter().map(|attribute| {
        let (config, prior) = (entry(config, attribute.name), entry(prior, attribute.name));
        let value = match (&attribute.shape, config) {
            (_, Dynamic::Null) if attribute.spec.computed => prior.clone(),
            (Shape::Object(inner), Dynamic::Map(_)) => propose(inner, config, prior),
            (Shape::MapOf(inner), Dynamic::Map(elements)) => {
                let elements = elements.iter().map(|(key, element)| {
                    let proposed = match element {
                        Dynamic::Map(_) => propose(inner, element, entry(prior, key)),
                        other => other.clone(),
                    };
                    (key.clone(), proposed)
                });
                Dynamic::Map(elements.collect())
            }
            (_, config) => config.clone(),
        };
        (attribute.name.to_owned(), value)
    });
    Dynamic::Map(proposed.collect())
}

/// What was made, in the words of the plan: its known values stand as they were promised, and
/// a map has the keys that it was to have.
pub(super) fn conform(planned: &Dynamic, made: Dynamic) -> Dynamic {
    match (planned, made) {
        (Dynamic::Unknown(_), made) => made,
        (Dynamic::Map(planned), Dynamic::Map(made)) if planned.keys().eq(made.keys()) => {
            let entries = planned.values().zip(made);
            let conformed = entries.map(|(planned, (name, made))| (name, conform(planned, made)));
            Dynamic::Map(conformed.collect())
        }
        (planned, made) if !planned.is_wholly_known() => made,
        (planned, _) => planned.clone(),
    }
}

/// Gives every attribute that is not set its default, if it has one.
pub(super) fn fill_defaults(attributes: &[Attribute], value: &mut Dynamic) {
    let Dynamic::Map(entries) = value else {
        return;
    };
    for attribute in attributes {
        let Some(slot) = entries.get_mut(attribute.name) else {
            continue;
        };
        if let (Dynamic::Null, Some(default)) = (&*slot, &attribute.spec.default) {
            *slot = default.clone();
        }
    }
}

/// Removes write-only values, which no plan and no state may hold.
pub(super) fn strip_write_only(attributes: &[Attribute], value: &mut Dynamic) {
    let Dynamic::Map(entries) = value else {
        return;
    };
    for attribute in attributes {
        let Some(slot) = entries.get_mut(attribute.name) else {
            continue;
        };
        if attribute.spec.write_only {
            *slot = Dynamic::Null;
        }
        match (&attribute.shape, slot) {
            (Shape::Object(inner), slot) => strip_write_only(inner, slot),
            (Shape::MapOf(inner), Dynamic::Map(elements)) => {
                elements
                    .values_mut()
                    .for_each(|e| strip_write_only(inner, e));
            }
            (Shape::ListOf(inner), Dynamic::List(elements)) => {
                elements.iter_mut().for_each(|e| strip_write_only(inner, e));
            }
            _ => {}
        }
    }
}

/// The write-only values that are set although the client cannot handle them.
pub(super) fn set_write_only(attributes: &[Attribute], config: &Dynamic) -> Vec<Path> {
    let is_set =
        |attribute: &Attribute, value: &Dynamic| attribute.spec.write_only && !value.is_null();
    places(attributes, config, &is_set)
}

/// Errors about required attributes that are null. Core sees to it that they are set,
/// but not to what.
pub(super) fn missing(attributes: &[Attribute], config: &Dynamic) -> Vec<Diagnostic> {
    let is_missing =
        |attribute: &Attribute, value: &Dynamic| attribute.spec.required && value.is_null();
    let missing = places(attributes, config, &is_missing).into_iter();
    let errors = missing.map(|path| {
        let detail = format!("{path} is required, but its value is null. Give it a value.");
        Diagnostic::error("Required argument is null", detail).at_path(path)
    });
    errors.collect()
}

/// What is asked of an attribute and its value.
type Is<'a> = dyn Fn(&Attribute, &Dynamic) -> bool + 'a;

/// Where a walk is: one step, and those before it. A path is made only of what is found.
#[derive(Clone, Copy)]
enum At<'a> {
    Top,
    Attribute(&'a At<'a>, &'static str),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, i64),
}

impl At<'_> {
    fn path(self) -> Path {
        match self {
            Self::Top => Path::default(),
            Self::Attribute(before, name) => before.path().then(Step::Attribute(name.to_owned())),
            Self::Key(before, key) => before.path().then(Step::Key(key.to_owned())),
            Self::Index(before, index) => before.path().then(Step::Index(index)),
        }
    }
}

/// The places of the attributes of which `is` says so, also inside.
fn places(attributes: &[Attribute], config: &Dynamic, is: &Is<'_>) -> Vec<Path> {
    fn walk(
        attributes: &[Attribute],
        config: &Dynamic,
        at: At<'_>,
        is: &Is<'_>,
        found: &mut Vec<Path>,
    ) {
        if !matches!(config, Dynamic::Map(_)) {
            return;
        }
        for attribute in attributes {
            let value = entry(config, attribute.name);
            let here = At::Attribute(&at, attribute.name);
            if is(attribute, value) {
                found.push(here.path());
            }
            match (&attribute.shape, value) {
                (Shape::Object(inner), value) => walk(inner, value, here, is, found),
                (Shape::MapOf(inner), Dynamic::Map(elements)) => {
                    for (key, element) in elements.iter() {
                        walk(inner, element, At::Key(&here, key), is, found);
                    }
                }
                (Shape::ListOf(inner), Dynamic::List(elements)) => {
                    for (index, element) in (0..).zip(elements) {
                        walk(inner, element, At::Index(&here, index), is, found);
                    }
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(attributes, config, At::Top, is, &mut found);
    found
}

/// The attributes whose change replaces the resource. One inside an object that
/// appears or disappears has not changed.
pub(super) fn replacements(
    attributes: &[Attribute],
    prior: &Dynamic,
    planned: &Dynamic,
    at: &Path,
    found: &mut Vec<Path>,
) {
    for attribute in attributes {
        let prior = entry(prior, attribute.name);
        let planned = entry(planned, attribute.name);
        let path = at.clone().then(Step::Attribute(attribute.name.to_owned()));
        // What is not known yet may turn out to be the same.
        if attribute.spec.replaces && prior != planned && planned.is_wholly_known() {
            found.push(path.clone());
        }
        match (&attribute.shape, prior, planned) {
            (Shape::Object(inner), Dynamic::Map(_), Dynamic::Map(_)) => {
                replacements(inner, prior, planned, &path, found);
            }
            (Shape::MapOf(inner), Dynamic::Map(before), Dynamic::Map(after)) => {
                for (key, prior) in before.iter() {
                    if let Some(planned) = after.get(key) {
                        let path = path.clone().then(Step::Key(key.clone()));
                        replacements(inner, prior, planned, &path, found);
                    }
                }
            }
            (Shape::ListOf(inner), Dynamic::List(before), Dynamic::List(after)) => {
                for ((index, prior), planned) in (0..).zip(before).zip(after) {
                    let path = path.clone().then(Step::Index(index));
                    replacements(inner, prior, planned, &path, found);
                }
            }
            _ => {}
        }
    }
}

const NULL: &Dynamic = &Dynamic::Null;

/// The entry of an object or map; null where there is none.
fn entry<'v>(value: &'v Dynamic, name: &str) -> &'v Dynamic {
    match value {
        Dynamic::Map(entries) => entries.get(name).unwrap_or(NULL),
        _ => NULL,
    }
}

/// The element of a list; null where there is none.
fn nth(value: &Dynamic, index: usize) -> &Dynamic {
    match value {
        Dynamic::List(elements) => elements.get(index).unwrap_or(NULL),
        _ => NULL,
    }
}
