//! Real connections: a request that takes too long is given up, and what became of it
//! is found out.

use std::time::Duration;

use aop_simulator::pki::Authority;
use aop_simulator::{Action, Fault, Settings, Simulator, TOKEN, ZONE_ID};
use cloudflare::{
    Client, Credential, Error, Http, Options, Scope, Server, Store, Switch, Way, ZoneId,
};
use framework::plugin::{install_crypto, now};
use text::Secret;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_lost_one() {
    let late = Duration::from_millis(600);
    for action in [Action::Delay(late), Action::DelayAnswer(late)] {
        let simulator = Simulator::new(Settings::default(), now());
        let listening = simulator.listen("127.0.0.1:0").await.expect("a listener");
        let token = Credential::Token(Secret::new(TOKEN.to_owned()));
        let url = listening.url().parse().expect("a URL");
        let http = Http::new(Server {
            base_url: url,
            way: Way::Direct,
            credential: token,
            user_agent: "test".to_owned(),
            request_timeout: Duration::from_millis(300),
        });
        install_crypto();
        let options = Options {
            requests_per_second: None,
            max_retries: None,
            propagation_delay: Duration::ZERO,
            seed: 7,
            clock: now,
        };
        let client = Client::new(Box::new(http), &options);
        let zone = client.zone(&ZoneId::parse(ZONE_ID).expect("an id"));
        let scope = Scope::lasting(Duration::from_secs(60), CancellationToken::new());
        for method in ["GET", "PUT", "PATCH", "POST"] {
            simulator.order(Fault::on(method, "", action.clone()));
        }
        assert!(
            !zone
                .switch(&scope, Switch::Zone)
                .await
                .expect("asked again")
        );
        for switch in [Switch::Zone, Switch::Global] {
            let set = zone.set_switch(&scope, switch, true, || true).await;
            assert!(set.expect("sent again"));
        }
        let made = Authority::new("CA").and_then(|authority| authority.client("shop", now()));
        let made = made.expect("a certificate");
        let key = Secret::new(made.private_key);
        let lost = zone.upload(&scope, Store::Hostname, made.certificate, key, |_| true);
        let lost = lost.await.expect_err("nobody knows");
        assert!(matches!(lost, Error::Lost { .. }), "{lost}");
        let count = |method: &str| {
            let log = simulator.log();
            log.iter()
                .filter(|request| request.method == method)
                .count()
        };
        let counts = ["GET", "PUT", "PATCH", "POST"].map(count);
        assert_eq!(counts, [2, 2, 2, 1], "a POST is never repeated blindly");
    }
}
