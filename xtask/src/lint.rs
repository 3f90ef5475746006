//! `cargo xtask lint`: what the field's own tools say of the workflows, the pages and the examples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use xtask::{
    ACTIONLINT, Cli, GoProgram, Outcome, Profile, TFLINT, TFPLUGINDOCS, Workspace, build, root,
};

/// The headings under which registries list the guides.
const GUIDES: &str = "Getting Started,Origins,Keys,Rotation,Operation,Migration,Troubleshooting";
/// And everything else.
const RESOURCES: &str = "Zone Level,Hostname Level,Global,Origins,Certificates";

/// Rules that no snippet of a page can keep.
const OF_WHOLE_CONFIGURATIONS: [&str; 3] = [
    "terraform_required_version",
    "terraform_required_providers",
    "terraform_unused_declarations",
];

/// Has all of them read.
pub(crate) fn lint() -> Outcome<()> {
    workflows()?;
    pages()?;
    examples()
}

fn workflows() -> Outcome<()> {
    check(
        &ACTIONLINT,
        Command::new(ACTIONLINT.obtain()?).current_dir(root()),
    )
}

/// Whether a registry would take the pages, and each object of the schema has one.
fn pages() -> Outcome<()> {
    let provider = build("terraform-provider-aop", Profile::Dev)?;
    let workspace = Workspace::new("lint", &Cli::any()?, &provider)?;
    workspace.copy_from(&root().join("examples/provider"))?;
    let ran = workspace.run(&["init"])?;
    if ran.code != 0 {
        return Err(ran.text().into());
    }
    let shown = workspace.run(&["providers", "schema", "-json"])?;
    let schema = workspace.directory().join("schema.json");
    fs::write(&schema, named_as_in_a_registry(&shown.stdout)?)?;
    let mut validate = Command::new(TFPLUGINDOCS.obtain()?);
    validate
        .arg("validate")
        .args(["--provider-name", "terraform-provider-aop"])
        .args(["--allowed-guide-subcategories", GUIDES])
        .args(["--allowed-resource-subcategories", RESOURCES])
        .arg("--provider-dir")
        .arg(root())
        .arg("--providers-schema")
        .arg(&schema);
    check(&TFPLUGINDOCS, &mut validate)
}

/// The linter knows a provider only by an address of the public registry.
fn named_as_in_a_registry(schema: &str) -> Outcome<String> {
    let mut schema: Json = serde_json::from_str(schema)?;
    let all = schema.get_mut("provider_schemas");
    let all = all
        .and_then(Json::as_object_mut)
        .ok_or("the CLI shows no schema")?;
    let own = all.remove("terraform.local/aop/aop");
    let own = own.ok_or("the CLI does not know the provider")?;
    all.insert("registry.terraform.io/hashicorp/aop".to_owned(), own);
    Ok(schema.to_string())
}

/// Whether the examples and modules are written as teams write them.
fn examples() -> Outcome<()> {
    let tflint = TFLINT.obtain()?;
    for folder in configurations(&root().join("examples"))? {
        let mut command = Command::new(&tflint);
        command.arg("--format=compact").arg("--chdir").arg(&folder);
        if !is_whole(&folder)? {
            command.args(OF_WHOLE_CONFIGURATIONS.map(|rule| format!("--disable-rule={rule}")));
        }
        check(&TFLINT, &mut command)?;
    }
    Ok(())
}

/// The folders below this one that hold a configuration.
fn configurations(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(configurations(&path)?);
        } else if path.extension().is_some_and(|end| end == "tf")
            && !found.iter().any(|known| known == folder)
        {
            found.push(folder.to_owned());
        }
    }
    Ok(found)
}

/// Whether a configuration says by itself what it needs.
fn is_whole(folder: &Path) -> Outcome<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_file = path.extension().is_some_and(|end| end == "tf");
        if is_file && fs::read_to_string(&path)?.contains("required_version") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Runs a linter, and shows what it says only if it complains.
fn check(linter: &GoProgram, command: &mut Command) -> Outcome<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // tfplugindocs also tells of each page that it reads.
    let is_progress = |line: &&str| line.contains("[DEBUG]") || line.starts_with("running ");
    let said: Vec<&str> = said.lines().filter(|line| !is_progress(line)).collect();
    Err(format!("{} complains:\n{}", linter.name, said.join("\n")).into())
}
