//! A site that offers a release: a mirror, and a registry, which is nothing but files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::json;
use tempfile::TempDir;
use xtask::release::{self, Archive, Platform, Signer};

use crate::front::{Front, Server};
use crate::scene::Scene;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// This one, and one whose program nobody runs: a text is as good as any.
pub static PLATFORMS: std::sync::LazyLock<[String; 2]> = std::sync::LazyLock::new(|| {
    let other = match Platform::here().os.as_str() {
        "darwin" => "linux_arm64",
        _ => "darwin_arm64",
    };
    [Platform::here().to_string(), other.to_owned()]
});

/// What all tests install, made once.
struct Release {
    folder: PathBuf,
    archives: Vec<Archive>,
    signer: Signer,
}

/// A throwaway key, in ASCII armor.
pub fn key() -> String {
    release::throwaway_key("rsa2048", "sign", "", true).unwrap()
}

fn release() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| {
        // Of one process after the other, because what is made once is never dropped.
        let folder = xtask::target().join("workspaces/release");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_terraform-provider-aop"));
        let files = folder.join("release");
        fs::create_dir(&files).unwrap();
        let license = xtask::root().join("LICENSE");
        let programs = [program, license.as_path()];
        let pack = |(platform, program): (&String, &Path)| {
            let platform = Platform::parse(platform).unwrap();
            Archive::pack(&files, VERSION, &platform, program, xtask::root()).unwrap()
        };
        let archives: Vec<_> = PLATFORMS.iter().zip(programs).map(pack).collect();
        let mirror = folder.join("mirror");
        release::mirror(&mirror, "terraform.local/aop/aop", VERSION, &archives).unwrap();
        let signer = Signer::from_armor(&key(), None).unwrap();
        release::seal(&files, VERSION, Some(&signer)).unwrap();
        Release {
            folder,
            archives,
            signer,
        }
    })
}

/// Copies what is in a folder, also in folders inside.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = entry.map(|e| (e.path(), to.join(e.file_name()))).unwrap();
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(path, to).unwrap()),
        }
    }
}

/// One test's site, over TLS; its CLI trusts it.
pub struct Site {
    folder: TempDir,
    /// Its name and port.
    pub host: String,
    _front: Front,
}

impl Site {
    pub fn new(scene: &mut Scene) -> Self {
        let made = release();
        let folder = tempfile::tempdir().unwrap();
        let server = Server::named(&["localhost"], 2090);
        let front = Front::files(scene, &server, folder.path().to_owned());
        scene.workspace.write("ca.pem", &server.authority).unwrap();
        let authority = scene.workspace.directory().join("ca.pem");
        let authority = authority.to_str().unwrap();
        scene.workspace.set_env("SSL_CERT_FILE", authority);
        let site = Self {
            host: format!("localhost:{}", front.address.port()),
            folder,
            _front: front,
        };
        copy(&made.folder, site.folder.path());
        site.describe(&PLATFORMS[..]);
        site
    }

    /// Writes what the registry says of the release, for these platforms.
    pub fn describe(&self, platforms: &[String]) {
        let platforms: Vec<Platform> = platforms
            .iter()
            .map(|name| Platform::parse(name).unwrap())
            .collect();
        let _ = fs::remove_dir_all(self.folder("v1"));
        let offered: Vec<_> = platforms
            .iter()
            .map(|platform| json!({ "os": platform.os, "arch": platform.arch }))
            .collect();
        self.write(
            ".well-known/terraform.json",
            &json!({ "providers.v1": "/v1/" }),
        );
        let version = json!({ "version": VERSION, "protocols": ["6.0"], "platforms": offered });
        self.write("v1/aop/aop/versions", &json!({ "versions": [version] }));
        let public_key = release().signer.public_key().unwrap();
        let keys = json!([{ "key_id": self.key_id(), "ascii_armor": public_key }]);
        for platform in &platforms {
            let archive = self.archive(platform);
            let at = |name: &str| format!("https://{}/release/{name}", self.host);
            let sums = format!("terraform-provider-aop_{VERSION}_SHA256SUMS");
            let name = archive
                .path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let sum = archive.zip_hash().unwrap();
            let place = format!(
                "v1/aop/aop/{VERSION}/download/{}/{}",
                platform.os, platform.arch
            );
            let description = json!({
                "protocols": ["6.0"],
                "os": platform.os,
                "arch": platform.arch,
                "filename": name,
                "download_url": at(&name),
                "shasums_url": at(&sums),
                "shasums_signature_url": at(&format!("{sums}.sig")),
                "shasum": sum.trim_start_matches("zh:"),
                "signing_keys": { "gpg_public_keys": keys },
            });
            self.write(&place, &description);
        }
    }

    /// The archive of a platform as the site offers it.
    fn archive(&self, platform: &Platform) -> Archive {
        let offered = Archive::all_in(&self.folder("release"), VERSION).unwrap();
        let mut offered = offered.into_iter();
        offered.find(|made| made.platform == *platform).unwrap()
    }

    fn write(&self, place: &str, text: &serde_json::Value) {
        let path = self.folder(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.to_string()).unwrap();
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn key_id(&self) -> String {
        release().signer.key_id().to_owned()
    }

    pub fn content_hashes(&self) -> Vec<String> {
        let archives = release().archives.iter();
        archives.map(|made| made.content_hash().unwrap()).collect()
    }

    /// The checksum file of the registry, or what begins like it.
    pub fn sums(&self, end: &str) -> PathBuf {
        let name = format!("terraform-provider-aop_{VERSION}_SHA256SUMS{end}");
        self.folder("release").join(name)
    }

    /// This platform's archive below one of the site's folders.
    pub fn zip(&self, folder: &str) -> PathBuf {
        let name = format!("terraform-provider-aop_{VERSION}_{}.zip", PLATFORMS[0]);
        self.folder(folder).join(name)
    }
}
