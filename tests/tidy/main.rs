//! The repository tests itself: layers, invariants, leftovers, examples.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a mistake here may end the test"
)]

mod source;

use std::fs;
use std::path::Path;

use source::{files, product};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What modules of one crate may name of each other; the crates themselves are held apart by
/// the compiler.
const LAYERS: [(&str, &str, &[&str]); 9] = [
    ("framework", "json", &[]),
    ("framework", "value", &["json", "value"]),
    ("src", "x509", &["x509"]),
    ("src", "functions", &["functions", "x509"]),
    ("src", "origin", &["x509"]),
    ("src", "resources", &["origin", "resources", "x509"]),
    ("src", "provider", &["functions", "provider", "resources"]),
    (
        "src",
        "command",
        &["command", "provider", "resources", "x509"],
    ),
    ("src", "lib", &[]),
];

#[test]
fn modules_import_downwards_only() {
    let mut seen = 0;
    for source in product() {
        let mut parts = source.path.iter().map(|part| part.to_string_lossy());
        let folder = parts.next().unwrap().into_owned();
        let module = parts.find(|part| part != "src").unwrap();
        let module = module.trim_end_matches(".rs").to_owned();
        let layer = LAYERS
            .iter()
            .find(|(of, name, _)| *of == folder && *name == module);
        for named in source.named_under("crate") {
            let is_allowed = match layer {
                Some((.., allowed)) => allowed.contains(&named),
                // The plugin serves the wire, and nothing else knows either.
                None if folder == "framework" && module != "plugin" => {
                    named != "plugin" && (named != "wire" || module == "wire")
                }
                None => true,
            };
            assert!(is_allowed, "{} names {named}", source.path.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "the test reads the sources");
}

/// Expects that tokens stand in these files of the product and in no other.
fn only_in(tokens: &str, allowed: &[&str]) {
    let sources = product();
    let found = sources.iter().filter(|source| source.has(tokens));
    let found: Vec<_> = found.map(|source| source.path.to_string_lossy()).collect();
    assert_eq!(found, allowed, "files with {tokens:?}");
}

#[test]
fn secrets_leave_their_wrapper_in_two_files() {
    only_in(". expose", &["cloudflare/src/send.rs", "src/x509/key.rs"]);
}

#[test]
fn the_network_is_opened_in_two_files() {
    // The others only look at the parts of a URL.
    only_in(
        "reqwest : :",
        &[
            "cloudflare/src/proxy.rs",
            "cloudflare/src/send.rs",
            "src/provider/credential.rs",
        ],
    );
    only_in("TcpStream", &["src/origin/connection.rs"]);
}

/// `serde_json` parses some keys of an object once more; `json` reads values without that.
#[test]
fn json_from_outside_is_read_in_one_way() {
    for read in ["from_str", "from_slice", "from_reader", "from_value"] {
        let allowed: &[&str] = match read {
            "from_slice" => &["cloudflare/src/envelope.rs"],
            _ => &[],
        };
        only_in(&format!("serde_json : : {read}"), allowed);
    }
    only_in(
        "serde_json : : Deserializer",
        &["framework/src/json.rs", "cloudflare/src/envelope.rs"],
    );
    only_in("RawValue", &[]);
}

#[test]
fn cryptography_is_named_in_few_files() {
    only_in(
        "aws_lc_rs",
        &[
            "framework/src/plugin/identity.rs",
            "src/origin/tls.rs",
            "src/x509/digest.rs",
            "src/x509/issued.rs",
            "src/x509/key.rs",
            "src/x509/key_algorithm.rs",
            "src/x509/serial.rs",
        ],
    );
}

#[test]
fn standard_output_and_the_hosts_variables_belong_to_the_plugin() {
    // The command line answers where no host listens.
    only_in("stdout", &["framework/src/plugin/serve.rs", "src/main.rs"]);
    only_in("println !", &[]);
    for source in product() {
        // A name alone is looked up; one inside a sentence is not.
        let is_name = |text: &&str| {
            let name = text.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
            text.starts_with("PLUGIN_") && name.is_empty()
        };
        let looked_up = source.literals().any(|text| is_name(&text));
        assert!(
            !looked_up || source.path.ends_with("plugin/handshake.rs"),
            "{}",
            source.path.display()
        );
    }
}

#[test]
fn the_clock_is_read_in_one_place() {
    only_in("Timestamp : : now", &["framework/src/plugin/mod.rs"]);
    only_in("SystemTime", &[]);
}

#[test]
fn the_planner_is_pure() {
    let planners = ["framework/src/plan.rs", "src/resources/certificate/plan.rs"];
    let sources = product();
    for planner in planners {
        let source = sources
            .iter()
            .find(|source| source.path.ends_with(planner))
            .unwrap();
        for word in ["async", "await", "tokio", "std : : env", "std : : fs"] {
            assert!(!source.has(word), "{word} in {planner}");
        }
    }
}

/// What a crate is for: the framework serves any provider, and the client any program.
#[test]
fn the_framework_names_no_product_and_the_client_no_terraform() {
    for (folder, words) in [
        ("framework/src", ["cloudflare", "Cloudflare", "aop"]),
        ("cloudflare/src", ["terraform", "Terraform", "tfplugin"]),
    ] {
        for (path, text) in files(folder) {
            let code = text.split("mod tests").next().unwrap_or_default();
            for word in words {
                let whole = code.split(|c: char| !c.is_ascii_alphanumeric());
                assert!(
                    !whole.clone().any(|found| found == word),
                    "{word} in {}",
                    path.display()
                );
            }
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
