//! Replacements of one address in core's own order, the destroy first: all four kinds at
//! once, under traffic. What stays in its place is changed in place.

use std::time::Duration;

use aop_simulator::Store;

use crate::handover::{ALL, begin, block, end};
use crate::interruption::{finish, signal_group};
use crate::scene::{Scene, says, with_every_cli};

const ADDRESSES: [&str; 4] = [
    "aop_hostname_certificate.shop",
    "aop_hostname_association.app",
    "aop_zone_certificate.zone",
    "aop_zone_setting.zone",
];

fn replace_all(scene: &Scene) -> String {
    let options = ADDRESSES.map(|address| format!("-replace={address}"));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let applied = scene.run(
        &[&["apply", "-auto-approve"], options.as_slice()].concat(),
        0,
    );
    says(&applied, &["4 added, 0 changed, 4 destroyed"]);
    applied.text()
}

#[test]
fn replacing_everything_changes_nothing() {
    with_every_cli("replace-all", |scene| {
        let live = begin(scene, ALL);
        let writes = scene.requests("PUT", "");
        replace_all(scene);
        assert_eq!(scene.requests("DELETE", ""), 0);
        assert_eq!(scene.requests("PUT", ""), writes);
        end(scene, live);
    });
}

#[test]
fn replacing_everything_with_new_certificates_rotates_in_place() {
    with_every_cli("replace-new", |scene| {
        let live = begin(scene, ALL);
        scene.certificate("shop");
        scene.certificate("zone");
        replace_all(scene);
        assert_eq!(scene.requests("DELETE", ""), 2, "the old certificates");
        end(scene, live);
    });
}

#[test]
fn what_is_tainted_is_replaced_in_place() {
    with_every_cli("replace-tainted", |scene| {
        let live = begin(scene, ALL);
        scene.certificate("shop");
        for address in ADDRESSES {
            scene.run(&["taint", address], 0);
        }
        let applied = scene.apply();
        says(&applied, &["4 added, 0 changed, 4 destroyed"]);
        assert_eq!(scene.requests("DELETE", ""), 1, "the old certificate");
        end(scene, live);
    });
}

/// Everything that depends on the certificate is replaced whenever it changes.
#[test]
fn what_a_certificate_triggers_is_replaced_in_place() {
    with_every_cli("replace-triggered", |scene| {
        for lifecycle in ["", "create_before_destroy = true"] {
            let triggered = |of: &str| {
                format!("lifecycle {{\n replace_triggered_by = [{of}]\n {lifecycle}\n}}\n}}\n")
            };
            let app = "certificate_id = aop_hostname_certificate.shop.id\n";
            let zone = "depends_on = [aop_zone_certificate.zone]\n";
            let by_shop = format!("{app}{}", triggered("aop_hostname_certificate.shop"));
            let by_zone = format!("{zone}{}", triggered("aop_zone_certificate.zone"));
            let config = ALL
                .replace(&format!("{app}}}\n"), &by_shop)
                .replace(&format!("{zone}}}\n"), &by_zone);
            let live = begin(scene, &config);
            let deleted = scene.requests("DELETE", "");
            scene.certificate("shop");
            scene.certificate("zone");
            let applied = scene.apply();
            says(&applied, &["2 added, 2 changed, 2 destroyed"]);
            assert_eq!(scene.requests("DELETE", "") - deleted, 2);
            end(scene, live);
        }
    });
}

/// A zone or a hostname that is known only after something else was applied, and turns out
/// to be what it was.
#[test]
fn what_turns_out_to_be_the_same_is_not_replaced() {
    with_every_cli("replace-unknown", |scene| {
        let source = |round: u32| {
            format!(
                "resource \"terraform_data\" \"known\" {{\n  triggers_replace = {round}\n  input = \
                 {{ zone = var.zone_id, hostname = \"APP.example.com.\" }}\n}}\n"
            )
        };
        let config = ALL
            .replace("var.zone_id", "terraform_data.known.output.zone")
            .replace(
                "\"app.example.com\"",
                "terraform_data.known.output.hostname",
            );
        let live = begin(scene, &format!("{config}{}", source(1)));
        scene.rewrite(&format!("{config}{}", source(2)));
        let applied = scene.apply();
        says(&applied, &["1 added, ", "1 destroyed"]);
        assert_eq!(scene.requests("DELETE", ""), 0);
        end(scene, live);
    });
}

