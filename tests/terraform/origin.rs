//! The guide to setting up an origin, followed word by word: its commands, its
//! configuration of Cloudflare, and its configurations of real servers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;

use aop_simulator::{Edge, ZONE_ID};
use rcgen::{CertificateParams, KeyPair};
use xtask::{ENVOY, TRAEFIK, Tool, root};

use crate::scene::{Scene, fail, with_every_cli};

/// The fenced blocks of the guide in a language.
fn blocks(language: &str) -> Vec<String> {
    blocks_of("setting-up-the-origin.md", language)
}

/// The fenced blocks of a guide in a language.
fn blocks_of(guide: &str, language: &str) -> Vec<String> {
    let guide = root().join("docs/guides").join(guide);
    let text = std::fs::read_to_string(guide).expect("the guide");
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks
        .filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned()))
        .collect()
}

/// A server of the guide. Dropped, it ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The guide up to its servers: a certificate from nothing, presented by the zone.
fn begin(scene: &mut Scene) {
    for commands in blocks("shell") {
        shell(scene, &commands);
    }
    let [configuration] = &blocks("terraform")[..] else {
        fail("the guide has one configuration");
    };
    // The head of a scene says what comes before the resources.
    let first = configuration.find("resource ").expect("a resource");
    scene.configure(&configuration[first..]);
    scene.apply();
    scene.plan_is_empty();

    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["app.example.com".to_owned()]).expect("parameters");
    let own = own.self_signed(&key).expect("a certificate");
    let (own, key) = (own.pem(), key.serialize_pem());
    for (file, text) in [("origin.pem", &format!("{own}{key}")), ("origin.key", &key)] {
        scene.workspace.write(file, text).expect("a file");
    }
}

