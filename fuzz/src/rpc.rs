//! Sequences of RPCs with any content, and an API that answers anything.

use cloudflare::{Answer, SendError};
use framework::Server;
use framework::wire::Service;
use framework::wire::pb::tfplugin6 as pb;
use framework::wire::pb::tfplugin6::provider_server::Provider as _;
use prost::Message;
use tokio_stream::StreamExt;
use tonic::Request;

use crate::answers::{in_no_time, now};
use crate::credentials::filled;
use crate::provider::Fuzzed;

/// So many calls in a sequence, and answers of the API, are enough.
const MOST: usize = 24;

/// What the API may say. One byte of the input chooses.
const ANSWERS: [(u16, &str); 14] = [
    (
        200,
        r#"{"success":true,"result":[],"result_info":{"total_pages":1}}"#,
    ),
    (
        200,
        r#"{"success":true,"result":[{"id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","status":"active","certificate":"PEM","uploaded_on":"2026-11-21T00:00:00Z"}]}"#,
    ),
    (
        200,
        r#"{"success":true,"result":{"id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","status":"active"}}"#,
    ),
    (
        200,
        r#"{"success":true,"result":{"id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","status":"pending_deployment"}}"#,
    ),
    (
        200,
        r#"{"success":true,"result":{"id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","status":"deployment_timed_out"}}"#,
    ),
    (
        200,
        r#"{"success":true,"result":{"id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","status":"deleted"}}"#,
    ),
    (
        200,
        r#"{"success":true,"result":[{"hostname":"app.example.com","cert_id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","enabled":true,"status":"active"}]}"#,
    ),
    (
        200,
        r#"{"success":true,"result":{"hostname":"app.example.com","cert_id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","enabled":true,"status":"pending_deployment"}}"#,
    ),
    (
        200,
        r#"{"success":true,"result":{"enabled":true,"value":"on"}}"#,
    ),
    (
        400,
        r#"{"success":false,"errors":[{"code":1406,"message":"exists"}]}"#,
    ),
    (
        400,
        r#"{"success":false,"errors":[{"code":1415,"message":"invalid"}]}"#,
    ),
    (
        409,
        r#"{"success":false,"errors":[{"code":1434,"message":"busy"}]}"#,
    ),
    (
        404,
        r#"{"success":false,"errors":[{"code":1551,"message":"gone"}]}"#,
    ),
    (502, "<html>"),
];

/// One byte with the number of answers and one for each of them; then calls: one byte for
/// the RPC, two for the length of its message, and the message.
pub(crate) fn sequence(bytes: &[u8]) {
    let bytes = filled(bytes);
    let Some((count, rest)) = bytes.split_first() else {
        return;
    };
    let (answers, mut rest) = rest.split_at(usize::from(*count).min(rest.len()).min(MOST));
    let provider = Fuzzed::new(answers.iter().map(|choice| answer(*choice)).collect());
    let service = Service::new(Server::new(provider, now));
    in_no_time(async {
        for _ in 0..MOST {
            let [rpc, high, low, after @ ..] = rest else {
                return;
            };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let (message, next) = after.split_at(length.min(after.len()));
            call(&service, *rpc, message).await;
            rest = next;
        }
    });
}

fn answer(choice: u8) -> Result<Answer, SendError> {
    let Some((status, body)) = ANSWERS.get(usize::from(choice)) else {
        let cause = "connection reset".to_owned();
        return Err(SendError::Lost { cause });
    };
    Ok(Answer {
        status: *status,
        content_type: "application/json".to_owned(),
        body: body.as_bytes().to_vec(),
        ..Answer::default()
    })
}

/// What every answer may hold.
trait Said {
    fn said(&self) -> &[pb::Diagnostic];
}

macro_rules! say {
    ($($message:ident)*) => {$(
        impl Said for pb::$message::Response {
            fn said(&self) -> &[pb::Diagnostic] {
                &self.diagnostics
            }
        }
    )*};
}

say! {
    validate_provider_config configure_provider validate_resource_config upgrade_resource_state
    upgrade_resource_identity read_resource plan_resource_change apply_resource_change
    import_resource_state move_resource_state validate_data_resource_config read_data_source
    validate_list_resource_config
}

macro_rules! calls {
    ($service:expr, $rpc:expr, $message:expr, $($number:literal => $method:ident $types:ident,)*) => {
        match $rpc {
            $($number => {
                let Ok(request) = pb::$types::Request::decode($message) else { return };
                if let Ok(answer) = $service.$method(Request::new(request)).await {
                    is_fit(answer.get_ref().said());
                }
            })*
            _ => {}
        }
    };
}

/// One call. Whatever comes, an answer goes.
async fn call(service: &Service<Fuzzed>, rpc: u8, message: &[u8]) {
    match rpc {
        13 => {
            let Ok(request) = pb::call_function::Request::decode(message) else {
                return;
            };
            let answer = service.call_function(Request::new(request)).await;
            let error = answer.ok().and_then(|answer| answer.into_inner().error);
            assert!(!error.is_some_and(|error| error.text.contains(BUG)));
        }
        14 => {
            let Ok(request) = pb::list_resource::Request::decode(message) else {
                return;
            };
            if let Ok(events) = service.list_resource(Request::new(request)).await {
                let mut events = events.into_inner();
                while let Some(Ok(event)) = events.next().await {
                    is_fit(&event.diagnostic);
                }
            }
        }
        15 => {
            let stop = pb::stop_provider::Request {};
            let _ = service.stop_provider(Request::new(stop)).await;
        }
        _ => calls!(service, rpc, message,
            0 => validate_provider_config validate_provider_config,
            1 => configure_provider configure_provider,
            2 => validate_resource_config validate_resource_config,
            3 => upgrade_resource_state upgrade_resource_state,
            4 => upgrade_resource_identity upgrade_resource_identity,
            5 => read_resource read_resource,
            6 => plan_resource_change plan_resource_change,
            7 => apply_resource_change apply_resource_change,
            8 => import_resource_state import_resource_state,
            9 => move_resource_state move_resource_state,
            10 => validate_data_resource_config validate_data_resource_config,
            11 => read_data_source read_data_source,
            12 => validate_list_resource_config validate_list_resource_config,
        ),
    }
}

/// What the provider says when it has come to a point that it should never reach.
const BUG: &str = "came to a point that it should never reach";

fn is_fit(diagnostics: &[pb::Diagnostic]) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.detail.contains(BUG), "{}", diagnostic.detail);
        assert!(
            !diagnostic.summary.is_empty(),
            "a message without a summary"
        );
    }
}
