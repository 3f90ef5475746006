//! The files of an export: a zone's objects as resources, and an import block for each.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::super::inventory::Inventory;
use super::folder::File;
use super::hcl::{address, aligned, comment, import, quoted};
use super::names::Names;
use crate::resources::{leaf_of, text_of};
use cloudflare::{Association, Certificate, Hostname, Status, Store, ZoneId};

/// How many hostnames of one certificate are still resources of their own.
const MOST_SINGLE: usize = 20;

const VERSIONS: &str = "\
terraform {
  required_version = \">= 1.5\"

  required_providers {
    aop = {
      source = \"terraform.local/aop/aop\"
    }
  }
}

# The credential comes from the environment, such as CLOUDFLARE_API_TOKEN.
provider \"aop\" {}
";

const NO_KEY: &str = "No private key is needed while these certificates stay what they are: \
    Cloudflare has them, and gives none out. To rotate one, put the new certificate into its file \
    and give its key as private_key_wo.";

/// An export.
pub(super) struct Export {
    pub(super) files: Vec<File>,
    /// What could not be exported as it is, and what a plan will show beside the imports.
    pub(super) remarks: Vec<String>,
}

/// Writes a zone down. `plural`: all hostnames in one resource, however few.
pub(super) fn render(zone: &ZoneId, found: &Inventory, plural: bool) -> Export {
    let mut writing = Writing::new(zone);
    let zone_level = writing.certificates(Store::Zone, &found.zone_certificates);
    let switches = writing.switches(found, &zone_level.names);
    let by_hostname = writing.certificates(Store::Hostname, &found.hostname_certificates);
    let associations = writing.associations(&found.associations, &by_hostname, plural);
    let locals = format!("locals {{\n  zone_id = {}\n}}\n", quoted(zone.as_str()));
    let zone_file = [vec![locals], zone_level.blocks, switches].concat();
    let hostnames = [by_hostname.blocks, associations].concat();
    let mut files = writing.files;
    for (name, blocks) in [
        ("versions.tf", vec![VERSIONS.to_owned()]),
        ("zone.tf", zone_file),
        ("hostnames.tf", hostnames),
        ("imports.tf", writing.imports),
    ] {
        if !blocks.is_empty() {
            let path = PathBuf::from(name);
            let text = blocks.join("\n");
            files.push(File { path, text });
        }
    }
    Export {
        files,
        remarks: writing.remarks,
    }
}

/// What was written so far.
struct Writing<'z> {
    zone: &'z ZoneId,
    files: Vec<File>,
    imports: Vec<String>,
    remarks: Vec<String>,
}

/// The certificates of a store, as blocks.
struct Certificates {
    blocks: Vec<String>,
    /// The name of the resource of each id.
    names: BTreeMap<String, String>,
}

