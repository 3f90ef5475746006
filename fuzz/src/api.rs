//! Answers of the API, or of whoever answers in its place.

use std::fmt::Debug;
use std::iter::repeat_n;
use std::time::Duration;

use cloudflare::{
    Answer, AssociationWrite, CertificateId, Error, Fresh, Hostname, Scope, Store, Switch, Wanted,
    ZoneId,
};
use text::Secret;
use tokio_util::sync::CancellationToken;

use crate::answers::{Answers, in_no_time};

const TYPES: [&str; 4] = [
    "application/json",
    "application/json; charset=utf-8",
    "text/html",
    "",
];
/// What the upload sends, and an answer could echo.
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgc2VjcmV0";
/// No message is longer than a screen.
const LONGEST: usize = 4000;

/// Two bytes for the status, one for the type, then `retry-after`, `ratelimit` and the
/// body, with a zero byte behind each of the first two. Every kind of request gets it.
pub(crate) fn answer(bytes: &[u8]) {
    let [high, low, ty, rest @ ..] = bytes else {
        return;
    };
    let mut parts = rest.splitn(3, |byte| *byte == 0);
    let mut header = || {
        let text = parts
            .next()
            .map(|part| String::from_utf8_lossy(part).into_owned());
        text.filter(|text| !text.is_empty())
    };
    let (retry_after, ratelimit) = (header(), header());
    let answer = Answer {
        status: u16::from_be_bytes([*high, *low]) % 600,
        content_type: TYPES[usize::from(*ty) % TYPES.len()].to_owned(),
        date: retry_after.clone(),
        retry_after,
        ratelimit,
        ray: None,
        body: parts.next().unwrap_or_default().to_vec(),
    };
    in_no_time(ask(answer));
}

async fn ask(answer: Answer) {
    let client = Answers::client(repeat_n(answer, 200).map(Ok), 1);
    let zone = ZoneId::parse("023e105f4ecef8ad9ca31a8372d0c353").expect("an id");
    let hostname = Hostname::parse("app.example.com").expect("a hostname");
    let zone = client.zone(&zone);
    let scope = || Scope::lasting(Duration::from_secs(60), CancellationToken::new());
    for store in [Store::Zone, Store::Hostname] {
        is_fit(&zone.certificates(&scope(), store).await);
        is_fit(&zone.certificate(&scope(), store, &id("2458ce5a")).await);
        let key = Secret::new(KEY.to_owned());
        is_fit(
            &zone
                .upload(&scope(), store, "PEM".to_owned(), key, |_| true)
                .await,
        );
    }
    is_fit(&zone.associations_as_of(&scope(), Fresh::now()).await);
    is_fit(
        &zone
            .association_as_of(&scope(), &hostname, Fresh::Recent)
            .await,
    );
    is_fit(&zone.association_before(&scope(), &hostname).await);
    let write = AssociationWrite {
        hostname: hostname.clone(),
        cert_id: id("2458ce5a"),
        enabled: Some(true),
    };
    let written = zone
        .write_associations(&scope(), &[write], Wanted::Always)
        .await;
    is_fit(&written.only());
    is_fit(&zone.repoint(&scope(), &id("old"), &id("new")).await);
    for switch in [Switch::Zone, Switch::Global] {
        is_fit(&zone.switch(&scope(), switch).await);
        is_fit(&zone.set_switch(&scope(), switch, true, || true).await);
    }
}

/// A message is short, one line, and repeats nothing secret.
fn is_fit<T: Debug>(outcome: &Result<T, Error>) {
    let Err(error) = outcome else { return };
    let message = error.to_string();
    assert!(!message.contains(KEY), "a message repeats the key");
    assert!(
        message.len() < LONGEST,
        "a message of {} bytes",
        message.len()
    );
    let is_odd = |c: char| c.is_control() && c != '\n';
    assert!(
        !message.contains(is_odd),
        "a message has control characters"
    );
}

fn id(text: &str) -> CertificateId {
    CertificateId::parse(text).expect("an id")
}
