//! The process contract: start, identity, streams, end.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use framework::wire::pb::tfplugin6 as pb;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::client::{connect, encode, object};
use crate::plugin::{HostIdentity, Plugin, command};

#[test]
fn h01_h02_started_by_hand_it_explains_itself() {
    for cookie in [None, Some("wrong")] {
        let mut command = command();
        command.env_remove("TF_PLUGIN_MAGIC_COOKIE");
        if let Some(cookie) = cookie {
            command.env("TF_PLUGIN_MAGIC_COOKIE", cookie);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.contains("Terraform provider") && text.contains("--help"),
            "{text}"
        );
    }
}

#[test]
fn version_and_help_need_no_host() {
    for (argument, part) in [
        ("--version", "terraform-provider-aop 0."),
        ("--help", "--debug"),
    ] {
        let mut command = command();
        let output = command
            .env_remove("TF_PLUGIN_MAGIC_COOKIE")
            .arg(argument)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(part));
    }
    let output = command().arg("--frobnicate").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("--frobnicate")
    );
}

#[tokio::test]
async fn h03_h04_h05_the_line_has_six_fields_or_seven_when_asked() {
    let plugin = Plugin::start();
    assert_eq!(plugin.line.len(), 6, "{:?}", plugin.line);
    assert_eq!(
        [
            &plugin.line[0],
            &plugin.line[1],
            &plugin.line[2],
            &plugin.line[4]
        ],
        ["1", "6", "unix", "grpc"]
    );
    assert!(!plugin.line[5].contains('='));

    let identity = HostIdentity::new();
    let mut command = command();
    command
        .env("PLUGIN_CLIENT_CERT", &identity.pem)
        .env("PLUGIN_MULTIPLEX_GRPC", "true");
    let plugin = Plugin::run(command, Some(identity));
    assert_eq!(plugin.line.len(), 7);
    assert_eq!(plugin.line[6], "false");
    plugin.connect().await;
}

#[tokio::test]
async fn h06_without_a_client_certificate_it_speaks_plainly() {
    let plugin = Plugin::run(command(), None);
    assert_eq!(plugin.line.len(), 6);
    assert_eq!(plugin.line[5], "");
    let mut client = plugin.connect().await;
    assert_eq!(client.health("plugin").await.unwrap(), 1);
}

#[tokio::test]
async fn h07_h08_only_the_host_that_started_it_is_let_in() {
    let plugin = Plugin::start();
    let stranger = HostIdentity::new();
    assert!(plugin.connect_as(Some(&stranger)).await.is_err());
    assert!(plugin.connect_as(None).await.is_err());
    // The host's key is on P-521, and ALPN is checked while connecting.
    let mut client = plugin.connect().await;
    assert_eq!(client.health("plugin").await.unwrap(), 1);
}

#[test]
fn a_malformed_client_certificate_ends_the_process_with_a_sentence() {
    let mut command = command();
    let output = command
        .env("PLUGIN_CLIENT_CERT", "rubbish")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("PLUGIN_CLIENT_CERT is not a certificate"),
        "{text}"
    );
}

#[tokio::test]
async fn h09_h10_h11_h13_the_socket_is_private_and_the_end_is_clean() {
    let directory = tempfile::tempdir().unwrap();
    let identity = HostIdentity::new();
    let mut command = command();
    command
        .env("PLUGIN_CLIENT_CERT", &identity.pem)
        .env("PLUGIN_UNIX_SOCKET_DIR", directory.path());
    let plugin = Plugin::run(command, Some(identity));
    let socket = plugin.socket();
    assert!(socket.starts_with(directory.path()));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&socket) & 0o077, 0, "the socket is for its user alone");
    assert_eq!(
        mode(socket.parent().unwrap()) & 0o077,
        0,
        "and so is its folder"
    );

    let mut client = plugin.connect().await;
    let started = Instant::now();
    client.shutdown().await;
    let (code, stdout, stderr) = tokio::task::spawn_blocking(|| plugin.finish())
        .await
        .unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "the host kills after two seconds"
    );
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    assert!(!socket.exists() && !socket.parent().unwrap().exists());
}

#[tokio::test]
async fn h09_a_group_may_be_let_in() {
    let identity = HostIdentity::new();
    let group = std::fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::gid(&m));
    let mut command = command();
    command
        .env("PLUGIN_CLIENT_CERT", &identity.pem)
        .env("PLUGIN_UNIX_SOCKET_GROUP", group.unwrap().to_string());
    let plugin = Plugin::run(command, Some(identity));
    let mode = std::fs::metadata(plugin.socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o660);
    plugin.connect().await;
}

