//! Numbers of any precision, kept as decimal text so that no digit is lost.

use std::fmt;
use std::str::FromStr;

use super::DecodeError;

/// A decimal number in canonical form: `±digits × 10^exponent`, without leading
/// or trailing zeros, so that equal numbers are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// Empty for zero.
    digits: String,
    exponent: i32,
}

/// Beyond this many zeros a number is written with an exponent, because its
/// plain form could be larger than the input that asked for it.
const PLAIN_ZEROS: i32 = 400;

impl Number {
    /// The number as an integer, if it is one that fits.
    pub fn to_i64(&self) -> Option<i64> {
        if self.exponent < 0 || self.exponent > 19 {
            return None;
        }
        self.to_string().parse().ok()
    }

    /// The nearest 64-bit float.
    pub fn to_f64(&self) -> f64 {
        let sign = if self.negative { "-" } else { "" };
        let digits = if self.digits.is_empty() {
            "0"
        } else {
            &self.digits
        };
        format!("{sign}{digits}e{}", self.exponent)
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// The shortest decimal that denotes this float. Fails on infinities and NaN.
    pub fn from_f64(float: f64) -> Result<Self, DecodeError> {
        if !float.is_finite() {
            return Err(DecodeError::new("expected a finite number"));
        }
        float.to_string().parse()
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        canonical(integer < 0, integer.unsigned_abs().to_string(), 0)
    }
}

impl From<u64> for Number {
    fn from(integer: u64) -> Self {
        canonical(false, integer.to_string(), 0)
    }
}

fn canonical(negative: bool, digits: String, exponent: i32) -> Number {
    let trimmed = digits.trim_start_matches('0').trim_end_matches('0');
    if trimmed.is_empty() {
        return Number {
            negative: false,
            digits: String::new(),
            exponent: 0,
        };
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    Number {
        negative,
        digits: trimmed.to_owned(),
        exponent: exponent.saturating_add(i32::try_from(trailing).unwrap_or(i32::MAX)),
    }
}

impl FromStr for Number {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let invalid = || DecodeError::new("expected a number");
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i32>().map_err(|_| invalid())?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit());
        if !all_digits || whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let places = i32::try_from(fraction.len()).map_err(|_| invalid())?;
        let exponent = exponent.checked_sub(places).ok_or_else(invalid)?;
        Ok(canonical(negative, format!("{whole}{fraction}"), exponent))
    }
}

impl fmt::Display for Number {
    /// Plain digits, or scientific where the plain form would be far longer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let length = i32::try_from(self.digits.len()).unwrap_or(i32::MAX);
        let point = self.exponent.saturating_add(length);
        if self.exponent > PLAIN_ZEROS || point < -PLAIN_ZEROS {
            return write!(f, "{}e{}", self.digits, self.exponent);
        }
        if self.exponent >= 0 {
            let zeros = usize::try_from(self.exponent).unwrap_or(0);
            return write!(f, "{}{}", self.digits, "0".repeat(zeros));
        }
        match usize::try_from(point) {
            Ok(point) if point > 0 => {
                let (whole, fraction) = self.digits.split_at(point);
                write!(f, "{whole}.{fraction}")
            }
            _ => {
                let zeros = usize::try_from(-point).unwrap_or(0);
                write!(f, "0.{}{}", "0".repeat(zeros), self.digits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_survives() {
        for text in [
            "0",
            "1",
            "-1",
            "0.1",
            "0.30000000000000004",
            "9223372036854775808",
            "100000000000000000000",
            "1234567890123456789012345.6789",
            "-0.00025",
        ] {
            assert_eq!(
                text.parse::<Number>().map(|n| n.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn equal_numbers_are_equal_values() {
        for (left, right) in [
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("-0", "0"),
            ("00.5", "5e-1"),
        ] {
            assert_eq!(left.parse::<Number>(), right.parse::<Number>());
        }
    }

    #[test]
    fn a_huge_exponent_stays_small() {
        let number: Number = "1e2000000000".parse().expect("a number");
        assert_eq!(number.to_string(), "1e2000000000");
        assert_eq!(number.to_i64(), None);
    }

    #[test]
    fn rubbish_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "0x10",
            "NaN",
            "inf",
            "1e",
            "1e99999999999",
            " 1",
        ] {
            assert!(text.parse::<Number>().is_err(), "{text:?}");
        }
    }
}
