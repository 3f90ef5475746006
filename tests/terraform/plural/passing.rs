//! Hostnames that pass from one resource or certificate to another, in one apply and
//! under traffic.

use std::time::Duration;

use crate::scene::{ASSOCIATION, CERTIFICATE, with_every_cli};

use super::{listing, live, plural, puts};

/// A resource of one hostname.
fn single(name: &str, hostname: &str, certificate: &str) -> String {
    format!(
        "resource \"aop_hostname_association\" \"{name}\" {{\n  zone_id = var.zone_id\n  hostname = \
         \"{hostname}\"\n  certificate_id = aop_hostname_certificate.{certificate}.id\n}}\n"
    )
}

/// A second certificate.
const OTHER: &str = r#"
resource "aop_hostname_certificate" "other" {
  zone_id     = var.zone_id
  certificate = file("other.pem")
  private_key = file("other.key")
}
"#;

#[test]
fn a_hostname_passes_from_the_single_resource_to_the_plural_one_and_back_under_traffic() {
    with_every_cli("plural-handover", |scene| {
        scene.certificate("shop");
        let single = format!("{CERTIFICATE}{}", ASSOCIATION);
        scene.configure(&single);
        scene.apply();
        let traffic = scene.traffic(&["app.example.com"]);
        scene.rewrite(&plural(&[("app.example.com", ""), ("api.example.com", "")]));
        scene.apply();
        scene.plan_is_empty();
        scene.rewrite(&format!(
            "{}{}",
            plural(&[("api.example.com", "")]),
            ASSOCIATION
        ));
        scene.apply();
        scene.plan_is_empty();
        traffic.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn a_rotation_takes_the_plural_resource_along_under_traffic() {
    with_every_cli("plural-rotation", |scene| {
        scene.certificate("shop");
        scene.configure(&plural(&[("app.example.com", ""), ("api.example.com", "")]));
        scene.apply();
        let traffic = scene.traffic(&["app.example.com", "api.example.com"]);
        let before = puts(scene);
        scene.certificate("shop");
        scene.apply();
        assert_eq!(puts(scene), before + 1);
        scene.plan_is_empty();
        traffic.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn what_was_taken_over_is_served_also_when_another_hostname_is_refused() {
    with_every_cli("plural-taken", |scene| {
        scene.certificate("shop");
        let app = single("app", "app.example.com", "shop");
        let api = single("api", "api.example.com", "shop");
        scene.configure(&format!("{CERTIFICATE}{app}{api}"));
        scene.apply();
        let traffic = scene.traffic(&["app.example.com", "api.example.com"]);
        scene.rewrite(&plural(&[
            ("app.example.com", ""),
            ("api.example.com", ""),
            ("app.elsewhere.net", ""),
        ]));
        scene.apply_fails(&["Associating app.elsewhere.net with certificate"]);
        assert_eq!(
            live(scene).len(),
            2,
            "nothing that was taken over is voided"
        );
        scene.rewrite(&plural(&[("app.example.com", ""), ("api.example.com", "")]));
        scene.apply();
        scene.plan_is_empty();
        traffic.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn a_hostname_leaves_for_another_certificate_in_one_apply() {
    with_every_cli("plural-leaves", |scene| {
        scene.certificate("shop");
        scene.certificate("other");
        let both = plural(&[("app.example.com", ""), ("api.example.com", "")]);
        scene.configure(&format!("{both}{OTHER}"));
        scene.apply();
        let traffic = scene.traffic(&["app.example.com", "api.example.com"]);
        // Something is added too, so that the plural resource has to look and write first.
        let fewer = plural(&[("api.example.com", ""), ("new.example.com", "")]);
        let app = single("app", "app.example.com", "other");
        scene.rewrite(&format!("{fewer}{OTHER}{app}"));
        scene.apply();
        scene.plan_is_empty();
        traffic.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn hostnames_wait_for_the_new_certificate_of_their_new_resources() {
    with_every_cli("plural-waits", |scene| {
        scene.certificate("shop");
        let both = plural(&[("app.example.com", ""), ("api.example.com", "")]);
        scene.configure(&both);
        scene.apply();
        let traffic = scene.traffic(&["app.example.com", "api.example.com"]);
        // One goes to a certificate that is there, the other to one that takes its time.
        scene
            .simulator
            .set(|settings| settings.activation = Some(Duration::from_secs(4)));
        scene.certificate("other");
        let app = single("app", "app.example.com", "shop");
        let api = single("api", "api.example.com", "other");
        scene.rewrite(&format!("{CERTIFICATE}{OTHER}{app}{api}"));
        scene.apply();
        scene.plan_is_empty();
        traffic.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn a_single_hostname_waits_for_the_new_certificate_of_its_successor() {
    with_every_cli("single-waits", |scene| {
        scene.certificate("shop");
        let old = single("old", "app.example.com", "shop");
        scene.configure(&format!("{CERTIFICATE}{old}"));
        scene.apply();
        let traffic = scene.traffic(&["app.example.com"]);
        scene
            .simulator
            .set(|settings| settings.activation = Some(Duration::from_secs(4)));
        scene.certificate("other");
        let new = single("new", "app.example.com", "other");
        scene.rewrite(&format!("{CERTIFICATE}{OTHER}{new}"));
        let planned = scene.run(&["plan"], 0);
        assert!(
            planned.text().contains("1 to destroy"),
            "{}",
            planned.text()
        );
        scene.apply();
        scene.plan_is_empty();
        traffic.was_never_refused();
        scene.destroy();
    });
}

#[test]
fn plural_resources_exchange_hostnames_in_one_apply() {
    with_every_cli("plural-rotation-refused", |scene| {
        scene.certificate("shop");
        let two = |all: &str, more: &str| {
            let more = listing("more", &[(more, "")]);
            format!("{}{more}", plural(&[(all, "")]))
        };
        scene.configure(&two("app.example.com", "api.example.com"));
        scene.apply();
        let traffic = scene.traffic(&["app.example.com", "api.example.com"]);
        scene.rewrite(&two("api.example.com", "app.example.com"));
        scene.apply();
        scene.plan_is_empty();
        traffic.was_never_refused();
        assert_eq!(live(scene).len(), 2);
        scene.destroy();
    });
}

#[test]
fn a_hostname_makes_room_for_another_on_a_full_certificate() {
    with_every_cli("plural-room", |scene| {
        scene.simulator.set(|settings| settings.associations = 3);
        scene.certificate("shop");
        let names = ["a.example.com", "b.example.com", "c.example.com"];
        scene.configure(&plural(&names.map(|name| (name, ""))));
        scene.apply();
        let names = ["a.example.com", "b.example.com", "d.example.com"];
        scene.rewrite(&plural(&names.map(|name| (name, ""))));
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}
