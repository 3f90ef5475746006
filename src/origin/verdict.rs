//! What was seen of an origin, and what that says.

use std::fmt;

/// What a connection to an origin has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the server asked for; none where it asked for no client certificate.
    pub asked: Option<Asked>,
    /// The certificate of the server, DER.
    pub server_certificate: Option<Vec<u8>>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A server's question for a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The authorities that the server says it accepts, RFC 2253; often none.
    pub accepted_issuers: Vec<String>,
    /// Whether a certificate was presented: there was one, and the server takes its kind of
    /// key.
    pub is_presented: bool,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client was refused for its certificate, or for the lack of one.
    Refused(Refusal),
    /// The server answered with this status.
    Answered(u16),
    /// TLS was agreed on, and what came then was no HTTP.
    NotHttp,
    /// TLS failed, or the connection, for a reason that has nothing to do with client
    /// certificates.
    Unclear(String),
}

/// How a server says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// With an alert of TLS, such as `CertificateRequired`.
    Alert(String),
    /// With a status of its own: 495 or 496.
    Status(u16),
    /// With nginx's page, under status 400.
    Page,
    /// It asked for a certificate and closed the connection without an answer.
    Closed,
}

impl Seen {
    /// Whether a connection without a certificate, which this was, is refused; none where it
    /// cannot be told.
    pub fn enforces(&self) -> Option<bool> {
        match self.outcome {
            Outcome::Refused(_) => Some(true),
            Outcome::Answered(status) if (200..400).contains(&status) => Some(false),
            Outcome::Answered(_) | Outcome::NotHttp | Outcome::Unclear(_) => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(Refusal::Alert(alert)) => write!(f, "TLS alert {alert}"),
            Self::Refused(Refusal::Status(status)) | Self::Answered(status) => {
                write!(f, "status {status}")
            }
            Self::Refused(Refusal::Page) => {
                f.write_str("status 400, with nginx's page about the client certificate")
            }
            Self::Refused(Refusal::Closed) => {
                f.write_str("it asked for a certificate and closed the connection")
            }
            Self::NotHttp => f.write_str("what it answered is no HTTP"),
            Self::Unclear(why) => f.write_str(why),
        }
    }
}

impl Outcome {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered(status) | Self::Refused(Refusal::Status(status)) => Some(*status),
            Self::Refused(Refusal::Page) => Some(400),
            Self::Refused(Refusal::Alert(_) | Refusal::Closed)
            | Self::NotHttp
            | Self::Unclear(_) => None,
        }
    }

    /// What an answer says: its status, and what is there of its body.
    pub(super) fn of_answer(status: u16, body: &[u8]) -> Self {
        // nginx shows 495 and 496 as 400, with one of two pages.
        let pages: [&[u8]; 2] = [
            b"No required SSL certificate was sent",
            b"The SSL certificate error",
        ];
        let shows = |page: &&[u8]| body.windows(page.len()).any(|part| part == *page);
        match status {
            495 | 496 => Self::Refused(Refusal::Status(status)),
            400 if pages.iter().any(shows) => Self::Refused(Refusal::Page),
            _ => Self::Answered(status),
        }
    }
}
