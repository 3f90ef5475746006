//! Where the private key and the token must never appear, whatever happens: logs at
//! every level, diagnostics, crash output, the simulator's log; and with
//! `private_key_wo` no plan and no state either.

use std::fs;
use std::path::{Path, PathBuf};

use aop_simulator::pki::ClientCertificate;
use aop_simulator::{Action, Answer, Fault, Store, TOKEN, ZONE_ID};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::scene::{Scene, with_every_cli};

const CERTIFICATES: &str = "/hostnames/certificates";

/// A certificate whose key comes from an ephemeral variable.
pub const WRITE_ONLY: &str = r#"
variable "key" {
  type      = string
  ephemeral = true
}
resource "aop_hostname_certificate" "shop" {
  zone_id        = var.zone_id
  certificate    = file("shop.pem")
  private_key_wo = var.key
}
"#;

/// The same key in state.
const STORED: &str = r#"
variable "key" {
  type      = string
  sensitive = true
}
resource "aop_hostname_certificate" "shop" {
  zone_id     = var.zone_id
  certificate = file("shop.pem")
  private_key = var.key
}
"#;

/// What betrays a key: any line of its PEM that is no part of the public key, its DER in
/// base64 without line breaks, and any long piece of its DER in hexadecimal.
pub fn traces(key: &str) -> Vec<String> {
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    let base64 = lines.concat();
    // The third line has the end of the public key, which stands in the certificate too.
    lines.truncate(2);
    let der = STANDARD.decode(&base64).unwrap();
    let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    // Where the secret number stands in PKCS#8 for P-256.
    let number = hex[72..136].to_owned();
    let mut traces = lines;
    traces.extend([base64, hex, number.clone(), number.to_uppercase()]);
    traces
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Everything a run leaves: what it printed, its TRACE log, and the files of its folder
/// as far as they may hold no key.
pub struct Leavings {
    text: Vec<(String, String)>,
}

impl Leavings {
    pub fn of(scene: &Scene, printed: &str, stored: bool) -> Self {
        let mut text = vec![("output".to_owned(), printed.to_owned())];
        let simulated = format!("{:?}", scene.simulator.log());
        text.push(("the simulator's log".to_owned(), simulated));
        for path in files(scene.workspace.directory()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let may_hold_it = name.ends_with(".key")
                || name.ends_with(".tfvars")
                || stored && (name.contains("tfstate") || name.ends_with(".tfplan"));
            if may_hold_it || name.starts_with("terraform-provider") {
                continue;
            }
            let bytes = fs::read(&path).unwrap_or_default();
            text.push((name.clone(), String::from_utf8_lossy(&bytes).into_owned()));
            // A plan file is an archive.
            if name.ends_with(".tfplan") {
                let shown = scene.run(&["show", "-json", &name], 0);
                text.push((format!("{name} as JSON"), shown.text()));
            }
        }
        Self { text }
    }

    /// Where any of these stands.
    pub fn betray(&self, traces: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for (place, text) in &self.text {
            for trace in traces {
                if text.contains(trace.as_str()) {
                    found.push(format!("{place}: {}…", &trace[..8.min(trace.len())]));
                }
            }
        }
        found
    }
}

/// Makes a new certificate whose key goes into the variable.
pub fn issue(scene: &Scene) -> ClientCertificate {
    let made = scene.certificate("shop");
    let line = format!("key = {:?}\n", made.private_key);
    scene.workspace.write("key.auto.tfvars", &line).unwrap();
    made
}

/// Answers that repeat what they were asked, as some gateways do.
fn echoes(made: &ClientCertificate) -> Vec<Action> {
    let echo = serde_json::json!({
        "success": false,
        "errors": [{ "code": 1408, "message": format!(
            "Unable to parse certificate: {{\"private_key\":{:?}}} token Bearer {TOKEN}",
            made.private_key
        )}],
    });
    let as_is = format!("cannot handle {} for {TOKEN}", made.private_key);
    let answer = |status, body: String| Answer {
        status,
        headers: Vec::new(),
        body: body.into_bytes(),
    };
    vec![
        Action::Answer(answer(400, echo.to_string())),
        Action::Answer(answer(400, as_is.clone())),
        Action::Answer(answer(403, as_is.clone())),
        Action::DoneBut(answer(200, as_is)),
    ]
}

fn play(scene: &mut Scene, config: &str, stored: bool) {
    scene.workspace.set_env("TF_LOG", "TRACE");
    scene.workspace.set_env("TF_LOG_PATH", "trace.log");
    let mut keys = vec![issue(scene)];
    scene.configure(config);
    let mut printed = String::new();
    let mut run = |scene: &Scene, arguments: &[&str]| {
        let ran = scene.workspace.run(arguments).unwrap();
        printed.push_str(&ran.text());
        ran.code
    };
    const APPLY: [&str; 2] = ["apply", "-auto-approve"];
    for action in echoes(&keys[0]) {
        scene
            .simulator
            .order(Fault::on("POST", CERTIFICATES, action));
        assert_ne!(run(scene, &["plan", "-out=first.tfplan"]), 1);
        run(scene, &APPLY);
    }
    assert_eq!(run(scene, &APPLY), 0, "create");
    keys.push(issue(scene));
    for action in echoes(&keys[1]) {
        scene
            .simulator
            .order(Fault::on("POST", CERTIFICATES, action));
        run(scene, &APPLY);
    }
    assert_eq!(run(scene, &["plan", "-out=second.tfplan"]), 0);
    assert_eq!(run(scene, &APPLY), 0, "rotation");
    let address = "aop_hostname_certificate.shop";
    let id = format!("{ZONE_ID}/{}", scene.ids(Store::Hostname).remove(0));
    assert_eq!(run(scene, &["state", "rm", address]), 0);
    assert_eq!(run(scene, &["import", address, &id]), 0, "import");
    assert_eq!(run(scene, &APPLY), 0, "after the import");
    // A key that does not belong to what is to be uploaded, and one that is cut.
    keys.push(issue(scene));
    let stranger = scene
        .authority
        .client("stranger", crate::scene::now())
        .unwrap();
    for text in [
        stranger.private_key.clone(),
        stranger.private_key[..150].to_owned(),
    ] {
        let line = format!("key = {text:?}\n");
        scene.workspace.write("key.auto.tfvars", &line).unwrap();
        assert_eq!(run(scene, &APPLY), 1);
    }
    keys.push(stranger);
    let line = format!("key = {:?}\n", keys[2].private_key);
    scene.workspace.write("key.auto.tfvars", &line).unwrap();
    assert_eq!(run(scene, &["destroy", "-auto-approve"]), 0);

    let leavings = Leavings::of(scene, &printed, stored);
    let names: Vec<&str> = leavings
        .text
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(names.contains(&"trace.log"), "{names:?}");
    if !stored {
        assert!(
            names.iter().any(|name| name.contains("tfstate")),
            "{names:?}"
        );
        assert!(names.contains(&"first.tfplan as JSON"), "{names:?}");
    }
    for made in &keys {
        assert_eq!(
            leavings.betray(&traces(&made.private_key)),
            Vec::<String>::new()
        );
    }
    assert_eq!(leavings.betray(&[TOKEN.to_owned()]), Vec::<String>::new());

    // The search finds what is there.
    for trace in traces(&keys[0].private_key) {
        let planted = format!("something {trace} something");
        scene.workspace.write("planted.log", &planted).unwrap();
        let leavings = Leavings::of(scene, "", stored);
        assert!(!leavings.betray(&[trace]).is_empty());
    }
}

#[test]
fn a_write_only_key_is_nowhere() {
    with_every_cli("secrets-wo", |scene| play(scene, WRITE_ONLY, false));
}

#[test]
fn a_stored_key_is_in_state_and_nowhere_else() {
    with_every_cli("secrets-stored", |scene| play(scene, STORED, true));
}

#[test]
fn moving_a_key_out_of_state_removes_it_without_a_request_that_writes() {
    with_every_cli("secrets-move", |scene| {
        let made = issue(scene);
        scene.configure(STORED);
        scene.apply();
        let state = || scene.run(&["state", "pull"], 0).stdout;
        assert!(state().contains("BEGIN PRIVATE KEY"));
        let writes = || {
            let log = scene.simulator.log();
            log.iter().filter(|r| r.method != "GET").count()
        };
        let before = writes();
        scene.rewrite(WRITE_ONLY);
        scene.plan_changes(&["0 to add, 1 to change, 0 to destroy"]);
        scene.apply();
        assert!(!state().contains("PRIVATE KEY"));
        scene.plan_is_empty();
        // No key at all is fine as long as nothing has to be uploaded.
        let bare = WRITE_ONLY.replace("  private_key_wo = var.key\n", "");
        scene.rewrite(&bare);
        scene.plan_is_empty();
        scene.rewrite(STORED);
        scene.apply();
        assert!(state().contains("BEGIN PRIVATE KEY"));
        scene.rewrite(&bare);
        scene.apply();
        assert!(!state().contains("PRIVATE KEY"));
        assert_eq!(writes(), before, "nothing was written");
        drop(made);
        scene.destroy();
    });
}
