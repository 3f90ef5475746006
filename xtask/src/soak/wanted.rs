//! What a round wants, and its configuration.

use std::collections::{BTreeMap, BTreeSet};

use aop_simulator::ZONE_ID;
use fastrand::Rng;

/// Served all the while: its certificate is rotated, its resource renamed, replaced and made
/// part of another, but it is never let go.
pub(super) const STEADY: &str = "steady.example.com";
/// The certificates, and what may be given to each.
pub(super) const CERTIFICATES: [&str; 3] = ["a", "b", "c"];
const HOSTNAMES: usize = 6;

/// For each certificate its hostnames, and whether each is enabled.
#[derive(Clone, Default)]
pub(super) struct Wanted {
    pub(super) certificates: BTreeMap<&'static str, BTreeMap<String, bool>>,
    /// Whose hostnames are in one resource.
    together: BTreeSet<&'static str>,
    /// How often the resource of a certificate or a hostname was renamed.
    renamed: BTreeMap<String, u32>,
}

impl Wanted {
    /// Something else than before, perhaps. A certificate only goes together with its
    /// hostnames: core destroys it before it would give them another.
    pub(super) fn next(&self, rng: &mut Rng) -> Self {
        let mut wanted = Self {
            renamed: self.renamed.clone(),
            ..Self::default()
        };
        let mut leaving: Vec<&String> = Vec::new();
        for name in CERTIFICATES {
            // The steady one's certificate stays.
            if name != "a" && rng.u8(..4) == 0 {
                let hostnames = self.certificates.get(name).into_iter();
                leaving.extend(hostnames.flat_map(BTreeMap::keys));
                continue;
            }
            wanted.certificates.insert(name, BTreeMap::new());
            if rng.bool() {
                wanted.together.insert(name);
            }
        }
        let names: Vec<&'static str> = wanted.certificates.keys().copied().collect();
        for number in 0..HOSTNAMES {
            let hostname = format!("h{number}.example.com");
            let owner = rng.choice(&names).copied();
            let stays = !leaving.contains(&&hostname) && rng.u8(..4) > 0;
            let owner = owner.filter(|_| stays);
            let hostnames = owner.and_then(|owner| wanted.certificates.get_mut(owner));
            if let Some(hostnames) = hostnames {
                let enabled = rng.u8(..4) > 0;
                hostnames.insert(hostname, enabled);
            }
        }
        if let Some(hostnames) = wanted.certificates.get_mut("a") {
            hostnames.insert(STEADY.to_owned(), true);
        }
        let all: Vec<String> = wanted.names().map(str::to_owned).collect();
        for name in all {
            if rng.u8(..8) == 0 {
                *wanted.renamed.entry(name).or_default() += 1;
            }
        }
        wanted.keep_what_passes(self);
        wanted
    }

    /// What passes to another resource stays as it was: killed half-way, an association that
    /// is in no state is taken over by its equal only.
    fn keep_what_passes(&mut self, before: &Self) {
        for (owner, hostnames) in &before.certificates {
            for (hostname, enabled) in hostnames {
                let passes = |wanted: &Self| {
                    let address = wanted.address(hostname);
                    address.is_some() && address != before.address(hostname)
                };
                if !passes(self) {
                    continue;
                }
                for others in self.certificates.values_mut() {
                    others.remove(hostname);
                }
                if let Some(own) = self.certificates.get_mut(owner) {
                    own.insert(hostname.clone(), *enabled);
                }
            }
        }
    }

    /// The addresses that have the same hostnames as before, each as it was, or are those of
    /// certificates: killed while one of the others is replaced, its hostnames are in no state,
    /// and taken over by their equals only.
    pub(super) fn unchanged(&self, before: &Self) -> BTreeSet<String> {
        let changed: BTreeSet<String> = [self, before]
            .iter()
            .flat_map(|wanted| {
                let hostnames = wanted.certificates.values().flat_map(BTreeMap::keys);
                hostnames.filter(|name| self.content(name) != before.content(name))
            })
            .flat_map(|name| [self.address(name), before.address(name)])
            .flatten()
            .collect();
        let mut unchanged = &self.addresses() & &before.addresses();
        unchanged.retain(|address| !changed.contains(address));
        unchanged
    }

