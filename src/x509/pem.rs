//! PEM text: blocks between `-----BEGIN` and `-----END` lines, read in two ways.
//!
//! [`blocks`] is for what will be uploaded. It is tolerant of what editors and heredocs do
//! (every convention of line breaks, byte order marks, indentation, blank lines, text around
//! the blocks, a missing last line feed). Whatever else is given is used or named in an
//! error: a marker that is not clean, and anything beside the blocks that might be a key.
//!
//! [`found`] is for what is there already: it takes every block that it can find.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use super::Problem;
use super::beside::{first_stray, is_base64};

/// No text of certificates or of a key is larger, in bytes.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;

/// Base64 without its padding, as people and programs leave it.
const STANDARD_NO_PAD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One block.
pub(super) struct Block {
    /// What the block says it is, such as `CERTIFICATE`.
    pub(super) label: String,
    /// The content.
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// Why a text is not PEM. Lines are counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PemError {
    /// There is no block.
    Nothing,
    /// There is no block, but base64 of one. `key`: of a private key.
    Encoded { key: bool },
    /// There is no block, but base64 of DER.
    Der,
    /// There is no block, but the name of a file.
    Path,
    /// The line breaks of the text are a backslash and an n.
    Escaped,
    /// A block begins on the line on which another ends. `key`: a private key.
    Joined { line: usize, key: bool },
    /// A block stands on one line.
    OneLine(usize),
    /// The line holds a marker and more than that, or one that is not well formed.
    Marker(usize),
    /// The line stands beside the blocks, and might be a part of a key.
    Stray(usize),
    /// The line ends a block that does not begin.
    Unopened(usize),
    /// The block that begins on this line does not end.
    Unterminated(usize),
    /// The block that begins on this line is not base64.
    NotBase64(usize),
    /// The block that begins on this line holds a key behind a password.
    Encrypted,
}

impl PemError {
    /// What is wrong with the text of a `what`, and the next step. Nothing of the text is
    /// repeated.
    pub(super) fn explain(&self, summary: &'static str, what: &str) -> Problem {
        let detail = match self {
            Self::Nothing => {
                format!("The text has no `-----BEGIN` line. Give the {what} in PEM form.")
            }
            Self::Encoded { .. } => format!(
                "The text is base64 of a PEM text. Decode it: base64decode(…) around the value \
                 gives the {what}."
            ),
            Self::Der => format!(
                "The text is base64 of a binary form. Give the {what} as PEM: DER is converted with \
                 `openssl x509 -inform der` (a key with `openssl pkey -inform der`), a PKCS#12 file \
                 with `openssl pkcs12 -nodes`."
            ),
            Self::Path => {
                format!("The text is the name of a file. Give the {what} in it: file(\"…\").")
            }
            Self::Escaped => format!(
                "The line breaks of the text are the two characters \\ and n (or \\ and r), as in \
                 JSON or in a variable of the shell. Give the {what} from a file; with \
                 jsondecode(…) if it is JSON; or with replace(replace(…, \"\\\\r\", \"\"), \
                 \"\\\\n\", \"\\n\")."
            ),
            Self::Joined { line, key } => {
                let second = match key {
                    true => "a private key",
                    false => "a second block",
                };
                format!(
                    "On line {line} a block ends and {second} begins: two texts were joined \
                     without a line break. Join them with join(\"\\n\", […])."
                )
            }
            Self::OneLine(line) => format!(
                "Line {line} holds a whole block. The line breaks seem to be lost: give the {what} \
                 from a file or as a heredoc."
            ),
            Self::Marker(line) => format!(
                "Line {line} holds a BEGIN or END marker and more than that, such as a quote, a \
                 comment or an invisible character, or a marker that is misspelled. A marker stands \
                 alone on its line: -----BEGIN …-----, with five hyphens on each side."
            ),
            Self::Stray(line) => format!(
                "Line {line} stands beside the PEM blocks and might be a part of a key. Take it \
                 out, or give its block with BEGIN and END lines."
            ),
            Self::Unopened(line) => {
                format!("Line {line} ends a PEM block that has no BEGIN line. Was the text cut?")
            }
            Self::Unterminated(line) => format!(
                "The PEM block that begins on line {line} has no END line of its own. Was the text \
                 cut?"
            ),
            Self::NotBase64(line) => format!(
                "The PEM block that begins on line {line} is not base64. Was the text cut or \
                 changed?"
            ),
            Self::Encrypted => "The text holds a key behind a password.".to_owned(),
        };
        Problem::new(summary, detail)
    }
}

