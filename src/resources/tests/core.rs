//! A small Terraform: it refreshes, plans and applies what is declared, one resource
//! after another, and keeps the state as core does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aop_simulator::{Simulator, Store, ZONE_ID};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::declared::Declared;
use super::scene::STRANGER;
use crate::resources::{Api, Settings, all};
use cloudflare::Client;
use cloudflare::in_process::{InProcess, date, options};
use framework::value::Dynamic;
use framework::{
    AnyResource, ApplyRequest, Ctx, Diagnostic, Diagnostics, PlanRequest, Private, Severity,
};

/// An object in state.
#[derive(Clone)]
struct Kept {
    kind: &'static str,
    state: Dynamic,
    private: Private,
}

/// Clones share the state.
#[derive(Clone)]
pub(super) struct Core {
    pub(super) simulator: Simulator,
    /// What Ctrl-C ends.
    cancel: Arc<Mutex<CancellationToken>>,
    state: Arc<Mutex<BTreeMap<String, Kept>>>,
}

pub(super) fn text(value: &Dynamic, name: &str) -> String {
    match attribute(value, name) {
        Dynamic::String(text) => text,
        _ => String::new(),
    }
}

pub(super) fn attribute(value: &Dynamic, name: &str) -> Dynamic {
    match value {
        Dynamic::Map(entries) => entries.get(name).cloned().unwrap_or(Dynamic::Null),
        _ => Dynamic::Null,
    }
}

fn errors(diagnostics: &Diagnostics) -> Vec<Diagnostic> {
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors.cloned().collect()
}

impl Core {
    pub(super) fn new(simulator: &Simulator) -> Self {
        Self {
            simulator: simulator.clone(),
            cancel: Arc::default(),
            state: Arc::default(),
        }
    }

