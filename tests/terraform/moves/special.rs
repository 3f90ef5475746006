//! Instances, modules, and several hostnames in one object.

use aop_simulator::Store;
use serde_json::{Value as Json, json};

use super::*;

#[test]
fn instances_move_with_their_keys_into_a_module() {
    with_every_cli("moves-keys", |scene| {
        scene.certificate("shop");
        let made = format!(
            "{CERTIFICATE}resource \"aop_hostname_association\" \"all\" {{\n  for_each = \
             toset([\"app\", \"api\"])\n  zone_id = var.zone_id\n  hostname = \
             \"${{each.key}}.example.com\"\n  certificate_id = aop_hostname_certificate.shop.id\n}}\n"
        );
        scene.configure(&made);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let shop = scene.run(&["state", "pull"], 0).stdout;
        let shop: Json = serde_json::from_str(&shop).expect("a state");
        let shop = shop["resources"].as_array().expect("resources");
        let shop = shop
            .iter()
            .find(|r| r["name"] == "shop")
            .expect("the certificate");
        let shop = shop["instances"][0]["attributes"].clone();
        let pulls = |name: &str| {
            let mut stored = Stored::new(
                "",
                "all",
                0,
                v4_pulls(format!("{name}.example.com").into(), id.as_str().into()),
            );
            stored.index = name.into();
            stored
        };
        let certificate = v4_certificate(
            &id,
            "per-hostname",
            shop["certificate"].as_str().expect("a certificate"),
            shop["private_key"].as_str().expect("a key"),
        );
        store(
            scene,
            &[
                Stored::new("_certificate", "shop", 0, certificate),
                pulls("app"),
                pulls("api"),
            ],
        );
        let inside = scene.workspace.directory().join("inside");
        std::fs::create_dir_all(&inside).expect("a folder");
        let head = "terraform {\n  required_providers {\n    aop = { source = \
                    \"terraform.local/aop/aop\" }\n  }\n}\nvariable \"zone_id\" { type = string }\n";
        std::fs::write(inside.join("main.tf"), format!("{head}{made}")).expect("a module");
        let from = "cloudflare_authenticated_origin_pulls";
        scene.rewrite(&format!(
            "module \"inside\" {{\n  source = \"./inside\"\n  zone_id = var.zone_id\n}}\n{}{}",
            moved(
                &format!("{from}_certificate.shop"),
                "module.inside.aop_hostname_certificate.shop"
            ),
            moved(
                &format!("{from}.all"),
                "module.inside.aop_hostname_association.all"
            ),
        ));
        scene.run(&["init"], 0);
        moves(scene, 3);
        scene.destroy();
    });
}

#[test]
fn an_object_with_several_hostnames_becomes_the_plural_resource() {
    with_every_cli("moves-plural", |scene| {
        scene.certificate("shop");
        let plural = r#"
resource "aop_hostname_associations" "all" {
  zone_id = var.zone_id
  associations = { for name in ["app", "api"] : "${name}.example.com" => {
    certificate_id = aop_hostname_certificate.shop.id
  } }
}
"#;
        let made = format!("{CERTIFICATE}{plural}");
        scene.configure(&made);
        scene.apply();
        let id = scene.ids(Store::Hostname).remove(0);
        let state = std::fs::read_to_string(scene.workspace.directory().join("terraform.tfstate"));
        let state: Json = serde_json::from_str(&state.expect("a state")).expect("JSON");
        let shop = state["resources"].as_array().expect("resources");
        let shop = shop
            .iter()
            .find(|r| r["name"] == "shop")
            .expect("the certificate");
        let shop = &shop["instances"][0]["attributes"];
        let several = json!([
            element("app.example.com", &id),
            element("api.example.com", &id)
        ]);
        let text = |name: &str| shop[name].as_str().expect("a text");
        let objects = || {
            [
                Stored::new(
                    "_hostname_certificate",
                    "shop",
                    500,
                    v5_certificate(&id, text("certificate"), text("private_key"), false),
                ),
                Stored::new(
                    "",
                    "all",
                    0,
                    v5_pulls(several.clone(), "app.example.com", &id),
                ),
            ]
        };
        store(scene, &objects());
        let from = "cloudflare_authenticated_origin_pulls";
        let certificate = moved(
            &format!("{from}_hostname_certificate.shop"),
            "aop_hostname_certificate.shop",
        );
        // The single resource cannot take them.
        scene.rewrite(&format!(
            "{CERTIFICATE}{}{certificate}{}",
            crate::scene::ASSOCIATION,
            moved(&format!("{from}.all"), "aop_hostname_association.app")
        ));
        scene.plan_fails(&[
            "Wrong target of a move",
            "the association of app.example.com, api.example.com",
            "resource \"aop_hostname_associations\"",
            "to = aop_hostname_associations.NAME",
        ]);
        scene.rewrite(&format!(
            "{made}{certificate}{}",
            moved(&format!("{from}.all"), "aop_hostname_associations.all")
        ));
        moves(scene, 2);
        scene.destroy();
    });
}
