//! Durations as Terraform users write them: Go's notation, `1h30m`, `90s`, `500ms`.

use std::time::Duration;

/// Seconds in each unit.
const UNITS: [(&str, f64); 7] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// Reads a duration. Fails, with a sentence, on anything but a sequence of
/// numbers with units, and on durations beyond a year.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let advice = "write a number with a unit, such as \"30s\", \"10m\" or \"1h30m\"";
    let start: String = text.chars().take(40).collect();
    let invalid = || format!("{start:?} is not a duration: {advice}.");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.contains(char::is_whitespace) {
        return Err(format!("{start:?} holds whitespace: {advice}."));
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(invalid)?;
        let (number, tail) = rest.split_at(end);
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, scale) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(invalid)?;
        seconds += number * scale;
        rest = tail;
    }
    if text.is_empty() {
        return Err(invalid());
    }
    if seconds > 31_536_000.0 {
        return Err(format!("{start:?} is longer than a year: {advice}."));
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_notation_is_read() {
        for (text, milliseconds) in [
            ("0", 0),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1_500),
            ("2m500ms", 120_500),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_a_sentence() {
        for text in ["", "10", "m", "-5m", "10 m", "1d", "1..5s", "9999999h", "∞"] {
            assert!(parse_duration(text).is_err(), "{text:?}");
        }
    }
}