    /// The state of a resource; null if there is none.
    pub(super) fn state(&self, address: &str) -> Dynamic {
        let kept = self.kept();
        kept.get(address)
            .map_or(Dynamic::Null, |kept| kept.state.clone())
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user presses Ctrl-C.
    pub(super) fn interrupt(&self) {
        self.cancellation().cancel();
    }

    fn cancellation(&self) -> CancellationToken {
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        cancel.clone()
    }

    /// A new process of the provider.
    pub(super) fn configure(&self) -> Api {
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        Client::new(Box::new(InProcess(self.simulator.clone())), &options())
    }

    /// Refreshes and plans. Answers which resources would change, or the errors.
    pub(super) async fn plan(&self, declared: &[Declared]) -> Result<Vec<String>, Vec<Diagnostic>> {
        let api = self.configure();
        let resources = all();
        let addresses: Vec<(String, Kept)> = self.kept().clone().into_iter().collect();
        for (address, kept) in addresses {
            let ctx = Ctx::new(api.clone(), CancellationToken::new(), kept.private.clone());
            let answer = named(&resources, kept.kind).read(ctx, kept.state).await;
            let failed = errors(&answer.diagnostics);
            if !failed.is_empty() {
                return Err(failed);
            }
            self.keep(&address, kept.kind, answer.state, answer.private);
        }
        let mut changes = Vec::new();
        let mut ids = BTreeMap::new();
        for one in declared {
            let (_, prior, planned) = self.plan_one(&resources, one, &ids)?;
            ids.insert(one.address.clone(), attribute(&planned, "id"));
            if prior != planned {
                changes.push(one.address.clone());
            }
        }
        Ok(changes)
    }

    /// Plans and applies, each in a process of its own. What an error leaves is kept,
    /// and what depends on it waits for another day.
    pub(super) async fn apply(&self, declared: &[Declared]) -> Vec<Diagnostic> {
        if let Err(failed) = self.plan(declared).await {
            return failed;
        }
        self.apply_plan(declared).await
    }

    /// The second half: carries out what was planned.
    pub(super) async fn apply_plan(&self, declared: &[Declared]) -> Vec<Diagnostic> {
        let api = self.configure();
        self.apply_each(&api, declared, BTreeMap::new()).await
    }

    /// One after another, where these ids are known.
    pub(super) async fn apply_each(
        &self,
        api: &Api,
        declared: &[Declared],
        mut ids: BTreeMap<String, Dynamic>,
    ) -> Vec<Diagnostic> {
        let resources = all();
        let mut failed = Vec::new();
        for one in declared {
            let arguments = one.arguments.iter().filter_map(|(_, a)| a.needs());
            let mut needs = arguments.chain(&one.needs);
            if !needs.all(|address| ids.contains_key(address)) {
                continue;
            }
            let (config, prior, planned) = match self.plan_one(&resources, one, &ids) {
                Ok(plan) => plan,
                Err(errors) => return errors,
            };
            if prior != planned {
                let outcome = self
                    .apply_one(&resources, api, one, (config, prior, planned))
                    .await;
                if !outcome.is_empty() {
                    failed.extend(outcome);
                    continue;
                }
            }
            ids.insert(
                one.address.clone(),
                attribute(&self.state(&one.address), "id"),
            );
        }
        failed
    }

    /// Applies in a process in which other things happen too.
    pub(super) async fn apply_in(&self, api: &Api, declared: &[Declared]) -> Vec<Diagnostic> {
        self.apply_each(api, declared, BTreeMap::new()).await
    }

    /// Destroys one resource in a process in which other things happen too.
    pub(super) async fn destroy_in(&self, api: &Api, one: &Declared) -> Vec<Diagnostic> {
        let plan = (Dynamic::Null, self.state(&one.address), Dynamic::Null);
        self.apply_one(&all(), api, one, plan).await
    }

    /// Destroys everything, the last first.
    pub(super) async fn destroy(&self, declared: &[Declared]) -> Vec<Diagnostic> {
        let api = self.configure();
        let resources = all();
        for one in declared.iter().rev() {
            let prior = self.state(&one.address);
            if prior.is_null() {
                continue;
            }
            let plan = (Dynamic::Null, prior, Dynamic::Null);
            let failed = self.apply_one(&resources, &api, one, plan).await;
            if !failed.is_empty() {
                return failed;
            }
        }
        Vec::new()
    }

    async fn apply_one(
        &self,
        resources: &[Box<dyn AnyResource<Api, Settings>>],
        api: &Api,
        one: &Declared,
        (config, prior, planned): (Dynamic, Dynamic, Dynamic),
    ) -> Vec<Diagnostic> {
        let before = self.simulator.log().len();
        let private = self.private(&one.address);
        let ctx = Ctx::new(api.clone(), self.cancellation(), private.clone());
        let request = ApplyRequest {
            config,
            prior,
            planned: planned.clone(),
            identity: Dynamic::Null,
            private,
        };
        let answer = named(resources, one.kind).apply(ctx, request).await;
        let failed = errors(&answer.diagnostics);
        if failed.is_empty() {
            is_kept(&planned, &answer.state);
        }
        let id = text(&answer.state, "id");
        let deleted = format!("/{id}");
        let log = self.simulator.log();
        let own = log.iter().skip(before);
        let mut own = own.filter(|request| request.user_agent != STRANGER);
        let names_it = own.any(|r| r.method == "DELETE" && r.path.ends_with(&deleted));
        // A destroy that is out of time keeps its state.
        if names_it && !planned.is_null() {
            // Unless it came back under its old id.
            let lives = self.simulator.look(ZONE_ID, |zone, _| {
                let mut all = [Store::Zone, Store::Hostname].into_iter();
                all.any(|store| zone.live(store).iter().any(|c| c.id == id))
            });
            assert!(lives, "{} answers what it has deleted", one.address);
        }
        self.keep(&one.address, one.kind, answer.state, answer.private);
        failed
    }

    fn keep(&self, address: &str, kind: &'static str, state: Dynamic, private: Private) {
        let mut kept = self.kept();
        match state {
            Dynamic::Null => drop(kept.remove(address)),
            state => {
                let object = Kept {
                    kind,
                    state,
                    private,
                };
                kept.insert(address.to_owned(), object);
            }
        }
    }

    fn private(&self, address: &str) -> Private {
        let kept = self.kept();
        kept.get(address)
            .map_or_else(Private::default, |kept| kept.private.clone())
    }

    /// What planning warns of at a time.
    pub(super) fn warnings(&self, declared: &[Declared], now: Timestamp) -> Vec<String> {
        let resources = all();
        let mut told = Vec::new();
        for one in declared {
            let request = self.request(&resources, one, &BTreeMap::new(), now);
            let answer = named(&resources, one.kind).plan(request, &Settings::default());
            told.extend(answer.diagnostics.iter().map(|d| d.detail.clone()));
        }
        told
    }

    /// The configuration, the prior and the planned state of one resource.
    fn plan_one(
        &self,
        resources: &[Box<dyn AnyResource<Api, Settings>>],
        one: &Declared,
        ids: &BTreeMap<String, Dynamic>,
    ) -> Result<(Dynamic, Dynamic, Dynamic), Vec<Diagnostic>> {
        let request = self.request(resources, one, ids, date());
        let (config, prior) = (request.config.clone(), request.prior.clone());
        let answer = named(resources, one.kind).plan(request, &Settings::default());
        let failed = errors(&answer.diagnostics);
        assert_eq!(answer.replaces, [], "{}", one.address);
        match answer.planned {
            Some(planned) if failed.is_empty() => Ok((config, prior, planned)),
            _ => Err(failed),
        }
    }

    /// What core asks of the planner.
    fn request(
        &self,
        resources: &[Box<dyn AnyResource<Api, Settings>>],
        one: &Declared,
        ids: &BTreeMap<String, Dynamic>,
        now: Timestamp,
    ) -> PlanRequest {
        let resource = named(resources, one.kind);
        let prior = self.state(&one.address);
        let (mut config, mut proposed) = (BTreeMap::new(), BTreeMap::new());
        for declared in &resource.schema().attributes {
            let name = declared.name.to_owned();
            let given = one.arguments.iter().find(|(given, _)| *given == name);
            let value = given.map_or(Dynamic::Null, |(_, argument)| argument.value(ids));
            let kept = match value {
                Dynamic::Null if declared.spec.computed => attribute(&prior, &name),
                ref value => value.clone(),
            };
            config.insert(name.clone(), value);
            proposed.insert(name, kept);
        }
        PlanRequest {
            config: Dynamic::Map(config.into_iter().collect()),
            prior,
            proposed: Dynamic::Map(proposed.into_iter().collect()),
            private: self.private(&one.address),
            identity: Dynamic::Null,
            now,
        }
    }
}

/// What core demands of every apply without an error.
fn is_kept(planned: &Dynamic, made: &Dynamic) {
    let (Dynamic::Map(planned), Dynamic::Map(made)) = (planned, made) else {
        return;
    };
    for (name, value) in planned.iter() {
        let made = made.get(name);
        if value.is_wholly_known() {
            assert!(made == Some(value), "{name} was promised");
        } else {
            let known = made.is_some_and(Dynamic::is_wholly_known);
            assert!(known, "{name} stays unknown");
        }
    }
}

fn named<'r>(
    resources: &'r [Box<dyn AnyResource<Api, Settings>>],
    name: &str,
) -> &'r dyn AnyResource<Api, Settings> {
    let found = resources.iter().find(|resource| resource.name() == name);
    &**found.expect("a resource of this name")
}