#[tokio::test]
async fn h12_interrupts_are_for_the_host_to_act_on() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    for _ in 0..3 {
        let sent = Command::new("kill")
            .args(["-INT", &plugin.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(client.health("plugin").await.unwrap(), 1);
    }
}

#[tokio::test]
async fn h14_every_line_of_the_log_is_a_record() {
    let identity = HostIdentity::new();
    let mut command = command();
    command
        .env("PLUGIN_CLIENT_CERT", &identity.pem)
        .env("TF_LOG", "TRACE");
    let plugin = Plugin::run(command, Some(identity));
    let stranger = HostIdentity::new();
    assert!(plugin.connect_as(Some(&stranger)).await.is_err());
    let mut client = plugin.connect().await;
    client.shutdown().await;
    let (_, _, log) = tokio::task::spawn_blocking(|| plugin.finish())
        .await
        .unwrap();
    assert!(log.contains("refused a connection"), "{log}");
    for line in log.lines() {
        let record: Json = serde_json::from_str(line).unwrap();
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(record[key].is_string(), "{key} in {line}");
        }
        let timestamp = record["@timestamp"].as_str().unwrap();
        assert_eq!(
            timestamp.len(),
            "2026-11-21T05:00:00.000000Z".len(),
            "{timestamp}"
        );
        assert!(timestamp.parse::<jiff::Timestamp>().is_ok());
    }
}

#[tokio::test]
async fn h16_a_message_of_200_mib_is_read() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let request = pb::upgrade_resource_state::Request {
        type_name: "aop_zone_setting".to_owned(),
        version: 0,
        raw_state: Some(pb::RawState {
            json: vec![b' '; 200 << 20],
            ..Default::default()
        }),
    };
    let answer: pb::upgrade_resource_state::Response = client
        .call_path("/tfplugin6.Provider/UpgradeResourceState", request)
        .await
        .unwrap();
    assert_eq!(answer.diagnostics.len(), 1, "whitespace is no state");
}

#[tokio::test]
async fn h18_fifty_calls_at_once_are_answered() {
    let plugin = Plugin::start();
    let client = plugin.connect().await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { client.schema().await.resource_schemas.len() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 6);
    }
}

#[tokio::test]
async fn a_process_whose_host_was_killed_ends_by_itself() {
    let plugin = Plugin::start();
    let client = plugin.connect().await;
    drop(client);
    let started = Instant::now();
    let (code, _, _) = tokio::task::spawn_blocking(|| plugin.finish())
        .await
        .unwrap();
    assert_eq!(code, Some(0));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn r20_r21_r22_attached_to_it_serves_one_client_after_another() {
    let mut command = command();
    command
        .env_remove("TF_PLUGIN_MAGIC_COOKIE")
        .arg("-debug")
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("Ctrl-C") {
        assert_ne!(
            std::io::BufRead::read_line(&mut reader, &mut text).unwrap(),
            0,
            "{text}"
        );
    }
    let (_, json) = text.split_once("TF_REATTACH_PROVIDERS='").unwrap();
    let json: Json = serde_json::from_str(json.split('\'').next().unwrap()).unwrap();
    let reattach = &json["terraform.local/aop/aop"];
    assert_eq!(reattach["Protocol"], "grpc");
    assert_eq!(reattach["ProtocolVersion"], 6);
    assert_eq!(reattach["Test"], true);
    assert_eq!(reattach["Pid"], child.id());
    let part = |name| reattach["Addr"][name].as_str().unwrap().to_owned();
    let address = (part("Network"), part("String"));
    for token in ["first-token", "second-token"] {
        let mut client = connect(address.clone(), None).await.unwrap();
        let token = framework::value::Dynamic::from(token);
        assert!(client.configure(&[("api_token", token)]).await.is_empty());
        assert_eq!(client.health("plugin").await.unwrap(), 1);
    }
    // Two at once share the process, and so the configuration.
    let token = |token: &str| [("api_token", framework::value::Dynamic::from(token))];
    let mut one = connect(address.clone(), None).await.unwrap();
    assert!(one.configure(&token("one-token")).await.is_empty());
    let mut two = connect(address, None).await.unwrap();
    assert!(two.configure(&token("one-token")).await.is_empty());
    let refused = two.configure(&token("another-token")).await;
    assert_eq!(refused.len(), 1);
    assert_eq!(
        refused[0].summary,
        "Provider is in use with another configuration"
    );
    drop(one);
    // The other one is gone once its connection is.
    while !two.configure(&token("another-token")).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn x72_x73_what_it_does_not_have_is_unimplemented_and_what_is_new_is_ignored() {
    let plugin = Plugin::start();
    let mut client = plugin.connect().await;
    let request = pb::open_ephemeral_resource::Request::default();
    let answer: Result<pb::open_ephemeral_resource::Response, _> = client
        .call_path("/tfplugin6.Provider/OpenEphemeralResource", request)
        .await;
    assert_eq!(answer.unwrap_err().code(), tonic::Code::Unimplemented);

    /// A request from a later protocol.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Later {
        #[prost(message, optional, tag = "1")]
        config: Option<pb::DynamicValue>,
        #[prost(string, tag = "1000")]
        news: String,
    }
    let schema = client.schema().await;
    let ty = crate::client::block_type(&schema.provider.unwrap());
    let request = Later {
        config: Some(encode(&object(&ty, &[]), &ty)),
        news: "hi".to_owned(),
    };
    let answer: pb::validate_provider_config::Response = client
        .call_path("/tfplugin6.Provider/ValidateProviderConfig", request)
        .await
        .unwrap();
    assert!(answer.diagnostics.is_empty());
}
