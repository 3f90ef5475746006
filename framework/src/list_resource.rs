//! What lists the objects of a resource that exist, and the bridge to the protocol.

use std::future::Future;
use std::sync::OnceLock;

use tokio::sync::mpsc;

use super::any_resource::Later;
use super::upgrade::malformed;
use super::{Ctx, Diagnostics, Model, Resource, Schema, plan, read_model, write_model};
use crate::value::Dynamic;

/// Lists the objects of a resource.
pub trait ListResource: Resource {
    /// What is to be listed.
    type Config: Model;
    /// What it lists, in Markdown.
    const LIST_DOC: &'static str;

    /// Hands over the objects one by one, and ends when no more are wanted.
    fn list(
        &self,
        ctx: &Ctx<Self::Api>,
        config: Self::Config,
        found: &mut Found<'_, Self>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}

/// A request to list objects.
pub struct ListRequest {
    /// What the user wrote.
    pub config: Dynamic,
    /// Whether the whole objects are wanted, beside their identities.
    pub with_objects: bool,
    /// How many at most.
    pub limit: usize,
}

/// An object that was found.
pub struct Listed {
    /// What identifies it.
    pub identity: Dynamic,
    /// A name for people.
    pub name: String,
    /// The whole object, if it is wanted.
    pub object: Option<Dynamic>,
}

/// Where the objects go that are found.
pub struct Found<'a, R: Resource + ?Sized> {
    resource: &'a R,
    schema: &'a Schema,
    with_objects: bool,
    left: usize,
    sender: mpsc::Sender<Listed>,
}

impl<R: Resource> Found<'_, R> {
    /// Hands over an object under a name for people. Answers whether more are wanted.
    pub async fn push(&mut self, name: String, model: &R::Model) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        let listed = Listed {
            identity: write_model(&self.resource.identity(model)),
            name,
            object: self.with_objects.then(|| {
                let mut object = write_model(model);
                plan::fill_defaults(&self.schema.attributes, &mut object);
                object
            }),
        };
        self.sender.send(listed).await.is_ok() && left > 0
    }
}

/// A list resource without types: what the protocol talks to.
pub trait AnyListResource<A>: Send + Sync {
    /// The type name, that of its resource.
    fn name(&self) -> &'static str;
    /// The schema of what is to be listed.
    fn schema(&self) -> &Schema;
    /// Checks the structure of a configuration, which may hold unknown values.
    fn validate(&self, config: Dynamic) -> Diagnostics;
    /// Sends the objects as they are found. Answers what went wrong, or is to be said.
    fn list(
        &self,
        ctx: Ctx<A>,
        request: ListRequest,
        sender: mpsc::Sender<Listed>,
    ) -> Later<'_, Diagnostics>;
}

/// A typed list resource as an [`AnyListResource`], with its schemas made once.
pub struct ListEntry<R> {
    resource: R,
    schema: OnceLock<Schema>,
    objects: OnceLock<Schema>,
}

impl<R: ListResource> ListEntry<R> {
    /// The entry of this list resource in a provider.
    pub fn boxed(resource: R) -> Box<dyn AnyListResource<R::Api>> {
        Box::new(Self {
            resource,
            schema: OnceLock::new(),
            objects: OnceLock::new(),
        })
    }
}

impl<R: ListResource> AnyListResource<R::Api> for ListEntry<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn schema(&self) -> &Schema {
        self.schema
            .get_or_init(|| R::Config::schema(0, R::LIST_DOC))
    }

    fn validate(&self, config: Dynamic) -> Diagnostics {
        let mut report = Diagnostics::default();
        report.extend(plan::missing(&self.schema().attributes, &config));
        let read = read_model::<R::Config>(config);
        report.extend(read.err().into_iter().flat_map(malformed));
        report
    }

    fn list(
        &self,
        ctx: Ctx<R::Api>,
        request: ListRequest,
        sender: mpsc::Sender<Listed>,
    ) -> Later<'_, Diagnostics> {
        Box::pin(async move {
            let config = match read_model(request.config) {
                Ok(config) => config,
                Err(error) => return malformed(error),
            };
            let mut found = Found {
                resource: &self.resource,
                schema: self.objects.get_or_init(|| R::Model::schema(0, R::DOC)),
                with_objects: request.with_objects,
                left: request.limit,
                sender,
            };
            let listed = self.resource.list(&ctx, config, &mut found).await;
            let (mut diagnostics, _) = ctx.finish();
            diagnostics.extend(listed.err().into_iter().flatten());
            diagnostics
        })
    }
}
