//! In a folder that is the root of everything, with no loader, no C library and no shell, as
//! in the CLIs' own images: a real run, against an API that is found by its name.

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use aop_simulator::{Store, TOKEN, ZONE_ID};

use crate::front::{Front, Server};
use crate::scene::{CERTIFICATE, Scene, fail, with_every_cli_at_once};

/// The name of the API.
const NAME: &str = "api.example.test";

/// Where a name server of the tests listens, if this machine lets it.
const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(127, 53, 0, 1);

/// The lookup that `/etc/nsswitch.conf` asks for comes to nothing, and ends with it: what
/// would be loaded for it is not there, and in a static program may not be loaded at all.
const NSSWITCH: &str = "hosts: nowhere [UNAVAIL=return] files dns\n";

/// A folder that is a root.
struct Root {
    folder: tempfile::TempDir,
}

impl Root {
    fn new(scene: &Scene) -> Self {
        // Beside the CLI, so that links to it can be made.
        let folder = tempfile::tempdir_in(xtask::target()).unwrap();
        let root = Self { folder };
        for name in ["etc", "tmp", "configuration", "dev"] {
            fs::create_dir(root.at(name)).unwrap();
        }
        // Core opens it for what it starts.
        fs::write(root.at("dev/null"), "").unwrap();
        let link = |from: &Path, to: &str| {
            fs::create_dir_all(root.at(to).parent().unwrap()).unwrap();
            if fs::hard_link(from, root.at(to)).is_err() {
                fs::copy(from, root.at(to)).unwrap();
            }
        };
        link(&scene.cli.path, "cli");
        let version = env!("CARGO_PKG_VERSION");
        let platform = xtask::release::Platform::here();
        let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-aop"));
        link(
            provider,
            &format!(
                "mirror/terraform.local/aop/aop/{version}/{platform}/terraform-provider-aop_v{version}"
            ),
        );
        fs::write(root.at("etc/nsswitch.conf"), NSSWITCH).unwrap();
        fs::write(
            root.at("configuration/.tfrc"),
            "provider_installation {\n  filesystem_mirror { path = \"/mirror\" }\n}\n",
        )
        .unwrap();
        root
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Makes the API's name known: by DNS where this machine lets tests answer it.
    fn name_the_api(&self) {
        let (resolver, hosts) = match is_name_server_there() {
            true => (format!("nameserver {NAME_SERVER}\n"), String::new()),
            false => (String::new(), format!("127.0.0.1 {NAME}\n")),
        };
        fs::write(self.at("etc/resolv.conf"), resolver).unwrap();
        fs::write(self.at("etc/hosts"), hosts).unwrap();
    }

    /// Runs the CLI there, with nothing of this environment.
    fn run(&self, arguments: &[&str], url: &str) -> Output {
        let is_root = xtask::is_root();
        let mut command = match is_root {
            true => Command::new("chroot"),
            false => {
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-root-user", "--root"]);
                command
            }
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TF_CLI_CONFIG_FILE", "/configuration/.tfrc")
            .env("CHECKPOINT_DISABLE", "1")
            .env("CLOUDFLARE_BASE_URL", url)
            .env("CLOUDFLARE_API_TOKEN", TOKEN)
            .env("AOP_PROPAGATION_DELAY", "2s")
            .env("TF_VAR_zone_id", ZONE_ID)
            .env("SSL_CERT_FILE", "/configuration/ca.pem")
            .arg(self.folder.path())
            .args(["/cli", "-chdir=/configuration"])
            .args(arguments)
            .arg("-no-color");
        command.output().unwrap()
    }
}

/// Whether this process answers names, for all of its tests.
fn is_name_server_there() -> bool {
    static SERVES: OnceLock<bool> = OnceLock::new();
    *SERVES.get_or_init(|| {
        let socket = UdpSocket::bind((NAME_SERVER, 53));
        let socket = socket.map(|socket| std::thread::spawn(move || answer_names(&socket)));
        socket.is_ok()
    })
}

/// Answers every question for an address with the one of this machine.
fn answer_names(socket: &UdpSocket) {
    let mut packet = [0; 512];
    while let Ok((count, from)) = socket.recv_from(&mut packet) {
        let question = &packet[..count];
        let Some(end) = question.iter().skip(12).position(|byte| *byte == 0) else {
            continue;
        };
        // The name, its end, type and class.
        let asked = &question[12..12 + end + 5];
        let is_ipv4 = asked[end + 1..end + 3] == [0, 1];
        let mut answer = question[..2].to_vec();
        // A good answer, one question, one answer or none, nothing else.
        answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
        answer.extend(asked);
        if is_ipv4 {
            // The name from above, an address of the internet, for a minute.
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        }
        let _ = socket.send_to(&answer, from);
    }
}

#[test]
fn it_runs_where_there_is_nothing_but_itself() {
    with_every_cli_at_once("empty-root", |scene| {
        let server = Server::named(&[NAME], 2090);
        let front = Front::tls(scene, &server, &["h2", "http/1.1"]);
        let url = format!("https://{NAME}:{}/client/v4", front.address.port());
        let root = Root::new(scene);
        root.name_the_api();
        fs::write(root.at("configuration/ca.pem"), &server.authority).unwrap();
        scene.certificate("shop");
        scene.rewrite(CERTIFICATE);
        for name in ["main.tf", "shop.pem", "shop.key"] {
            fs::copy(
                scene.workspace.directory().join(name),
                root.at("configuration").join(name),
            )
            .unwrap();
        }
        for arguments in [
            &["init"][..],
            &["apply", "-auto-approve"],
            &["plan", "-detailed-exitcode"],
        ] {
            let ran = root.run(arguments, &url);
            if !ran.status.success() {
                let text = [ran.stdout, ran.stderr].concat();
                fail(&format!(
                    "{arguments:?}: {}",
                    String::from_utf8_lossy(&text)
                ));
            }
        }
        let live = scene
            .simulator
            .look(ZONE_ID, |zone, _| zone.live(Store::Hostname).len());
        assert_eq!(live, 1);
    });
}
