//! The modules of the examples, as a team would test them.

use std::fs;
use std::path::Path;

use xtask::root;

use crate::docs::blocks;
use crate::scene::{Scene, fail, says, with_every_cli};

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let place = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &place),
            false => drop(fs::copy(&path, &place).expect("a copy")),
        }
    }
}

/// The module as the root of a scene, with a new certificate in the environment.
/// Answers the certificate's key.
fn module(scene: &mut Scene) -> String {
    let module = root().join("examples/modules/hostname-aop");
    copy(&module, scene.workspace.directory());
    let key = issue(scene);
    scene.run(&["init"], 0);
    key
}

fn issue(scene: &mut Scene) -> String {
    let edge = scene.certificate("edge");
    let certificate = &edge.certificate;
    scene.workspace.set_env("TF_VAR_certificate", certificate);
    edge.private_key
}

#[test]
fn its_own_tests_pass_with_mocks_and_against_the_simulator() {
    with_every_cli("module-tests", |scene| {
        let key = module(scene);
        let mocked = scene.run(&["test", "-filter=tests/mock.tftest.hcl"], 0);
        says(&mocked, &["7 passed, 0 failed."]);
        scene.workspace.set_env("TF_VAR_private_key", &key);
        assert!(scene.simulator.log().is_empty(), "mocks ask nobody");
        let tested = scene.run(&["test"], 0);
        says(&tested, &["9 passed, 0 failed."]);
        assert!(
            scene.requests("PUT", "/hostnames") > 0,
            "the simulator was asked"
        );
        assert_eq!(scene.left(), 0, "and cleaned up");
    });
}

#[test]
fn it_is_used_rotated_and_destroyed() {
    with_every_cli("module-use", |scene| {
        let key = module(scene);
        let hostnames = "-var=hostnames=[\"app.example.com\", \"api.example.com\"]";
        let with = |key: &str| format!("-var=private_key={key}");
        scene.run(&["apply", "-auto-approve", hostnames, &with(&key)], 0);
        let traffic = scene.traffic(&["app.example.com", "api.example.com"]);
        let next = issue(scene);
        scene.run(&["apply", "-auto-approve", hostnames, &with(&next)], 0);
        traffic.was_never_refused();
        // The key is needed by nobody now.
        scene.run(&["plan", "-detailed-exitcode", hostnames], 0);
        scene.run(&["destroy", "-auto-approve", hostnames], 0);
        assert_eq!(scene.left(), 0);
    });
}

#[test]
fn the_zones_own_tests_pass_with_mocks_and_against_the_simulator() {
    with_every_cli("module-zone", |scene| {
        let module = root().join("examples/modules/zone-aop");
        copy(&module, scene.workspace.directory());
        scene.run(&["init"], 0);
        let mocked = scene.run(&["test", "-filter=tests/mock.tftest.hcl"], 0);
        says(&mocked, &["3 passed, 0 failed."]);
        assert!(scene.simulator.log().is_empty(), "mocks ask nobody");
        let (certificate, key) = (scene.authority.certificate(), scene.authority.private_key());
        scene
            .workspace
            .set_env("TF_VAR_ca_certificate", certificate);
        scene.workspace.set_env("TF_VAR_ca_private_key", &key);
        let tested = scene.run(&["test", "-filter=tests/simulator.tftest.hcl"], 0);
        says(&tested, &["2 passed, 0 failed."]);
        assert_eq!(scene.left(), 0, "and cleaned up");
    });
}

/// As the modules' README and the guide to many zones say.
#[test]
fn several_take_their_keys_from_one_map() {
    with_every_cli("module-keys", |scene| {
        let directory = scene.workspace.directory().to_owned();
        let place = directory.join("modules/hostname-aop");
        copy(&root().join("examples/modules/hostname-aop"), &place);
        let [_, configuration] = &blocks(&place.join("README.md"), "terraform")[..] else {
            fail("the README has two configurations");
        };
        scene.configure(configuration);
        let groups = ["shop", "blog"].map(|name| (name, scene.certificate(name)));
        let groups = groups.map(|(name, client)| {
            let certificate = client.certificate;
            format!("  {name:?} = {{ hostnames = [\"{name}.example.com\"], certificate = {certificate:?} }}\n")
        });
        let all = format!("groups = {{\n{}}}\n", groups.concat());
        scene
            .workspace
            .write("terraform.tfvars", &all)
            .expect("a file");
        scene.run(&["init"], 0);
        let key = |name: &str| {
            let path = directory.join(format!("{name}.key"));
            let key = fs::read_to_string(path).expect("a key");
            format!("{name:?}={key:?}")
        };
        let both = format!("-var=private_keys={{{}, {}}}", key("shop"), key("blog"));
        scene.run(&["apply", "-auto-approve", &both], 0);
        scene.plan_is_empty();
        let state = fs::read_to_string(directory.join("terraform.tfstate")).expect("a state");
        assert!(!state.contains("PRIVATE KEY"));
        scene.destroy();
    });
}

/// A key among the certificates is an error of the provider, which does not print it; a
/// validation of the module would.
#[test]
fn a_key_in_the_wrong_variable_is_not_printed() {
    with_every_cli("module-paste", |scene| {
        let key = module(scene);
        let pasted = format!("{}{key}", scene.certificate("pasted").certificate);
        let hostnames = "-var=hostnames=[\"app.example.com\"]";
        let key = format!("-var=private_key={key}");
        let ca = format!("-var=ca_certificate={pasted}");
        let certificate = format!("-var=certificate={pasted}");
        for (variable, message) in [
            (&certificate, "Private key among the certificates"),
            (&ca, "Conflicting certificate and issue"),
        ] {
            let arguments = ["plan", hostnames, &key, variable];
            let ran = scene.run(&arguments, 1);
            says(&ran, &[message]);
            assert!(!ran.text().contains("PRIVATE KEY"), "{}", ran.text());
        }
    });
}
