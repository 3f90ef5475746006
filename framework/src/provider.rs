//! The provider as a whole: its configuration, and what it offers.

use super::{
    AnyDataSource, AnyListResource, AnyResource, Diagnostic, Diagnostics, Function, Model,
};

/// A provider: what configures it and what it manages.
pub trait Provider: Send + Sync + 'static {
    /// Its arguments.
    type Config: Model;
    /// What configuring makes: the way to the API.
    type Api: Clone + Send + Sync + 'static;
    /// What the configuration says to planning, which never meets the API.
    type Settings: Default + Clone + Send + Sync + 'static;

    /// What it is, in Markdown.
    const DOC: &'static str;

    /// Its resources.
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Api, Self::Settings>>>;

    /// Its data sources.
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Self::Api>>> {
        Vec::new()
    }

    /// Its list resources: each lists the objects of the resource of its name.
    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Self::Api>>> {
        Vec::new()
    }

    /// Its functions.
    fn functions(&self) -> Vec<Box<dyn Function>> {
        Vec::new()
    }

    /// Checks the form of a configuration, which may hold unknown values.
    fn validate(&self, config: &Self::Config, report: &mut Diagnostics);

    /// The settings of a valid configuration; the default where it is not known yet.
    fn settings(&self, config: &Self::Config) -> Self::Settings;

    /// Makes the way to the API. Opens no connection.
    fn configure(
        &self,
        config: &Self::Config,
        host: &Host,
    ) -> Result<Configured<Self::Api>, Diagnostics>;
}

/// Who runs the provider.
pub struct Host {
    /// The version it calls itself; for the user agent only, since OpenTofu sends another's.
    pub version: String,
}

/// What a configuration came to.
#[derive(Clone)]
pub enum Configured<A> {
    /// Everything is there.
    Ready(A),
    /// Arguments (named) become known only at apply.
    Unknown(Vec<&'static str>),
    /// Something is missing or wrong, and the message says what. Only what needs the API fails.
    Unusable(Diagnostic),
}
