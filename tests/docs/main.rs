//! The documentation: its pages are made from the provider's schema and `examples/`,
//! and here it is seen that they are fresh, complete and linked.
//!
//! `cargo xtask docs` writes the pages; `page` lays one out, `schema` its attributes.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test"
)]

mod faults;
mod links;
mod messages;
mod modules;
mod page;
mod schema;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use framework::{Model, Provider};
use terraform_provider_aop::provider::{Aop, Config};
use terraform_provider_aop::{functions, resources};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that is made, by its path below `docs`.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let provider = Config::schema(0, Aop::DOC);
    pages.insert("index.md".to_owned(), page::index(&provider));
    for resource in resources::all() {
        let path = format!("resources/{}.md", short(resource.name()));
        let identity = resource.identity_schema();
        let page = page::resource(resource.name(), resource.schema(), identity);
        pages.insert(path, page);
    }
    for source in resources::data_sources() {
        let path = format!("data-sources/{}.md", short(source.name()));
        pages.insert(path, page::data_source(source.name(), source.schema()));
    }
    for list in resources::list_resources() {
        let path = format!("list-resources/{}.md", short(list.name()));
        pages.insert(path, page::list_resource(list.name(), list.schema()));
    }
    for function in functions::all() {
        let path = format!("functions/{}.md", function.name());
        pages.insert(path, page::function(&*function));
    }
    pages
}

/// A type's name without the provider's.
fn short(name: &str) -> &str {
    name.strip_prefix("aop_").unwrap()
}

/// The Markdown files of a folder below `docs`.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs").join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_pages_are_what_the_schema_and_the_examples_make() {
    let docs = root().join("docs");
    let pages = pages();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (path, text) in &pages {
            let path = docs.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &pages {
        let found = fs::read_to_string(docs.join(path)).unwrap_or_default();
        assert!(
            found == *text,
            "docs/{path} is not fresh: run cargo xtask docs, and read what it changes"
        );
    }
}

#[test]
fn docs_hold_what_a_registry_knows_and_nothing_else() {
    let pages = pages();
    let mut folders = Vec::new();
    for path in files("") {
        let name = path.file_name().unwrap().to_str().unwrap();
        match path.is_dir() {
            true => folders.push(name.to_owned()),
            false => assert_eq!(name, "index.md"),
        }
    }
    // Decisions are for who works on the provider; registries pass over them.
    let known = [
        "data-sources",
        "decisions",
        "functions",
        "guides",
        "list-resources",
        "resources",
    ];
    assert_eq!(folders, known);
    for folder in ["data-sources", "functions", "list-resources", "resources"] {
        for path in files(folder) {
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            assert!(pages.contains_key(&name), "docs/{name} is nobody's page");
        }
    }
}

#[test]
fn every_page_has_the_front_matter_that_registries_ask_for() {
    for folder in [
        "",
        "data-sources",
        "functions",
        "guides",
        "list-resources",
        "resources",
    ] {
        for path in files(folder).into_iter().filter(|path| path.is_file()) {
            let text = fs::read_to_string(&path).unwrap();
            let shown = path.display();
            assert!(text.len() < 500_000, "{shown} is too large");
            let matter = text.strip_prefix("---\n").unwrap_or_default();
            let (matter, _) = matter.split_once("\n---\n").unwrap_or_default();
            assert!(matter.contains("page_title: \""), "{shown} has no title");
            assert!(
                matter.contains("description: |-\n  "),
                "{shown} has no description"
            );
            let is_index = path.ends_with("docs/index.md");
            assert_eq!(matter.contains("subcategory:"), !is_index, "{shown}");
            assert!(!matter.contains("layout:") && !matter.contains("sidebar_current:"));
        }
    }
}

/// No CLI that the tests run knows these blocks, so their arguments are compared here.
#[test]
fn every_list_example_asks_for_what_its_schema_has() {
    for list in resources::list_resources() {
        let folder = root().join("examples/list-resources").join(list.name());
        let text = fs::read_to_string(folder.join("list-resource.tfquery.hcl")).unwrap();
        assert!(text.contains(&format!("list \"{}\" ", list.name())));
        let (_, config) = text.split_once("  config {\n").unwrap();
        let (config, _) = config.split_once("  }\n").unwrap();
        let names = config
            .lines()
            .map(|line| line.split('=').next().unwrap().trim());
        let names: Vec<&str> = names.collect();
        for name in &names {
            let known = list.schema().attributes.iter().any(|a| a.name == *name);
            assert!(known, "{} has no argument {name}", list.name());
        }
        let required = list.schema().attributes.iter().filter(|a| a.spec.required);
        for attribute in required {
            assert!(
                names.contains(&attribute.name),
                "{} lacks {}",
                list.name(),
                attribute.name
            );
        }
    }
}
