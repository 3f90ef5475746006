//! Where in a value something stands, and what was wrong there.

use std::fmt;

/// A place inside a value, outermost step first. The empty path is the whole value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into an attribute of an object.
    Attribute(String),
    /// Into the element of a map.
    Key(String),
    /// Into the element of a list or tuple, counted from zero.
    Index(i64),
}

impl Path {
    /// The path of a top-level attribute.
    pub fn attribute(name: &str) -> Self {
        Self(vec![Step::Attribute(name.to_owned())])
    }

    /// This path with one more step at its end.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the path of the whole value.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => write!(f, "{name}")?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A value that does not fit its type: where, and what was found. The value
/// itself is never part of the text, because it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Innermost step first while the error travels outwards.
    reversed: Vec<Step>,
    problem: String,
}

impl DecodeError {
    /// An error at the place where decoding stands now.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            reversed: Vec::new(),
            problem: problem.into(),
        }
    }

    /// The same error seen from one level further out.
    #[must_use]
    pub fn within(mut self, step: Step) -> Self {
        self.reversed.push(step);
        self
    }

    /// Where the mistake stands.
    pub fn path(&self) -> Path {
        Path(self.reversed.iter().rev().cloned().collect())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if path.is_root() {
            write!(f, "{}", self.problem)
        } else {
            write!(f, "{path}: {}", self.problem)
        }
    }
}

impl std::error::Error for DecodeError {}
