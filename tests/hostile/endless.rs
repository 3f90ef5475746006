//! Answers that do not end: the provider is interrupted within a second all the same.

use std::time::Duration;

use framework::value::Dynamic;
use framework::wire::pb::tfplugin6 as pb;
use tokio::time::Instant;

use crate::server::{Hostile, Reply};
use crate::world::{World, ZONE};

#[tokio::test]
async fn an_interruption_is_heard_while_a_server_talks_on_and_on() {
    type Endless = fn() -> Reply;
    let servers: [(&str, Endless); 6] = [
        ("headers", || {
            Reply::Endless(
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                b"x-more: 1\r\n".repeat(100),
            )
        }),
        ("one header", || {
            Reply::Endless(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 8192])
        }),
        ("preliminary answers", || {
            Reply::Endless(Vec::new(), b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100))
        }),
        ("a body", || {
            Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 8192])
        }),
        ("chunks of nothing", || {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            Reply::Endless(head.to_vec(), b"1\r\n \r\n".repeat(100))
        }),
        ("one byte in a while", || {
            let bytes = b"HTTP/1.1 200 OK\r\n\r\n{".repeat(100);
            Reply::Slowly(bytes, Duration::from_millis(100))
        }),
    ];
    for (name, reply) in servers {
        let server = Hostile::serve(move |_| reply()).await;
        let mut world = World::new(&server.url).await;
        let values = [("zone_id", ZONE.into()), ("enabled", Dynamic::Bool(true))];
        let state = world.state("aop_zone_setting", &values);
        let mut client = world.client.clone();
        let stop = async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let asked = Instant::now();
            let answer: pb::stop_provider::Response = client
                .call_path(
                    "/tfplugin6.Provider/StopProvider",
                    pb::stop_provider::Request {},
                )
                .await
                .unwrap();
            assert_eq!(answer.error, "");
            asked
        };
        let ((_, said), asked) = tokio::join!(world.read("aop_zone_setting", &state), stop);
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(1), "{name}: {took:?}");
        world.survives(&said, &[]).await;
    }
}
