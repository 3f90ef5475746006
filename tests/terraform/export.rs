//! `export`: what it writes is a configuration whose plan is its imports.

use std::path::Path;
use std::process::{Command, Output};

use aop_simulator::{Action, Answer, Fault, Settings, Shows, Store, ZONE_ID};

use crate::scene::{Scene, with_every_cli};

const READ_ONLY: &str = "a-token-that-may-only-read-0123456789abcd";

fn export(scene: &Scene, out: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terraform-provider-aop"));
    command
        .args(["export", "--zone-id", ZONE_ID, "--out"])
        .arg(out)
        .args(arguments)
        .env(
            "CLOUDFLARE_BASE_URL",
            scene.listening.as_ref().unwrap().url(),
        )
        .env("CLOUDFLARE_API_TOKEN", READ_ONLY);
    scene.simulator.set_read_only_token(READ_ONLY);
    command.output().unwrap()
}

/// A zone that grew without Terraform: so many hostname certificates and hostnames.
fn grow(scene: &Scene, certificates: usize, hostnames: usize) {
    scene.simulator.set(|s| {
        *s = Settings {
            activation: Some(std::time::Duration::ZERO),
            association: Some(std::time::Duration::ZERO),
            ..s.clone()
        }
    });
    let upload = |path: &str, name: &str, with_chain: bool| {
        let made = scene.authority.client(name, crate::scene::now()).unwrap();
        let chain = if with_chain {
            scene.authority.certificate()
        } else {
            ""
        };
        let body = serde_json::json!({
            "certificate": format!("{}{chain}", made.certificate),
            "private_key": made.private_key,
        });
        scene.elsewhere("POST", path, &body.to_string());
    };
    for number in 0..certificates {
        let path = "/origin_tls_client_auth/hostnames/certificates";
        upload(
            path,
            &format!("Edge {number} ${{x}} \"y\""),
            number % 2 == 0,
        );
    }
    for name in ["Zone", "Zone", "zone \u{e9}"] {
        upload("/origin_tls_client_auth", name, true);
    }
    let ids = scene.ids(Store::Hostname);
    let names = (0..hostnames).map(|number| match number {
        0 => "*.example.com".to_owned(),
        1 => "xn--mnchen-3ya.example.com".to_owned(),
        2 => "a-b.example.com".to_owned(),
        3 => "a.b.example.com".to_owned(),
        4 => "1.example.com".to_owned(),
        _ => format!("h{number}.example.com"),
    });
    let items = names.enumerate().map(|(number, name)| {
        serde_json::json!({
            "hostname": name,
            "cert_id": ids[number % ids.len()],
            "enabled": number % 7 != 3,
        })
    });
    let items: Vec<_> = items.collect();
    for some in items.chunks(500) {
        let body = serde_json::json!({ "config": some });
        scene.elsewhere(
            "PUT",
            "/origin_tls_client_auth/hostnames",
            &body.to_string(),
        );
    }
    scene.elsewhere(
        "PUT",
        "/origin_tls_client_auth/settings",
        "{\"enabled\":true}",
    );
    scene.elsewhere("PATCH", "/settings/tls_client_auth", "{\"value\":\"on\"}");
}

/// Exports, and expects that the plan is so many imports and nothing else, and that the apply
/// writes nothing.
fn plans_imports_alone(scene: &Scene, arguments: &[&str], imports: usize) {
    let folder = scene.workspace.directory();
    let ran = export(scene, folder, arguments);
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(!said.contains("Note:"), "{said}");
    scene.run(&["fmt", "-check", "-diff"], 0);
    scene.run(&["init"], 0);
    let plan = scene.run(&["plan", "-out=all"], 0);
    let expected = format!("Plan: {imports} to import, 0 to add, 0 to change, 0 to destroy.");
    assert!(plan.text().contains(&expected), "{}", plan.text());
    let before = writes(scene);
    scene.run(&["apply", "all"], 0);
    assert_eq!(writes(scene), before, "an apply of imports writes nothing");
    scene.plan_is_empty();
    // A second run changes nothing.
    let first = files(folder);
    let again = export(scene, folder, arguments);
    assert_eq!(again.status.code(), Some(2));
    let why = String::from_utf8_lossy(&again.stderr);
    assert!(why.contains("nothing is overwritten"), "{why}");
    assert_eq!(files(folder), first);
}

fn writes(scene: &Scene) -> usize {
    let log = scene.simulator.log();
    log.iter().filter(|request| request.method != "GET").count()
}

/// The files of an export, with their texts.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for within in [folder.to_owned(), folder.join("certificates")] {
        for entry in std::fs::read_dir(within).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_file() && (name.ends_with(".tf") || name.ends_with(".pem")) {
                all.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn a_large_zone_is_exported_and_its_plan_is_its_imports() {
    with_every_cli("export-large", |scene| {
        grow(scene, 10, 1000);
        plans_imports_alone(scene, &[], 10 + 3 + 2 + 1);
    });
}

#[test]
fn a_small_zone_is_exported_hostname_by_hostname() {
    with_every_cli("export-small", |scene| {
        grow(scene, 2, 12);
        scene.simulator.set(|s| s.shows = Shows::Reversed);
        plans_imports_alone(scene, &[], 2 + 3 + 2 + 12);
    });
}

#[test]
fn a_small_zone_is_exported_in_one_resource_where_that_is_wanted() {
    with_every_cli("export-plural", |scene| {
        grow(scene, 2, 12);
        scene.simulator.set(|s| s.shows = Shows::Leaf);
        plans_imports_alone(scene, &["--plural"], 2 + 3 + 2 + 1);
    });
}

/// A text that nobody would upload is exported as it is, and is no change.
#[test]
fn a_text_without_its_end_is_exported_as_it_is() {
    with_every_cli("export-odd", |scene| {
        grow(scene, 1, 2);
        let found = scene.simulator.look(ZONE_ID, |zone, _| {
            let found = zone.live(Store::Hostname)[0].clone();
            let (text, _) = found.pem.split_once("-----END").unwrap();
            serde_json::json!({
                "id": found.id, "status": "active", "certificate": text.replace('\n', "\r\n"),
            })
        });
        let id = format!("/{}", found["id"].as_str().unwrap());
        for (path, result) in [
            ("/hostnames/certificates", serde_json::json!([found])),
            (id.as_str(), found.clone()),
        ] {
            let body = serde_json::json!({ "success": true, "result": result });
            let answer = Action::Answer(Answer {
                status: 200,
                headers: Vec::new(),
                body: body.to_string().into_bytes(),
            });
            let fault = Fault::on("GET", path, answer).times(u32::MAX);
            scene.simulator.order(fault);
        }
        plans_imports_alone(scene, &[], 1 + 3 + 2 + 2);
    });
}
