//! A provider that keeps named things in memory, and processes that serve it: what is
//! planned in one is applied in another.

mod renaming;
mod replacing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::value::{Dynamic, Map};
use crate::*;

/// What is there, and what was done: names with a value, and one line for each request.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    things: BTreeMap<String, String>,
    requests: Vec<String>,
}

impl World {
    fn ask(&self, request: String, act: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut world = self.0.lock().unwrap();
        act(&mut world.things);
        world.requests.push(request);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Named {
    name: Attr<String>,
    value: Attr<String>,
    made: Attr<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Id {
    name: Attr<String>,
}

impl Model for Named {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { name, value, made } = self;
        walk.attr("name", name).required().replaces();
        walk.attr("value", value).optional();
        walk.attr("made", made).computed();
    }
}

impl Model for Id {
    fn describe(&mut self, walk: &mut dyn Walk) {
        walk.attr("name", &mut self.name).required();
    }
}

struct Thing;

impl Resource for Thing {
    type Api = World;
    type Settings = ();
    type Model = Named;
    type Identity = Id;
    const NAME: &'static str = "test_thing";
    const DOC: &'static str = "";

    fn plan(&self, _: &mut Change<'_, Named, ()>) {}

    fn identity(&self, model: &Named) -> Id {
        Id {
            name: model.name.clone(),
        }
    }

    fn place(&self, model: &Named) -> Option<String> {
        model.name.known().cloned()
    }

    async fn leave(
        &self,
        ctx: &Ctx<World>,
        state: Named,
        _: &ApiObjects,
        _: Successor,
    ) -> Result<Option<Named>, Failed<Named>> {
        ctx.warn(Diagnostic::warning("Left", state.name.text()));
        Ok(None)
    }

    async fn create(&self, ctx: &Ctx<World>, planned: Planned<Named>) -> Applied<Named> {
        let (name, value) = (planned.plan.name.text(), planned.plan.value.text());
        ctx.api.ask(format!("create {name}"), |there| {
            there.insert(name.to_owned(), value.to_owned());
        });
        Ok(Named {
            made: "by create".into(),
            ..planned.plan
        })
    }

    async fn read(&self, _: &Ctx<World>, state: Named) -> Result<Option<Named>, Diagnostics> {
        Ok(Some(state))
    }

    async fn import(&self, _: &Ctx<World>, id: Id) -> Result<Named, Diagnostics> {
        Ok(Named {
            name: id.name,
            ..Named::default()
        })
    }

    async fn update(
        &self,
        ctx: &Ctx<World>,
        prior: Named,
        planned: Planned<Named>,
    ) -> Applied<Named> {
        let (before, after) = (prior.value.text(), planned.plan.value.text());
        ctx.api.ask(format!("update {before} to {after}"), |_| {});
        match after {
            "refused" => Err(Diagnostic::error("Refused", "No.").into()),
            _ => Ok(planned.plan),
        }
    }

    async fn delete(&self, ctx: &Ctx<World>, state: Named) -> Result<(), Failed<Named>> {
        let name = state.name.text();
        ctx.api.ask(format!("delete {name}"), |there| {
            there.remove(name);
        });
        Ok(())
    }
}

#[derive(Clone)]
struct Test(World);

#[derive(Clone, Default, PartialEq)]
struct Nothing;

impl Model for Nothing {
    fn describe(&mut self, _: &mut dyn Walk) {}
}

impl Provider for Test {
    type Config = Nothing;
    type Api = World;
    type Settings = ();
    const DOC: &'static str = "";

    fn resources(&self) -> Vec<Box<dyn AnyResource<World, ()>>> {
        vec![Entry::boxed(Thing)]
    }

    fn validate(&self, _: &Nothing, _: &mut Diagnostics) {}

    fn settings(&self, _: &Nothing) {}

    fn configure(&self, _: &Nothing, _: &Host) -> Result<Configured<World>, Diagnostics> {
        Ok(Configured::Ready(self.0.clone()))
    }
}

/// One process.
struct Process(Arc<Server<Test>>);

fn thing(name: Dynamic, value: &str, made: Dynamic) -> Dynamic {
    Dynamic::Map(Map::from([
        ("name".to_owned(), name),
        ("value".to_owned(), Dynamic::String(value.to_owned())),
        ("made".to_owned(), made),
    ]))
}

fn text(text: &str) -> Dynamic {
    Dynamic::String(text.to_owned())
}

/// A thing as a state holds it.
fn kept(name: &str, value: &str) -> Dynamic {
    thing(text(name), value, text("before"))
}

/// A thing as a configuration wants it.
fn wanted(name: &str, value: &str) -> Dynamic {
    thing(text(name), value, Dynamic::Null)
}

impl Process {
    fn new(world: &World) -> Self {
        let server = Server::new(Test(world.clone()), || Timestamp::UNIX_EPOCH);
        let host = Host {
            version: "1.0.0".to_owned(),
        };
        assert!(!server.configure(Dynamic::Null, &host).has_error());
        Self(server)
    }

    async fn plan(&self, prior: Dynamic, config: Dynamic, private: Private) -> PlanAnswer {
        let request = |now| PlanRequest {
            proposed: config.clone(),
            config,
            prior,
            private,
            identity: Dynamic::Null,
            now,
        };
        let gone = CancellationToken::new();
        self.0.plan("test_thing", request, gone).await
    }

    async fn destroys(&self, name: &str) -> PlanAnswer {
        let prior = kept(name, "");
        self.plan(prior, Dynamic::Null, Private::default()).await
    }

    async fn creates(&self, name: &str) -> PlanAnswer {
        let config = wanted(name, "");
        self.plan(Dynamic::Null, config, Private::default()).await
    }

    /// Both plans of a replacement: the private state of the second.
    async fn replaces(&self, prior: &Dynamic, config: &Dynamic) -> Private {
        let first = self.plan(prior.clone(), config.clone(), Private::default());
        let private = first.await.private;
        self.plan(Dynamic::Null, config.clone(), private)
            .await
            .private
    }

    async fn apply(&self, prior: Dynamic, planned: Dynamic, private: Private) -> Answer {
        let mut config = planned.clone();
        if let Dynamic::Map(entries) = &mut config {
            entries.insert("made".to_owned(), Dynamic::Null);
        }
        let request = ApplyRequest {
            config,
            prior,
            planned,
            identity: Dynamic::Null,
            private,
        };
        let gone = CancellationToken::new();
        self.0.apply("test_thing", request, gone).await
    }

    async fn destroy(&self, state: &Dynamic, private: Private) -> Answer {
        self.apply(state.clone(), Dynamic::Null, private).await
    }

    async fn create(&self, name: &str, value: &str) -> Answer {
        let planned = thing(text(name), value, Dynamic::unknown());
        self.apply(Dynamic::Null, planned, Private::default()).await
    }
}

fn said(diagnostics: &Diagnostics) -> Vec<(Severity, &str)> {
    let said = diagnostics.iter();
    said.map(|d| (d.severity, d.summary.as_str())).collect()
}
