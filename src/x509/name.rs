//! Distinguished names as Cloudflare writes them: RFC 2253, the most specific
//! part first, unknown attributes as `OID=#hex of the DER`.

use std::fmt::Write as _;

use x509_parser::der_parser::asn1_rs::{Any, ToDer};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use text::is_invisible;

/// The attribute types that have a short name here; others show their number.
const SHORT_NAMES: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.17", "POSTALCODE"),
];

/// A name as text, from its DER; nothing where it is none.
pub fn distinguished_name(der: &[u8]) -> Option<String> {
    let (rest, name) = X509Name::from_der(der).ok()?;
    rest.is_empty().then(|| render(&name))
}

/// A name as text.
pub(super) fn render(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| {
            let attributes: Vec<String> = rdn.iter().map(attribute).collect();
            attributes.join("+")
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let short = SHORT_NAMES.iter().find(|(number, _)| *number == oid);
    match (short, attribute.as_str()) {
        (Some((_, name)), Ok(text)) => format!("{name}={}", escape(text)),
        _ => format!("{oid}=#{}", hex(&der(attribute.attr_value()))),
    }
}

fn der(value: &Any<'_>) -> Vec<u8> {
    value.to_der_vec().unwrap_or_default()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A part of a name as text (RFC 4514).
pub(super) fn escape(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (position, character) in text.chars().enumerate() {
        let special = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            '#' => position == 0,
            ' ' => position == 0 || position == last,
            _ => false,
        };
        if is_invisible(character) {
            // What nobody sees is shown by its bytes (RFC 4514).
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                let _ = write!(escaped, "\\{byte:02X}");
            }
            continue;
        }
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
