//! What a data source is, and the bridge to the protocol.

use std::future::Future;
use std::sync::OnceLock;

use super::any_resource::Later;
use super::upgrade::malformed;
use super::{Ctx, Diagnostics, Model, Schema, plan, read_model, write_model};
use crate::value::Dynamic;

/// Something that exists and is only looked at.
pub trait DataSource: Send + Sync + 'static {
    /// What the provider's configuration makes: the way to the API.
    type Api: Clone + Send + Sync + 'static;
    /// Its arguments and its attributes.
    type Model: Model;
    /// Its type name, such as `example_thing`.
    const NAME: &'static str;
    /// What it is, in Markdown.
    const DOC: &'static str;

    /// Fills the attributes. What is not there is an error; an empty list is none.
    fn read(
        &self,
        ctx: &Ctx<Self::Api>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, Diagnostics>> + Send;
}

/// What a data source found.
pub struct DataAnswer {
    /// Its arguments and attributes.
    pub state: Dynamic,
    /// What is to be said all the same.
    pub diagnostics: Diagnostics,
}

/// A data source without types: what the protocol talks to.
pub trait AnyDataSource<A>: Send + Sync {
    /// Its type name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> &Schema;
    /// Checks the structure of a configuration, which may hold unknown values.
    fn validate(&self, config: Dynamic) -> Diagnostics;
    /// Reads what the configuration asks for.
    fn read(&self, ctx: Ctx<A>, config: Dynamic) -> Later<'_, Result<DataAnswer, Diagnostics>>;
}

/// A typed data source as an [`AnyDataSource`], with its schema made once.
pub struct DataEntry<D> {
    source: D,
    schema: OnceLock<Schema>,
}

impl<D: DataSource> DataEntry<D> {
    /// The entry of this data source in a provider.
    pub fn boxed(source: D) -> Box<dyn AnyDataSource<D::Api>> {
        Box::new(Self {
            source,
            schema: OnceLock::new(),
        })
    }
}

impl<D: DataSource> AnyDataSource<D::Api> for DataEntry<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn schema(&self) -> &Schema {
        self.schema.get_or_init(|| D::Model::schema(0, D::DOC))
    }

    fn validate(&self, config: Dynamic) -> Diagnostics {
        let mut report = Diagnostics::default();
        report.extend(plan::missing(&self.schema().attributes, &config));
        let read = read_model::<D::Model>(config);
        report.extend(read.err().into_iter().flat_map(malformed));
        report
    }

    fn read(
        &self,
        ctx: Ctx<D::Api>,
        config: Dynamic,
    ) -> Later<'_, Result<DataAnswer, Diagnostics>> {
        Box::pin(async move {
            let config = read_model(config).map_err(malformed)?;
            let found = self.source.read(&ctx, config).await?;
            let (diagnostics, _) = ctx.finish();
            Ok(DataAnswer {
                state: write_model(&found),
                diagnostics,
            })
        })
    }
}
