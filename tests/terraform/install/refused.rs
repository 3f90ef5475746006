//! What must not be installed is not, with core's own words, and nothing is left of it.

use std::fs;

use xtask::release::Signer;

use super::site::{PLATFORMS, Site, key};
use super::{configure, source};
use crate::scene::{Scene, says, with_every_cli_at_once};

/// `init` fails with these words, and installs nothing from this host.
fn is_refused(scene: &Scene, host: &str, words: &[&str]) {
    let folder = scene.workspace.directory().join(".terraform/providers");
    let _ = fs::remove_dir_all(&folder);
    let _ = fs::remove_file(scene.workspace.directory().join(".terraform.lock.hcl"));
    let ran = scene.run(&["init"], 1);
    says(&ran, words);
    let version = folder.join(source(host)).join(super::site::VERSION);
    let platform = version.join(&PLATFORMS[0]);
    let installed = fs::read_dir(platform).into_iter().flatten().count();
    assert_eq!(installed, 0, "{}", ran.text());
}

/// One bit in the middle of an archive, among the program's data, is another.
fn damage(path: &std::path::Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_registry_with_anything_wrong_is_refused() {
    with_every_cli_at_once("install-refused", |scene| {
        let site = Site::new(scene);
        configure(scene, "direct {}", &source(&site.host));
        let sums = fs::read(site.sums("")).unwrap();
        let signature = fs::read(site.sums(".sig")).unwrap();

        // There is none for this platform.
        site.describe(&PLATFORMS[1..]);
        is_refused(
            scene,
            &site.host,
            &["package available for your current platform"],
        );
        site.describe(&PLATFORMS[..]);

        // The checksum file says something else of this archive than was signed.
        let text = String::from_utf8(sums.clone()).unwrap();
        fs::write(site.sums(""), text.replacen('a', "b", 1)).unwrap();
        is_refused(scene, &site.host, &["signature"]);

        // It is signed, but by somebody else.
        fs::write(site.sums(""), &sums).unwrap();
        fs::remove_file(site.sums(".sig")).unwrap();
        let stranger = Signer::from_armor(&key(), None).unwrap();
        stranger.sign(&site.sums("")).unwrap();
        is_refused(scene, &site.host, &["signature"]);

        // No signature at all.
        fs::remove_file(site.sums(".sig")).unwrap();
        is_refused(scene, &site.host, &["signature"]);

        // All of that in order, but the archive.
        fs::write(site.sums(".sig"), &signature).unwrap();
        damage(&site.zip("release"));
        is_refused(scene, &site.host, &["checksum"]);
    });
}

#[test]
fn a_mirror_with_a_damaged_archive_is_refused() {
    with_every_cli_at_once("install-damaged", |scene| {
        let site = Site::new(scene);
        let place = "mirror/terraform.local/aop/aop";
        let zip = site.zip(place);
        damage(&zip);
        let url = format!("https://{}/mirror/", site.host);
        let network = format!("network_mirror {{ url = \"{url}\" }}");
        configure(scene, &network, &source("terraform.local"));
        is_refused(scene, "terraform.local", &["checksum"]);
        fs::write(&zip, "this is no archive").unwrap();
        let mirror = site.folder("mirror");
        let mirror = mirror.display();
        let folder = format!("filesystem_mirror {{ path = \"{mirror}\" }}");
        configure(scene, &folder, &source("terraform.local"));
        is_refused(scene, "terraform.local", &["zip: not a valid zip file"]);
        // Only another platform's is there.
        fs::remove_file(&zip).unwrap();
        is_refused(scene, "terraform.local", &["terraform.local/aop/aop"]);
    });
}
