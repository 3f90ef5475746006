//! Many resources at once, as core runs them: ten at a time.

use std::time::Duration;

use crate::scene::{CERTIFICATE, with_every_cli_at_once};

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