    /// What a hostname has.
    fn content(&self, hostname: &str) -> Option<(&str, bool)> {
        let mut all = self.certificates.iter();
        all.find_map(|(owner, hostnames)| Some((*owner, *hostnames.get(hostname)?)))
    }

    /// The address of the resource of a hostname.
    fn address(&self, hostname: &str) -> Option<String> {
        let mut all = self.certificates.iter();
        let (owner, _) = all.find(|(_, hostnames)| hostnames.contains_key(hostname))?;
        Some(match self.together.contains(owner) {
            true => format!("aop_hostname_associations.{owner}"),
            false => format!("aop_hostname_association.{}", self.label(hostname)),
        })
    }

    /// The certificates and the hostnames.
    fn names(&self) -> impl Iterator<Item = &str> {
        let hostnames = self.certificates.values().flatten();
        let hostnames = hostnames.map(|(name, _)| name.as_str());
        self.certificates.keys().copied().chain(hostnames)
    }

    /// The label of the resource of a certificate or a hostname.
    fn label(&self, name: &str) -> String {
        let first = name.split('.').next().unwrap_or_default();
        match self.renamed.get(name) {
            Some(times) => format!("{first}_{times}"),
            None => first.to_owned(),
        }
    }

    /// The address of a certificate.
    pub(super) fn certificate(&self, name: &str) -> String {
        format!("aop_hostname_certificate.{}", self.label(name))
    }

    /// The addresses of all resources.
    pub(super) fn addresses(&self) -> BTreeSet<String> {
        let mut addresses = BTreeSet::new();
        for (name, hostnames) in &self.certificates {
            addresses.insert(self.certificate(name));
            addresses.extend(hostnames.keys().filter_map(|name| self.address(name)));
        }
        addresses
    }

    /// All of it as a configuration.
    pub(super) fn configuration(&self) -> String {
        let mut text = String::from(
            "terraform {\n  required_providers {\n    aop = { source = \
             \"terraform.local/aop/aop\" }\n  }\n}\n",
        );
        for (name, hostnames) in &self.certificates {
            let label = self.label(name);
            text += &format!(
                "resource \"aop_hostname_certificate\" \"{label}\" {{\n  zone_id = \"{ZONE_ID}\"\n  \
                 certificate = file(\"{name}.pem\")\n  private_key_wo = file(\"{name}.key\")\n}}\n"
            );
            text += &match self.together.contains(name) {
                true if hostnames.is_empty() => String::new(),
                true => together(name, &label, hostnames),
                false => self.apart(&label, hostnames),
            };
        }
        text
    }

    /// Hostnames of a certificate, each in a resource of its own.
    fn apart(&self, certificate: &str, hostnames: &BTreeMap<String, bool>) -> String {
        let resource = |(hostname, enabled): (&String, &bool)| {
            let label = self.label(hostname);
            format!(
                "resource \"aop_hostname_association\" \"{label}\" {{\n  zone_id = \"{ZONE_ID}\"\n  \
                 hostname = \"{hostname}\"\n  certificate_id = \
                 aop_hostname_certificate.{certificate}.id\n  enabled = {enabled}\n}}\n"
            )
        };
        hostnames.iter().map(resource).collect()
    }
}

/// Hostnames of a certificate in one resource.
fn together(name: &str, certificate: &str, hostnames: &BTreeMap<String, bool>) -> String {
    let entry = |(hostname, enabled): (&String, &bool)| {
        format!(
            "    \"{hostname}\" = {{ certificate_id = aop_hostname_certificate.{certificate}.id, \
             enabled = {enabled} }}\n"
        )
    };
    let entries: String = hostnames.iter().map(entry).collect();
    format!(
        "resource \"aop_hostname_associations\" \"{name}\" {{\n  zone_id = \"{ZONE_ID}\"\n  \
         associations = {{\n{entries}  }}\n}}\n"
    )
}
