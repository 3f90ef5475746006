//! Objects that pass from one resource to another within a run, all four kinds at
//! once, under traffic: whatever order core chooses, no handshake is refused.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Store};

use crate::scene::{Live, Scene, says, with_every_cli};

/// app.example.com has a certificate of its own, everything else the zone's.
pub const ALL: &str = r#"
resource "aop_hostname_certificate" "shop" {
  zone_id     = var.zone_id
  certificate = file("shop.pem")
  private_key = file("shop.key")
}
resource "aop_hostname_association" "app" {
  zone_id        = var.zone_id
  hostname       = "app.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}
resource "aop_zone_certificate" "zone" {
  zone_id     = var.zone_id
  certificate = file("zone.pem")
  private_key = file("zone.key")
}
resource "aop_zone_setting" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [aop_zone_certificate.zone]
}
"#;

const CREATE_BEFORE_DESTROY: &str = "\n  lifecycle { create_before_destroy = true }\n}\n";

pub fn begin(scene: &Scene, config: &str) -> Live {
    scene
        .simulator
        .set(|s| s.edge_lag = Duration::from_millis(1500));
    scene.certificate("shop");
    scene.certificate("zone");
    scene.configure(config);
    scene.apply();
    scene.traffic(&["app.example.com", "www.example.com"])
}

/// The plan is empty, nothing was refused, and there is one of each.
#[track_caller]
pub fn end(scene: &Scene, live: Live) {
    scene.plan_is_empty();
    live.was_never_refused();
    assert_eq!(scene.ids(Store::Hostname).len(), 1);
    assert_eq!(scene.ids(Store::Zone).len(), 1);
    assert_eq!(scene.left(), 4);
    scene.destroy();
}

const REPLACE: [&str; 6] = [
    "apply",
    "-auto-approve",
    "-replace=aop_hostname_certificate.shop",
    "-replace=aop_hostname_association.app",
    "-replace=aop_zone_certificate.zone",
    "-replace=aop_zone_setting.zone",
];

#[test]
fn replacing_with_create_before_destroy_keeps_everything() {
    with_every_cli("handover-cbd", |scene| {
        let live = begin(scene, &ALL.replace("\n}\n", CREATE_BEFORE_DESTROY));
        scene.run(&REPLACE, 0);
        assert_eq!(scene.requests("DELETE", ""), 0);
        end(scene, live);
    });
}

#[test]
fn replacing_with_new_certificates_and_create_before_destroy_leaves_no_gap() {
    with_every_cli("handover-cbd-new", |scene| {
        let live = begin(scene, &ALL.replace("\n}\n", CREATE_BEFORE_DESTROY));
        scene.certificate("shop");
        scene.certificate("zone");
        let certificates = [REPLACE[0], REPLACE[1], REPLACE[2], REPLACE[4]];
        scene.run(&certificates, 0);
        assert_eq!(scene.requests("DELETE", ""), 2);
        end(scene, live);
    });
}

/// The new owners have to wait for a certificate that is being exchanged, and core destroys
/// the old ones first and alone: the plan has told them.
#[test]
fn renaming_what_depends_on_a_certificate_that_is_exchanged_leaves_no_gap() {
    with_every_cli("handover-rename-rotate", |scene| {
        let live = begin(scene, ALL);
        scene.certificate("shop");
        scene.certificate("zone");
        scene.simulator.set(|s| {
            s.activation = Some(Duration::from_secs(3));
            s.latency = Duration::from_millis(300);
        });
        let renamed = ALL.replace("\"app\"", "\"renamed_app\"").replace(
            "aop_zone_setting\" \"zone\"",
            "aop_zone_setting\" \"renamed_zone\"",
        );
        scene.rewrite(&renamed);
        scene.apply();
        scene.simulator.set(|s| s.latency = Duration::ZERO);
        end(scene, live);
    });
}

/// One certificate becomes two: the old one goes on under another resource, with one
/// of the hostnames, while the first resource takes a new one.
#[test]
fn a_certificate_that_is_split_leaves_each_hostname_where_it_is_declared() {
    with_every_cli("handover-split", |scene| {
        let second = |certificate: &str| {
            format!(
                r#"
resource "aop_hostname_association" "second" {{
  zone_id        = var.zone_id
  hostname       = "second.example.com"
  certificate_id = aop_hostname_certificate.{certificate}.id
}}
"#
            )
        };
        let live = begin(scene, &format!("{ALL}{}", second("shop")));
        let made = scene.workspace.directory().join("shop.pem");
        std::fs::copy(&made, made.with_file_name("legacy.pem")).unwrap();
        std::fs::copy(
            made.with_extension("key"),
            made.with_file_name("legacy.key"),
        )
        .unwrap();
        scene.certificate("shop");
        let legacy = block("aop_hostname_certificate").replace("shop", "legacy");
        scene.rewrite(&format!("{ALL}{legacy}{}", second("legacy")));
        scene.apply();
        scene.plan_is_empty();
        live.was_never_refused();
        assert_eq!(scene.ids(Store::Hostname).len(), 2);
        scene.destroy();
    });
}

