//! Faults on order: which request, and what befalls it.

use std::time::Duration;

use tokio::sync::watch;

use crate::reply::Answer;

/// What befalls a request.
#[derive(Clone, Debug)]
pub enum Action {
    /// This answer comes at once, and nothing is done.
    Answer(Answer),
    /// It is done, but this answer comes.
    DoneBut(Answer),
    /// It takes this much longer before anything is done.
    Delay(Duration),
    /// It is done, but its answer takes this much longer.
    DelayAnswer(Duration),
    /// The connection ends before anything is done.
    ResetBefore,
    /// The connection ends after it was done.
    ResetAfter,
    /// It is done, but half of the answer is missing.
    Truncate,
    /// It stands still before anything is done, until the gate is opened.
    HoldBefore(Gate),
    /// It is done, and its answer stands still until the gate is opened.
    HoldAfter(Gate),
}

/// Where requests stand still. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    reached: watch::Sender<bool>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Whether a request stands here, or has stood here.
    pub fn is_reached(&self) -> bool {
        *self.reached.borrow()
    }

    /// Waits until a request stands here.
    pub async fn reached(&self) {
        // The sender lives as long as this gate.
        let _ = self.reached.subscribe().wait_for(|reached| *reached).await;
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    pub(crate) async fn pass(&self) {
        self.reached.send_replace(true);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

/// A fault on order.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    path: String,
    skip: u32,
    times: u32,
    action: Action,
}

impl Fault {
    /// Befalls the next request with this method whose path ends like this.
    pub fn on(method: &str, path_end: &str, action: Action) -> Self {
        Self {
            method: method.to_owned(),
            path: path_end.to_owned(),
            skip: 0,
            times: 1,
            action,
        }
    }

    /// Befalls the next request, whichever it is.
    pub fn on_any(action: Action) -> Self {
        Self::on("", "", action)
    }

    /// Lets so many requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Befalls so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// What befalls this request, if it does.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<Action> {
        let is_other = !self.method.is_empty() && self.method != method;
        if self.times == 0 || is_other || !path.ends_with(&self.path) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.action.clone())
    }
}

impl Answer {
    /// An answer with a status and Cloudflare's envelope around one error.
    pub fn error(status: u16, code: i64, message: &str) -> Self {
        let body = serde_json::json!({
            "success": false,
            "errors": [{ "code": code, "message": message }],
            "messages": [],
        });
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        }
    }

    /// An HTML page, as gateways answer.
    pub fn html(status: u16, text: &str) -> Self {
        let body = format!("<html><body><h1>{text}</h1></body></html>");
        Self {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: body.into_bytes(),
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}
