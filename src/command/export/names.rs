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

    /// A hostname's.
    pub(super) fn hostname(&mut self, hostname: &str) -> String {
        let name = legal(&hostname.replacen('*', "wildcard", 1));
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
            ("a-b.example.com", "a_b_example_com"),
            ("a.b.example.com", "a_b_example_com_2"),
            ("xn--mnchen-3ya.example.com", "xn_mnchen_3ya_example_com"),
            ("1.example.com", "_1_example_com"),
        ] {
            assert_eq!(names.hostname(hostname), expected);
        }
    }
}
