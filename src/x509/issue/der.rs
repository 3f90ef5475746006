//! DER (X.690), as far as a certificate needs it. Each function answers a whole element.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An element: its tag, the length of its content, its content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let bytes = bytes.get(zeros..).unwrap_or_default();
            der.push(0x80 | bytes.len() as u8);
            der.extend(bytes);
        }
    }
    der.extend(content);
    der
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

pub(super) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x31, &parts.concat())
}

/// `[number]` around these elements.
pub(super) fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0xa0 | number, content)
}

/// `[number]` in place of an octet string's tag.
pub(super) fn implicit_octets(number: u8, content: &[u8]) -> Vec<u8> {
    element(0x80 | number, content)
}

pub(super) fn boolean(value: bool) -> Vec<u8> {
    element(0x01, &[if value { 0xff } else { 0 }])
}

/// A number without a sign, most significant byte first.
pub(super) fn unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    let has_room = digits.first().is_some_and(|first| *first < 0x80);
    let sign: &[u8] = if has_room { &[] } else { &[0] };
    element(0x02, &[sign, digits].concat())
}

/// A bit string of which so many bits at the end are not used.
pub(super) fn bits(unused: u8, content: &[u8]) -> Vec<u8> {
    element(0x03, &[&[unused], content].concat())
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    element(0x04, content)
}

pub(super) fn null() -> Vec<u8> {
    element(0x05, &[])
}

/// An object identifier, from its content.
pub(super) fn oid(content: &[u8]) -> Vec<u8> {
    element(0x06, content)
}

pub(super) fn utf8(text: &str) -> Vec<u8> {
    element(0x0c, text.as_bytes())
}

/// A moment to the second: UTCTime until 2049, GeneralizedTime from then on (RFC 5280).
pub(super) fn time(at: Timestamp) -> Vec<u8> {
    let at = at.to_zoned(TimeZone::UTC);
    match at.year() {
        1950..2050 => element(0x17, at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes()),
        _ => element(0x18, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_takes_as_few_bytes_as_it_can() {
        for (length, head) in [
            (0, &[0x04, 0x00][..]),
            (127, &[0x04, 0x7f]),
            (128, &[0x04, 0x81, 0x80]),
            (256, &[0x04, 0x82, 0x01, 0x00]),
        ] {
            let der = octets(&vec![7; length]);
            assert_eq!(der.get(..head.len()), Some(head), "{length}");
            assert_eq!(der.len(), head.len() + length);
        }
    }

    #[test]
    fn a_number_has_no_sign_and_no_zeros_before_it() {
        for (number, der) in [
            (&[0, 0][..], &[2, 1, 0][..]),
            (&[0, 1], &[2, 1, 1]),
            (&[0x80], &[2, 2, 0, 0x80]),
            (&[0x7f, 0xff], &[2, 2, 0x7f, 0xff]),
        ] {
            assert_eq!(unsigned(number), der);
        }
    }

    #[test]
    fn a_moment_has_two_digits_for_its_year_until_2049() {
        for (at, text) in [
            ("2049-12-31T23:59:59Z", "491231235959Z"),
            ("2050-01-01T00:00:00Z", "20500101000000Z"),
        ] {
            let der = time(at.parse().expect("a moment"));
            assert_eq!(der.get(2..), Some(text.as_bytes()));
        }
    }
}
