//! The provider's own configuration with rubbish, or with nothing: one plain sentence, before
//! anything is sent.

use crate::bad_input::nothing_was_sent;
use crate::scene::{CERTIFICATE, says, with_every_cli};

#[test]
fn a_credential_that_is_missing_or_malformed_is_one_clear_error() {
    with_every_cli("bad-credential", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.workspace.set_env("CLOUDFLARE_API_TOKEN", "");
        scene.plan_fails(&[
            "No credential for Cloudflare",
            "CLOUDFLARE_API_TOKEN",
            "Edit",
        ]);
        scene.run(&["validate"], 0);
        scene
            .workspace
            .set_env("CLOUDFLARE_API_TOKEN", "with space");
        scene.plan_fails(&["Malformed credential", "CLOUDFLARE_API_TOKEN", "whitespace"]);
        scene
            .workspace
            .set_env("CLOUDFLARE_API_TOKEN", "a-good-looking-token");
        scene.workspace.set_env("CLOUDFLARE_API_KEY", "a-key");
        // Of the two, the token asks.
        scene.apply_fails(&["Uploading", "Credential refused"]);
        for (token, said) in [
            ("\"a-good-looking-token\"", "quotes around it"),
            ("Bearer a-good-looking-token", "begins with a word such as"),
        ] {
            scene.workspace.set_env("CLOUDFLARE_API_TOKEN", token);
            let run = scene
                .plan_fails(&["Malformed credential", "CLOUDFLARE_API_TOKEN", said])
                .text();
            assert!(!run.contains("requires explicit configuration"), "{run}");
            scene.run(&["validate"], 0);
        }
        scene.workspace.set_env("CLOUDFLARE_API_TOKEN", "");
        scene.plan_fails(&["Incomplete credential", "CLOUDFLARE_EMAIL"]);
        scene
            .workspace
            .set_env("CLOUDFLARE_EMAIL", "me@example.com");
        scene.apply_fails(&["Uploading", "Credential refused"]);
    });
}

#[test]
fn credentials_from_variables_may_turn_out_to_be_null() {
    with_every_cli("null-credentials", |scene| {
        scene.certificate("shop");
        scene.configure(&format!(
            "variable \"token\" {{\n  default = null\n}}\nvariable \"key\" {{\n  default = \
             null\n}}\nprovider \"aop\" {{\n  api_token = var.token\n  api_key = var.key\n  email = \
             var.key\n}}\n{CERTIFICATE}"
        ));
        scene.run(&["validate"], 0);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn provider_arguments_are_checked() {
    with_every_cli("bad-provider", |scene| {
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        for (argument, parts) in [
            ("base_url = \"example\"", ["Invalid base_url", "base_url"]),
            (
                "base_url = \"http://api.example.com\"",
                ["Invalid base_url", "show the credential"],
            ),
            (
                "base_url = \"ftp://127.0.0.1\"",
                ["Invalid base_url", "https://"],
            ),
            (
                "requests_per_second = 0",
                ["Invalid limit", "requests_per_second"],
            ),
            ("max_retries = 1.5", ["Invalid limit", "max_retries"]),
            ("max_retries = -1", ["Invalid limit", "max_retries"]),
            (
                "api_token = \"two words\"",
                ["Malformed credential", "api_token"],
            ),
            (
                "propagation_delay = \"10\"",
                ["Invalid propagation delay", "propagation_delay"],
            ),
            (
                "propagation_delay = \"2h\"",
                ["Invalid propagation delay", "longer than an hour"],
            ),
        ] {
            scene.rewrite(&format!(
                "provider \"aop\" {{\n  {argument}\n}}\n{CERTIFICATE}"
            ));
            scene.plan_fails(&parts);
        }
        scene.rewrite(CERTIFICATE);
        scene.workspace.set_env("AOP_PROPAGATION_DELAY", "soon");
        let invalid = ["Invalid propagation delay", "AOP_PROPAGATION_DELAY"];
        scene.plan_fails(&invalid);
        scene.run(&["validate"], 0);
        nothing_was_sent(scene);
    });
}

#[test]
fn a_provider_configuration_that_is_unknown_at_plan_does_not_stop_creates() {
    with_every_cli("unknown-provider", |scene| {
        scene.certificate("shop");
        let config = format!(
            "resource \"terraform_data\" \"token\" {{\n  input = \"{}\"\n}}\nprovider \"aop\" {{\n  \
             api_token = terraform_data.token.output\n}}\n{CERTIFICATE}",
            aop_simulator::TOKEN
        );
        scene.workspace.set_env("CLOUDFLARE_API_TOKEN", "");
        scene.configure(&config);
        scene.apply();
        scene.plan_is_empty();
        scene.destroy();
    });
}

#[test]
fn a_read_only_token_plans_and_is_told_what_it_lacks() {
    with_every_cli("read-only", |scene| {
        let token = "read-only-token-0123456789abcdefghijklmn";
        scene.simulator.set_read_only_token(token);
        scene.certificate("shop");
        scene.configure(CERTIFICATE);
        scene.workspace.set_env("CLOUDFLARE_API_TOKEN", token);
        scene.plan_changes(&["1 to add"]);
        let ran = scene.apply_fails(&["Permission denied", "SSL and Certificates: Edit"]);
        assert!(!ran.text().contains(token));
        says(&ran, &["Request: POST"]);
    });
}
