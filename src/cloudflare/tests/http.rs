//! Real connections: a request that takes too long is given up, and what became of it
//! is found out.

use std::time::Duration;

use aop_simulator::{Action, Fault, Settings, Simulator, TOKEN};
use tokio_util::sync::CancellationToken;

use super::{date, options, upload, zone_id};
use crate::cloudflare::{Client, Credential, Error, Http, Scope, Switch};
use crate::secret::Secret;

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_lost_one() {
    let late = Duration::from_millis(600);
    for action in [Action::Delay(late), Action::DelayAnswer(late)] {
        let simulator = Simulator::new(Settings::default(), date());
        let listening = simulator.listen("127.0.0.1:0").await.expect("a listener");
        let token = Credential::Token(Secret::new(TOKEN.to_owned()));
        let mut http = Http::new(&listening.url(), token, "test".to_owned());
        http.request_timeout = Duration::from_millis(300);
        crate::plugin::install_crypto();
        let client = Client::new(Box::new(http), &options());
        let zone = client.zone(&zone_id());
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
        let lost = upload(&client, &scope).await.expect_err("nobody knows");
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
