//! What a command says to what it cannot do: a sentence and an exit code, and nothing half done.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use aop_simulator::{Action, Fault, Gate, Store, ZONE_ID};

use crate::zone::{Zone, program, said};

#[test]
fn a_command_line_that_cannot_be_meant_has_its_sentence() {
    for (arguments, words) in [
        (&["export"][..], "No zone: give --zone-id ID"),
        (&["doctor"], "No zone: give --zone-id ID"),
        (&["export", "--zone-id", "x"], "--zone-id:"),
        (&["doctor", "--zone-id", ""], "--zone-id:"),
        (&["doctor", "--zone-id"], "missing argument"),
        (&["doctor", "--zones"], "invalid option '--zones'"),
        (
            &["export", "--zone-id", ZONE_ID, "--zone-id", ZONE_ID],
            "an export is of one zone",
        ),
        (&["export", "more"], "unexpected argument"),
        (
            &["doctor", "--days", "soon"],
            "--days: write a whole number",
        ),
    ] {
        let (text, code) = said(&program(arguments).output().unwrap());
        assert_eq!(code, 2, "{arguments:?}: {text}");
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
}

#[test]
fn help_is_shown_without_a_credential() {
    for name in ["export", "doctor"] {
        let (text, code) = said(&program(&[name, "--help"]).output().unwrap());
        assert_eq!(code, 0);
        assert!(
            text.contains(&format!("terraform-provider-aop {name}")),
            "{text}"
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }
    let (text, code) = said(&program(&["--help"]).output().unwrap());
    assert_eq!(code, 0);
    assert!(
        text.contains("export --help") && text.contains("doctor --help"),
        "{text}"
    );
}

#[test]
fn an_export_overwrites_nothing_and_leaves_nothing_half() {
    let zone = Zone::new();
    zone.upload(Store::Hostname, "Edge", 90);
    let folder = tempfile::tempdir().unwrap();
    let export = |out: &str| {
        let mut command = zone.command(&["export", "--zone-id", ZONE_ID, "--out", out]);
        said(&command.current_dir(folder.path()).output().unwrap())
    };
    // A file where a folder is to be.
    fs::write(folder.path().join("file"), "mine").unwrap();
    for out in ["file", "file/below"] {
        let (text, code) = export(out);
        assert_eq!(code, 2, "{text}");
        let words = ["is a file", "cannot be written"];
        assert!(words.iter().any(|words| text.contains(words)), "{text}");
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("file")).unwrap(),
        "mine"
    );
    // One file of the same name is enough to write nothing.
    fs::create_dir(folder.path().join("there")).unwrap();
    fs::write(folder.path().join("there/imports.tf"), "mine").unwrap();
    let (text, code) = export("there");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("there/imports.tf is there already"), "{text}");
    assert_eq!(
        fs::read_dir(folder.path().join("there")).unwrap().count(),
        1
    );
    // Where the last of them cannot be written, the first are not left.
    fs::create_dir(folder.path().join("half")).unwrap();
    fs::write(folder.path().join("half/certificates"), "mine").unwrap();
    let (text, code) = export("half");
    assert_eq!(code, 2, "{text}");
    assert_eq!(fs::read_dir(folder.path().join("half")).unwrap().count(), 1);
    let (text, code) = export("new/below");
    assert_eq!(code, 0, "{text}");
    let made = fs::read_dir(folder.path().join("new/below")).unwrap();
    let mut made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
    made.sort();
    assert_eq!(
        made,
        [
            "certificates",
            "hostnames.tf",
            "imports.tf",
            "versions.tf",
            "zone.tf"
        ]
    );
}

#[test]
fn a_zone_that_cannot_be_read_is_not_exported() {
    let zone = Zone::new();
    let folder = tempfile::tempdir().unwrap();
    let unseen = "22222222222222222222222222222222";
    let mut command = zone.command(&["export", "--zone-id", unseen]);
    let (text, code) = said(&command.current_dir(folder.path()).output().unwrap());
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("Zone not found"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// As `| head` does.
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let zone = Zone::new();
    let mut command = zone.command(&["doctor", "--zone-id", ZONE_ID]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    drop(child.stdout.take());
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{text}");
    assert_eq!(text, "");
    // A full disk is one.
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = zone.command(&["doctor", "--zone-id", ZONE_ID]);
    let (text, code) = said(&command.stdout(full).output().unwrap());
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("The answer could not be written"), "{text}");
    // Where nobody hears the reason, there is the exit code.
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let mut command = program(&["export"]);
    let (_, code) = said(&command.stdout(full()).stderr(full()).output().unwrap());
    assert_eq!(code, 2);
    let (_, code) = said(&program(&["--help"]).stdout(full()).output().unwrap());
    assert_eq!(code, 0);
}

#[test]
fn a_signal_ends_a_command_at_once() {
    let zone = Zone::new();
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-INT", "-TERM", "-HUP"] {
        ends(&zone, folder.path(), signal);
    }
}

fn ends(zone: &Zone, folder: &Path, signal: &str) {
    for arguments in [
        ["doctor", "--zone-id", ZONE_ID],
        ["export", "--zone-id", ZONE_ID],
    ] {
        let gate = Gate::default();
        let held = Action::HoldBefore(gate.clone());
        zone.simulator
            .order(Fault::on("GET", "/origin_tls_client_auth", held));
        let mut command = zone.command(&arguments);
        let command = command.current_dir(folder);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !gate.is_reached() {
            std::thread::yield_now();
        }
        let killed = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let (text, code) = said(&child.wait_with_output().unwrap());
        assert_eq!((text.as_str(), code), ("Interrupted.\n", 130));
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        gate.open();
    }
}