/// The same, and it turns out to be another: the message says to apply again.
#[test]
fn what_turns_out_to_be_another_is_replaced_by_the_next_apply() {
    with_every_cli("replace-another", |scene| {
        let source = |hostname: &str| {
            format!(
                "resource \"terraform_data\" \"known\" {{\n  triggers_replace = \"{hostname}\"\n  \
                 input = \"{hostname}\"\n}}\n"
            )
        };
        let config = ALL.replace("\"app.example.com\"", "terraform_data.known.output");
        let live = begin(scene, &format!("{config}{}", source("app.example.com")));
        scene.rewrite(&format!("{config}{}", source("www.example.com")));
        scene.apply_fails(&["Planned without a refresh", "the next apply replaces it"]);
        assert_eq!(scene.left(), 4);
        live.was_never_refused();
        scene.apply();
        scene.plan_is_empty();
        assert_eq!(scene.left(), 4);
        scene.destroy();
    });
}

/// Ctrl-C while the certificate is on its way: what had left its state by then is found
/// again, and traffic never knew.
#[test]
fn a_replacement_that_is_interrupted_half_way_is_finished_by_the_next_apply() {
    with_every_cli("replace-interrupted", |scene| {
        let live = begin(scene, ALL);
        scene.certificate("shop");
        scene.certificate("zone");
        scene
            .simulator
            .set(|settings| settings.activation = Some(Duration::from_secs(5)));
        let options = ADDRESSES.map(|address| format!("-replace={address}"));
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let arguments = [&["apply", "-auto-approve"], options.as_slice()].concat();
        let running = scene.workspace.start(&arguments).expect("it starts");
        let uploads = scene.requests("POST", "");
        scene.wait_until(|| scene.requests("POST", "") >= uploads + 2);
        signal_group(&running, "INT");
        let ran = finish(running);
        says(&ran, &["Certificate is left as it is"]);
        scene
            .simulator
            .set(|settings| settings.activation = Some(Duration::from_millis(200)));
        scene.apply();
        end(scene, live);
    });
}

/// Killed between the two halves of create_before_destroy, state holds one object twice.
#[test]
fn a_killed_create_before_destroy_leaves_no_copy_that_takes_traffic_along() {
    with_every_cli("replace-killed", |scene| {
        let safe = ALL.replace(
            "\n}\n",
            "\n  lifecycle { create_before_destroy = true }\n}\n",
        );
        let live = begin(scene, &safe);
        let ids = [scene.ids(Store::Hostname), scene.ids(Store::Zone)];
        deposed_copies(scene);
        let applied = scene.apply();
        says(&applied, &["it is a deposed object"]);
        assert_eq!([scene.ids(Store::Hostname), scene.ids(Store::Zone)], ids);
        end(scene, live);
    });
}

/// The same, while the apply creates others of the same types: nothing tells them from the
/// new halves.
#[test]
fn a_deposed_copy_is_not_taken_for_what_another_create_has_replaced() {
    with_every_cli("replace-killed-more", |scene| {
        let safe = ALL.replace(
            "\n}\n",
            "\n  lifecycle { create_before_destroy = true }\n}\n",
        );
        let live = begin(scene, &safe);
        let own = scene.ids(Store::Hostname).remove(0);
        deposed_copies(scene);
        scene.certificate("more");
        let more = [
            block("aop_hostname_certificate"),
            block("aop_hostname_association"),
        ]
        .concat();
        let more = more
            .replace("shop", "more")
            .replace("\"app\"", "\"more\"")
            .replace("app.example.com", "more.example.com");
        scene.rewrite(&format!("{safe}{more}"));
        scene.workspace.run(&["apply", "-auto-approve"]).unwrap();
        assert!(scene.ids(Store::Hostname).contains(&own));
        live.was_never_refused();
    });
}

/// A hostname that nobody manages goes along with the certificate that it has.
#[test]
fn a_deposed_certificate_gives_its_hostnames_to_the_one_that_replaced_it() {
    with_every_cli("replace-unmanaged", |scene| {
        let safe = ALL.replace(
            "\n}\n",
            "\n  lifecycle { create_before_destroy = true }\n}\n",
        );
        let live = begin(scene, &safe);
        let old = scene.ids(Store::Hostname).remove(0);
        let www = |id: &str, enabled: &str| {
            let body = format!(
                r#"{{"config":[{{"hostname":"www.example.com","cert_id":"{id}","enabled":{enabled}}}]}}"#
            );
            scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
        };
        www(&old, "true");
        scene.certificate("shop");
        let replace = "-replace=aop_hostname_certificate.shop";
        scene.run(&["apply", "-auto-approve", replace], 0);
        let new = scene.ids(Store::Hostname).remove(0);
        assert_ne!(new, old);
        scene.plan_is_empty();
        live.was_never_refused();
        assert_eq!(scene.left(), 5);
        www(&new, "null");
        scene.destroy();
    });
}

