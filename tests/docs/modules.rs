//! The tables of the modules' READMEs, from their variables and outputs.

use std::fs;
use std::path::Path;

use hcl::{Body, Expression};

use crate::root;

const BEGIN: &str =
    "<!-- Made by `cargo xtask docs` from variables.tf and outputs.tf. Do not edit. -->\n";
const END: &str = "<!-- End of what is made. -->\n";

/// The blocks of a kind in a file, by their label.
fn blocks(path: &Path, kind: &str) -> Vec<(String, Body)> {
    let text = fs::read_to_string(path).unwrap();
    let file: Body = hcl::parse(&text).unwrap();
    let blocks = file.into_blocks().filter(|b| b.identifier() == kind);
    blocks
        .map(|block| (block.labels()[0].as_str().to_owned(), block.body))
        .collect()
}

fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    let mut all = body.attributes();
    Some(all.find(|found| found.key() == name)?.expr())
}

fn written(expression: &Expression) -> String {
    hcl::format::to_string(expression).unwrap()
}

fn description(body: &Body, path: &Path) -> String {
    match attribute(body, "description") {
        Some(Expression::String(text)) => text.clone(),
        _ => panic!("{}: something has no description", path.display()),
    }
}

/// A type, without the attributes of objects.
fn kind(body: &Body) -> String {
    let whole = written(attribute(body, "type").unwrap());
    match whole.split_once("({") {
        Some((outer, _)) => format!("{outer}{}", ")".repeat(outer.matches('(').count())),
        None => whole,
    }
}

/// The tables of a module.
fn tables(module: &Path) -> String {
    let path = module.join("variables.tf");
    let mut text = "| Variable | Type | Default | Description |\n|---|---|---|---|\n".to_owned();
    for (name, body) in blocks(&path, "variable") {
        let default = attribute(&body, "default");
        let default = default.map_or("required".to_owned(), |default| {
            format!("`{}`", written(default))
        });
        let is = |mark| attribute(&body, mark) == Some(&Expression::Bool(true));
        let mark = if is("ephemeral") { ", ephemeral" } else { "" };
        let (kind, description) = (kind(&body), description(&body, &path));
        text += &format!("| `{name}` | `{kind}`{mark} | {default} | {description} |\n");
    }
    text += "\n| Output | Description |\n|---|---|\n";
    let path = module.join("outputs.tf");
    for (name, body) in blocks(&path, "output") {
        text += &format!("| `{name}` | {} |\n", description(&body, &path));
    }
    text
}

#[test]
fn the_readme_of_each_module_has_its_variables_and_outputs() {
    for name in ["hostname-aop", "zone-aop"] {
        let module = root().join("examples/modules").join(name);
        let readme = module.join("README.md");
        let text = fs::read_to_string(&readme).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let made = format!("{before}{BEGIN}\n{}\n{END}{after}", tables(&module));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&readme, &made).unwrap();
        }
        let shown = readme.strip_prefix(root()).unwrap().display();
        assert!(
            fs::read_to_string(&readme).unwrap() == made,
            "{shown} is not what its variables and outputs make: run `cargo xtask docs`"
        );
    }
}
