//! The outputs on the pages of the commands: each is what the command says of one zone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aop_simulator::Store;
use jiff::{SignedDuration, Timestamp};

use crate::zone::{Zone, said};

/// The day of the pages: 2026-12-01.
const READ_ON: Timestamp = Timestamp::constant(1_796_083_200, 0);
const FENCE: &str = "```console\n$ ";

/// The zone of the pages: three certificates, three hostnames, and what is wrong with them.
fn zone() -> Zone {
    let zone = Zone::new();
    let shop = zone.upload(Store::Hostname, "shop.example.com", 200);
    zone.simulator.clock().advance(Duration::from_secs(60));
    zone.upload(Store::Hostname, "shop.example.com old", 21);
    zone.simulator.clock().advance(Duration::from_secs(60));
    zone.upload(Store::Zone, "Example edge", 90);
    zone.turn_on();
    for hostname in ["shop.example.com", "api.example.com"] {
        zone.associate(hostname, &shop);
    }
    let legacy = zone.upload(Store::Hostname, "Legacy", 90);
    zone.associate("old.example.com", &legacy);
    zone.simulator.set(|s| s.association = None);
    zone
}

/// What differs from run to run, and what stands for it on the pages.
fn stand_ins(zone: &Zone) -> Vec<(String, String)> {
    let (report, _) = zone.doctor(&["--json"]);
    let report: serde_json::Value = report.parse().unwrap();
    let base = (
        "https://api.cloudflare.com/client/v4".to_owned(),
        zone.url(),
    );
    let mut all = vec![(base.1, base.0)];
    for (number, found) in (1..).zip(report["zones"][0]["certificates"].as_array().unwrap()) {
        let id = found["certificate_id"].as_str().unwrap();
        let other = format!("{:08x}-0c35-4c7f-82c7-8e9487d3ff60", 0x1a2b_3c40 + number);
        all.push((id.to_owned(), other.clone()));
        all.push((id[..8].to_owned(), other[..8].to_owned()));
        let serial = found["serial_number"].as_str().unwrap();
        all.push((serial.to_owned(), format!("42424242424242424242{number}")));
        let expires = found["expires_on"].as_str().unwrap();
        let days = found["days_left"].as_i64().unwrap();
        let on = READ_ON + SignedDuration::from_hours(24 * days);
        all.push((expires.to_owned(), on.to_string()));
    }
    all
}

fn console(zone: &Zone, folder: &Path, line: &str) -> String {
    let mut words = line.split(' ');
    let text = match words.next() {
        Some("cat") => fs::read_to_string(folder.join(words.next().unwrap())).unwrap(),
        _ => {
            let arguments: Vec<&str> = words.collect();
            let mut command = zone.command(&arguments);
            said(&command.current_dir(folder).output().unwrap()).0
        }
    };
    let mut text = text.replace("\n\n```", "\n```");
    for (from, to) in stand_ins(zone) {
        text = text.replace(&from, &to);
    }
    text
}

#[test]
fn the_pages_show_what_the_commands_say() {
    let (zone, folder) = (zone(), tempfile::tempdir().unwrap());
    for page in ["export", "doctor"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/guides/{page}.md"));
        let text = fs::read_to_string(&path).unwrap();
        let mut fresh = String::new();
        let mut parts = text.split(FENCE);
        fresh.push_str(parts.next().unwrap());
        for part in parts {
            let (line, rest) = part.split_once('\n').unwrap();
            let (_, after) = rest.split_once("```\n").unwrap_or((rest, ""));
            let output = console(&zone, folder.path(), line);
            fresh.push_str(&format!(
                "{FENCE}{line}\n{}\n```\n{after}",
                output.trim_end()
            ));
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &fresh).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap();
        assert!(
            found == fresh,
            "{page}.md is not fresh: run cargo xtask docs, and read what it changes\n{fresh}"
        );
    }
}
