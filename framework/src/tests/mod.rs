//! The framework on a resource that has one attribute of every kind.

mod plan;
mod upgrade;

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::value::{Dynamic, Number, Path, Step};
use text::Secret;

#[derive(Clone, Debug, Default, PartialEq)]
struct Everything {
    name: Attr<String>,
    size: Attr<Number>,
    tags: Attr<Vec<Attr<String>>>,
    password: Attr<Secret>,
    one: Attr<Object<Inner>>,
    many: Attr<BTreeMap<String, Attr<Object<Inner>>>>,
    rows: Attr<Vec<Attr<Object<Inner>>>>,
    made: Attr<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Inner {
    text: Attr<String>,
    flag: Attr<bool>,
    token: Attr<Secret>,
    mark: Attr<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Id {
    name: Attr<String>,
}

impl Model for Everything {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            name,
            size,
            tags,
            password,
            one,
            many,
            rows,
            made,
        } = self;
        walk.attr("name", name).required().replaces();
        walk.attr("size", size).optional();
        walk.attr("tags", tags).optional();
        walk.attr("password", password).optional().write_only();
        walk.attr("one", one).optional();
        walk.attr("many", many).optional();
        walk.attr("rows", rows).optional();
        walk.attr("made", made).computed();
    }
}

impl Model for Inner {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            text,
            flag,
            token,
            mark,
        } = self;
        walk.attr("text", text).required().replaces();
        walk.attr("flag", flag).defaults_to(true);
        walk.attr("token", token).optional().write_only();
        walk.attr("mark", mark).computed();
    }
}

impl Model for Id {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { name } = self;
        walk.attr("name", name).required();
    }
}

struct Kinds;

impl Resource for Kinds {
    type Api = ();
    type Settings = ();
    type Model = Everything;
    type Identity = Id;
    const NAME: &'static str = "test_everything";
    const DOC: &'static str = "";
    /// Version 0 called the name its title, version 1 had a prefix in front of it.
    const UPGRADES: &'static [Upgrade] = &[
        |stored| {
            let title = stored.remove("title").unwrap_or_default();
            stored.insert("name".to_owned(), title);
        },
        |stored| {
            let name = stored.get("name").and_then(|name| name.as_str());
            let name = name.and_then(|name| name.strip_prefix("test-"));
            let name = name.map(|name| name.to_owned());
            stored.extend(name.map(|name| ("name".to_owned(), name.into())));
        },
    ];

    fn plan(&self, _: &mut Change<'_, Everything, ()>) {}

    fn identity(&self, model: &Everything) -> Id {
        Id {
            name: model.name.clone(),
        }
    }

    fn place(&self, model: &Everything) -> Option<String> {
        model.name.known().cloned()
    }

    async fn leave(
        &self,
        _: &Ctx<()>,
        _: Everything,
        _: &ApiObjects,
        _: Successor,
    ) -> Result<Option<Everything>, Failed<Everything>> {
        Ok(None)
    }

    async fn create(&self, ctx: &Ctx<()>, planned: Planned<Everything>) -> Applied<Everything> {
        ctx.private().set("made", true);
        ctx.warn(Diagnostic::warning("Careful", "This is a test."));
        let state = Everything {
            made: "now".into(),
            ..planned.plan
        };
        match planned.config.name.text() {
            // Keeps what was made although it failed.
            "half" => Err(Failed {
                state: Some(state),
                diagnostics: Diagnostic::error("Half", "Only half was made.").into(),
            }),
            "none" => Err(Diagnostic::error("None", "Nothing was made.").into()),
            _ => Ok(state),
        }
    }

    async fn read(
        &self,
        _: &Ctx<()>,
        state: Everything,
    ) -> Result<Option<Everything>, Diagnostics> {
        Ok(Some(state))
    }

    async fn import(&self, _: &Ctx<()>, id: Id) -> Result<Everything, Diagnostics> {
        Ok(Everything {
            name: id.name,
            ..Everything::default()
        })
    }

    async fn update(
        &self,
        _: &Ctx<()>,
        _: Everything,
        _: Planned<Everything>,
    ) -> Applied<Everything> {
        Err(Diagnostic::error("No", "Updates fail here.").into())
    }

    async fn delete(&self, _: &Ctx<()>, _: Everything) -> Result<(), Failed<Everything>> {
        Ok(())
    }
}

