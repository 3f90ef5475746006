//! The documentation, run: every block of configuration is valid, every example is
//! applied, every import is carried out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aop_simulator::{Store, ZONE_ID};
use xtask::release::{self, Archive, Platform};
use xtask::{Product, root};

use crate::scene::{Scene, fail, says, with_every_cli};

/// The id of a certificate in the examples.
const EXAMPLE_ID: &str = "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60";

/// A block of configuration, and the page that it stands on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Block {
    text: String,
    page: PathBuf,
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => pages(&path, found),
            false => found.push(path),
        }
    }
}

/// The blocks of a page in a language, without the indentation of a list around them.
pub fn blocks(page: &Path, language: &str) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let fence = format!("```{language}");
    let (mut found, mut open) = (Vec::new(), None::<(usize, Vec<&str>)>);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match &mut open {
            None if line.trim_start() == fence => open = Some((indent, Vec::new())),
            None => {}
            Some((_, lines)) if line.trim_start() == "```" => {
                found.push(lines.join("\n"));
                open = None;
            }
            Some((outer, lines)) => lines.push(line.get(*outer..).unwrap_or_default()),
        }
    }
    assert!(open.is_none(), "{} has an open fence", page.display());
    found
}

/// Every block of the documentation in a language.
fn all_blocks(language: &str) -> BTreeSet<Block> {
    let mut found = vec![
        root().join("README.md"),
        root().join("examples/modules/hostname-aop/README.md"),
        root().join("examples/modules/zone-aop/README.md"),
    ];
    pages(&root().join("docs"), &mut found);
    let blocks = found.into_iter().flat_map(|page| {
        let texts = blocks(&page, language);
        texts.into_iter().map(move |text| Block {
            text,
            page: page.clone(),
        })
    });
    blocks.collect()
}

/// The names of the certificates that a text reads from files.
fn certificates(scene: &Scene, text: &str) {
    for (at, _) in text.match_indices(".pem\"") {
        let name = text[..at].rsplit(['/', '"']).next().unwrap();
        if !scene
            .workspace
            .directory()
            .join(format!("{name}.pem"))
            .exists()
        {
            scene.certificate(name);
        }
    }
}

/// Writes a block as a whole configuration.
fn write(scene: &Scene, text: &str) {
    let mut whole = text.to_owned();
    if !text.contains("required_providers") {
        whole.push_str(
            "\nterraform {\n  required_providers {\n    aop = { source = \"terraform.local/aop/aop\" }\n  }\n}\n",
        );
    }
    if text.contains("var.zone_id") && !text.contains("variable \"zone_id\"") {
        whole.push_str("\nvariable \"zone_id\" {\n  type = string\n}\n");
    }
    if text.contains("var.client_key") && !text.contains("variable \"client_key\"") {
        whole
            .push_str("\nvariable \"client_key\" {\n  type      = string\n  ephemeral = true\n}\n");
    }
    scene.workspace.write("main.tf", &whole).unwrap();
    for module in ["modules/hostname-aop", "modules/zone-aop"] {
        if text.contains(module) {
            let place = scene.workspace.directory().join(module);
            super::module::copy(&root().join("examples").join(module), &place);
            scene.run(&["init"], 0);
        }
    }
}

/// A block is written as `fmt` writes it.
fn is_tidy(scene: &Scene, Block { text, page }: &Block) {
    // A file of its own, so that nothing but the block is looked at.
    let written = format!("{}\n", text.trim_end());
    scene.workspace.write("block.tf", &written).unwrap();
    let fmt = ["fmt", "-check", "-diff", "block.tf"];
    let tidy = scene.workspace.run(&fmt).unwrap();
    fs::remove_file(scene.workspace.directory().join("block.tf")).unwrap();
    assert_eq!(tidy.code, 0, "{}\n{}", page.display(), tidy.text());
}

#[test]
fn every_block_of_the_documentation_is_valid_and_tidy() {
    with_every_cli("docs-blocks", |scene| {
        scene.configure("");
        let mut seen = 0;
        let all = all_blocks("hcl").into_iter();
        // The CLI's own configuration has a grammar of its own.
        for block in all.filter(|block| !block.text.contains("provider_installation")) {
            is_tidy(scene, &block);
        }
        for block in all_blocks("terraform") {
            is_tidy(scene, &block);
            let Block { text, page } = block;
            let shown = page.display();
            certificates(scene, &text);
            let by_identity = text.contains("identity = {");
            if text.starts_with("list \"") || by_identity && scene.cli.product == Product::Terraform
            {
                // Terraform 1.11 knows neither; the protocol suite asks in its place.
                continue;
            }
            let mut whole = text.clone();
            if text.starts_with("import {") {
                let example = blocks(&page, "terraform").remove(0);
                certificates(scene, &example);
                whole = format!("{example}\n{text}");
            }
            write(scene, &whole);
            let valid = scene.workspace.run(&["validate"]).unwrap();
            assert_eq!(valid.code, 0, "{shown}\n{whole}\n{}", valid.text());
            seen += 1;
        }
        assert!(seen > 30, "{seen} blocks were found");
    });
}