impl<'z> Writing<'z> {
    fn new(zone: &'z ZoneId) -> Self {
        Self {
            zone,
            files: Vec::new(),
            imports: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn certificates(&mut self, store: Store, all: &[Certificate]) -> Certificates {
        let kind = match store {
            Store::Zone => "aop_zone_certificate",
            Store::Hostname => "aop_hostname_certificate",
        };
        let mut names = Names::default();
        let mut certificates = Certificates {
            blocks: Vec::new(),
            names: BTreeMap::new(),
        };
        for found in all {
            let (Some(text), true) = (text_of(found), found.status != Status::DeploymentTimedOut)
            else {
                self.leave_out(kind, found);
                continue;
            };
            if found.status.is_pending() {
                self.remarks.push(format!(
                    "Certificate {} is still {}: the plan waits for it.",
                    found.id, found.status
                ));
            }
            let leaf = leaf_of(found);
            let name = names.certificate(found, leaf.as_ref());
            let file = format!("certificates/{name}.pem");
            let subject = leaf.as_ref().and_then(|leaf| leaf.subject());
            let until = leaf
                .as_ref()
                .and_then(|leaf| leaf.facts().expires_on.clone());
            let about = format!(
                "{}, valid until {}",
                subject.unwrap_or("A certificate that cannot be read"),
                until.as_deref().unwrap_or("an unknown day")
            );
            let path = format!("file(\"${{path.module}}/{file}\")");
            let body = aligned(2, [("zone_id", "local.zone_id"), ("certificate", &path)]);
            let block = format!("resource {} {} {{\n{body}}}\n", quoted(kind), quoted(&name));
            certificates
                .blocks
                .push(format!("{}{block}", comment(&about)));
            let id = format!("{}/{}", self.zone, found.id);
            self.imports.push(import(&address(kind, &name), &id));
            self.files.push(File {
                path: PathBuf::from(file),
                text,
            });
            certificates.names.insert(found.id.to_string(), name);
        }
        if let Some(first) = certificates.blocks.first_mut() {
            first.insert_str(0, &format!("{}\n", comment(NO_KEY)));
        }
        certificates
    }

    /// A certificate that no configuration could describe without a change.
    fn leave_out(&mut self, kind: &str, found: &Certificate) {
        let why = match found.certificate {
            None => "Cloudflare does not show its text".to_owned(),
            Some(_) => format!("it is {}, and would be uploaded again", found.status),
        };
        self.remarks.push(format!(
            "Certificate {} is not exported as {kind}: {why}.",
            found.id
        ));
    }

    fn switches(
        &mut self,
        found: &Inventory,
        zone_level: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let mut blocks = Vec::new();
        let needs: Vec<String> = zone_level
            .values()
            .map(|name| address("aop_zone_certificate", name))
            .collect();
        let order = match needs.is_empty() {
            true => String::new(),
            false => format!("  depends_on = [{}]\n", needs.join(", ")),
        };
        if found.global.is_none() {
            self.remarks.push(
                "The global setting is not exported: the credential may not read it, which takes \
                 the permission \"Zone Settings: Read\"."
                    .to_owned(),
            );
        }
        for (kind, is_on, order) in [
            ("aop_zone_setting", Some(found.is_on), order.as_str()),
            ("aop_global_setting", found.global, ""),
        ] {
            let Some(is_on) = is_on else { continue };
            let enabled = is_on.to_string();
            let body = aligned(2, [("zone_id", "local.zone_id"), ("enabled", &enabled)]);
            let order = match order.is_empty() {
                true => String::new(),
                // On after the certificates, off before them.
                false => format!("\n{order}"),
            };
            blocks.push(format!(
                "resource \"{kind}\" \"zone\" {{\n{body}{order}}}\n"
            ));
            self.imports
                .push(import(&address(kind, "zone"), self.zone.as_str()));
        }
        blocks
    }

    fn associations(
        &mut self,
        all: &[Association],
        certificates: &Certificates,
        plural: bool,
    ) -> Vec<String> {
        let mut of_certificate: HashMap<&str, usize> = HashMap::new();
        for found in all {
            *of_certificate.entry(found.certificate()).or_default() += 1;
        }
        let is_many = of_certificate.values().any(|count| *count > MOST_SINGLE);
        let (whole, odd): (Vec<&Association>, Vec<&Association>) =
            all.iter().partition(|found| is_whole(found));
        let unsettled = whole.iter().copied();
        let unsettled = unsettled.filter(|found| found.status != Status::Active);
        let why = "not active: the plan shows what is done about it";
        self.remarks.extend(of_hostnames(unsettled.collect(), why));
        // The import of all hostnames in one resource would take these along.
        let is_plural = (plural || is_many) && odd.is_empty();
        let why = "not exported: no certificate, or a name that no configuration can hold";
        self.remarks.extend(of_hostnames(odd, why));
        match is_plural {
            // The one of a zone holds all of its hostnames.
            true => self.together(&whole, certificates),
            false => self.singly(&whole, certificates),
        }
    }

    fn singly(&mut self, all: &[&Association], certificates: &Certificates) -> Vec<String> {
        const KIND: &str = "aop_hostname_association";
        let mut names = Names::default();
        let mut blocks = Vec::new();
        for found in all {
            let name = names.hostname(found.hostname.as_str());
            let hostname = quoted(found.hostname.as_str());
            let certificate = certificates.id_of(found);
            let mut lines = vec![
                ("zone_id", "local.zone_id"),
                ("hostname", hostname.as_str()),
                ("certificate_id", certificate.as_str()),
            ];
            if found.enabled == Some(false) {
                lines.push(("enabled", "false"));
            }
            let body = aligned(2, lines);
            blocks.push(format!(
                "resource \"{KIND}\" {} {{\n{body}}}\n",
                quoted(&name)
            ));
            let id = format!("{}/{}", self.zone, found.hostname);
            self.imports.push(import(&address(KIND, &name), &id));
        }
        blocks
    }

    fn together(&mut self, all: &[&Association], certificates: &Certificates) -> Vec<String> {
        const KIND: &str = "aop_hostname_associations";
        if all.is_empty() {
            return Vec::new();
        }
        let entries = all.iter().map(|found| {
            let certificate = certificates.id_of(found);
            let enabled = match found.enabled {
                Some(false) => ", enabled = false",
                _ => "",
            };
            let entry = format!("{{ certificate_id = {certificate}{enabled} }}");
            (quoted(found.hostname.as_str()), entry)
        });
        let entries: Vec<(String, String)> = entries.collect();
        let lines = entries.iter();
        let lines = lines.map(|(name, entry)| (name.as_str(), entry.as_str()));
        let lines = aligned(4, lines);
        self.imports
            .push(import(&address(KIND, "all"), self.zone.as_str()));
        vec![format!(
            "resource \"{KIND}\" \"all\" {{\n  zone_id = local.zone_id\n\n  associations = \
             {{\n{lines}  }}\n}}\n"
        )]
    }
}

impl Certificates {
    /// The id of an association's certificate: of its resource, where it has one.
    fn id_of(&self, found: &Association) -> String {
        let id = found.certificate();
        match self.names.get(id) {
            Some(name) => format!("{}.id", address("aop_hostname_certificate", name)),
            None => quoted(id),
        }
    }
}

/// A remark on hostnames: the first of them by name.
fn of_hostnames(all: Vec<&Association>, why: &str) -> Option<String> {
    const SHOWN: usize = 5;
    let names = all.iter().take(SHOWN).map(|found| found.hostname.as_str());
    let names: Vec<&str> = names.collect();
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!all.is_empty()).then(|| format!("Hostnames {}{more} are {why}.", names.join(", ")))
}

/// Whether a configuration can say the same.
fn is_whole(found: &Association) -> bool {
    !found.certificate().is_empty() && Hostname::parse(found.hostname.as_str()).is_ok()
}
