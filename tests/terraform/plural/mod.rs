//! Many hostnames in one resource.

mod passing;

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Store, ZONE_ID};

use crate::scene::{ASSOCIATION, CERTIFICATE, Scene, says, with_every_cli};

const PATH: &str = "/hostnames";

/// The certificate, and a resource with these entries.
fn plural(entries: &[(&str, &str)]) -> String {
    format!("{CERTIFICATE}{}", listing("all", entries))
}

/// A resource with these hostnames and what is said about them beside the certificate.
fn listing(name: &str, entries: &[(&str, &str)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(hostname, more)| {
            format!(
                "    \"{hostname}\" = {{ certificate_id = aop_hostname_certificate.shop.id{more} }}\n"
            )
        })
        .collect();
    format!(
        "resource \"aop_hostname_associations\" \"{name}\" {{\n  zone_id = var.zone_id\n  \
         associations = {{\n{}  }}\n}}\n",
        entries.concat()
    )
}

fn live(scene: &Scene) -> Vec<(String, bool)> {
    scene.simulator.look(ZONE_ID, |zone, _| {
        let live = zone.associations();
        live.iter()
            .map(|(name, a)| ((*name).to_owned(), a.enabled == Some(true)))
            .collect()
    })
}

fn puts(scene: &Scene) -> usize {
    scene.requests("PUT", PATH)
}

#[test]
fn many_hostnames_live_and_die_with_one_write_each_time() {
    with_every_cli("plural", |scene| {
        scene.certificate("shop");
        scene.configure(&plural(&[
            ("app.example.com", ""),
            ("API.example.com", ""),
            ("www.example.com", ", enabled = false"),
        ]));
        scene.apply();
        assert_eq!(puts(scene), 1);
        let expected = [("api", true), ("app", true), ("www", false)];
        let expected = expected.map(|(name, on)| (format!("{name}.example.com"), on));
        assert_eq!(live(scene), expected);
        scene.plan_is_empty();

        // Another spelling is no change.
        scene.rewrite(&plural(&[
            ("App.Example.com", ""),
            ("api.example.com.", ""),
            ("www.example.com", ", enabled = false"),
        ]));
        scene.plan_is_empty();
        let changed = [
            ("app.example.com", ""),
            ("api.example.com", ""),
            ("www.example.com", ""),
        ];
        scene.rewrite(&plural(&changed));
        scene.plan_changes(&["0 to add, 1 to change", "enabled = false -> true"]);
        scene.apply();
        assert_eq!(puts(scene), 2);
        scene.plan_is_empty();

        scene.rewrite(&plural(&[("app.example.com", ""), ("new.example.com", "")]));
        scene.apply();
        let left: Vec<String> = live(scene).into_iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["app.example.com", "new.example.com"]);
        scene.plan_is_empty();

        let before = puts(scene);
        scene.destroy();
        assert_eq!(puts(scene), before + 1);
    });
}

#[test]
fn drift_of_each_hostname_is_seen_and_mended() {
    with_every_cli("plural-drift", |scene| {
        scene.certificate("shop");
        scene.configure(&plural(&[("app.example.com", ""), ("api.example.com", "")]));
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        for enabled in ["false", "null"] {
            let body = format!(
                r#"{{"config":[{{"hostname":"api.example.com","cert_id":"{id}","enabled":{enabled}}}]}}"#
            );
            scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
            scene.plan_changes(&["0 to add, 1 to change", "api.example.com"]);
            scene.apply();
            assert!(live(scene).contains(&("api.example.com".to_owned(), true)));
            scene.plan_is_empty();
        }
        scene.destroy();
    });
}

