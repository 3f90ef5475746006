//! What is left of a private key in the provider's memory after its upload.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use aop_simulator::pki::Authority;
use aop_simulator::{Settings, Simulator, TOKEN, ZONE_ID};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use framework::Server;
use framework::plugin::{install_crypto, now, serve_debug};
use framework::value::Dynamic;
use framework::wire::pb::tfplugin6 as pb;
use terraform_provider_aop::provider::Aop;

use crate::client::{block_type, connect, encode, object};

const CHILD: &str = "AOP_TEST_SERVES";

/// The provider in a process that is not protected, so that its memory can be looked at.
/// Does nothing but in that process.
#[test]
fn the_process_whose_memory_is_looked_at() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    install_crypto();
    let aop = Aop {
        env: |_| None,
        clock: now,
        seed: 7,
    };
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime
        .block_on(serve_debug(Server::new(aop, now), "test"))
        .unwrap();
}

/// The process, and its standard output, which it expects to be open.
struct Serving(Child, BufReader<ChildStdout>);

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts that process; answers it and where it listens.
fn start() -> (Serving, (String, String)) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "memory::the_process_whose_memory_is_looked_at",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut child = Serving(child, stdout);
    let lines = child.1.by_ref().lines().map(Result::unwrap);
    let json = { lines }
        .filter_map(|line| line.split('\'').nth(1).map(str::to_owned))
        .next()
        .unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let part = |name| json["test"]["Addr"][name].as_str().unwrap().to_owned();
    (child, (part("Network"), part("String")))
}

/// The places in the memory of a process where these bytes stand.
fn places(process: u32, bytes: &[u8]) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut region = vec![0; usize::try_from(end - start).unwrap()];
        // Some regions of the kernel cannot be read.
        if memory.read_exact_at(&mut region, start).is_ok() {
            let windows = region.windows(bytes.len()).enumerate();
            let at = windows.filter(|(_, window)| window == &bytes);
            found.extend(at.map(|(at, _)| format!("{line} +{at:x}")));
        }
    }
    found
}

#[tokio::test]
async fn no_copy_of_a_key_outlives_its_upload() {
    let simulator = Simulator::new(Settings::default(), now());
    let listening = simulator.listen("127.0.0.1:0").await.unwrap();
    let made = Authority::new("CA").unwrap().client("shop", now()).unwrap();
    let (serving, address) = start();
    let process = serving.0.id();
    let mut client = connect(address, None).await.unwrap();
    let schema = client.schema().await;
    let url = listening.url();
    let arguments = [
        ("api_token", Dynamic::from(TOKEN)),
        ("base_url", url.as_str().into()),
    ];
    assert_eq!(client.configure(&arguments).await, []);

    let resource = "aop_hostname_certificate";
    let ty = block_type(&schema.resource_schemas[resource]);
    let common = [
        ("zone_id", Dynamic::from(ZONE_ID)),
        ("certificate", made.certificate.as_str().into()),
        ("wait_for_deployment", Dynamic::Bool(false)),
        ("superseded_ids", Dynamic::List(Vec::new())),
    ];
    let key = [("private_key_wo", Dynamic::from(made.private_key.as_str()))];
    let unknown = ["id", "status", "uploaded_on"].map(|name| (name, Dynamic::unknown()));
    let config = object(&ty, &[&common[..3], &key].concat());
    let planned = object(&ty, &[&common[..], &unknown].concat());
    let request = pb::apply_resource_change::Request {
        type_name: resource.to_owned(),
        prior_state: Some(encode(&Dynamic::Null, &ty)),
        planned_state: Some(encode(&planned, &ty)),
        config: Some(encode(&config, &ty)),
        ..Default::default()
    };
    let answer: pb::apply_resource_change::Response = client
        .call_path("/tfplugin6.Provider/ApplyResourceChange", request)
        .await
        .unwrap();
    assert_eq!(answer.diagnostics, []);
    assert_eq!(
        simulator
            .log()
            .iter()
            .filter(|r| r.method == "POST")
            .count(),
        1
    );

    let lines: Vec<&str> = made.private_key.lines().collect();
    let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
    // Where the secret number stands in PKCS#8 for P-256.
    assert_eq!(places(process, &der[36..68]), Vec::<String>::new());
    // The buffer of the host's connection holds the host's last request, until another
    // comes in its place; it belongs to the HTTP/2 library, which has no way to wipe it.
    let left = places(process, lines[1].as_bytes());
    assert!(left.len() <= 1, "{left:#?}");
    let long = "x".repeat(100_000);
    let state = object(
        &ty,
        &[
            ("zone_id", ZONE_ID.into()),
            ("certificate", long.as_str().into()),
        ],
    );
    let request = pb::read_resource::Request {
        type_name: resource.to_owned(),
        current_state: Some(encode(&state, &ty)),
        ..Default::default()
    };
    let _: pb::read_resource::Response = client
        .call_path("/tfplugin6.Provider/ReadResource", request)
        .await
        .unwrap();
    assert_eq!(places(process, lines[1].as_bytes()), Vec::<String>::new());
}
