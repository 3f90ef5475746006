//! A whole provider in one file: notes, each a file in a folder.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use framework::plugin::{self, Handshake, Program};
use framework::{
    AnyResource, ApiObjects, Applied, Attr, Change, Configured, Ctx, Diagnostic, Diagnostics,
    Entry, Failed, Host, Model, Planned, Provider, Resource, Server, Successor, Walk,
};

const PROGRAM: Program = Program {
    name: "notes",
    about: "This program is a Terraform provider for notes in files.",
    crates: &[],
};

/// The attributes of a note: named once, for schema, decoder and encoder.
#[derive(Clone, Default, PartialEq)]
struct Note {
    path: Attr<String>,
    text: Attr<String>,
    bytes: Attr<framework::value::Number>,
}

impl Model for Note {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self { path, text, bytes } = self;
        walk.attr("path", path)
            .required()
            .replaces()
            .doc("The file, inside the folder of the provider.");
        walk.attr("text", text).required().doc("What it says.");
        walk.attr("bytes", bytes).computed().doc("How long it is.");
    }
}

/// What identifies a note.
#[derive(Clone, Default, PartialEq)]
struct Id {
    path: Attr<String>,
}

impl Model for Id {
    fn describe(&mut self, walk: &mut dyn Walk) {
        walk.attr("path", &mut self.path)
            .required()
            .doc("The file.");
    }
}

/// The way to what is managed: a folder.
type Folder = PathBuf;

struct NoteResource;

impl NoteResource {
    fn write(&self, ctx: &Ctx<Folder>, mut note: Note) -> Applied<Note> {
        let (path, text) = (ctx.api.join(note.path.text()), note.text.text());
        fs::write(&path, text).map_err(|error| failed("written", &path, &error))?;
        note.bytes = framework::value::Number::from(text.len() as i64).into();
        Ok(note)
    }
}

/// Who, what, why and the next step.
fn failed(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Diagnostic {
    let detail = format!(
        "{} could not be {doing}: {error}. Mend that, and apply again.",
        path.display()
    );
    Diagnostic::error("Note is out of reach", detail).at("path")
}

impl Resource for NoteResource {
    type Api = Folder;
    type Settings = ();
    type Model = Note;
    type Identity = Id;
    const NAME: &'static str = "notes_note";
    const DOC: &'static str = "A note in a file.";

    fn plan(&self, change: &mut Change<'_, Note, ()>) {
        // What is written anew has another length.
        let is_same = |prior: &Note| prior.text == change.planned.text;
        if !change.prior.as_ref().is_some_and(is_same) {
            change.planned.bytes = Attr::unknown();
        }
    }

    fn identity(&self, note: &Note) -> Id {
        Id {
            path: note.path.clone(),
        }
    }

    fn place(&self, note: &Note) -> Option<String> {
        note.path.known().cloned()
    }

    async fn leave(
        &self,
        _: &Ctx<Folder>,
        _: Note,
        _: &ApiObjects,
        _: Successor,
    ) -> Result<Option<Note>, Failed<Note>> {
        Ok(None)
    }

    async fn create(&self, ctx: &Ctx<Folder>, planned: Planned<Note>) -> Applied<Note> {
        self.write(ctx, planned.plan)
    }

    async fn read(&self, ctx: &Ctx<Folder>, note: Note) -> Result<Option<Note>, Diagnostics> {
        let path = ctx.api.join(note.path.text());
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(None);
        };
        Ok(Some(Note {
            bytes: framework::value::Number::from(text.len() as i64).into(),
            text: text.into(),
            ..note
        }))
    }

    async fn import(&self, ctx: &Ctx<Folder>, id: Id) -> Result<Note, Diagnostics> {
        let asked = Note {
            path: id.path,
            ..Note::default()
        };
        let absent = || Diagnostic::error("Note not found", "There is no such file: create it.");
        Ok(self.read(ctx, asked).await?.ok_or_else(absent)?)
    }

    async fn update(&self, ctx: &Ctx<Folder>, _: Note, planned: Planned<Note>) -> Applied<Note> {
        self.write(ctx, planned.plan)
    }

    async fn delete(&self, ctx: &Ctx<Folder>, note: Note) -> Result<(), Failed<Note>> {
        let path = ctx.api.join(note.path.text());
        Ok(fs::remove_file(&path).map_err(|error| failed("removed", &path, &error))?)
    }
}

/// The provider: its folder, and what it offers.
struct Notes;

#[derive(Clone, Default, PartialEq)]
struct Config {
    folder: Attr<String>,
}

impl Model for Config {
    fn describe(&mut self, walk: &mut dyn Walk) {
        walk.attr("folder", &mut self.folder)
            .required()
            .doc("Where notes are kept.");
    }
}

impl Provider for Notes {
    type Config = Config;
    type Api = Folder;
    type Settings = ();
    const DOC: &'static str = "Manages notes in files.";

    fn resources(&self) -> Vec<Box<dyn AnyResource<Folder, ()>>> {
        vec![Entry::boxed(NoteResource)]
    }

    fn validate(&self, _: &Config, _: &mut Diagnostics) {}

    fn settings(&self, _: &Config) {}

    fn configure(&self, config: &Config, _: &Host) -> Result<Configured<Folder>, Diagnostics> {
        Ok(match config.folder.known() {
            Some(folder) => Configured::Ready(folder.into()),
            None => Configured::Unknown(vec!["folder"]),
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let handshake = Handshake::from_env(&PROGRAM)?;
    plugin::start_logging(&PROGRAM);
    plugin::install_crypto();
    let server = Server::new(Notes, plugin::now);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(plugin::serve_plugin(server, handshake))
}
