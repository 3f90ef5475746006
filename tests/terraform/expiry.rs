//! Certificates that come to their end: said early, once, and only where it helps.

use aop_simulator::pki::Wanted;
use jiff::SignedDuration;

use crate::scene::{CERTIFICATE, Scene, now, with_every_cli};

/// A certificate that expires after so many days and a bit.
fn expiring(scene: &Scene, days: i64) {
    let hours = |days: i64| SignedDuration::from_hours(24 * days);
    let made = scene.authority.issue(&Wanted {
        name: "shop",
        not_before: now() - hours(30),
        not_after: now() + hours(days + 1),
    });
    scene.write_certificate("shop", &made.unwrap());
}

fn told(output: &str) -> usize {
    output.matches("Warning: Certificate expiry").count()
}

#[test]
fn a_certificate_near_its_end_is_told_of_once_and_as_early_as_wanted() {
    with_every_cli("expiry", |scene| {
        expiring(scene, 10);
        scene.configure(CERTIFICATE);
        let plan = scene.plan_changes(&["Certificate expiry", "expires in 10 days"]);
        assert_eq!(told(&plan.text()), 1, "{}", plan.text());
        scene.apply();
        let plan = scene.plan_is_empty();
        assert_eq!(told(&plan.text()), 1, "{}", plan.text());
        // A replacement is planned twice.
        let replace = ["plan", "-replace=aop_hostname_certificate.shop"];
        let plan = scene.run(&replace, 0);
        assert_eq!(told(&plan.text()), 1, "{}", plan.text());
        for (days, count) in [("11", 1), ("9", 0), ("0", 0)] {
            let provider = format!("provider \"aop\" {{\n  expiry_warning_days = {days}\n}}\n");
            scene.rewrite(&format!("{provider}{CERTIFICATE}"));
            let plan = scene.plan_is_empty();
            assert_eq!(told(&plan.text()), count, "{days} days: {}", plan.text());
        }
        for rubbish in ["-1", "1.5", "9999"] {
            let provider = format!("provider \"aop\" {{\n  expiry_warning_days = {rubbish}\n}}\n");
            scene.rewrite(&format!("{provider}{CERTIFICATE}"));
            scene.plan_fails(&["expiry_warning_days must be a whole number"]);
        }
        scene.rewrite(CERTIFICATE);
        scene.destroy();
    });
}

#[test]
fn a_rotation_to_an_expired_certificate_is_refused_at_plan() {
    with_every_cli("expiry-rotation", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.apply();
        expiring(scene, -5);
        let refused = scene.plan_fails(&["Certificate has expired", "Issue a new certificate"]);
        assert_eq!(told(&refused.text()), 0, "{}", refused.text());
        assert_eq!(scene.requests("POST", ""), 1);
        scene.certificate("shop");
        scene.apply();
        scene.destroy();
    });
}

/// A certificate that another resource makes in the same apply, as tls and vault do.
const MADE: &str = r#"
resource "terraform_data" "made" {
  input = file("shop.pem")
}
resource "aop_hostname_certificate" "shop" {
  zone_id     = var.zone_id
  certificate = terraform_data.made.output
  private_key = file("shop.key")
}
"#;

#[test]
fn what_the_plan_could_not_look_at_is_looked_at_before_the_upload() {
    with_every_cli("unknown-expired", |scene| {
        scene.certificate("shop");
        scene.configure(MADE);
        scene.apply();
        expiring(scene, -5);
        let plan = scene.plan_changes(&["(known after apply)"]);
        assert!(!plan.text().contains("has expired"), "{}", plan.text());
        scene.apply_fails(&[
            "Certificate has expired",
            "with aop_hostname_certificate.shop",
            "certificate = terraform_data.made.output",
        ]);
        assert_eq!(scene.requests("POST", ""), 1);
        // An authority's own certificate, which its output was mixed up with.
        let authority = scene.authority.certificate();
        scene.workspace.write("shop.pem", authority).unwrap();
        scene.apply_fails(&["Certificate is a CA certificate"]);
        assert_eq!(scene.requests("POST", ""), 1);
        scene.certificate("shop");
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_told_of() {
    with_every_cli("not-yet", |scene| {
        let hours = |days: i64| SignedDuration::from_hours(24 * days);
        let made = scene.authority.issue(&Wanted {
            name: "shop",
            not_before: now() + hours(3),
            not_after: now() + hours(300),
        });
        scene.write_certificate("shop", &made.unwrap());
        scene.configure(CERTIFICATE);
        let words = ["Certificate is not valid yet", "It begins to be valid at"];
        let plan = scene.plan_changes(&words);
        assert_eq!(plan.text().matches(words[0]).count(), 1, "{}", plan.text());
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}
