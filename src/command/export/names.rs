//! Names of resources: readable, legal, and the same ones in the next export.

use std::collections::HashSet;

use crate::x509::Existing;
use cloudflare::Certificate;

/// Longer names help nobody.
const LONGEST: usize = 48;

/// Names that were given already.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A certificate's: its common name and the begin of its id, which no other has.
    pub(super) fn certificate(&mut self, found: &Certificate, leaf: Option<&Existing>) -> String {
        let subject = leaf.and_then(Existing::subject).unwrap_or_default();
        let common = subject.split(',').find_map(|part| part.strip_prefix("CN="));
        let words = legal(common.unwrap_or_default());
        let id = legal(found.id.as_str());
        let short = id.split('_').next().unwrap_or_default();
        let short = short.get(..8).unwrap_or(short);
        let name = match words.is_empty() {
            true => format!("certificate_{short}"),
            false => format!("{words}_{short}"),
        };
        self.unique(name)
    }

    /// A hostname's, made of it alone: dots become underscores, hyphens stay. Where another
    /// hostname could have the same name, a few digits of its fingerprint follow.
    pub(super) fn hostname(&mut self, hostname: &str) -> String {
        let plain = hostname.replacen('*', "wildcard", 1).replace('.', "_");
        let is_lossy = hostname.contains('_') || hostname.starts_with("wildcard.");
        let name = match is_lossy || plain.len() > LONGEST {
            true => {
                let short: String = plain.chars().take(LONGEST).collect();
                format!("{short}_{}", digits(hostname))
            }
            false => plain,
        };
        self.unique(name)
    }

    /// The name, or with a number where another one has it.
    fn unique(&mut self, name: String) -> String {
        let name = match name.starts_with(|c: char| c.is_ascii_lowercase()) {
            true => name,
            false => format!("_{name}"),
        };
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut free = std::iter::once(name.clone())
            .chain(numbered)
            .filter(|name| !self.0.contains(name));
        let free = free.next().unwrap_or(name);
        self.0.insert(free.clone());
        free
    }
}

/// Six digits that depend on every letter of a text (FNV-1a).
fn digits(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{:06x}", hash >> 8)
}

/// Small letters, digits and single underscores.
fn legal(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hostname_has_a_legal_name_of_its_own() {
        let mut names = Names::default();
        for (hostname, expected) in [
            ("app.example.com", "app_example_com"),
            ("*.example.com", "wildcard_example_com"),
            ("a-b.example.com", "a-b_example_com"),
            ("a.b.example.com", "a_b_example_com"),
            ("xn--mnchen-3ya.example.com", "xn--mnchen-3ya_example_com"),
            ("1.example.com", "_1_example_com"),
        ] {
            assert_eq!(names.hostname(hostname), expected);
        }
        // What could be another's name depends on the whole hostname, and on nothing else.
        for (one, other) in [
            ("_dmarc.example.com", "wildcard.example.com"),
            ("a_b.example.com", "a.b_example.com"),
        ] {
            let alone = Names::default().hostname(other);
            let mut both = Names::default();
            assert_ne!(both.hostname(one), alone);
            assert_eq!(both.hostname(other), alone);
        }
        let long = |end: &str| Names::default().hostname(&format!("{}{end}.com", "x".repeat(60)));
        assert_ne!(long("a"), long("b"));
    }
}