#[test]
fn the_readme_installs_what_was_built() {
    with_every_cli("docs-readme", |scene| {
        let readme = root().join("README.md");
        let [mirror, overrides] = &blocks(&readme, "hcl")[..] else {
            fail("the README has two installations");
        };
        let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-aop"));
        let [text] = &blocks(&readme, "terraform")[..] else {
            fail("the README has one configuration");
        };
        certificates(scene, "\"client.pem\"");
        write(scene, text);
        let version = env!("CARGO_PKG_VERSION");
        let here = Platform::here();
        let made = tempfile::tempdir().unwrap();
        let archive = Archive::pack(made.path(), version, &here, provider, root()).unwrap();
        let address = "terraform.local/aop/aop";
        release::mirror(&made.path().join("mirror"), address, version, &[archive]).unwrap();
        let install = |text: &str, place: &str, folder: &Path| {
            assert!(text.contains(place), "{text}");
            let text = text.replace(place, &folder.display().to_string());
            scene.workspace.write(".cli.tfrc", &text).unwrap();
        };
        let place = format!("/path/to/terraform-provider-aop/target/dist-{version}");
        install(mirror, &place, made.path());
        scene.run(&["init"], 0);
        scene.apply();
        let place = "/path/to/terraform-provider-aop/target/x86_64-unknown-linux-gnu/debug";
        install(overrides, place, provider.parent().unwrap());
        // Without init, as the README says.
        let installed = scene.workspace.directory().join(".terraform");
        fs::remove_dir_all(installed).unwrap();
        scene.plan_is_empty();
        scene.destroy();
    });
}

/// The example of a resource.
fn example(name: &str) -> String {
    let path = root()
        .join("examples/resources")
        .join(name)
        .join("resource.tf");
    fs::read_to_string(path).unwrap()
}

fn import_example(name: &str, file: &str) -> String {
    let path = root().join("examples/resources").join(name).join(file);
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_import_of_the_documentation_brings_its_object_in() {
    for name in terraform_provider_aop::resources::all()
        .iter()
        .map(|r| r.name())
    {
        with_every_cli(&format!("docs-import-{name}"), |scene| {
            let example = example(name);
            certificates(scene, &example);
            scene.configure(&example);
            scene.apply();
            let store = match name {
                "aop_zone_certificate" => Store::Zone,
                _ => Store::Hostname,
            };
            let id = scene.ids(store).first().cloned().unwrap_or_default();
            let real = |file: &str| import_example(name, file).replace(EXAMPLE_ID, &id);
            let command = real("import.sh");
            let words: Vec<&str> = command.split_whitespace().collect();
            let ["terraform", "import", address, import_id] = words[..] else {
                fail("import.sh is one command");
            };
            let writes = || {
                scene
                    .simulator
                    .log()
                    .iter()
                    .filter(|r| r.method != "GET")
                    .count()
            };
            let before = writes();

            scene.run(&["state", "rm", address], 0);
            scene.run(&["import", address, import_id], 0);
            // What only configuration can know is put into state without a request.
            scene.apply();
            scene.plan_is_empty();

            let mut forms = vec!["import-by-string-id.tf"];
            if scene.cli.product == Product::OpenTofu {
                forms.push("import-by-identity.tf");
            }
            for form in forms {
                scene.run(&["state", "rm", address], 0);
                scene.rewrite(&format!("{example}\n{}", real(form)));
                let applied = scene.apply();
                says(&applied, &["1 imported, 0 added"]);
                scene.rewrite(&example);
                scene.plan_is_empty();
            }
            assert_eq!(writes(), before, "an import writes nothing");
            scene.destroy();
        });
    }
}

#[test]
fn every_data_source_and_function_of_the_documentation_answers() {
    with_every_cli("docs-data", |scene| {
        let resources = [
            "aop_hostname_association",
            "aop_zone_setting",
            "aop_global_setting",
        ];
        let made = resources.map(example).concat();
        certificates(scene, &made);
        scene.configure(&made);
        scene.apply();
        for (variable, file) in [("private_key", "shop.key"), ("certificate", "shop.pem")] {
            let text = fs::read_to_string(scene.workspace.directory().join(file)).unwrap();
            scene
                .workspace
                .set_env(&format!("TF_VAR_{variable}"), &text);
        }
        let mut found = Vec::new();
        pages(&root().join("examples/data-sources"), &mut found);
        pages(&root().join("examples/functions"), &mut found);
        assert_eq!(found.len(), 11);
        for path in found {
            let text = fs::read_to_string(&path).unwrap();
            let store = match text.contains("aop_zone_certificate\"") {
                true => Store::Zone,
                false => Store::Hostname,
            };
            let text = text.replace(EXAMPLE_ID, &scene.ids(store)[0]);
            scene.rewrite(&format!("{made}\n{text}"));
            let applied = scene.workspace.run(&["apply", "-auto-approve"]).unwrap();
            assert_eq!(applied.code, 0, "{}\n{}", path.display(), applied.text());
            scene.plan_is_empty();
        }
        scene.destroy();
    });
}

#[test]
fn every_example_is_tidy() {
    with_every_cli("docs-tidy", |scene| {
        let examples = root().join("examples").display().to_string();
        let ran = scene.run(&["fmt", "-check", "-diff", "-recursive", &examples], 0);
        assert_eq!(ran.stdout, "", "{ZONE_ID}");
    });
}
