//! The provider's own arguments, from the configuration to the wire and the log.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, TOKEN};

use crate::scene::{CONFIG, with_every_cli_at_once};

fn provider(argument: &str) -> String {
    format!("provider \"aop\" {{\n  {argument}\n}}\n{CONFIG}")
}

#[test]
fn the_number_of_retries_is_kept_to_and_told() {
    with_every_cli_at_once("retries", |scene| {
        scene.certificate("shop");
        scene.configure(&provider("max_retries = 3"));
        let down = || Action::Answer(Answer::html(503, "down"));
        for method in ["GET", "POST"] {
            scene
                .simulator
                .order(Fault::on(method, "", down()).times(5));
            let before = scene.requests(method, "");
            scene.apply_fails(&["HTTP 503"]);
            let tries = scene.requests(method, "") - before;
            assert_eq!(tries, 4, "{method}: one and three more");
            scene.simulator.forget_faults();
        }
        scene.simulator.order(Fault::on("GET", "", down()).times(5));
        scene.apply_fails(&["4 attempts in"]);
        scene.simulator.forget_faults();
        scene
            .simulator
            .order(Fault::on("POST", "", down()).times(3));
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn the_users_own_limit_reaches_the_wire() {
    with_every_cli_at_once("own-limit", |scene| {
        scene.certificate("shop");
        scene.configure(&provider("requests_per_second = 2"));
        scene.apply();
        let log = scene.simulator.log();
        // The network may bring two of them closer together, but not all.
        let took = log[log.len() - 1].at - log[0].at;
        let least = Duration::from_millis(500) * (log.len() as u32 - 1);
        assert!(took + Duration::from_millis(400) >= least, "{took:?}");
        scene.rewrite(CONFIG);
        scene.destroy();
    });
}

/// One line for each request, and no body anywhere.
#[test]
fn the_log_has_one_line_for_each_request() {
    with_every_cli_at_once("log", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.workspace.set_env("TF_LOG_PROVIDER", "DEBUG");
        scene.workspace.set_env("TF_LOG_PATH", "debug.log");
        scene.apply();
        let path = scene.workspace.directory().join("debug.log");
        let log = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = log
            .lines()
            .filter(|l| l.contains("tf_http_req_method"))
            .collect();
        assert_eq!(lines.len(), scene.simulator.log().len());
        for line in &lines {
            for field in ["tf_http_req_uri=", "tf_http_res_status_code=200", "cf_ray="] {
                assert!(line.contains(field), "{field} in {line}");
            }
        }
        for secret in ["BEGIN CERTIFICATE", "\"success\"", TOKEN] {
            assert!(!log.contains(secret), "{secret:?} in the log");
        }
        scene.destroy();
    });
}

#[test]
fn a_read_says_which_argument_is_unknown_and_keeps_the_state() {
    with_every_cli_at_once("unknown-argument", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.apply();
        let before = scene.run(&["state", "list"], 0).stdout;
        scene.rewrite(&format!(
            "resource \"terraform_data\" \"token\" {{\n  input = \"{TOKEN}\"\n}}\n\
             provider \"aop\" {{\n  api_token = terraform_data.token.output\n}}\n{CONFIG}"
        ));
        scene.plan_fails(&["Provider configuration is not known yet", "api_token"]);
        assert_eq!(scene.run(&["state", "list"], 0).stdout, before);
        scene.run(
            &["apply", "-auto-approve", "-target=terraform_data.token"],
            0,
        );
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn switches_change_in_place_both_ways_and_outputs_stay_quiet() {
    let config = |on: bool| {
        format!(
            r#"{CONFIG}
resource "aop_zone_setting" "zone" {{
  zone_id = var.zone_id
  enabled = {on}
}}
output "certificate" {{
  value = aop_hostname_certificate.shop.status
}}
output "association" {{
  value = aop_hostname_association.app.status
}}
"#
        )
        .replace(
            "certificate_id = aop_hostname_certificate.shop.id",
            &format!("certificate_id = aop_hostname_certificate.shop.id\n  enabled = {on}"),
        )
    };
    with_every_cli_at_once("both-ways", |scene| {
        scene.certificate("shop");
        scene.configure(&config(true));
        scene.apply();
        scene.plan_is_empty();
        for on in [false, true] {
            scene.rewrite(&config(on));
            scene.plan_changes(&["0 to add, 2 to change, 0 to destroy"]);
            scene.apply();
            scene.plan_is_empty();
        }
        scene.destroy();
    });
}

#[test]
fn an_association_without_a_hostname_fails_validation() {
    with_every_cli_at_once("no-hostname", |scene| {
        scene.certificate("shop");
        scene.configure(CONFIG);
        scene.rewrite(&CONFIG.replace("hostname       = \"app.example.com\"\n", ""));
        let refused = scene.run(&["validate"], 1);
        crate::scene::says(&refused, &["The argument \"hostname\" is required"]);
        scene.rewrite(&CONFIG.replace("certificate_id = aop_hostname_certificate.shop.id\n", ""));
        let refused = scene.run(&["validate"], 1);
        crate::scene::says(&refused, &["The argument \"certificate_id\" is required"]);
        assert_eq!(scene.simulator.log().len(), 0);
    });
}
