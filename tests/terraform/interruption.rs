//! Ctrl-C, kills and deadlines: the next apply finishes what was begun.

use std::process::{Child, Command};
use std::time::Duration;

use aop_simulator::{Action, Fault, Store};
use xtask::Ran;

use crate::scene::{ASSOCIATION, CERTIFICATE, CONFIG, Scene, says, with_every_cli};

const CERTIFICATES: &str = "/hostnames/certificates";

/// Sends a signal to the CLI and everything it started, as a terminal does.
pub fn signal_group(child: &Child, signal: &str) {
    let group = format!("-{}", child.id());
    let sent = Command::new("kill")
        .args(["-s", signal, "--", &group])
        .status();
    assert!(sent.unwrap().success());
}

pub fn finish(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn ctrl_c_while_waiting_keeps_the_certificate_untainted() {
    with_every_cli("ctrl-c", |scene| {
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(600)));
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        let child = scene.workspace.start(&["apply", "-auto-approve"]).unwrap();
        scene.wait_for("POST", CERTIFICATES, 1);
        signal_group(&child, "INT");
        let ran = finish(child);
        assert_ne!(ran.code, 0, "{}", ran.text());
        says(&ran, &["Certificate is not active yet", "is kept in state"]);

        let plan = scene.plan_changes(&["0 to add, 1 to change, 0 to destroy"]);
        assert!(!plan.text().contains("tainted"), "{}", plan.text());
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.requests("POST", CERTIFICATES), 1);
        scene.destroy();
    });
}

#[test]
fn ctrl_c_before_an_association_is_written_leaves_none() {
    with_every_cli("ctrl-c-before", |scene| {
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(600)));
        scene.certificate("shop");
        let quick = CERTIFICATE.replace("\n}\n", "\n  wait_for_deployment = false\n}\n");
        scene.configure(&format!("{quick}{ASSOCIATION}"));
        let child = scene.workspace.start(&["apply", "-auto-approve"]).unwrap();
        // The association has been looked for, and waits for its certificate.
        scene.wait_for("GET", "/hostnames", 1);
        let looks = scene.requests("GET", CERTIFICATES);
        scene.wait_for("GET", CERTIFICATES, looks + 1);
        signal_group(&child, "INT");
        let ran = finish(child);
        assert_ne!(ran.code, 0);
        says(&ran, &["Nothing was written"]);
        assert_eq!(scene.requests("PUT", "/hostnames"), 0);
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_killed_run_is_finished_by_the_next() {
    with_every_cli("killed", |scene| {
        let child = begin_waiting(scene);
        signal_group(&child, "KILL");
        finish(child);
        scene.simulator.clock().advance(Duration::from_secs(600));
        let applied = scene.run(&["apply", "-auto-approve", "-lock=false"], 0);
        says(&applied, &["Existing certificate adopted"]);
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn ctrl_c_while_the_answer_to_an_upload_is_outstanding_loses_nothing() {
    with_every_cli("ctrl-c-post", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        let slow = Action::DelayAnswer(Duration::from_secs(20));
        scene.simulator.order(Fault::on("POST", CERTIFICATES, slow));
        let child = scene.workspace.start(&["apply", "-auto-approve"]).unwrap();
        scene.wait_until(|| scene.ids(Store::Hostname).len() == 1);
        signal_group(&child, "INT");
        let ran = finish(child);
        assert_ne!(ran.code, 0);
        says(&ran, &["Operation stopped", "may have been carried out"]);
        scene.apply();
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_certificate_that_is_late_is_kept_with_a_warning_and_waited_for_again() {
    with_every_cli("deadline", |scene| {
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(600)));
        scene.certificate("shop");
        let timeouts = "\n  timeouts = { create = \"4s\", update = \"4s\" }\n}\n";
        scene.configure(&CERTIFICATE.replace("\n}\n", timeouts));
        let applied = scene.apply();
        says(
            &applied,
            &["Warning: Certificate is not active yet", "raise timeouts"],
        );
        scene.plan_changes(&[
            "status = \"pending_deployment\" -> (known after apply)",
            "1 to change",
        ]);
        scene.apply_fails(&["Certificate is not active yet"]);
        scene.simulator.clock().advance(Duration::from_secs(600));
        // The refresh sees that it has settled meanwhile.
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn an_association_that_is_late_is_never_tainted() {
    with_every_cli("association-deadline", |scene| {
        scene.certificate("shop");
        scene
            .simulator
            .set(|s| s.association = Some(Duration::from_secs(600)));
        let timeouts = "\n  timeouts = { create = \"4s\", update = \"4s\" }\n}\n";
        scene.configure(&format!(
            "{CERTIFICATE}{}",
            ASSOCIATION.replace("\n}\n", timeouts)
        ));
        let applied = scene.apply();
        says(
            &applied,
            &["Warning: Association is not active yet", "is kept in state"],
        );
        let plan = scene.plan_changes(&["0 to add, 1 to change, 0 to destroy"]);
        assert!(!plan.text().contains("tainted"));
        scene.apply_fails(&["Association is not active yet"]);
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_void_that_takes_its_time_does_not_fail_the_destroy() {
    with_every_cli("void-lag", |scene| {
        scene.certificate("shop");
        scene.simulator.set(|s| {
            s.void_lag = Duration::from_secs(2);
            s.void = Duration::from_secs(1);
        });
        scene.configure(CONFIG);
        scene.apply();
        scene.destroy();
    });
}

/// Begins an apply that waits for a certificate.
fn begin_waiting(scene: &Scene) -> Child {
    scene
        .simulator
        .set(|s| s.activation = Some(Duration::from_secs(600)));
    scene.certificate("shop");
    scene.configure(CONFIG);
    let child = scene.workspace.start(&["apply", "-auto-approve"]).unwrap();
    scene.wait_until(|| {
        let log = scene.simulator.log();
        log.iter().any(|r| r.method == "POST" && r.status == 200)
    });
    child
}

fn kill(process: &str) {
    let killed = Command::new("kill").args(["-s", "KILL", process]).status();
    assert!(killed.unwrap().success());
}

#[test]
fn a_provider_whose_cli_was_killed_ends_by_itself() {
    with_every_cli("killed-cli", |scene| {
        let child = begin_waiting(scene);
        assert_eq!(scene.workspace.providers().len(), 1);
        kill(&child.id().to_string());
        scene.wait_until(|| scene.workspace.providers().is_empty());
        finish(child);
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.run(&["apply", "-auto-approve", "-lock=false"], 0);
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_killed_provider_is_reported_and_the_next_run_goes_on() {
    with_every_cli("killed-provider", |scene| {
        let child = begin_waiting(scene);
        kill(&scene.workspace.providers()[0]);
        let ran = finish(child);
        assert_ne!(ran.code, 0, "{}", ran.text());
        scene.simulator.clock().advance(Duration::from_secs(600));
        let applied = scene.apply();
        says(&applied, &["Existing certificate adopted"]);
        assert_eq!(scene.ids(Store::Hostname).len(), 1);
        assert_eq!(scene.requests("POST", CERTIFICATES), 1);
        scene.plan_is_empty();
        scene.destroy();
    });
}