/// Runs the commands of a guide in the folder of a scene.
pub fn shell(scene: &Scene, commands: &str) {
    let openssl =
        Tool::obtain("openssl", "usr/bin/openssl").unwrap_or_else(|e| fail(&e.to_string()));
    let directory = scene.workspace.directory().to_owned();
    let program = openssl.command().get_program().to_owned();
    let folder = Path::new(&program).parent().expect("a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = vec![folder];
    paths.extend(std::env::split_paths(&path));
    let mut shell = std::process::Command::new("sh");
    for (name, value) in openssl.command().get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let ran = shell
        .current_dir(&directory)
        .env("PATH", std::env::join_paths(&paths).expect("a path"))
        .args(["-e", "-c", commands])
        .output()
        .expect("a shell");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// A port that was free a moment ago.
fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Starts a server of the guide, with its paths and its port put in place.
fn start(scene: &Scene, tool: &Tool, arguments: &[&str]) -> Server {
    let mut command = tool.command();
    command
        .current_dir(scene.workspace.directory())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    Server(command.spawn().expect("a server"))
}

/// Cloudflare's edge is served, and refused when it presents nothing.
fn is_enforced(scene: &Scene, server: &mut Server, port: u16) {
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    scene.wait_until(|| {
        if server.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            let mut said = String::new();
            let _ = server
                .0
                .stderr
                .take()
                .map(|mut e| e.read_to_string(&mut said));
            fail(&format!("the server ended: {said}"));
        }
        TcpStream::connect(address).is_ok()
    });
    let edge = Edge::reaching(&scene.simulator, ZONE_ID, address);
    let ask = || scene.send_request(&edge, "app.example.com");
    // Some listen before they have read their configuration.
    scene.wait_until(|| ask().is_ok());
    let off = "{\"enabled\":false}";
    scene.elsewhere("PUT", "/origin_tls_client_auth/settings", off);
    assert!(ask().is_err(), "without a certificate");
    let on = "{\"enabled\":true}";
    scene.elsewhere("PUT", "/origin_tls_client_auth/settings", on);
    ask().unwrap_or_else(|refused| fail(&format!("with the certificate again: {refused}")));
}

/// Servers are heavy: one scene at a time.
static ONE: Mutex<()> = Mutex::new(());

#[test]
fn the_guide_to_nginx_holds() {
    let _one = ONE.lock();
    let nginx = Tool::obtain("nginx", "usr/sbin/nginx").unwrap_or_else(|e| fail(&e.to_string()));
    with_every_cli("origin-nginx", |scene| {
        begin(scene);
        let directory = scene.workspace.directory().display().to_string();
        let (port, block) = (port(), blocks("nginx").concat());
        let block = block.replace("/etc/nginx", &directory);
        let block = block.replace("listen 443", &format!("listen 127.0.0.1:{port}"));
        // What a package's own configuration says around it.
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let places = places.map(|name| format!("{name}_temp_path {directory}/{name};\n"));
        let around = format!(
            "daemon off;\npid {directory}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{}{block}\n}}\n",
            places.concat()
        );
        scene
            .workspace
            .write("nginx.conf", &around)
            .expect("a file");
        let configuration = format!("{directory}/nginx.conf");
        let arguments = ["-p", &directory, "-e", "stderr", "-c", &configuration];
        let mut server = start(scene, &nginx, &arguments);
        is_enforced(scene, &mut server, port);
        scene.destroy();
    });
}

#[test]
fn the_guide_to_haproxy_holds() {
    let _one = ONE.lock();
    let haproxy = Tool::obtain("haproxy", "usr/sbin/haproxy");
    let haproxy = haproxy.unwrap_or_else(|e| fail(&e.to_string()));
    with_every_cli("origin-haproxy", |scene| {
        begin(scene);
        let directory = scene.workspace.directory().display().to_string();
        let (port, block) = (port(), blocks("haproxy").concat());
        let block = block.replace("/etc/haproxy", &directory);
        let block = block.replace("bind :443", &format!("bind 127.0.0.1:{port}"));
        scene
            .workspace
            .write("haproxy.cfg", &format!("{block}\n"))
            .expect("a file");
        let mut server = start(scene, &haproxy, &["-db", "-f", "haproxy.cfg"]);
        is_enforced(scene, &mut server, port);
        scene.destroy();
    });
}

#[test]
fn the_guide_to_apache_holds() {
    let _one = ONE.lock();
    let apache = Tool::obtain("apache2-bin", "usr/sbin/apache2");
    let apache = apache.unwrap_or_else(|e| fail(&e.to_string()));
    with_every_cli("origin-apache", |scene| {
        begin(scene);
        let directory = scene.workspace.directory().display().to_string();
        let (port, block) = (port(), blocks("apache").concat());
        let block = block.replace("/etc/apache2", &directory);
        let block = block.replace("/var/www/html", &directory);
        let block = block.replace("*:443", &format!("127.0.0.1:{port}"));
        // What a package's own configuration says around it.
        let program = apache.program().display().to_string();
        let place = program.strip_suffix("usr/sbin/apache2").unwrap_or("/");
        let module = |name: &str| {
            format!("LoadModule {name}_module {place}usr/lib/apache2/modules/mod_{name}.so\n")
        };
        let names = [
            "mpm_event",
            "authz_core",
            "socache_shmcb",
            "ssl",
            "dir",
            "mime",
        ];
        let around = format!(
            "ServerRoot {directory}\nPidFile {directory}/pid\nErrorLog {directory}/log\nServerName \
             app.example.com\n{}TypesConfig /dev/null\nDirectoryIndex main.tf\nListen \
             127.0.0.1:{port}\n{block}\n",
            names.map(module).concat()
        );
        let configuration = format!("{directory}/apache.conf");
        scene
            .workspace
            .write("apache.conf", &around)
            .expect("a file");
        let mut server = start(scene, &apache, &["-X", "-f", &configuration]);
        is_enforced(scene, &mut server, port);
        scene.destroy();
    });
}

#[test]
fn the_guide_to_caddy_holds() {
    let _one = ONE.lock();
    let caddy = Tool::obtain("caddy", "usr/bin/caddy").unwrap_or_else(|e| fail(&e.to_string()));
    with_every_cli("origin-caddy", |scene| {
        begin(scene);
        let directory = scene.workspace.directory().display().to_string();
        let (port, block) = (port(), blocks("caddyfile").concat());
        let block = block.replace("/etc/caddy", &directory);
        let block = block.replace(":443 {", &format!(":{port} {{\n\tbind 127.0.0.1"));
        let options = format!(
            "{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {directory}/caddy\n}}\n{block}\n"
        );
        scene
            .workspace
            .write("Caddyfile", &options)
            .expect("a file");
        let configuration = format!("{directory}/Caddyfile");
        let arguments = ["run", "--adapter", "caddyfile", "--config", &configuration];
        let mut server = start(scene, &caddy, &arguments);
        is_enforced(scene, &mut server, port);
        scene.destroy();
    });
}

/// The block of YAML of the other guide that says this.
fn yaml(part: &str) -> String {
    let mut all = blocks_of("more-origins.md", "yaml").into_iter();
    all.find(|block| block.contains(part)).expect("a block")
}

#[test]
fn the_guide_to_envoy_holds() {
    let _one = ONE.lock();
    let envoy = Tool::of_wheel(&ENVOY).unwrap_or_else(|e| fail(&e.to_string()));
    with_every_cli("origin-envoy", |scene| {
        begin(scene);
        let directory = scene.workspace.directory().display().to_string();
        let port = port();
        let listener = yaml("static_resources").replace("/etc/envoy", &directory);
        let listener = listener.replace("0.0.0.0", "127.0.0.1");
        let listener = listener.replace("port_value: 443", &format!("port_value: {port}"));
        scene
            .workspace
            .write("envoy.yaml", &listener)
            .expect("a file");
        let arguments = ["-c", "envoy.yaml", "--use-dynamic-base-id", "-l", "error"];
        let arguments = [&arguments[..], &["--concurrency", "1"]].concat();
        let mut server = start(scene, &envoy, &arguments);
        is_enforced(scene, &mut server, port);
        scene.destroy();
    });
}

#[test]
fn the_guide_to_traefik_holds() {
    let _one = ONE.lock();
    let traefik = Tool::of_wheel(&TRAEFIK).unwrap_or_else(|e| fail(&e.to_string()));
    with_every_cli("origin-traefik", |scene| {
        begin(scene);
        let directory = scene.workspace.directory().display().to_string();
        let (port, backend) = (port(), TcpListener::bind("127.0.0.1:0").expect("a port"));
        let behind = backend.local_addr().expect("an address");
        std::thread::spawn(move || answer_all(&backend));
        let entry = yaml("entryPoints:\n").replace("/etc/traefik", &directory);
        let entry = entry.replace("\":443\"", &format!("\"127.0.0.1:{port}\""));
        let router = yaml("clientAuth").replace("/etc/traefik", &directory);
        let router = router.replace("127.0.0.1:8080", &behind.to_string());
        for (file, text) in [("traefik.yml", &entry), ("dynamic.yml", &router)] {
            scene.workspace.write(file, text).expect("a file");
        }
        let mut server = start(scene, &traefik, &["--configFile=traefik.yml"]);
        is_enforced(scene, &mut server, port);
        scene.destroy();
    });
}

/// What stands behind a proxy: it says the same to everybody.
fn answer_all(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        let mut stream = stream;
        let mut asked = [0; 4096];
        // Who goes away early is not answered.
        let _ = stream.read(&mut asked);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nserved");
    }
}
