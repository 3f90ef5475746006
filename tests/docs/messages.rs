//! The guide to messages knows every message that the provider has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// What stands in front of a message's first line.
const CALLS: [&str; 4] = [
    "Diagnostic::error(",
    "Diagnostic::warning(",
    "Problem::new(",
    "change.warn(",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// The first literal of a call that can be a first line: the name of an attribute may
/// come before it.
fn literal(arguments: &str) -> Option<&str> {
    let mut rest = arguments.trim_start();
    loop {
        let text = rest.strip_prefix('"')?;
        let (text, behind) = text.split_once('"')?;
        if text.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Some(text);
        }
        rest = behind.trim_start_matches([',', ' ', '\n']);
    }
}

/// Where messages are said.
fn said_in() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for folder in ["src", "framework/src"] {
        sources(&root().join(folder), &mut paths);
    }
    paths
}

/// The first lines of all messages.
fn summaries() -> BTreeSet<String> {
    let paths = said_in();
    let mut found = BTreeSet::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for call in CALLS {
            let literals = code.split(call).skip(1).filter_map(literal);
            found.extend(literals.map(str::to_owned));
        }
        // The tables of codes, and summaries that are chosen first, are tuples.
        let chosen = ["=> (", "let summary = ", "summary: "];
        let tables = [
            "resources/problem.rs",
            "resources/ready.rs",
            "x509/key.rs",
            "x509/certificate.rs",
        ];
        if tables.iter().any(|table| path.ends_with(table)) {
            for start in chosen {
                let literals = code.split(start).skip(1).filter_map(literal);
                found.extend(literals.map(str::to_owned));
            }
            let coded = code.split("(\n        1").skip(1);
            let coded = coded.filter_map(|rest| literal(rest.split_once(',')?.1));
            found.extend(coded.map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_message_is_explained() {
    let guide = fs::read_to_string(root().join("docs/guides/messages.md")).unwrap();
    let cells = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let explained: BTreeSet<String> = cells
        .flat_map(|cell| cell.split(", ").map(str::to_owned))
        .filter(|message| message != "Message")
        .collect();
    let summaries = summaries();
    assert!(
        summaries.len() > 90,
        "{} messages were found",
        summaries.len()
    );
    let missing: Vec<&String> = summaries.difference(&explained).collect();
    assert!(
        missing.is_empty(),
        "docs/guides/messages.md lacks these first lines; add a row for each: {missing:#?}"
    );
    let paths = said_in();
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
    let source: String = texts.collect();
    let is_said = |message: &&String| source.contains(&format!("\"{message}\""));
    let unknown: Vec<&String> = explained.iter().filter(|m| !is_said(m)).collect();
    assert!(
        unknown.is_empty(),
        "docs/guides/messages.md explains these, but no message begins so; take them out: {unknown:#?}"
    );
}
