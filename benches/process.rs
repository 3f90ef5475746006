//! The whole process: from start to handshake, the schema, memory. Prints one
//! `name<TAB>figure` a line for `cargo xtask bench`, which builds the program as
//! it is shipped and names it in `AOP_PROVIDER`.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench that shares the protocol suite's client, of which it uses a part"
)]

#[path = "../tests/protocol/client.rs"]
mod client;
#[path = "../tests/protocol/plugin.rs"]
mod plugin;

use std::process::Command;
use std::time::Duration;

use plugin::Plugin;
use prost::Message;
use tokio::time::Instant;

const RUNS: usize = 31;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let floor = times(|| {
        let started = Instant::now();
        Command::new("true").output().unwrap();
        started.elapsed()
    });
    row("floor: start to end of `true`", &floor);
    let handshake = times(|| {
        // Making its certificate is the host's work.
        let host = plugin::HostIdentity::new();
        let started = Instant::now();
        let _plugin = Plugin::start_for(host);
        started.elapsed()
    });
    row("start to handshake", &handshake);

    let (mut first, mut memory, mut private, mut bytes) = (Vec::new(), 0, 0, 0);
    for _ in 0..RUNS {
        let plugin = Plugin::start();
        let mut client = plugin.connect().await;
        let started = Instant::now();
        let schema = client.schema().await;
        first.push(started.elapsed());
        bytes = schema.encoded_len();
        memory = resident(&plugin, "VmRSS");
        private = resident(&plugin, "RssAnon");
    }
    row("schema, first call", &first);
    println!("schema, size\t{bytes}\tbytes");
    println!(
        "memory after the schema\t{:.1}\tMiB\nprivate memory\t{:.1}\tMiB",
        mib(memory),
        mib(private)
    );
    let size = std::fs::metadata(plugin::program()).unwrap().len();
    println!("program\t{:.2}\tMiB", mib(size / 1024));
}

fn times(mut run: impl FnMut() -> Duration) -> Vec<Duration> {
    (0..RUNS).map(|_| run()).collect()
}

fn row(name: &str, times: &[Duration]) {
    let mut sorted = times.to_vec();
    sorted.sort();
    let milliseconds = |at: usize| sorted[at].as_secs_f64() * 1e3;
    println!("{name}\t{:.2}\tms", milliseconds(0));
}

/// A line of /proc/PID/status, in KiB.
fn resident(plugin: &Plugin, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", plugin.child.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
