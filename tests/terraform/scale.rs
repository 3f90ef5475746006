//! Many resources at once, as core runs them: ten at a time.

use std::time::Duration;

use aop_simulator::Store;

use crate::scene::{CERTIFICATE, says, with_every_cli_at_once};

#[test]
fn a_hundred_single_hostnames_share_their_writes_and_their_lists() {
    with_every_cli_at_once("single-100", |scene| {
        scene.simulator.set(|settings| {
            // As far away as the real one: what comes in that time goes out together.
            settings.latency = Duration::from_millis(300);
        });
        scene.certificate("shop");
        let config = |enabled: bool| {
            format!(
                "{CERTIFICATE}locals {{\n  names = toset([for n in range(100) : \"h${{n}}.example.com\"])\n}}\n\
                 resource \"aop_hostname_association\" \"all\" {{\n  for_each = local.names\n  zone_id = \
                 var.zone_id\n  hostname = each.key\n  certificate_id = \
                 aop_hostname_certificate.shop.id\n  enabled = {enabled}\n}}\n"
            )
        };
        let puts = || scene.requests("PUT", "/hostnames");
        scene.configure(&config(true));
        scene.run(&["validate"], 0);
        scene.apply();
        assert_eq!(scene.left() - 1, 100);
        // Core runs ten operations at a time.
        assert!(puts() <= 12, "{} PUTs", puts());
        let before = scene.simulator.log().len();
        scene.plan_is_empty();
        let log = scene.simulator.log();
        let read: Vec<&str> = log.iter().skip(before).map(|r| r.path.as_str()).collect();
        assert_eq!(read.len(), 2, "a list of each kind: {read:?}");
        let refused = log.iter().filter(|r| r.status == 429).count();
        assert_eq!(refused, 0, "the limit is kept to");
        let created = puts();
        scene.rewrite(&config(false));
        scene.apply();
        let changed = puts();
        assert!(changed - created <= 20, "{} PUTs", changed - created);
        scene.destroy();
        assert!(puts() - changed <= 20, "{} PUTs", puts() - changed);
    });
}

/// The example of many zones: what fifty cost, and that one apply renews them all.
#[test]
fn fifty_zones_are_issued_and_renewed_in_one_apply_each() {
    with_every_cli_at_once("zones-50", |scene| {
        let example = xtask::root().join("examples/many-zones");
        scene.workspace.copy_from(&example).unwrap();
        scene.write_authority("client-ca");
        let ids: Vec<String> = (1..=50).map(|number| format!("{number:032x}")).collect();
        for id in &ids {
            scene.simulator.add_zone(id, "example.com");
        }
        scene
            .simulator
            .set(|settings| settings.clock_ahead = Some(0));
        let zones = ids
            .iter()
            .map(|id| format!("z{id} = {id:?}\n"))
            .collect::<String>();
        let key = scene.authority.private_key();
        let variables = format!("client_ca_key = {key:?}\nzone_ids = {{\n{zones}}}\n");
        scene
            .workspace
            .write("all.auto.tfvars", &variables)
            .unwrap();
        scene.run(&["init"], 0);
        let requests = || scene.simulator.log().len();
        says(&scene.apply(), &["100 added, 0 changed, 0 destroyed"]);
        let created = requests();
        // The documented budget is 1,200 in five minutes.
        assert!(created <= 50 * 9, "{created} requests");
        scene.plan_is_empty();
        scene
            .simulator
            .clock()
            .advance(Duration::from_secs(61 * 24 * 3600));
        let before = requests();
        let renewed = scene.apply();
        says(&renewed, &["0 added, 50 changed, 0 destroyed"]);
        let renewal = requests() - before;
        assert!(renewal <= 50 * 16, "{renewal} requests");
        scene.plan_is_empty();
        for id in &ids {
            let live = scene
                .simulator
                .look(id, |zone, _| zone.live(Store::Zone).len());
            assert_eq!(live, 1, "{id}");
        }
        scene.run(&["destroy", "-auto-approve"], 0);
    });
}
