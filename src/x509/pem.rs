//! PEM text: blocks between `-----BEGIN` and `-----END` lines, read in two ways.
//!
//! [`blocks`] is for what will be uploaded. It is tolerant of what editors and heredocs do
//! (every convention of line breaks, byte order marks, indentation, blank lines, text around
//! the blocks, a missing last line feed). Whatever else is given is used or named in an
//! error: a marker that is not clean, and anything beside the blocks that might be a key.
//!
//! [`found`] is for what is there already: it takes every block that it can find.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Problem;

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
    /// There is no block, but base64 of one.
    Encoded,
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
            Self::Encoded => format!(
                "The text is base64 of a PEM text. Decode it: base64decode(…) around the value \
                 gives the {what}."
            ),
            Self::Escaped => format!(
                "The line breaks of the text are the two characters \\ and n, as in JSON or in a \
                 variable of the shell. Give the {what} with replace(…, \"\\\\n\", \"\\n\"), or from a \
                 file."
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
                 comment or an invisible character, or a marker that is misspelt. A marker stands \
                 alone on its line: -----BEGIN …-----, with five hyphens on each side."
            ),
            Self::Stray(line) => format!(
                "Line {line} stands beside the PEM blocks and might be a part of a key. Take it out, \
                 or give its block with BEGIN and END lines."
            ),
            Self::Unterminated(line) => format!(
                "The PEM block that begins on line {line} has no END line of its own. Was the text \
                 cut?"
            ),
            Self::NotBase64(line) => format!(
                "The PEM block that begins on line {line} is not base64. Was the text cut or changed?"
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

/// The blocks of a text, in order.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, PemError> {
    let mut lines = lines(text);
    let mut found = Vec::new();
    while let Some((number, line)) = lines.next() {
        let Some(label) = marker(line, "BEGIN") else {
            check_beside(number, line)?;
            continue;
        };
        let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
        let mut encrypted = label == "ENCRYPTED PRIVATE KEY";
        loop {
            match lines.next() {
                None => return Err(PemError::Unterminated(number)),
                Some((_, line)) if marker(line, "END") == Some(label) => break,
                Some((at, line)) if is_like_marker(line) => {
                    return Err(match marker(line, "BEGIN").or(marker(line, "END")) {
                        Some(_) => PemError::Unterminated(number),
                        None => unclean(at, line),
                    });
                }
                // A header of the legacy form, such as `Proc-Type: 4,ENCRYPTED`.
                Some((_, line)) if base64.is_empty() && line.contains(": ") => {
                    encrypted |= line.contains("ENCRYPTED");
                }
                Some((_, line)) => base64.push_str(line),
            }
        }
        if encrypted {
            return Err(PemError::Encrypted);
        }
        let der = STANDARD.decode(base64.as_bytes());
        let der = der.map_err(|_| PemError::NotBase64(number))?;
        found.push(Block {
            label: label.to_owned(),
            der: Zeroizing::new(der),
        });
    }
    match found.is_empty() {
        true => Err(PemError::Nothing),
        false => Ok(found),
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

/// An error unless a line beside the blocks can be nothing but words.
fn check_beside(number: usize, line: &str) -> Result<(), PemError> {
    if is_like_marker(line) {
        return Err(unclean(number, line));
    }
    if decoded(line).is_some_and(|der| contains_marker(&der)) {
        return Err(PemError::Encoded);
    }
    match may_be_key(line) {
        true => Err(PemError::Stray(number)),
        false => Ok(()),
    }
}

/// Whether somebody may have meant a marker.
fn is_like_marker(line: &str) -> bool {
    let is_dash = |c: char| "-‐‑‒–—―−".contains(c);
    let has_word = |word: &str| {
        let mut parts = line.match_indices(|c: char| c.is_ascii_alphabetic());
        parts.any(|(at, _)| {
            let here = line.get(at..at + word.len());
            let before = line.get(..at).unwrap_or_default().trim_end();
            here.is_some_and(|here| here.eq_ignore_ascii_case(word)) && before.ends_with(is_dash)
        })
    };
    has_word("BEGIN") || has_word("END") || line.starts_with("-----")
}

/// What is wrong with a marker line that is not clean.
fn unclean(number: usize, line: &str) -> PemError {
    let (begin, end) = (line.find("-----BEGIN "), line.rfind("-----END "));
    let first_end = line.find("-----END ");
    match (begin, end) {
        _ if line.contains("\\n") => PemError::Escaped,
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

/// Whether a line may be a part of a key: it is encoded, or stands where programs print a
/// key in words.
fn may_be_key(line: &str) -> bool {
    const PRINTED: [&str; 6] = [
        "private-key:",
        "privateexponent:",
        "priv:",
        "private-lines:",
        "putty-user-key-file",
        "\"kty\"",
    ];
    const LONG: usize = 32;
    let lower = line.to_lowercase();
    let is_encoded = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    let mut words = line.split(|c: char| !is_encoded(c));
    PRINTED.iter().any(|word| lower.contains(word)) || words.any(|word| word.len() >= LONG)
}

/// Base64 of anything.
fn decoded(line: &str) -> Option<Zeroizing<Vec<u8>>> {
    let der = STANDARD.decode(line).ok()?;
    Some(Zeroizing::new(der))
}

fn contains_marker(bytes: &[u8]) -> bool {
    bytes.windows(10).any(|part| part == b"-----BEGIN")
}

/// The certificates in a text that is there already, wherever they stand in it.
pub(super) fn found(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        rest = block;
        let Some((label, content)) = block.split_once("-----") else {
            break;
        };
        let Some((content, _)) = content.split_once("-----END ") else {
            break;
        };
        let plain = content.replace("\\n", "").replace("\\r", "");
        let base64: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
        if let (true, Ok(der)) = (label.ends_with("CERTIFICATE"), STANDARD.decode(base64)) {
            found.push(der);
        }
    }
    found
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
