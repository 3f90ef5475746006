//! The software bill of materials: which crates the program consists of, as CycloneDX. Made
//! from what Cargo says, because ready-made tools write the paths of the machine into it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::NAME;
use crate::Outcome;

/// A crate: its name and its version.
type Crate = (String, String);

/// Writes the bill of the program for a target triple of Rust.
pub fn sbom(path: &Path, source: &Path, triple: &str) -> Outcome<()> {
    let asked = cargo(
        source,
        &[
            "metadata",
            "--format-version=1",
            "--filter-platform",
            triple,
        ],
    )?;
    let lock = fs::read_to_string(source.join("Cargo.lock"))?;
    let metadata = serde_json::from_str(&asked)?;
    let bill = bill(&metadata, &linked(source, triple)?, &checksums(&lock))?;
    Ok(fs::write(
        path,
        serde_json::to_string_pretty(&bill)? + "\n",
    )?)
}

fn cargo(source: &Path, arguments: &[&str]) -> Outcome<String> {
    let asked = Command::new(env!("CARGO"))
        .current_dir(source)
        .args(arguments)
        .arg("--locked")
        .output()?;
    match asked.status.success() {
        true => Ok(String::from_utf8(asked.stdout)?),
        false => Err(String::from_utf8_lossy(&asked.stderr).into_owned().into()),
    }
}

/// The crates that are linked into the program: neither what builds it nor what tests it.
fn linked(source: &Path, triple: &str) -> Outcome<BTreeSet<Crate>> {
    let tree = ["tree", "--package", NAME, "--target", triple];
    let flat = [
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let listed = cargo(source, &[&tree[..], &flat].concat())?;
    let crates = listed.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?);
        Some((name.to_owned(), version.trim_start_matches('v').to_owned()))
    });
    Ok(crates.collect())
}

fn bill(
    metadata: &Json,
    linked: &BTreeSet<Crate>,
    checksums: &BTreeMap<Crate, String>,
) -> Outcome<Json> {
    let mut packages = by_id(metadata, "/packages");
    packages.retain(|_, package| linked.contains(&name_and_version(package)));
    let nodes = by_id(metadata, "/resolve/nodes");
    let (mut about, mut components, mut dependencies) = (None, Vec::new(), Vec::new());
    for (id, package) in &packages {
        let needed = nodes.get(id).and_then(|node| node.get("dependencies"));
        let needed = needed.and_then(Json::as_array).into_iter().flatten();
        let needed = needed.filter_map(|id| packages.get(id.as_str()?));
        let needed: BTreeSet<String> = needed.map(|package| reference(package)).collect();
        dependencies.push(json!({ "ref": reference(package), "dependsOn": needed }));
        if text(package, "name") == NAME {
            about = Some(component(package, "application", checksums));
        } else {
            components.push(component(package, "library", checksums));
        }
    }
    let about = about.ok_or("Cargo knows no package of the program")?;
    components.sort_by_key(|component| text(component, "bom-ref").to_owned());
    dependencies.sort_by_key(|dependency| text(dependency, "ref").to_owned());
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": about },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn name_and_version(package: &Json) -> Crate {
    let text = |key| text(package, key).to_owned();
    (text("name"), text("version"))
}

fn component(package: &Json, kind: &str, checksums: &BTreeMap<(String, String), String>) -> Json {
    let named = name_and_version(package);
    let license = package.get("license").and_then(Json::as_str);
    // Cargo's old way to write "or".
    let license = license.map(|license| json!({ "expression": license.replace('/', " OR ") }));
    let checksum = checksums.get(&named);
    let checksum = checksum.map(|checksum| json!({ "alg": "SHA-256", "content": checksum }));
    json!({
        "type": kind,
        "bom-ref": reference(package),
        "name": named.0,
        "version": named.1,
        "purl": reference(package),
        "licenses": license.into_iter().collect::<Vec<_>>(),
        "hashes": checksum.into_iter().collect::<Vec<_>>(),
    })
}

fn reference(package: &Json) -> String {
    format!(
        "pkg:cargo/{}@{}",
        text(package, "name"),
        text(package, "version")
    )
}

fn by_id<'a>(metadata: &'a Json, pointer: &str) -> BTreeMap<&'a str, &'a Json> {
    let list = metadata.pointer(pointer).and_then(Json::as_array);
    let list = list.into_iter().flatten();
    list.map(|item| (text(item, "id"), item)).collect()
}

fn text<'a>(item: &'a Json, key: &str) -> &'a str {
    item.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// The checksums of the crates as the lock file pins them, by name and version.
fn checksums(lock: &str) -> BTreeMap<Crate, String> {
    let packages = lock.split("[[package]]").skip(1);
    let value = |package: &str, key: &str| {
        let mut lines = package.lines();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        value.map(|value| value.trim_end_matches('"').to_owned())
    };
    let rows = packages.filter_map(|package| {
        let key = (value(package, "name")?, value(package, "version")?);
        Some((key, value(package, "checksum")?))
    });
    rows.collect()
}
