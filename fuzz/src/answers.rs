//! An API that answers whatever the bytes say.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudflare::{Answer, Client, Options, Request, SendError, Transport};
use jiff::Timestamp;

/// What the requests get, one after another; afterwards nothing more is found.
pub(crate) struct Answers(Mutex<VecDeque<Result<Answer, SendError>>>);

impl Answers {
    /// A client of such an API.
    pub(crate) fn client(
        answers: impl Iterator<Item = Result<Answer, SendError>>,
        max_retries: u32,
    ) -> Arc<Client> {
        let options = Options {
            requests_per_second: None,
            max_retries: Some(max_retries),
            propagation_delay: Duration::ZERO,
            seed: 7,
            clock: now,
        };
        Client::new(Box::new(Self(Mutex::new(answers.collect()))), &options)
    }
}

impl Transport for Answers {
    fn send<'a>(
        &'a self,
        _: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 'a>> {
        Box::pin(async {
            // No answer comes at once: others get their turn.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            answers.pop_front().unwrap_or_else(|| Ok(nothing()))
        })
    }
}

fn nothing() -> Answer {
    Answer {
        status: 404,
        content_type: "application/json".to_owned(),
        body: br#"{"success":false,"errors":[{"code":1551,"message":"gone"}]}"#.to_vec(),
        ..Answer::default()
    }
}

/// The day on which everything happens.
pub(crate) fn now() -> Timestamp {
    Timestamp::constant(1_795_219_200, 0)
}

/// Runs something on a clock that jumps wherever nobody has anything to do.
pub(crate) fn in_no_time<T>(run: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(run)
}