/// Edits the state as a kill leaves it: every object once more, as a deposed one.
fn deposed_copies(scene: &Scene) {
    let path = scene.workspace.directory().join("terraform.tfstate");
    let state = std::fs::read_to_string(&path).unwrap();
    let mut state: serde_json::Value = serde_json::from_str(&state).unwrap();
    for resource in state["resources"].as_array_mut().unwrap() {
        let instances = resource["instances"].as_array_mut().unwrap();
        let mut copy = instances[0].clone();
        copy["deposed"] = "0badc0de".into();
        instances.push(copy);
    }
    let serial = state["serial"].as_u64().unwrap();
    state["serial"] = (serial + 1).into();
    std::fs::write(&path, state.to_string()).unwrap();
}

/// One becomes one of thirty. On the way back thirty destroys fill all places in which core
/// plans, so it is refused there, with the remedy.
#[test]
fn one_resource_becomes_thirty_and_one_again() {
    with_every_cli("rename-thirty", |scene| {
        let live = begin(scene, ALL);
        let app = r#"
resource "aop_hostname_association" "app" {
  for_each = toset([for n in range(30) : n == 0 ? "app" : "h${n}"])
  zone_id = var.zone_id
  hostname = "${each.key}.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}
"#;
        let single = block("aop_hostname_association");
        scene.rewrite(&ALL.replace(single, app));
        scene.apply();
        scene.plan_is_empty();
        let moved = r#"
moved {
  from = aop_hostname_association.app["app"]
  to   = aop_hostname_association.app
}
"#;
        scene.rewrite(ALL);
        let back = scene.workspace.run(&["apply", "-auto-approve"]).unwrap();
        if back.code != 0 {
            says(
                &back,
                &["Object is destroyed at another address", "moved block"],
            );
            assert_eq!(scene.left(), 4 + 29);
            scene.rewrite(&format!("{ALL}{moved}"));
            scene.apply();
        }
        assert_eq!(scene.requests("DELETE", ""), 0);
        end(scene, live);
    });
}

/// Thirty resources become one plural resource, and thirty again, with another certificate
/// on the way.
#[test]
fn thirty_resources_become_a_plural_one_and_thirty_again() {
    with_every_cli("rename-plural", |scene| {
        let names = "[for n in range(30) : n == 0 ? \"app\" : \"h${n}\"]";
        let singles = format!(
            r#"
resource "aop_hostname_association" "app" {{
  for_each = toset({names})
  zone_id = var.zone_id
  hostname = "${{each.key}}.example.com"
  certificate_id = aop_hostname_certificate.shop.id
}}
"#
        );
        let plural = format!(
            r#"
resource "aop_hostname_associations" "all" {{
  zone_id = var.zone_id
  associations = {{ for name in {names} : "${{name}}.example.com" => {{
    certificate_id = aop_hostname_certificate.shop.id
  }} }}
}}
"#
        );
        let single = block("aop_hostname_association");
        let live = begin(scene, &ALL.replace(single, &singles));
        let removed = "removed {\n  from = aop_hostname_association.app\n  lifecycle {\n    \
                       destroy = false\n  }\n}\n";
        scene.rewrite(&ALL.replace(single, &plural));
        let there = scene.workspace.run(&["apply", "-auto-approve"]).unwrap();
        if there.code != 0 {
            says(
                &there,
                &["Object is destroyed at another address", "destroy = false"],
            );
            scene.rewrite(&ALL.replace(single, &format!("{plural}{removed}")));
            scene.apply();
            scene.rewrite(&ALL.replace(single, &plural));
        }
        scene.plan_is_empty();
        assert_eq!(scene.left(), 3 + 30);
        scene.certificate("shop");
        scene.rewrite(&ALL.replace(single, &singles));
        scene.apply();
        scene.plan_is_empty();
        live.was_never_refused();
        assert_eq!(scene.left(), 3 + 30);
        scene.destroy();
    });
}