#[test]
fn a_refused_hostname_of_a_create_is_named_and_the_others_are_adopted_next_time() {
    with_every_cli("plural-create", |scene| {
        scene.certificate("shop");
        scene.configure(&plural(&[
            ("app.example.com", ""),
            ("api.example.com", ""),
            ("app.elsewhere.net", ""),
        ]));
        scene.apply_fails(&[
            "Associating app.elsewhere.net with certificate",
            "Some associations were not written",
            "2 of 3 hostnames were written",
        ]);
        assert_eq!(live(scene).len(), 2);
        let state = scene.run(&["state", "list"], 0).stdout;
        assert!(!state.contains("aop_hostname_associations"), "{state}");
        scene.rewrite(&plural(&[("app.example.com", ""), ("api.example.com", "")]));
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_refused_hostname_of_an_update_leaves_what_is_true_in_state() {
    with_every_cli("plural-update", |scene| {
        scene.certificate("shop");
        scene.configure(&plural(&[("app.example.com", ""), ("old.example.com", "")]));
        scene.apply();
        scene.rewrite(&plural(&[
            ("app.example.com", ", enabled = false"),
            ("api.example.com", ""),
            ("app.elsewhere.net", ""),
        ]));
        scene.apply_fails(&["Associating app.elsewhere.net with certificate"]);
        let state = scene.run(&["state", "pull"], 0).stdout;
        assert!(state.contains("api.example.com"), "{state}");
        assert!(!state.contains("old.example.com") && !state.contains("elsewhere.net"));
        // What is left to do is the refused one, without asking the API.
        let planned = scene.run(&["plan", "-refresh=false"], 0);
        says(
            &planned,
            &["+ \"app.elsewhere.net\"", "0 to add, 1 to change"],
        );
        scene.rewrite(&plural(&[
            ("app.example.com", ", enabled = false"),
            ("api.example.com", ""),
        ]));
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn another_association_is_not_overwritten_and_an_equal_one_is_adopted() {
    with_every_cli("plural-other", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let body = format!(
            r#"{{"config":[{{"hostname":"app.example.com","cert_id":"{id}","enabled":false}}]}}"#
        );
        scene.elsewhere("PUT", "/origin_tls_client_auth/hostnames", &body);
        scene.rewrite(&plural(&[("app.example.com", ""), ("api.example.com", "")]));
        scene.apply_fails(&[
            "Hostname is already associated",
            "app.example.com",
            "enabled = false",
        ]);
        assert_eq!(live(scene).len(), 1, "nothing was written");
        scene.rewrite(&plural(&[
            ("app.example.com", ", enabled = false"),
            ("api.example.com", ""),
        ]));
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_zone_is_imported_as_a_whole() {
    with_every_cli("plural-import", |scene| {
        scene.certificate("shop");
        let all = plural(&[
            ("app.example.com", ""),
            ("api.example.com", ", enabled = false"),
        ]);
        scene.configure(&all);
        scene.apply();
        scene.run(&["state", "rm", "aop_hostname_associations.all"], 0);
        scene.run(&["import", "aop_hostname_associations.all", ZONE_ID], 0);
        scene.plan_is_empty();
        scene.destroy();
        scene.rewrite(&all);
        let refused = scene.run(&["import", "aop_hostname_associations.all", ZONE_ID], 1);
        says(&refused, &["Zone has no associations"]);
    });
}

#[test]
fn a_hostname_has_one_resource() {
    with_every_cli("plural-overlap", |scene| {
        scene.certificate("shop");
        let single = crate::scene::ASSOCIATION;
        let both = format!("{}{single}", plural(&[("app.example.com", "")]));
        scene.configure(&both);
        scene.apply_fails(&["Hostname is declared twice", "app.example.com"]);
        scene.destroy();
    });
}

#[test]
fn a_request_that_is_too_large_is_halved() {
    with_every_cli("plural-halves", |scene| {
        scene
            .simulator
            .set(|settings| settings.associations_per_write = 30);
        scene.certificate("shop");
        let names: Vec<String> = (0..100).map(|n| format!("h{n}.example.com")).collect();
        let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        scene.configure(&plural(&entries));
        scene.apply();
        assert_eq!(live(scene).len(), 100);
        // 100 and twice 50 are refused, four times 25 are not.
        assert_eq!(puts(scene), 7);
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn five_hundred_hostnames_take_five_writes() {
    with_every_cli("plural-500", |scene| {
        scene.simulator.set(|settings| settings.associations = 500);
        scene.certificate("shop");
        scene.configure(&format!(
            "{CERTIFICATE}resource \"aop_hostname_associations\" \"all\" {{\n  zone_id = \
             var.zone_id\n  associations = {{ for n in range(500) : \"h${{n}}.example.com\" => {{ \
             certificate_id = aop_hostname_certificate.shop.id }} }}\n}}\n"
        ));
        scene.apply();
        assert_eq!((live(scene).len(), puts(scene)), (500, 5));
        let lists = scene.requests("GET", "/hostnames");
        scene.run(&["plan", "-detailed-exitcode"], 0);
        assert_eq!(
            scene.requests("GET", "/hostnames"),
            lists + 1,
            "one list for a plan"
        );
        scene.destroy();
    });
}

#[test]
fn what_cannot_be_meant_is_an_error_at_its_place_in_the_plan() {
    with_every_cli("plural-bad", |scene| {
        scene.certificate("shop");
        scene.configure(&plural(&[("app.example.com", "")]));
        for (entries, parts) in [
            (
                &[("app.example.com", ""), ("App.Example.com.", "")][..],
                ["Hostname is listed twice", "spellings of one hostname"],
            ),
            (
                &[("https://app.example.com", "")],
                [
                    "Invalid hostname",
                    "\"https://app.example.com\": This is a URL with a scheme",
                ],
            ),
        ] {
            scene.rewrite(&plural(entries));
            scene.plan_fails(&parts);
        }
        let empty = "\"app.example.com\" = null";
        let text = plural(&[]).replace(
            "associations = {\n",
            &format!("associations = {{ {empty}\n"),
        );
        scene.rewrite(&text);
        scene.plan_fails(&["Association is empty", "app.example.com"]);
        assert!(scene.simulator.log().is_empty(), "nothing was asked");
    });
}

#[test]
fn an_outage_in_the_middle_names_what_was_not_written() {
    with_every_cli("plural-outage", |scene| {
        scene.simulator.set(|settings| settings.associations = 500);
        scene.certificate("shop");
        let names: Vec<String> = (0..101).map(|n| format!("h{n:03}.example.com")).collect();
        let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        scene.configure(&plural(&entries));
        let denied = Action::Answer(Answer::error(
            403,
            9109,
            "Unauthorized to access requested resource",
        ));
        scene
            .simulator
            .order(Fault::on("PUT", PATH, denied).after(1).times(9));
        scene.apply_fails(&[
            "Associating hostnames of zone",
            "h100.example.com",
            "Permission denied",
            "100 of 101 hostnames were written",
        ]);
        scene.simulator.forget_faults();
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_required_argument_that_is_null_is_refused_before_anything_happens() {
    with_every_cli("plural-null", |scene| {
        scene.certificate("shop");
        let both = plural(&[("app.example.com", "")]);
        let setting = "variable \"on\" {\n  type = bool\n  default = true\n}\nresource \
                       \"aop_global_setting\" \"all\" {\n  zone_id = var.zone_id\n  enabled = var.on\n}\n";
        scene.configure(&format!("{both}{setting}"));
        scene.apply();
        scene.rewrite(&format!(
            "{both}{}",
            setting.replace("default = true", "default = null")
        ));
        scene.plan_fails(&["Required argument is null", "enabled is required"]);
        for (wrong, place) in [
            ("certificate_id = null", "certificate_id is required"),
            ("", ""),
        ] {
            let text = match wrong {
                "" => format!(
                    "{CERTIFICATE}resource \"aop_hostname_associations\" \"all\" {{\n  zone_id = \
                     var.zone_id\n  associations = null\n}}\n"
                ),
                wrong => both.replace("certificate_id = aop_hostname_certificate.shop.id", wrong),
            };
            scene.rewrite(&format!("{text}{setting}"));
            scene.plan_fails(&["Required argument is null", place]);
        }
        assert_eq!(live(scene).len(), 1);
        scene.rewrite(&format!("{both}{setting}"));
        scene.destroy();
    });
}

#[test]
fn what_cloudflare_gave_up_deploying_is_planned_until_it_is_deployed() {
    with_every_cli("plural-given-up", |scene| {
        scene.certificate("shop");
        let single = ASSOCIATION.replace("app.example.com", "www.example.com");
        let both = plural(&[("app.example.com", ""), ("api.example.com", "")]);
        scene.configure(&format!("{both}{single}"));
        scene.simulator.set(|s| {
            s.deployment_timeout = Duration::from_secs(1);
            s.association = None;
        });
        let applied = scene.apply();
        says(
            &applied,
            &[
                "Associations were not deployed",
                "Association was not deployed",
            ],
        );
        let shown = scene.plan_changes(&["0 to add, 2 to change, 0 to destroy"]);
        says(
            &shown,
            &["undeployed", "\"api.example.com\"", "deployment_timed_out"],
        );
        let quick = Some(Duration::from_millis(200));
        scene.simulator.set(|s| s.association = quick);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}
