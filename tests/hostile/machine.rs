//! Machines that give the provider no place, and others on the machine that want in.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use framework::wire::pb::tfplugin6 as pb;

use crate::client::{block_type, encode, object};
use crate::plugin::{HostIdentity, Plugin, command};

fn process_of(plugin: &Plugin) -> String {
    format!("/proc/{}", plugin.child.id())
}

#[test]
fn a_crash_leaves_no_core_and_others_cannot_read_the_memory() {
    let plugin = Plugin::start();
    let limits = fs::read_to_string(format!("{}/limits", process_of(&plugin))).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let values: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(values[4..6], ["0", "0"], "{core}");
    // The kernel gives such a process to root, and nobody else may trace it.
    let owner = |file: &str| {
        let path = format!("{}/{file}", process_of(&plugin));
        std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).unwrap())
    };
    assert_eq!(owner("mem"), 0);
    let traced = fs::read_to_string(format!("{}/coredump_filter", process_of(&plugin)));
    assert!(traced.is_err() || owner("environ") == 0);
}

/// The longest that a socket's path may be is about a hundred bytes.
#[tokio::test]
async fn the_socket_finds_another_place() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(60)).join("e".repeat(60));
    fs::create_dir_all(&deep).unwrap();
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    let a_file = folder.path().join("file");
    fs::write(&a_file, "").unwrap();
    let missing = folder.path().join("missing");
    for place in [deep, locked, a_file, missing] {
        let identity = HostIdentity::new();
        let mut command = command();
        command
            .env("PLUGIN_CLIENT_CERT", &identity.pem)
            .env("PLUGIN_UNIX_SOCKET_DIR", &place)
            .env("TMPDIR", &place);
        let plugin = Plugin::run(command, Some(identity));
        let mut client = plugin.connect().await;
        let health = client.health("plugin").await;
        assert_eq!(health.unwrap(), 1, "{}", place.display());
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_not_waited_for() {
    let plugin = Plugin::start();
    let mut silent = UnixStream::connect(plugin.socket()).await.unwrap();
    let mut rest = Vec::new();
    let closed = silent.read_to_end(&mut rest);
    let closed = tokio::time::timeout(Duration::from_secs(20), closed).await;
    assert!(closed.is_ok(), "it is let go");
    plugin.connect().await;
}

#[test]
fn being_told_to_end_removes_the_socket() {
    for signal in ["TERM", "HUP"] {
        let folder = tempfile::tempdir().unwrap();
        for debug in [false, true] {
            let mut command = command();
            match debug {
                true => command.arg("--debug").env("TMPDIR", folder.path()),
                false => command.env("PLUGIN_UNIX_SOCKET_DIR", folder.path()),
            };
            let plugin = Plugin::run(command, None);
            let count = || fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(count(), 1);
            let process = plugin.child.id().to_string();
            let told = Command::new("kill").args(["-s", signal, &process]).status();
            assert!(told.unwrap().success());
            let (code, ..) = plugin.finish();
            assert_eq!(code, Some(0), "{signal}");
            assert_eq!(count(), 0, "{signal}");
        }
    }
}

/// Nothing is left but what the kernel gives to nobody.
#[test]
fn without_any_place_it_says_so_where_hosts_show_it() {
    // Without mutual TLS a port of the machine is no place, and nor is a folder for a group
    // that there is not.
    let mut command = command();
    command.env("PLUGIN_UNIX_SOCKET_GROUP", "no-such-group");
    let plugin = Plugin::run(command, None);
    let line = plugin.line.join("|");
    assert!(line.contains("no place for its socket"), "{line}");
    assert!(line.contains("no-such-group"), "{line}");
    assert!(line.contains("did not ask for mutual TLS"), "{line}");
    let (code, _, stderr) = plugin.finish();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no place for its socket"), "{stderr}");
}

/// A host that asks for mutual TLS is served on a port where there can be no socket.
#[tokio::test]
async fn with_mutual_tls_a_port_will_do() {
    let identity = HostIdentity::new();
    let mut command = command();
    command
        .env("PLUGIN_CLIENT_CERT", &identity.pem)
        .env("PLUGIN_UNIX_SOCKET_GROUP", "no-such-group")
        .env("PLUGIN_MIN_PORT", "20000")
        .env("PLUGIN_MAX_PORT", "21000");
    let plugin = Plugin::run(command, Some(identity));
    assert_eq!(plugin.line[2], "tcp");
    let mut client = plugin.connect().await;
    assert_eq!(client.health("plugin").await.unwrap(), 1);
    assert!(
        plugin.connect_as(None).await.is_err(),
        "nobody else is let in"
    );
}

/// A proxy whose name is no text is a malformed one.
#[tokio::test]
async fn a_variable_that_is_no_text_is_not_absent() {
    use std::os::unix::ffi::OsStrExt;

    let identity = HostIdentity::new();
    let mut command = command();
    command.env("PLUGIN_CLIENT_CERT", &identity.pem).env(
        "HTTPS_PROXY",
        OsStr::from_bytes(b"http://pr\xffoxy.example:3128"),
    );
    let plugin = Plugin::run(command, Some(identity));
    let mut client = plugin.connect().await;
    let token = [("api_token", "a-token".into())];
    assert_eq!(client.configure(&token).await, []);
    let schema = client.schema().await;
    let ty = block_type(&schema.data_source_schemas["aop_zone_setting"]);
    let zone = object(&ty, &[("zone_id", crate::world::ZONE.into())]);
    let request = pb::read_data_source::Request {
        type_name: "aop_zone_setting".to_owned(),
        config: Some(encode(&zone, &ty)),
        ..Default::default()
    };
    let answer: pb::read_data_source::Response = client
        .call_path("/tfplugin6.Provider/ReadDataSource", request)
        .await
        .unwrap();
    assert_eq!(answer.diagnostics[0].summary, "Invalid proxy");
}
