//! Installed as users install it: from a mirror in a folder, from a mirror on a server, and
//! from a registry; and started where there is nothing but the program.

mod empty_root;
mod refused;
mod site;

use aop_simulator::Store;

use crate::scene::{CERTIFICATE, Scene, with_every_cli_at_once};
use site::{PLATFORMS, Site};

/// The address of the provider on a host of its own.
fn source(host: &str) -> String {
    format!("{host}/aop/aop")
}

/// Says where the provider comes from, and what is installed.
fn configure(scene: &Scene, installation: &str, source: &str) {
    let config = format!("provider_installation {{\n{installation}\n}}\n");
    scene.workspace.write(".cli.tfrc", &config).unwrap();
    scene.certificate("shop");
    let main = format!(
        r#"
terraform {{
  required_providers {{
    aop = {{
      source  = "{source}"
      version = "{}"
    }}
  }}
}}
variable "zone_id" {{ type = string }}
{CERTIFICATE}"#,
        site::VERSION
    );
    scene.workspace.write("main.tf", &main).unwrap();
}

/// What was installed does its work.
fn applies(scene: &Scene) {
    scene.apply();
    scene.plan_is_empty();
    let live = scene.simulator.look(aop_simulator::ZONE_ID, |zone, _| {
        zone.live(Store::Hostname).len()
    });
    assert_eq!(live, 1);
    scene.destroy();
}

#[test]
fn it_is_installed_from_a_mirror_in_a_folder() {
    with_every_cli_at_once("install-folder", |scene| {
        let site = Site::new(scene);
        let mirror = site.folder("mirror");
        let mirror = mirror.display();
        configure(
            scene,
            &format!("filesystem_mirror {{ path = \"{mirror}\" }}"),
            &source("terraform.local"),
        );
        scene.run(&["init"], 0);
        applies(scene);
    });
}

#[test]
fn it_is_installed_from_a_mirror_on_a_server_and_locked_for_two_platforms() {
    with_every_cli_at_once("install-server", |scene| {
        let site = Site::new(scene);
        let url = format!("https://{}/mirror/", site.host);
        configure(
            scene,
            &format!("network_mirror {{ url = \"{url}\" }}"),
            &source("terraform.local"),
        );
        scene.run(&["init"], 0);
        applies(scene);
        let lock = || {
            let mut arguments = vec!["providers".to_owned(), "lock".to_owned()];
            arguments.push(format!("-net-mirror={url}"));
            let platforms = PLATFORMS.iter().map(|name| format!("-platform={name}"));
            arguments.extend(platforms);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            scene.run(&arguments, 0);
            let file = scene.workspace.directory().join(".terraform.lock.hcl");
            std::fs::read_to_string(file).unwrap()
        };
        let locked = lock();
        for hash in site.content_hashes() {
            assert!(locked.contains(&hash), "{hash}\n{locked}");
        }
        assert_eq!(lock(), locked, "a second lock changes nothing");
    });
}

#[test]
fn it_is_installed_from_a_registry_with_its_signature() {
    with_every_cli_at_once("install-registry", |scene| {
        let site = Site::new(scene);
        configure(scene, "direct {}", &source(&site.host));
        let installed = scene.run(&["init"], 0);
        let key = site.key_id();
        assert!(installed.text().contains(&key), "{}", installed.text());
        applies(scene);
    });
}
