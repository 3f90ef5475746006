//! Several people, several runs: one state that they share, or two states on one zone.

use std::time::Duration;

use aop_simulator::{Action, Answer, Fault, Store};
use xtask::{Workspace, root};

use crate::interruption::finish;
use crate::postgres::Postgres;
use crate::scene::{Scene, says, with_every_cli_at_once};

const ANN: &str = "ann";
const BOB: &str = "bob";

/// A colleague's folder with the example in it, and the way to the database.
fn colleague(scene: &Scene, name: &str, postgres: &Postgres) -> Workspace {
    let mut workspace = scene.workspace_beside(name);
    workspace.copy_from(&root().join("examples/team")).unwrap();
    workspace.set_env("PG_CONN_STR", &postgres.connection());
    workspace
}

fn run(workspace: &Workspace, arguments: &[&str], code: i32) -> xtask::Ran {
    let ran = workspace.run(arguments).unwrap();
    assert_eq!(ran.code, code, "{arguments:?}\n{}", ran.text());
    ran
}

#[test]
fn a_team_shares_its_state_and_not_its_key() {
    with_every_cli_at_once("team", |scene| {
        let postgres = Postgres::start();
        scene.wait_until(|| postgres.is_ready());
        let made = scene.authority.client("shop", crate::scene::now()).unwrap();
        let mut ann = colleague(scene, ANN, &postgres);
        let bob = colleague(scene, BOB, &postgres);
        for workspace in [&ann, &bob] {
            workspace.write("shop.pem", &made.certificate).unwrap();
        }
        ann.set_env("TF_VAR_private_key", &made.private_key);
        run(&ann, &["init"], 0);
        run(&bob, &["init"], 0);

        // While Ann's apply waits, Bob's is told that the state is locked.
        scene
            .simulator
            .set(|s| s.activation = Some(Duration::from_secs(600)));
        let applying = ann.start(&["apply", "-auto-approve"]).unwrap();
        scene.wait_for("POST", "/certificates", 1);
        let locked = run(&bob, &["apply", "-auto-approve"], 1);
        says(&locked, &["Error acquiring the state lock"]);
        assert_eq!(scene.requests("POST", ""), 1);
        scene.simulator.clock().advance(Duration::from_secs(600));
        scene.simulator.set(|s| s.activation = Some(Duration::ZERO));
        let applied = finish(applying);
        assert_eq!(applied.code, 0, "{}", applied.text());

        // Bob has no key, and needs none.
        run(&bob, &["plan", "-detailed-exitcode"], 0);
        let state = run(&bob, &["state", "pull"], 0).stdout;
        let secret = made.private_key.lines().nth(1).unwrap();
        assert!(!state.contains(secret), "the key is in the database");
        let more = "-var=hostnames=[\"app.example.com\", \"www.example.com\"]";
        run(&bob, &["apply", "-auto-approve", more], 0);
        run(&ann, &["plan", "-detailed-exitcode", more], 0);
        run(&ann, &["destroy", "-auto-approve"], 0);
        assert_eq!(scene.left(), 0);
    });
}

/// One state's certificates and hostnames.
fn share(name: &str) -> String {
    format!(
        r#"
terraform {{
  required_providers {{
    aop = {{ source = "terraform.local/aop/aop" }}
  }}
}}
variable "zone_id" {{ type = string }}
resource "aop_hostname_certificate" "all" {{
  count       = 4
  zone_id     = var.zone_id
  certificate = file("c${{count.index}}.pem")
  private_key = file("c${{count.index}}.key")
}}
resource "aop_hostname_association" "all" {{
  count          = 20
  zone_id        = var.zone_id
  hostname       = "{name}${{count.index}}.example.com"
  certificate_id = aop_hostname_certificate.all[count.index % 4].id
}}
"#
    )
}

#[test]
fn two_runs_at_once_lose_nothing_and_keep_to_one_budget() {
    with_every_cli_at_once("two-runs", |scene| {
        scene.simulator.set(|s| {
            // Both have the same token, and together more to ask than it may.
            s.rate_limit = Some((40, Duration::from_secs(6)));
            s.latency = Duration::from_millis(20);
        });
        let people = [ANN, BOB].map(|name| {
            let workspace = scene.workspace_beside(name);
            for number in 0..4 {
                let made = scene.authority.client(name, crate::scene::now()).unwrap();
                let write = |end: &str, text: &str| {
                    workspace.write(&format!("c{number}.{end}"), text).unwrap();
                };
                write("pem", &made.certificate);
                write("key", &made.private_key);
            }
            workspace.write("main.tf", &share(name)).unwrap();
            run(&workspace, &["init"], 0);
            workspace
        });
        let both = |arguments: &[&str]| {
            let running = people.each_ref().map(|p| p.start(arguments).unwrap());
            for child in running {
                let ran = finish(child);
                assert_eq!(ran.code, 0, "{}", ran.text());
            }
        };
        // Where the runs do not meet by themselves.
        let busy = Action::Answer(Answer::error(409, 1493, "busy"));
        for method in ["POST", "DELETE"] {
            let busy = Fault::on(method, "", busy.clone());
            scene.simulator.order(busy.after(1).times(3));
        }
        both(&["apply", "-auto-approve"]);
        assert_eq!(scene.ids(Store::Hostname).len(), 8);
        assert_eq!(scene.left(), 8 + 40, "nothing was lost or made twice");
        both(&["plan", "-detailed-exitcode"]);
        let log = scene.simulator.log();
        let refused = log.iter().filter(|r| r.status == 429).count();
        // Neither can know what the other is about to send, but both see what is left.
        assert!(
            refused * 10 <= log.len(),
            "{refused} of {} were too many",
            log.len()
        );
        both(&["destroy", "-auto-approve"]);
        assert_eq!(scene.left(), 0);
    });
}
