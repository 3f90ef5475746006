//! Work that takes a while: what it is, how long it took the last time, and that it goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::build::target;

const MINUTE: Duration = Duration::from_secs(60);

/// Does something that takes a while. Says before how long it took the last time here, every
/// minute that it goes on, and how long it has taken.
pub fn phase<T>(name: &str, act: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    match times().get(name) {
        Some(seconds) => eprintln!("{name} … ({seconds} s the last time)"),
        None => eprintln!("{name} …"),
    }
    #[allow(clippy::disallowed_methods, reason = "how long a person waits")]
    let started = Instant::now();
    let outcome = std::thread::scope(|scope| {
        let (done, waiting) = channel::<()>();
        scope.spawn(move || {
            let mut minutes = 0;
            while waiting.recv_timeout(MINUTE) == Err(RecvTimeoutError::Timeout) {
                minutes += 1;
                eprintln!("{name} … {minutes} min so far");
            }
        });
        let outcome = act();
        drop(done);
        outcome
    })?;
    let seconds = started.elapsed().as_secs();
    eprintln!("{name}: {seconds} s");
    keep(name, seconds);
    Ok(outcome)
}

fn file() -> PathBuf {
    target().join("phases.tsv")
}

/// How many seconds each phase took the last time.
fn times() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let rows = text.lines().filter_map(|line| {
        let (name, seconds) = line.split_once('\t')?;
        Some((name.to_owned(), seconds.parse().ok()?))
    });
    rows.collect()
}

/// Keeps the seconds of a phase, if the target folder can be written.
fn keep(name: &str, seconds: u64) {
    let mut times = times();
    times.insert(name.to_owned(), seconds);
    let rows = times
        .iter()
        .map(|(name, seconds)| format!("{name}\t{seconds}\n"));
    // What is not kept is not said the next time.
    let _ = std::fs::write(file(), rows.collect::<String>());
}