/// The provider cannot know that the association it meets is the one it replaces.
/// Nothing is lost, and the next apply gives the hostname its new certificate.
#[test]
fn replacing_an_association_together_with_its_certificate_ends_in_place() {
    with_every_cli("handover-cbd-both", |scene| {
        let live = begin(scene, &ALL.replace("\n}\n", CREATE_BEFORE_DESTROY));
        scene.certificate("shop");
        let refused = scene.run(&REPLACE[..4], 1);
        says(
            &refused,
            &["Hostname is already associated", "apply without -replace"],
        );
        scene.apply();
        end(scene, live);
    });
}

#[test]
fn new_certificates_with_create_before_destroy_are_exchanged_in_place() {
    with_every_cli("handover-cbd-rotate", |scene| {
        let live = begin(scene, &ALL.replace("\n}\n", CREATE_BEFORE_DESTROY));
        scene.certificate("shop");
        scene.certificate("zone");
        let applied = scene.apply();
        says(&applied, &["0 added, 3 changed, 0 destroyed"]);
        end(scene, live);
    });
}

#[test]
fn renaming_without_moved_blocks_leaves_no_gap() {
    with_every_cli("handover-rename", |scene| {
        let live = begin(scene, ALL);
        let renamed = ALL
            .replace("\"shop\"", "\"renamed_shop\"")
            .replace("certificate.shop", "certificate.renamed_shop")
            .replace("\"app\"", "\"renamed_app\"")
            .replace("\"zone\"", "\"renamed_zone\"")
            .replace("certificate.zone", "certificate.renamed_zone");
        scene.rewrite(&renamed);
        let planned = scene.plan_changes(&["4 to add, 0 to change, 4 to destroy"]);
        assert!(!planned.text().contains("Warning"), "{}", planned.text());
        let applied = scene.apply();
        says(&applied, &["4 added, 0 changed, 4 destroyed"]);
        assert_eq!(scene.requests("DELETE", ""), 0);
        end(scene, live);
    });
}

/// A resource of the configuration, from `resource` to the closing brace.
pub fn block(kind: &str) -> &'static str {
    let start = ALL.find(&format!("resource \"{kind}\"")).unwrap();
    let rest = &ALL[start..];
    &rest[..rest.find("\n}\n").unwrap() + 3]
}

/// The resource with one instance under a key.
fn each(block: &str) -> String {
    block.replacen("\" {\n", "\" {\n  for_each = toset([\"a\"])\n", 1)
}

#[test]
fn going_from_one_resource_to_for_each_leaves_no_gap() {
    with_every_cli("handover-for-each", |scene| {
        let live = begin(scene, ALL);
        let mut config = ALL.to_owned();
        for kind in [
            "aop_hostname_association",
            "aop_zone_setting",
            "aop_hostname_certificate",
            "aop_zone_certificate",
        ] {
            config = config.replace(block(kind), &each(block(kind)));
            let keyed = config.contains("certificate\" \"shop\" {\n  for_each");
            let written = match keyed {
                true => config.replace("certificate.shop.id", "certificate.shop[\"a\"].id"),
                false => config.clone(),
            };
            scene.rewrite(&written);
            scene.apply();
            scene.plan_is_empty();
        }
        assert_eq!(scene.requests("DELETE", ""), 0);
        end(scene, live);
    });
}

/// All at once, core destroys the dependents first and alone: the plan has told them that
/// they come back. With `moved` blocks there is nothing to do.
#[test]
fn going_to_for_each_all_at_once_leaves_no_gap() {
    with_every_cli("handover-for-each-all", |scene| {
        let live = begin(scene, ALL);
        let keyed = each(ALL).replace(
            "\" {\n  zone_id",
            "\" {\n  for_each = toset([\"a\"])\n  zone_id",
        );
        let keyed = keyed.replace("certificate.shop.id", "certificate.shop[each.key].id");
        scene.rewrite(&keyed);
        scene.apply();
        scene.plan_is_empty();

        let mut moved = ALL.to_owned();
        for address in [
            "aop_hostname_certificate.shop",
            "aop_hostname_association.app",
            "aop_zone_certificate.zone",
            "aop_zone_setting.zone",
        ] {
            moved.push_str(&format!(
                "moved {{\n  from = {address}[\"a\"]\n  to   = {address}\n}}\n"
            ));
        }
        scene.rewrite(&moved);
        let applied = scene.apply();
        says(&applied, &["0 added, 0 changed, 0 destroyed"]);
        assert_eq!(scene.requests("DELETE", ""), 0);
        end(scene, live);
    });
}

