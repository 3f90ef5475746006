//! One language: the words that users do not read here, and what stands in their place. The
//! glossary of CONTRIBUTING says why.

use std::fs;
use std::path::Path;
use std::process::Command;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::root;

/// Retired words, as parts of a text in small letters, and what is written instead.
const RETIRED: [(&str, &str); 28] = [
    ("authorit", "CA"),
    ("exchang", "rotate, rotation"),
    ("without a gap", "with zero downtime"),
    ("gave up", "timed out"),
    ("given up", "timed out"),
    ("time-out", "timeout"),
    ("white space", "whitespace"),
    ("store is full", "quota is used up"),
    ("store of the zone is full", "quota is used up"),
    ("free place", "free slot"),
    (" heir", "successor"),
    ("stray", "unmanaged, unused"),
    ("what the zone says", "the zone-level setting applies"),
    ("zone-level switch", "zone-level setting"),
    ("zone's switch", "zone's setting"),
    ("global switch", "global setting"),
    ("this run", "this apply"),
    ("same run", "same apply"),
    ("specialised", "specialized"),
    ("honour", "honor"),
    ("behaviour", "behavior"),
    ("colour", "color"),
    ("neighbour", "neighbor"),
    ("recognise", "recognize"),
    ("labelled", "labeled"),
    ("misspelt", "misspelled"),
    ("licence", "license"),
    ("cancelled", "canceled"),
];

fn files(patterns: &[&str]) -> Vec<String> {
    let listed = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .args(patterns)
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let names = names.lines().filter(|name| root().join(name).exists());
    names.map(str::to_owned).collect()
}

/// The retired words of a text, each with its line and what to write.
fn retired(path: &str, line: usize, text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = RETIRED.iter().filter(|(word, _)| lower.contains(word));
    let found = words.map(|(word, instead)| format!("{path}:{line}: {word:?}: write {instead}"));
    found.collect()
}

/// The texts of a source that are not of its tests, with their lines.
fn literals(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    for token in tokens {
        match token {
            // What is said of the code is for who works on it.
            TokenTree::Group(group) if is_doc(&group) => {}
            TokenTree::Group(group) => literals(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.contains('"') {
                    // A text is one, on however many lines it is written.
                    let joined = text.replace("\\\n", "");
                    let words: Vec<&str> = joined.split_whitespace().collect();
                    found.push((literal.span().start().line, words.join(" ")));
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// Whether it is `[doc = "…"]`.
fn is_doc(group: &Group) -> bool {
    let first = group.stream().into_iter().next();
    let first = first.map(|token| token.to_string());
    group.delimiter() == Delimiter::Bracket && first.as_deref() == Some("doc")
}

fn is_read_by_users(path: &str) -> bool {
    // The glossary names the words, and the tests are for who works on the provider.
    let others = ["CONTRIBUTING.md", "tests/"];
    !others.iter().any(|other| path.starts_with(other))
}

#[test]
fn no_page_has_a_retired_word() {
    let mut found = Vec::new();
    let pages = files(&["*.md", "*.tf", "*.hcl", ".github"]);
    for path in pages.iter().filter(|path| is_read_by_users(path)) {
        let text = fs::read_to_string(root().join(path)).unwrap();
        // What messages said before has to be found by its words.
        let lines = (1..).zip(text.lines());
        for (line, text) in lines.filter(|(_, text)| !text.starts_with("- Before: *")) {
            found.extend(retired(path, line, text));
        }
    }
    assert!(pages.len() > 50, "the test reads the pages");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_message_has_a_retired_word() {
    let mut found = Vec::new();
    let sources = files(&["src/*.rs", "framework/src/*.rs", "cloudflare/src/*.rs"]);
    let is_test = |path: &&String| {
        let mut parts = Path::new(path.as_str()).iter();
        parts.any(|part| {
            ["tests", "tests.rs", "worlds"]
                .iter()
                .any(|name| part == *name)
        })
    };
    for path in sources.iter().filter(|path| !is_test(path)) {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let mut said = Vec::new();
        literals(code.parse::<TokenStream>().unwrap(), &mut said);
        for (line, text) in said {
            found.extend(retired(path, line, &text));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
