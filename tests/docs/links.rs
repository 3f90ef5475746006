//! Every link inside the repository leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

fn markdown() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .current_dir(root())
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.md",
        ])
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    // Templates are read as the pages that are made of them.
    let names = names.lines().filter(|name| !name.starts_with("templates/"));
    let paths = names.map(|name| root().join(name));
    paths.filter(|path| path.exists()).collect()
}

/// Text without fenced code, in which brackets mean other things.
fn prose(text: &str) -> String {
    let parts = text.split("```").step_by(2);
    parts.collect::<Vec<_>>().join("\n")
}

/// The anchors that a page's headings and marks make.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text);
    let headings = headings.lines().filter_map(|line| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| {
            let kept = title.trim().to_lowercase();
            let kept = kept
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c })
                .collect::<String>()
        })
    });
    let marks = text
        .split("<a id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    headings.chain(marks.map(str::to_owned)).collect()
}

fn check(page: &Path, target: &str) {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => page.to_owned(),
        file => page.parent().unwrap().join(file),
    };
    let shown = page.strip_prefix(root()).unwrap().display();
    assert!(
        path.exists(),
        "{shown} links to {target}, which is not there"
    );
    if !anchor.is_empty() && path.extension().is_some_and(|extension| extension == "md") {
        let anchors = anchors(&fs::read_to_string(&path).unwrap());
        assert!(
            anchors.contains(anchor),
            "{shown} links to {target}; there are {anchors:?}"
        );
    }
}

#[test]
fn every_link_inside_the_repository_leads_somewhere() {
    let mut seen = 0;
    for page in markdown() {
        let text = prose(&fs::read_to_string(&page).unwrap());
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if !target.contains("://") {
                check(&page, target);
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen} links were found");
}

#[test]
fn every_guide_is_named_by_the_index_and_by_the_readme() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let (index, readme) = (read("docs/index.md"), read("README.md"));
    for guide in fs::read_dir(root().join("docs/guides")).unwrap() {
        let name = guide.unwrap().file_name().into_string().unwrap();
        assert!(
            index.contains(&format!("](guides/{name})")),
            "docs/index.md does not name docs/guides/{name}: add a link to templates/index.md"
        );
        assert!(
            readme.contains(&format!("](docs/guides/{name})")),
            "README.md does not name docs/guides/{name}: add a link to its list of guides"
        );
    }
}

#[test]
fn every_guide_ends_with_how_to_see_that_it_worked() {
    // What compares, and what explains messages, is no procedure.
    let exempt = ["choosing-a-setting.md", "messages.md"];
    for guide in fs::read_dir(root().join("docs/guides")).unwrap() {
        let path = guide.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let headings = text.lines().filter(|line| line.starts_with("## "));
        // The options of a command are for looking up.
        let mut headings = headings.filter(|heading| *heading != "## Options");
        let is_last = headings
            .next_back()
            .is_some_and(|heading| heading.ends_with("How to see that it worked"));
        assert!(
            is_last || exempt.contains(&name.as_str()),
            "docs/guides/{name}: its last heading is not \"How to see that it worked\""
        );
    }
}
