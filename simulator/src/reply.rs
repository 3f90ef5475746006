//! Answers, in the envelope variants that the API has been seen to use.

use serde_json::{Value as Json, json};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer.
    Answer(Answer),
    /// The connection ends without one.
    Reset,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `content-type: application/json`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A refusal: HTTP status, code, message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) u16, pub(crate) i64, pub(crate) &'static str);

impl Answer {
    /// A good answer; D: every one is 200, also to creates and deletes.
    pub(crate) fn success(result: &Json) -> Self {
        Self::json(
            200,
            &json!({ "success": true, "errors": [], "messages": [], "result": result }),
        )
    }

    /// A good answer that is a page of a list.
    pub(crate) fn page(result: &Json, info: &Json) -> Self {
        Self::json(
            200,
            &json!({
                "success": true, "errors": [], "messages": [],
                "result": result, "result_info": info,
            }),
        )
    }

    /// A refusal. L: this service omits `result`.
    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        let Refusal(status, code, message) = refusal;
        Self::json(
            *status,
            &json!({
                "success": false,
                "errors": [{ "code": code, "message": message }],
                "messages": [],
            }),
        )
    }

    fn json(status: u16, body: &Json) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        }
    }
}
