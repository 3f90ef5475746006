//! The repository tests itself: layers, invariants, leftovers, examples.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that git tracks or would track, as text.
fn files(folder: &str) -> BTreeMap<PathBuf, String> {
    let listed = Command::new("git")
        .current_dir(root())
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            folder,
        ])
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let paths = names.lines().map(PathBuf::from);
    paths
        .filter_map(|path| Some((path.clone(), fs::read_to_string(root().join(path)).ok()?)))
        .collect()
}

/// The code of a source file without its unit tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules that a module may name with `crate::`.
const LAYERS: [(&str, &[&str]); 12] = [
    ("json", &[]),
    ("text", &[]),
    ("value", &["json", "value"]),
    ("secret", &[]),
    ("x509", &["secret", "text", "x509"]),
    ("framework", &["framework", "json", "secret", "value"]),
    ("cloudflare", &["cloudflare", "secret", "text"]),
    (
        "resources",
        &[
            "cloudflare",
            "framework",
            "resources",
            "secret",
            "text",
            "value",
            "x509",
        ],
    ),
    (
        "functions",
        &["framework", "functions", "secret", "value", "x509"],
    ),
    (
        "provider",
        &[
            "cloudflare",
            "framework",
            "functions",
            "resources",
            "secret",
            "value",
        ],
    ),
    ("wire", &["framework", "text", "value", "wire"]),
    ("plugin", &["framework", "plugin", "text", "wire"]),
];

#[test]
fn layers_import_downwards_only() {
    let mut seen = 0;
    for (path, text) in files("src") {
        let module = path
            .iter()
            .nth(1)
            .unwrap()
            .to_string_lossy()
            .replace(".rs", "");
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            assert!(
                ["lib", "main"].contains(&module.as_str()),
                "{module} has no layer"
            );
            continue;
        };
        for part in code(&text).split("crate::").skip(1) {
            let named = part
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap();
            assert!(allowed.contains(&named), "{} names {named}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "the test reads the sources");
}

/// Expects that a word occurs in these files of `src` and in no other.
fn only_in(word: &str, allowed: &[&str]) {
    let mut found: Vec<String> = files("src")
        .into_iter()
        .filter(|(_, text)| code(text).contains(word))
        .map(|(path, _)| {
            path.strip_prefix("src")
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    found.sort();
    assert_eq!(found, allowed, "files with {word:?}");
}

#[test]
fn secrets_leave_their_wrapper_in_two_files() {
    only_in(".expose()", &["cloudflare/send.rs", "x509/key.rs"]);
}

#[test]
fn the_network_is_opened_in_one_file() {
    // The others only look at the parts of a URL.
    only_in(
        "reqwest::",
        &[
            "cloudflare/proxy.rs",
            "cloudflare/send.rs",
            "provider/credential.rs",
        ],
    );
    only_in("reqwest::Client", &["cloudflare/send.rs"]);
}

/// `serde_json` parses some keys of an object once more; `json` reads values without that.
#[test]
fn json_from_outside_is_read_in_one_way() {
    only_in("serde_json::from_", &["cloudflare/envelope.rs"]);
    only_in(
        "serde_json::Deserializer",
        &["cloudflare/envelope.rs", "json.rs"],
    );
    only_in("RawValue", &[]);
}

#[test]
fn cryptography_is_named_in_three_files() {
    only_in(
        "aws_lc_rs",
        &["plugin/identity.rs", "x509/issued.rs", "x509/key.rs"],
    );
}

#[test]
fn standard_output_and_the_hosts_variables_belong_to_the_plugin() {
    // The command line answers --version and --help where no host listens.
    only_in("stdout", &["main.rs", "plugin/serve.rs"]);
    for (path, text) in files("src") {
        for rest in code(&text).split("\"PLUGIN_").skip(1) {
            // A name between quotes is looked up; one inside a sentence is not.
            let name = rest.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
            let looked_up = name.starts_with('"');
            assert!(
                !looked_up || path.ends_with("plugin/handshake.rs"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn the_clock_is_read_in_one_place() {
    only_in("Timestamp::now", &["plugin/mod.rs"]);
    only_in("SystemTime", &[]);
}

#[test]
fn the_planner_is_pure() {
    for name in ["src/framework/plan.rs", "src/resources/certificate/plan.rs"] {
        let text = code(&fs::read_to_string(root().join(name)).unwrap());
        for word in ["async", "await", "tokio", "std::env", "std::fs"] {
            assert!(!text.contains(word), "{word} in {name}");
        }
    }
}

#[test]
fn cloudflare_knows_no_word_of_terraforms() {
    for (path, text) in files("src/cloudflare") {
        for word in ["tfplugin", "Diagnostic", "msgpack"] {
            assert!(!code(&text).contains(word), "{word} in {}", path.display());
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["#[ig", "nore"],
    ];
    for (path, text) in files(".") {
        for word in words.map(|parts| parts.concat()) {
            assert!(!text.contains(&word), "{word} in {}", path.display());
        }
    }
}

#[test]
fn no_file_is_long() {
    for (path, text) in files(".") {
        let rust = path.extension().is_some_and(|extension| extension == "rs");
        // The service lists every RPC of the protocol: long, and simple.
        let listed = path.ends_with("wire/service.rs");
        let test = path.starts_with("tests");
        let lines = text.lines().count();
        assert!(
            !rust || listed || test || lines <= 400,
            "{} has {lines} lines",
            path.display()
        );
    }
}

#[test]
fn no_private_key_lies_in_the_repository() {
    let markers = ["PRIVATE KEY-----\nMII", "PRIVATE KEY-----\r\nMII"];
    for (path, text) in files(".") {
        for marker in markers {
            assert!(!text.contains(marker), "{}", path.display());
        }
    }
}

#[test]
fn every_resource_has_an_example() {
    use terraform_provider_aop::resources;

    for resource in resources::all() {
        let example = root()
            .join("examples/resources")
            .join(resource.name())
            .join("resource.tf");
        let text = fs::read_to_string(&example).unwrap();
        assert!(text.contains(&format!("resource \"{}\"", resource.name())));
    }
}

#[test]
fn every_setting_in_an_example_depends_on_its_certificate() {
    for (path, text) in files("examples") {
        for block in text.split("resource \"aop_zone_setting\"").skip(1) {
            let block = block.split("\n}").next().unwrap();
            assert!(block.contains("depends_on"), "{}", path.display());
        }
    }
}