#[test]
fn a_hostname_that_moves_away_while_its_old_certificate_is_exchanged_is_always_served() {
    with_every_cli("handover-move", |scene| {
        scene.certificate("other");
        let other = r#"
resource "aop_hostname_certificate" "other" {
  zone_id     = var.zone_id
  certificate = file("other.pem")
  private_key = file("other.key")
}
resource "aop_hostname_association" "api" {
  zone_id        = var.zone_id
  hostname       = "api.example.com"
  certificate_id = aop_hostname_certificate.other.id
}
"#;
        let live = begin(scene, &format!("{ALL}{other}"));
        scene.certificate("shop");
        scene.certificate("other");
        // Both certificates are exchanged, and both hostnames change sides.
        let crossed = format!("{ALL}{other}")
            .replace("certificate.shop.id", "certificate.SWAP.id")
            .replace("certificate.other.id", "certificate.shop.id")
            .replace("certificate.SWAP.id", "certificate.other.id");
        scene.rewrite(&crossed);
        scene.apply();
        scene.plan_is_empty();
        live.was_never_refused();
        assert_eq!(scene.ids(Store::Hostname).len(), 2);
        scene.destroy();
    });
}

/// A renamed resource that fails to change what it takes over: nothing is forgotten, and the
/// next apply goes on.
#[test]
fn a_renamed_association_that_cannot_get_its_new_certificate_yet_is_not_lost() {
    with_every_cli("handover-renamed-failed", |scene| {
        scene.certificate("other");
        let other = block("aop_hostname_certificate").replace("shop", "other");
        let live = begin(scene, &format!("{ALL}{other}"));
        let renamed = ALL
            .replace("\"app\"", "\"renamed_app\"")
            .replace("certificate.shop.id", "certificate.other.id");
        scene.rewrite(&format!("{renamed}{other}"));
        let forbidden = Answer::error(403, 10000, "Authentication error");
        let fault = Fault::on("PUT", "/hostnames", Action::Answer(forbidden));
        scene.simulator.order(fault);
        scene.apply_fails(&["Permission denied"]);
        scene.apply();
        scene.plan_is_empty();
        live.was_never_refused();
        assert_eq!(scene.ids(Store::Hostname).len(), 2);
        scene.destroy();
    });
}

/// The first resource takes over the certificate of one that is removed, and then
/// cannot go on: the certificate is not forgotten.
#[test]
fn what_was_taken_over_for_nothing_is_cleared_away() {
    with_every_cli("handover-for-nothing", |scene| {
        scene.certificate("other");
        let other = block("aop_hostname_certificate").replace("shop", "other");
        let live = begin(scene, &format!("{ALL}{other}"));
        let config = ALL.replace("file(\"shop.", "file(\"other.");
        let forbidden = Answer::error(403, 10000, "Authentication error");
        let fault = Fault::on("PUT", "/hostnames", Action::Answer(forbidden));
        scene.simulator.order(fault);
        scene.rewrite(&config);
        scene.apply_fails(&["Permission denied"]);
        scene.rewrite(ALL);
        scene.apply();
        end(scene, live);
    });
}

/// The same when the old owner has taken another certificate instead.
#[test]
fn what_was_taken_over_from_a_rotation_for_nothing_is_cleared_away() {
    with_every_cli("handover-from-rotation", |scene| {
        scene.certificate("third");
        scene.certificate("other");
        let other = block("aop_hostname_certificate").replace("shop", "other");
        let live = begin(scene, &format!("{ALL}{other}"));
        // "shop" wants what "other" had, and "other" something new.
        let crossed = format!("{ALL}{other}")
            .replace("file(\"other.", "file(\"third.")
            .replace("file(\"shop.", "file(\"other.");
        let forbidden = Answer::error(403, 10000, "Authentication error");
        let fault = Fault::on("PUT", "/hostnames", Action::Answer(forbidden));
        scene.simulator.order(fault);
        scene.rewrite(&crossed);
        scene.apply_fails(&["Permission denied"]);
        let back = format!("{ALL}{other}").replace("file(\"other.", "file(\"third.");
        scene.rewrite(&back);
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.ids(Store::Hostname).len(), 2);
        live.was_never_refused();
        scene.destroy();
    });
}
