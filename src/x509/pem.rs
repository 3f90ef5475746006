//! PEM text: blocks between `-----BEGIN` and `-----END` lines.
//!
//! Tolerant of what editors and heredocs do (CRLF, byte order mark, indentation,
//! blank lines, text around the blocks, a missing last newline) and strict about
//! the rest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block.
pub(super) struct Block {
    /// What the block says it is, such as `CERTIFICATE`.
    pub(super) label: String,
    /// The content.
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// Why a text is not PEM.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PemError {
    /// There is no block.
    Nothing,
    /// There are markers, but not on lines of their own.
    BrokenLines,
    /// The block that begins on this line does not end.
    Unterminated(String, usize),
    /// The block that begins on this line is not base64.
    NotBase64(String, usize),
    /// The block that begins on this line holds a key behind a password.
    Encrypted,
}

/// The blocks of a text, in order.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, PemError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.split('\n').map(str::trim).enumerate();
    let mut found = Vec::new();
    while let Some((number, line)) = lines.next() {
        let Some(label) = marker(line, "BEGIN") else {
            continue;
        };
        let place = |error: fn(String, usize) -> PemError| error(label.to_owned(), number + 1);
        let mut base64 = Zeroizing::new(String::new());
        let mut encrypted = label == "ENCRYPTED PRIVATE KEY";
        loop {
            match lines.next() {
                None => return Err(place(PemError::Unterminated)),
                Some((_, line)) if marker(line, "END") == Some(label) => break,
                Some((_, line)) if line.starts_with("-----") => {
                    return Err(place(PemError::Unterminated));
                }
                // A header of the legacy form, such as `Proc-Type: 4,ENCRYPTED`.
                Some((_, line)) if line.contains(':') => encrypted |= line.contains("ENCRYPTED"),
                Some((_, line)) => base64.push_str(line),
            }
        }
        if encrypted {
            return Err(PemError::Encrypted);
        }
        let der = STANDARD
            .decode(base64.as_bytes())
            .map_err(|_| place(PemError::NotBase64))?;
        found.push(Block {
            label: label.to_owned(),
            der: Zeroizing::new(der),
        });
    }
    if found.is_empty() {
        return Err(if text.contains("-----BEGIN") {
            PemError::BrokenLines
        } else {
            PemError::Nothing
        });
    }
    Ok(found)
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

/// The label of a marker line.
fn marker<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix("-----")?
        .strip_prefix(word)?
        .strip_prefix(' ')?
        .strip_suffix("-----")
        .filter(|label| !label.contains("-----"))
}
