//! The data source of an origin, in a check.

use aop_simulator::Origin;

use crate::scene::{says, with_every_cli};

/// An origin, as a check looks at it.
fn origin(address: &str) -> String {
    format!(
        r#"
data "aop_origin" "app" {{
  address     = "{address}"
  server_name = "app.example.com"
}}
output "seen" {{
  value = jsonencode([data.aop_origin.app.reachable, data.aop_origin.app.asks, data.aop_origin.app.enforces])
}}
check "origin_enforces" {{
  assert {{
    condition     = data.aop_origin.app.enforces == true
    error_message = "no: ${{coalesce(data.aop_origin.app.error, data.aop_origin.app.answer)}}"
  }}
}}
"#
    )
}

#[test]
fn an_origin_is_looked_at_without_a_key_and_may_be_away() {
    with_every_cli("data-origin", |scene| {
        let mut server = Origin::trusting(scene.authority.certificate()).unwrap();
        let address = scene.block_on(server.listen()).unwrap();
        scene.configure(&origin(&address.to_string()));
        let seen = scene.apply();
        assert!(seen.text().contains("[true,true,true]"), "{}", seen.text());
        assert!(!seen.text().contains("Check block"), "{}", seen.text());
        // A port that was free a moment ago.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = gone.local_addr().unwrap().to_string();
        drop(gone);
        scene.rewrite(&origin(&address));
        let seen = scene.apply();
        says(
            &seen,
            &[
                "[false,null,null]",
                "Check block assertion failed",
                "refused",
            ],
        );
        for (address, words) in [
            ("https://app.example.com", "is a URL"),
            ("app.example.com", "has no port"),
            ("app.example.com:70000", "between 1 and 65535"),
            ("2001:db8::1:443", "without brackets"),
        ] {
            scene.rewrite(&origin(address));
            scene.plan_fails(&["Invalid address of an origin", words]);
        }
    });
}
