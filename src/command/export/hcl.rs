//! HCL as `terraform fmt` would leave it.

/// A text as a quoted template without templates.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([c, c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Lines of `name = value`, so far indented, their equals signs below each other.
pub(super) fn aligned<'l>(
    indent: usize,
    lines: impl IntoIterator<Item = (&'l str, &'l str)> + Clone,
) -> String {
    let width = lines.clone().into_iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    let lines = lines.into_iter();
    let lines = lines.map(|(name, value)| format!("{:indent$}{name:width$} = {value}\n", ""));
    lines.collect()
}

/// A comment on lines of its own, without what nobody sees.
pub(super) fn comment(text: &str) -> String {
    const WIDTH: usize = 98;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let word = text::visible_line(word);
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.iter().map(|line| format!("# {line}\n")).collect()
}

/// The address of a resource.
pub(super) fn address(kind: &str, name: &str) -> String {
    format!("{kind}.{name}")
}

/// An import block.
pub(super) fn import(to: &str, id: &str) -> String {
    let id = quoted(id);
    format!("import {{\n{}}}\n", aligned(2, [("to", to), ("id", &id)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_template() {
        assert_eq!(quoted("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quoted("${x} $x %{y}"), r#""$${x} $x %%{y}""#);
        assert_eq!(quoted("a\nb\u{7}"), "\"a\\nb\\u0007\"");
    }

    #[test]
    fn a_comment_never_ends_its_line() {
        let text = comment("CN=a\nresource \"x\" \u{202e}evil");
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
        assert!(!text.contains('\u{202e}'));
    }
}
