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
