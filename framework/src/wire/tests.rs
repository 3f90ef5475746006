//! The service over a provider that misbehaves.

use std::sync::Arc;

use tonic::Request;

use super::Service;
use super::pb::tfplugin6 as pb;
use super::pb::tfplugin6::provider_server::Provider as _;
use crate::value::{Dynamic, to_msgpack};
use crate::{
    AnyResource, ApiObjects, Applied, Attr, Change, Configured, Ctx, Diagnostics, Entry, Failed,
    Host, Model, Planned, Provider, Resource, Server, Successor, Walk,
};

#[derive(Clone, Default, PartialEq)]
struct Name {
    name: Attr<String>,
}

impl Model for Name {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { name } = self;
        walk.attr("name", name).required();
    }
}

/// A resource that panics when it is read by this name.
struct Fragile;

impl Resource for Fragile {
    type Api = ();
    type Settings = ();
    type Model = Name;
    type Identity = Name;
    const NAME: &'static str = "test_fragile";
    const DOC: &'static str = "";

    fn plan(&self, _: &mut Change<'_, Name, ()>) {}

    fn identity(&self, model: &Name) -> Name {
        model.clone()
    }

    fn place(&self, model: &Name) -> Option<String> {
        model.name.known().cloned()
    }

    async fn leave(
        &self,
        _: &Ctx<()>,
        _: Name,
        _: &ApiObjects,
        _: Successor,
    ) -> Result<Option<Name>, Failed<Name>> {
        Ok(None)
    }

    async fn create(&self, _: &Ctx<()>, planned: Planned<Name>) -> Applied<Name> {
        Ok(planned.plan)
    }

    async fn read(&self, _: &Ctx<()>, state: Name) -> Result<Option<Name>, Diagnostics> {
        tokio::task::yield_now().await;
        assert_ne!(state.name.text(), "panic", "a secret in a message");
        Ok(Some(state))
    }

    async fn import(&self, _: &Ctx<()>, identity: Name) -> Result<Name, Diagnostics> {
        Ok(identity)
    }

    async fn update(&self, _: &Ctx<()>, _: Name, planned: Planned<Name>) -> Applied<Name> {
        Ok(planned.plan)
    }

    async fn delete(&self, _: &Ctx<()>, _: Name) -> Result<(), Failed<Name>> {
        Ok(())
    }
}

struct Test;

impl Provider for Test {
    type Config = Name;
    type Api = ();
    type Settings = ();
    const DOC: &'static str = "";

    fn resources(&self) -> Vec<Box<dyn AnyResource<(), ()>>> {
        vec![Entry::boxed(Fragile)]
    }

    fn validate(&self, _: &Name, _: &mut Diagnostics) {}

    fn settings(&self, _: &Name) {}

    fn configure(&self, _: &Name, _: &Host) -> Result<Configured<()>, Diagnostics> {
        Ok(Configured::Ready(()))
    }
}

async fn read(service: Arc<Service<Test>>, name: &str) -> pb::read_resource::Response {
    let ty = Name::schema(0, "").ty;
    let state = Dynamic::Map([("name".to_owned(), Dynamic::from(name))].into());
    let request = pb::read_resource::Request {
        type_name: "test_fragile".to_owned(),
        current_state: Some(pb::DynamicValue {
            msgpack: to_msgpack(&state, &ty).expect("it fits"),
            json: Vec::new(),
        }),
        ..Default::default()
    };
    let answer = service.read_resource(Request::new(request)).await;
    answer.expect("an answer").into_inner()
}

#[tokio::test]
async fn a_panic_is_one_diagnostic_and_the_others_finish() {
    let service = Arc::new(Service::new(Server::new(Test, || {
        jiff::Timestamp::UNIX_EPOCH
    })));
    let configure = pb::configure_provider::Request::default();
    let configured = service.configure_provider(Request::new(configure)).await;
    assert!(
        configured
            .expect("an answer")
            .into_inner()
            .diagnostics
            .is_empty()
    );
    let names = ["a", "b", "panic", "c", "d"];
    let reads = names.map(|name| tokio::spawn(read(Arc::clone(&service), name)));
    for (name, read) in names.iter().zip(reads) {
        let answer = read.await.expect("the service survives");
        if *name == "panic" {
            let [found] = answer.diagnostics.as_slice() else {
                unreachable!("one diagnostic, not {:?}", answer.diagnostics)
            };
            assert_eq!(found.summary, "Bug in the provider");
            assert!(!found.detail.contains("secret"), "{}", found.detail);
        } else {
            assert!(
                answer.diagnostics.is_empty() && answer.new_state.is_some(),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn before_it_is_configured_it_says_so() {
    let service = Arc::new(Service::new(Server::new(Test, || {
        jiff::Timestamp::UNIX_EPOCH
    })));
    let answer = read(service, "a").await;
    assert_eq!(answer.diagnostics[0].summary, "Provider is not configured");
    assert!(answer.new_state.is_some(), "the state stays");
}
