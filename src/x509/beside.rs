//! What stands beside the blocks of a PEM text: words, or something that might be a key.
//!
//! Nothing can tell every key from every text. What is taken for one is what encoders and
//! programs write; fingerprints, serial numbers, URLs and paths are words.

/// The first line beside the blocks that may be a part of a key, if there are blocks at
/// all: it is encoded, alone or together with its neighbors, or programs print keys so.
pub(super) fn first_stray(beside: &[(usize, &str)]) -> Option<usize> {
    const LONG: usize = 40;
    let (mut run, mut start, mut last) = (String::new(), 0, 0);
    for (number, line) in beside {
        if is_printed_key(line) || line.split_whitespace().any(is_encoded) {
            return Some(*number);
        }
        if last + 1 != *number || !is_grouped(line) {
            (run, start) = (String::new(), *number);
        }
        last = *number;
        if is_grouped(line) {
            run.extend(line.chars().filter(char::is_ascii_alphanumeric));
        }
        if run.len() >= LONG && is_mixed(&run) {
            return Some(start);
        }
    }
    None
}

/// Whether a character is one of the letters of base64.
pub(super) fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '+' || c == '/'
}

/// Whether a line is letters of base64 in one piece, or in groups of one length.
fn is_grouped(line: &str) -> bool {
    let groups = line.trim_end_matches('=').split([' ', '\t', ',']);
    let groups: Vec<&str> = groups.filter(|group| !group.is_empty()).collect();
    let Some((last, others)) = groups.split_last() else {
        return false;
    };
    let length = others.first().map_or(last.len(), |first| first.len());
    let is_one_length = others.iter().all(|group| group.len() == length);
    let is_long = !others.is_empty() || last.len() >= 4;
    is_one_length
        && is_long
        && last.len() <= length
        && groups.iter().all(|group| group.chars().all(is_base64))
}

/// Whether programs print a key in words with such a line.
fn is_printed_key(line: &str) -> bool {
    const PRINTED: [&str; 13] = [
        "private-key:",
        "private key:",
        "privateexponent",
        "private exponent",
        "private-lines:",
        "priv:",
        "prime1",
        "prime2",
        "exponent1",
        "exponent2",
        "coefficient:",
        "putty-user-key-file",
        "\"d\"",
    ];
    let lower = line.to_lowercase();
    PRINTED.iter().any(|word| lower.contains(word))
}

/// Whether a word is encoded rather than written: long, and neither a number nor a
/// fingerprint nor a place.
fn is_encoded(word: &str) -> bool {
    const LONG: usize = 32;
    // Digests of every usual length.
    const DIGESTS: [usize; 5] = [40, 56, 64, 96, 128];
    let is_place = word.contains("://") || word.starts_with('/') || word.starts_with("./");
    let mut runs = word.split(|c| !is_base64(c));
    !is_place
        && runs.any(|run| {
            let is_hex = run.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_number = run.bytes().all(|byte| byte.is_ascii_digit());
            let is_digest = is_hex && (run.len() <= 64 || DIGESTS.contains(&run.len()));
            run.len() >= LONG && !is_number && !is_digest && (is_hex || is_mixed(run))
        })
}

/// Capitals, small letters and digits in one: no words of a language.
fn is_mixed(text: &str) -> bool {
    let has = |of: fn(&u8) -> bool| text.as_bytes().iter().any(of);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}
