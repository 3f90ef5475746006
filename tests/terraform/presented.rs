//! A zone certificate beside another that somebody has uploaded.

use aop_simulator::{Status, Store, ZONE_ID};
use serde_json::json;

use crate::rotation::ZONE;
use crate::scene::{says, with_every_cli};

#[test]
fn a_second_zone_certificate_stays_and_is_told_of() {
    with_every_cli("rotate-second-zone", |scene| {
        scene.certificate("zone");
        let made = scene.certificate("stranger");
        scene.configure(ZONE);
        scene.apply();
        let body = json!({
            "certificate": made.certificate,
            "private_key": made.private_key,
        });
        let own = scene.ids(Store::Zone);
        scene.elsewhere("POST", "/origin_tls_client_auth", &body.to_string());
        let mut both = scene.ids(Store::Zone).into_iter();
        let stranger = both.find(|id| !own.contains(id)).unwrap();
        scene.wait_until(|| {
            scene.simulator.look(ZONE_ID, |zone, now| {
                let live = zone.live(Store::Zone);
                live.iter().all(|found| found.status(now) == Status::Active)
            })
        });
        let plan = scene.run(&["plan", "-detailed-exitcode"], 0);
        let not_presented = "Zone certificate is not presented";
        says(&plan, &[not_presented, &own[0], &stranger]);
        assert_eq!(plan.text().matches(not_presented).count(), 1);
        let live = scene.traffic(&["www.example.com"]);
        scene.certificate("zone");
        let applied = scene.apply();
        says(&applied, &["Zone has other certificates", &stranger]);
        let plan = scene.run(&["plan", "-detailed-exitcode"], 0);
        assert!(!plan.text().contains(not_presented), "{}", plan.text());
        live.was_never_refused();
        let after = scene.ids(Store::Zone);
        assert_eq!(after.len(), 2);
        assert!(after.contains(&stranger));
        scene.destroy_leaving(1);
    });
}