/// The lines of a text, whatever its line breaks, without what is around them that nobody
/// sees. Counted from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let unix = text.split('\n');
    let unix = unix.map(|line| line.strip_suffix('\r').unwrap_or(line));
    let lines = unix.flat_map(|line| line.split(['\r', '\u{85}', '\u{2028}', '\u{2029}']));
    let seen = lines.map(|line| line.trim().trim_start_matches('\u{feff}').trim_start());
    (1..).zip(seen)
}

/// More than the largest key takes.
const ROOM: usize = 16 << 10;

/// The blocks of a text, in order.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, PemError> {
    let mut lines = lines(text);
    let (mut found, mut beside) = (Vec::new(), Vec::new());
    while let Some((number, line)) = lines.next() {
        let Some(label) = marker(line, "BEGIN") else {
            if is_like_marker(line) {
                return Err(unclean(number, line));
            }
            beside.push((number, line));
            continue;
        };
        // Slot for any key, so that it never moves.
        let room = text.len().min(ROOM);
        let mut base64 = Zeroizing::new(String::with_capacity(room));
        read_content((number, label), &mut lines, &mut base64)?;
        let der = STANDARD.decode(base64.as_bytes());
        let der = der.map_err(|_| PemError::NotBase64(number))?;
        found.push(Block {
            label: label.to_owned(),
            der: Zeroizing::new(der),
        });
    }
    match (found.is_empty(), first_stray(&beside)) {
        (true, _) => Err(guess(text)),
        (false, Some(line)) => Err(PemError::Stray(line)),
        (false, None) => Ok(found),
    }
}

/// Reads the lines of the block that begins on line `number`, its end included.
fn read_content<'a>(
    (number, label): (usize, &str),
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    base64: &mut String,
) -> Result<(), PemError> {
    let mut encrypted = label == "ENCRYPTED PRIVATE KEY";
    for (at, line) in lines {
        if marker(line, "END") == Some(label) {
            return match encrypted {
                true => Err(PemError::Encrypted),
                false => Ok(()),
            };
        }
        if is_like_marker(line) {
            return Err(match marker(line, "BEGIN").or(marker(line, "END")) {
                Some(_) => PemError::Unterminated(number),
                None => unclean(at, line),
            });
        }
        // The headers of the legacy form of keys, such as `Proc-Type: 4,ENCRYPTED`.
        match base64.is_empty() && is_key_header(label, line) {
            true => encrypted |= line.contains("ENCRYPTED"),
            false => base64.push_str(line),
        }
    }
    Err(PemError::Unterminated(number))
}

fn is_key_header(label: &str, line: &str) -> bool {
    let names = ["Proc-Type:", "DEK-Info:"];
    label.ends_with("PRIVATE KEY") && names.iter().any(|name| line.starts_with(name))
}

/// What a text without any block may be.
fn guess(text: &str) -> PemError {
    let text = text.trim();
    if [".pem", ".crt", ".cer", ".key"]
        .iter()
        .any(|end| text.ends_with(end))
        && text.lines().count() == 1
    {
        return PemError::Path;
    }
    match decoded(text) {
        Some(bytes) if contains(&bytes, b"-----BEGIN") => PemError::Encoded {
            key: contains(&bytes, b"PRIVATE KEY-----"),
        },
        Some(bytes) if bytes.len() > 100 && bytes.first() == Some(&0x30) => PemError::Der,
        _ => PemError::Nothing,
    }
}

/// The label of a clean marker line.
fn marker<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix("-----")?
        .strip_prefix(word)?
        .strip_prefix(' ')?
        .strip_suffix("-----")
        .filter(|label| {
            label
                .bytes()
                .all(|byte| byte == b' ' || byte.is_ascii_alphanumeric())
        })
}