fn config(name: &str) -> Everything {
    let inner = |token: &str| Inner {
        text: "t".into(),
        token: Secret::new(token.to_owned()).into(),
        ..Inner::default()
    };
    Everything {
        name: name.into(),
        size: Number::from(7_i64).into(),
        tags: vec!["a".into(), Attr::unknown()].into(),
        password: Secret::new("hunter2".to_owned()).into(),
        one: Object(inner("hunter3")).into(),
        many: BTreeMap::from([("k".to_owned(), Object(inner("hunter4")).into())]).into(),
        rows: vec![Object(inner("hunter5")).into()].into(),
        made: Attr::Null,
    }
}

fn plan(config: &Dynamic, prior: Dynamic) -> PlanAnswer {
    Entry::boxed(Kinds).plan(
        PlanRequest {
            config: config.clone(),
            prior,
            proposed: config.clone(),
            private: Private::default(),
            identity: Dynamic::Null,
            now: jiff::Timestamp::UNIX_EPOCH,
        },
        &(),
    )
}

async fn apply(name: &str, prior: Dynamic) -> Answer {
    let config = write_model(&config(name));
    let planned = plan(&config, Dynamic::Null).planned.expect("a plan");
    let ctx = Ctx::new((), CancellationToken::new(), Private::default());
    let request = ApplyRequest {
        config,
        prior,
        planned,
        identity: Dynamic::Null,
        private: Private::default(),
    };
    Entry::boxed(Kinds).apply(ctx, request).await
}

#[test]
fn every_kind_survives_reading_and_writing() {
    let model = config("x");
    assert_eq!(read_model(write_model(&model)), Ok(model));
}

#[test]
fn an_older_cli_is_told_about_write_only_arguments_wherever_they_stand() {
    let report =
        Entry::boxed(Kinds).validate(write_model(&config("x")), ClientCapabilities::default());
    let paths: Vec<String> = report
        .iter()
        .filter_map(|d| d.path.as_ref())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        paths,
        [
            "password",
            "one.token",
            "many[\"k\"].token",
            "rows[0].token"
        ]
    );
    let newer = ClientCapabilities {
        write_only_attributes: true,
    };
    let report = Entry::boxed(Kinds).validate(write_model(&config("x")), newer);
    assert_eq!(report, Diagnostics::default());
}

#[tokio::test]
async fn a_create_answers_state_identity_private_facts_and_warnings() {
    let answer = apply("x", Dynamic::Null).await;
    let state: Everything = read_model(answer.state).expect("a model");
    assert_eq!((state.made, state.password), ("now".into(), Attr::Null));
    let identity: Id = read_model(answer.identity).expect("an identity");
    assert_eq!(identity.name, "x".into());
    assert_eq!(answer.private.get("made"), Some(&true.into()));
    assert_eq!(answer.diagnostics.iter().count(), 1);
    assert_eq!(
        Private::from_bytes(&answer.private.to_bytes()),
        answer.private
    );
    assert_eq!(
        Private::from_bytes(b"\xffrubbish").to_bytes(),
        b"\xffrubbish"
    );
}

#[tokio::test]
async fn a_failure_keeps_what_is_true() {
    let half = apply("half", Dynamic::Null).await;
    assert!(half.diagnostics.has_error());
    assert!(matches!(half.state, Dynamic::Map(_)));
    let none = apply("none", Dynamic::Null).await;
    assert!(none.diagnostics.has_error() && none.state.is_null());
    let mut prior = config("x");
    prior.password = Attr::Null;
    let prior = write_model(&prior);
    let update = apply("x", prior.clone()).await;
    assert!(update.diagnostics.has_error());
    assert_eq!(update.state, prior);
}

#[test]
fn a_value_that_does_not_fit_is_an_error_at_its_place() {
    let mut wrong = write_model(&config("x"));
    if let Dynamic::Map(entries) = &mut wrong {
        entries.insert(
            "many".to_owned(),
            Dynamic::Map([("k".to_owned(), Dynamic::Bool(true))].into()),
        );
    }
    let error = read_model::<Everything>(wrong).expect_err("no object");
    assert_eq!(
        error.path().steps(),
        [
            Step::Attribute("many".to_owned()),
            Step::Key("k".to_owned())
        ]
    );
}
