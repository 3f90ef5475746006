//! What is repeated of a text from outside: a few words, without anything that an echo
//! of the request could have put there.

use text::is_invisible;

/// No text that is meant to be read has more bytes. A longer one is not looked at.
pub(super) const LONGEST_TEXT: usize = 16 << 10;
/// How many characters are repeated.
const LONGEST: usize = 300;
/// No word of a message is longer, but keys, certificates and their digests are.
const LONGEST_WORD: usize = 40;

/// The beginning of a text on one line, without the credential (which `redact` knows),
/// PEM, long encoded words, control and format characters.
pub(super) fn quote(text: &str, redact: impl Fn(&str) -> String) -> String {
    if text.len() > LONGEST_TEXT {
        return format!("[a text of {} bytes]", text.len());
    }
    // What nobody sees could stand in the middle of a secret.
    let text: String = text
        .chars()
        .filter(|c| c.is_whitespace() || !is_invisible(*c))
        .collect();
    // Before anything is cut: half a secret is not recognized.
    let text = cut_pem(&redact(&text));
    let words = text.split_whitespace();
    let words = words.map(|word| {
        let encoded = |c: char| c.is_ascii_alphanumeric() || "+/=_".contains(c);
        let longest = word.split(|c| !encoded(c)).map(str::len).max();
        match longest.unwrap_or(0) > LONGEST_WORD {
            true => "[redacted]",
            false => word,
        }
    });
    let joined = words.collect::<Vec<_>>().join(" ");
    match joined.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", joined.get(..end).unwrap_or_default()),
        None => joined,
    }
}

fn cut_pem(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, block)) = rest.split_once("-----BEGIN") {
        kept.push_str(before);
        kept.push_str("[redacted]");
        // A block without an end is cut to the end of the text.
        rest = block
            .split_once("-----END")
            .and_then(|(_, after)| after.split_once("-----"))
            .map_or("", |(_, after)| after);
    }
    kept + rest
}

/// The words of an HTML page: what stands between its tags, but for scripts and styles.
pub(super) fn words_of_html(page: &str) -> String {
    let mut words = String::new();
    let mut rest = page;
    while let Some((text, tagged)) = rest.split_once('<') {
        words.push_str(text);
        words.push(' ');
        let name = tagged.trim_start().to_ascii_lowercase();
        let unread = ["script", "style", "!--"].into_iter();
        let end = unread
            .filter(|unread| name.starts_with(unread))
            .map(|unread| if unread == "!--" { "-->" } else { "</" })
            .next()
            .unwrap_or(">");
        rest = match tagged.split_once(end) {
            Some((_, after)) if end == "</" => after.split_once('>').map_or("", |(_, r)| r),
            Some((_, after)) => after,
            None => "",
        };
    }
    words + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        quote(text, str::to_owned)
    }

    #[test]
    fn an_echo_of_the_request_is_cut_out() {
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for echo in [
            format!("bad: -----BEGIN PRIVATE KEY-----\\n{key}\\n-----END PRIVATE KEY----- sorry"),
            format!("bad: -----BEGIN PRIVATE KEY-----{key}"),
            format!("bad: \"private_key\":\"{key}\""),
        ] {
            let cleaned = clean(&echo);
            assert!(!cleaned.contains("MIGH"), "{cleaned}");
            assert!(cleaned.starts_with("bad: "), "{cleaned}");
        }
    }

    #[test]
    fn ordinary_words_stay() {
        let text = "Certificate 2458ce5a-0c35-4c7f-82c7-8e9487d3ff60 of 023e105f4ecef8ad9ca31a8372d0c353 is in use";
        assert_eq!(clean(text), text);
    }

    #[test]
    fn a_secret_at_the_edge_of_what_is_shown_is_not_cut_in_half() {
        let text = format!("{}topsecret", "ab ".repeat(98));
        let cleaned = quote(&text, |text| text.replace("topsecret", "[redacted]"));
        assert!(!cleaned.contains("top"), "{cleaned}");
        let enormous = "topsecret ".repeat(LONGEST_TEXT);
        assert!(!clean(&enormous).contains("top"));
    }

    #[test]
    fn one_line_of_what_can_be_seen() {
        let forged = "no\r\n\nError: all is lost\u{1b}[2J\u{202e}now\u{85}x";
        assert_eq!(clean(forged), "no Error: all is lost[2Jnow x");
    }

    #[test]
    fn the_words_of_a_page_are_read() {
        let page = "<!doctype html><html><head><title>502 Bad Gateway</title><style>a{b}</style>\
                    <script>if (1 < 2) alert()</script></head><body><h1>Sorry</h1><!-- x > y --> \
                    edge-7</body></html>";
        assert_eq!(clean(&words_of_html(page)), "502 Bad Gateway Sorry edge-7");
    }
}