/// Whether somebody may have meant a marker.
fn is_like_marker(line: &str) -> bool {
    let is_dash = |c: char| "-‐‑‒–—―−".contains(c);
    let labels = ["CERTIFICATE", "KEY", "PARAMETERS", "REQUEST", "PKCS"];
    let upper = line.to_ascii_uppercase();
    ["BEGIN", "END"].iter().any(|word| {
        upper.match_indices(word).any(|(at, _)| {
            let before = upper.get(..at).unwrap_or_default().trim_end();
            let after = upper.get(at + word.len()..).unwrap_or_default();
            let dashes = before.chars().rev().take_while(|c| is_dash(*c)).count();
            let is_word = !after.starts_with(|c: char| c.is_ascii_alphanumeric());
            let is_labeled = labels.iter().any(|label| after.contains(label));
            is_word && (dashes > 1 || dashes == 1 && is_labeled)
        })
    })
}

/// What is wrong with a marker line that is not clean.
fn unclean(number: usize, line: &str) -> PemError {
    let (begin, end) = (line.find("-----BEGIN "), line.rfind("-----END "));
    let first_end = line.find("-----END ");
    match (begin, end) {
        _ if marker(line, "END").is_some() => PemError::Unopened(number),
        _ if line.contains("\\n") || line.contains("\\r") => PemError::Escaped,
        (Some(begin), Some(end)) if begin < end => PemError::OneLine(number),
        (Some(begin), Some(_)) if first_end.is_some_and(|end| end < begin) => {
            let label = line.get(begin..).unwrap_or_default();
            PemError::Joined {
                line: number,
                key: label.contains("PRIVATE KEY"),
            }
        }
        _ => PemError::Marker(number),
    }
}

/// Base64 of anything, whatever stands between its letters, with or without its padding.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut letters = Zeroizing::new(String::with_capacity(text.len()));
    letters.extend(text.chars().filter(|c| is_base64(*c)));
    let der = STANDARD_NO_PAD.decode(letters.as_bytes()).ok()?;
    Some(Zeroizing::new(der))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// No text that is there has more certificates, or is longer.
const MOST_FOUND: usize = 50;
const LONGEST_FOUND: usize = 1 << 20;

/// The certificates in a text that is there already, wherever they stand in it. A block
/// reaches to the next marker, whatever that is.
pub(super) fn found(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if text.len() > LONGEST_FOUND {
        return found;
    }
    let mut parts = text.split("-----").peekable();
    while let Some(part) = parts.next() {
        let label = part.strip_prefix("BEGIN ").map(str::trim);
        if !label.is_some_and(|label| LABELS.contains(&label)) || found.len() == MOST_FOUND {
            continue;
        }
        let content = parts.peek().copied().unwrap_or_default();
        let plain = content.replace("\\n", "").replace("\\r", "");
        let lines = plain.lines().filter(|line| !line.contains(':'));
        let letters = lines.flat_map(str::chars).filter(|c| is_base64(*c));
        let base64: String = letters.collect();
        found.extend(STANDARD_NO_PAD.decode(base64).ok().map(whole));
    }
    found
}

/// The labels of certificates.
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// The DER of the certificate alone: a trusted one has more behind it.
fn whole(mut der: Vec<u8>) -> Vec<u8> {
    let rest = X509Certificate::from_der(&der).map_or(0, |(rest, _)| rest.len());
    der.truncate(der.len() - rest);
    der
}

/// A block as text: lines of 64 characters, each ended by a line feed. The text never
/// moves while it is written, so that no part of a key is left behind.
pub(super) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let lines = der.chunks(48);
    let room = 2 * (label.len() + 20) + 65 * lines.len();
    let mut text = Zeroizing::new(String::with_capacity(room));
    for part in ["-----BEGIN ", label, "-----\n"] {
        text.push_str(part);
    }
    for line in lines {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    for part in ["-----END ", label, "-----\n"] {
        text.push_str(part);
    }
    text
}
