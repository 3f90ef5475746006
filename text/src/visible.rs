//! Text that can be seen as it is: nothing in it moves a cursor, hides a letter or turns
//! a line around.

use std::borrow::Cow;

/// Characters that show nothing and change how others are shown (Unicode's category of
/// format characters, line and paragraph separators, and fillers), beside the controls.
const INVISIBLE: [(char, char); 24] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a character is a control or format character.
pub fn is_invisible(character: char) -> bool {
    let within = |(first, last): &(char, char)| (*first..=*last).contains(&character);
    character.is_control() || INVISIBLE.iter().any(within)
}

/// A text with a replacement character in the place of each control and format
/// character but line feeds.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hides = |c: char| c != '\n' && is_invisible(c);
    if !text.contains(hides) {
        return text.into();
    }
    let seen = text.chars().map(|c| if hides(c) { '\u{fffd}' } else { c });
    seen.collect::<String>().into()
}

/// The same on one line.
pub fn visible_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_a_terminal_is_replaced() {
        for hidden in [
            "\u{1b}[2J",
            "\r",
            "\u{202e}",
            "\u{200b}",
            "\u{feff}",
            "\0",
            "\u{9b}1m",
        ] {
            let text = format!("a{hidden}b");
            let seen = visible(&text);
            assert!(
                seen.contains('\u{fffd}') && !seen.contains(is_invisible),
                "{seen:?}"
            );
        }
    }

    #[test]
    fn what_can_be_seen_stays() {
        let text = "Zone “bücher” — 証明書\n\nApply again…";
        assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
    }
}
