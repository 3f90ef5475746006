//! The catalogue of what may go wrong: `faults.txt` says for each row what has to come of
//! it and which tests hold it, and `tests/faults.md` is made of it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// Where the tests of each suite are.
const SUITES: [(&str, &str); 11] = [
    ("hostile", "tests/hostile"),
    ("cloudflare", "cloudflare/src"),
    ("framework", "framework/src"),
    ("text", "text/src"),
    ("lib", "src"),
    ("origin", "tests/origin"),
    ("terraform", "tests/terraform"),
    ("protocol", "tests/protocol"),
    ("docs", "tests/docs"),
    ("http", "tests/http"),
    ("fuzz", "fuzz/src"),
];

/// Each kind is numbered without a gap.
const NUMBERS: [(char, u32); 4] = [('F', 76), ('P', 44), ('H', 14), ('U', 26)];

struct Row {
    id: String,
    what: String,
    outcome: String,
    tests: Vec<String>,
    why_none: Option<String>,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("tests/docs/faults.txt")).unwrap();
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let indented = line.starts_with(' ');
        let line = line.trim();
        match (indented, rows.last_mut()) {
            _ if line.is_empty() => {}
            (false, _) => {
                let (id, what) = line.split_once(' ').unwrap();
                rows.push(Row {
                    id: id.to_owned(),
                    what: what.to_owned(),
                    outcome: String::new(),
                    tests: Vec::new(),
                    why_none: None,
                });
            }
            (true, Some(row)) => match line.split_at(1) {
                ("=", outcome) => row.outcome = outcome.trim().to_owned(),
                ("!", why) => row.why_none = Some(why.trim().to_owned()),
                _ => row.tests.push(line.to_owned()),
            },
            (true, None) => panic!("{line:?} belongs to no row"),
        }
    }
    rows
}

fn page(rows: &[Row]) -> String {
    let tested = rows.iter().filter(|row| !row.tests.is_empty()).count();
    let mut page = format!(
        "# What may go wrong\n\nMade by `cargo xtask docs` of `tests/docs/faults.txt`. Do not edit.\n\n\
         F are faults of networks, APIs and people, P are pains of other providers' users, H is what \
         hostile servers, states and machines do, U is what users bring. {tested} of {} rows are held by tests, which run in every `cargo xtask test`; the others say why not.\n\n\
         | | What | What comes of it | Verdict |\n|---|---|---|---|\n",
        rows.len()
    );
    for row in rows {
        let tests: Vec<String> = row.tests.iter().map(|test| format!("`{test}`")).collect();
        let verdict = match &row.why_none {
            Some(why) => format!("measured: {why}"),
            None => format!("held by {}", tests.join(", ")),
        };
        writeln!(
            page,
            "| {} | {} | {} | {verdict} |",
            row.id, row.what, row.outcome
        )
        .unwrap();
    }
    page
}

#[test]
fn every_fault_and_pain_has_its_row_and_the_page_is_fresh() {
    let rows = rows();
    let numbered = NUMBERS.into_iter().flat_map(|(letter, most)| {
        (1..=most).map(move |number| match letter {
            'F' => format!("F{number:02}"),
            _ => format!("{letter}{number}"),
        })
    });
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, numbered.collect::<Vec<_>>());
    for row in &rows {
        assert!(!row.outcome.is_empty(), "{}", row.id);
        let has_tests = !row.tests.is_empty();
        assert!(has_tests != row.why_none.is_some(), "{}", row.id);
    }
    let path = root().join("tests/faults.md");
    let page = page(&rows);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "tests/faults.md is not fresh: run cargo xtask docs"
    );
}

#[test]
fn every_test_of_the_catalogue_exists() {
    for row in rows() {
        for test in &row.tests {
            assert!(exists(test), "{}: there is no test {test}", row.id);
        }
    }
}

/// Whether a test, named by its suite and modules, is in a file of those modules.
fn exists(test: &str) -> bool {
    let mut parts: Vec<&str> = test.split("::").collect();
    let name = parts.pop().unwrap();
    let suite = parts.remove(0);
    let folder = SUITES.iter().find(|(found, _)| *found == suite);
    let folder = root().join(folder.unwrap_or_else(|| panic!("no suite {suite}")).1);
    // A module is a file, a folder with one, or stands inside its parent's file.
    let depths = (0..=parts.len()).rev();
    let mut files = depths.flat_map(|depth| candidates(&folder, &parts[..depth]));
    files.any(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines().map(str::trim).peekable();
        let mut is_test = false;
        lines.any(|line| {
            if line.starts_with("#[") {
                is_test |= line.contains("test");
                return false;
            }
            let named = line.contains(&format!("fn {name}("));
            let found = named && (is_test || text.contains("proptest!"));
            is_test &= line.starts_with("//");
            found
        })
    })
}

fn candidates(folder: &Path, modules: &[&str]) -> [PathBuf; 3] {
    let place = modules
        .iter()
        .fold(folder.to_owned(), |place, module| place.join(module));
    [
        place.with_extension("rs"),
        place.join("mod.rs"),
        place.join("main.rs"),
    ]
}
