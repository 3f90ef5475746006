//! `issue`: the arguments from which the provider makes a certificate and its key. The key is
//! in the memory of one operation, in the upload, and nowhere else.

use jiff::{SignedDuration, Timestamp};

use crate::x509::{
    Authority, Existing, Issued, KeyAlgorithm, Order, PrivateKey, Problem, Serial, Tag, subject_of,
};
use framework::value::{Path, Step};
use framework::{Attr, Diagnostic, Diagnostics, Model, Object, Walk, parse_duration};
use text::{Secret, is_invisible};

const COMMON_NAME: &str = "Cloudflare Authenticated Origin Pulls";
/// The longest common name (RFC 5280, ub-common-name).
const LONGEST_NAME: usize = 64;
const VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 90);
const SHORTEST: SignedDuration = SignedDuration::from_hours(1);
/// A renewal takes as long, and a pipeline has to see in time that it is due.
const LEAST_BEFORE: SignedDuration = SignedDuration::from_mins(10);
/// So long ago a certificate begins to be valid: clocks differ.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// The arguments.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Issue {
    ca_certificate: Attr<String>,
    ca_private_key_wo: Attr<Secret>,
    common_name: Attr<String>,
    validity: Attr<String>,
    renew_before: Attr<String>,
    key_algorithm: Attr<String>,
}

impl Model for Issue {
    fn describe(&mut self, walk: &mut dyn Walk) {
        let Self {
            ca_certificate,
            ca_private_key_wo,
            common_name,
            validity,
            renew_before,
            key_algorithm,
        } = self;
        walk.attr("ca_certificate", ca_certificate).required().doc(
            "The certificate of the CA that issues it, which origins trust, in PEM form; after it \
             those that issued that one, if there are any. What stands between it and the root is \
             uploaded with the certificate.",
        );
        walk.attr("ca_private_key_wo", ca_private_key_wo)
            .optional()
            .sensitive()
            .write_only()
            .doc(
                "The CA's private key in PEM form, unencrypted. It is needed only where something \
                 is issued, and is never stored. Needs Terraform 1.11 or OpenTofu 1.11, and takes \
                 ephemeral values.",
            );
        walk.attr("common_name", common_name).optional().doc(
            "The common name of the certificate's subject. Default `Cloudflare Authenticated \
             Origin Pulls`.",
        );
        walk.attr("validity", validity).optional().doc(
            "How long it is valid, such as `2160h`, the default (90 days); at most a year, and \
             never longer than the CA.",
        );
        walk.attr("renew_before", renew_before).optional().doc(
            "How long before it expires the plan renews it, such as `720h`. Default: a third of its \
             lifetime.",
        );
        walk.attr("key_algorithm", key_algorithm).optional().doc(
            "The kind of key that is made: `ECDSA_P256`, the default, `ECDSA_P384` or `RSA_2048`.",
        );
    }
}

/// The attribute.
pub(super) type IssueAttr = Attr<Object<Issue>>;

/// What the arguments say, all known.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    authority: Authority,
    common_name: String,
    algorithm: KeyAlgorithm,
    validity: SignedDuration,
    renew_before: Option<SignedDuration>,
}

impl Issue {
    /// What the arguments say; none while one of them is not known.
    pub(super) fn terms(&self) -> Result<Option<Terms>, Diagnostics> {
        let mut report = Diagnostics::default();
        let authority = self.authority().unwrap_or_else(|error| {
            report.push(error);
            None
        });
        let mut time = |attr: &Attr<String>, name| {
            duration(attr, name).unwrap_or_else(|error| {
                report.push(error);
                None
            })
        };
        let validity = time(&self.validity, "validity").unwrap_or(VALIDITY);
        let renew_before = time(&self.renew_before, "renew_before");
        if !report.has_error() && !self.validity.is_unknown() {
            report.extend(check_times(validity, renew_before));
        }
        let common_name = self.common_name.known().map_or(COMMON_NAME, String::as_str);
        report.extend(check_name(common_name));
        let algorithm = self.algorithm().unwrap_or_else(|error| {
            report.push(error);
            KeyAlgorithm::default()
        });
        let subject = subject_of(common_name);
        if let Some(authority) = &authority
            && is_one_name(authority.subject(), &subject)
        {
            report.push(names_its_issuer(authority.subject()));
        }
        if report.has_error() {
            return Err(report);
        }
        Ok(authority
            .filter(|_| self.is_known())
            .map(|authority| Terms {
                authority,
                common_name: common_name.to_owned(),
                algorithm,
                validity,
                renew_before,
            }))
    }

    fn is_known(&self) -> bool {
        let texts = [
            &self.common_name,
            &self.validity,
            &self.renew_before,
            &self.key_algorithm,
        ];
        texts.iter().all(|text| !text.is_unknown())
    }

    fn authority(&self) -> Result<Option<Authority>, Diagnostic> {
        let text = self.ca_certificate.known();
        let read = text.map(|text| Authority::read(text)).transpose();
        read.map_err(|problem| at("ca_certificate", problem))
    }

    fn algorithm(&self) -> Result<KeyAlgorithm, Diagnostic> {
        let Some(text) = self.key_algorithm.known() else {
            return Ok(KeyAlgorithm::default());
        };
        let mut named = KeyAlgorithm::NAMES.into_iter();
        let found = named.find(|(name, _)| name == text);
        found.map(|(_, algorithm)| algorithm).ok_or_else(|| {
            let names = KeyAlgorithm::NAMES.map(|(name, _)| name).join(", ");
            Diagnostic::error(
                "Invalid key algorithm",
                // Whatever was pasted there by mistake is not repeated.
                format!("The value is none of {names}."),
            )
            .at_path(path("key_algorithm"))
        })
    }

    /// Whether there is no key to issue with; one that is not known yet is one. Pipelines give
    /// an empty text for a secret that they do not have.
    pub(super) fn has_no_key(&self) -> bool {
        let key = &self.ca_private_key_wo;
        key.is_null() || key.known().is_some_and(Secret::is_empty)
    }

    /// The authority's key, checked as far as it and the authority are known.
    pub(super) fn key(&self, terms: Option<&Terms>) -> Result<Option<PrivateKey>, Diagnostic> {
        let given = self.ca_private_key_wo.known();
        let Some(text) = given.filter(|_| !self.has_no_key()) else {
            return Ok(None);
        };
        let invalid = |problem| at("ca_private_key_wo", problem);
        let key = Authority::read_key(text).map_err(invalid)?;
        if let Some(terms) = terms {
            terms.authority.check_key(&key).map_err(invalid)?;
        }
        Ok(Some(key))
    }
}

impl Terms {
    /// An error unless what the authority issues now lives long enough to be renewed.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), Diagnostic> {
        let (from, until) = (self.authority.not_before(), self.authority.not_after());
        let left = until.duration_since(now);
        let needed = self.renew_before.unwrap_or(self.validity / 3);
        let (summary, detail) = if left <= SignedDuration::ZERO {
            (
                "CA has expired",
                format!("It, or a CA above it, expired on {until}."),
            )
        } else if from > now {
            (
                "CA is not valid yet",
                format!("It, or a CA above it, begins to be valid at {from}."),
            )
        } else if left <= needed {
            (
                "CA expires too soon",
                format!(
                    "It, or a CA above it, expires on {until}, and so does what it issues: that \
                     would have to be renewed at once."
                ),
            )
        } else {
            return Ok(());
        };
        let advice = "Issue a new certificate for the CA, let the origins trust it beside this one, \
                      and give it here with its key.";
        let who = self.authority.subject();
        Err(
            Diagnostic::error(summary, format!("The CA is {who}. {detail} {advice}"))
                .at_path(path("ca_certificate")),
        )
    }

    /// A warning where the authority ends before what it issues now would.
    pub(super) fn cut(&self, now: Timestamp) -> Option<Diagnostic> {
        let until = self.authority.not_after();
        if until.duration_since(now) >= self.validity {
            return None;
        }
        let who = self.authority.subject();
        let warning = Diagnostic::warning(
            "CA ends before the certificate would",
            format!(
                "The CA {who} expires on {until}, and so does what it issues now, whatever validity \
                 says. Issue a new certificate for the CA in time, and let the origins trust it \
                 first."
            ),
        );
        Some(warning.at_path(path("ca_certificate")).once())
    }

    /// Whether a certificate is what these terms ask for, apart from its dates.
    pub(super) fn fit(&self, existing: &Existing) -> bool {
        let order = self.order(Timestamp::UNIX_EPOCH, None);
        order.is_some_and(|order| self.authority.has_issued(existing, &order))
    }

    /// Whether a certificate has the chain that these terms would give it.
    pub(super) fn has_chain_of(&self, existing: &Existing) -> bool {
        self.authority.has_chain_of(existing)
    }

    /// When a certificate is to be renewed.
    pub(super) fn renewal(&self, existing: &Existing) -> Option<Timestamp> {
        let (from, until) = (existing.not_before()?, existing.not_after()?);
        let before = self.renew_before;
        let before = before.unwrap_or(until.duration_since(from) / 3);
        until.checked_sub(before).ok()
    }

    /// What the serial number of a rotation's certificate is under: only the holder of the
    /// authority's key can say it, and only of this one.
    pub(super) fn tag(&self, key: &PrivateKey, words: &[&str]) -> Tag {
        self.authority.tag(key, words)
    }

    /// Makes the key, and the certificate for it.
    pub(super) fn issue(
        &self,
        key: &PrivateKey,
        now: Timestamp,
        tag: Option<Tag>,
    ) -> Result<Issued, Diagnostic> {
        let order = self.order(now, tag).ok_or_else(no_randomness)?;
        let issued = self.authority.issue(key, &order);
        issued.map_err(|problem| at("ca_private_key_wo", problem))
    }

    fn order(&self, now: Timestamp, tag: Option<Tag>) -> Option<Order> {
        let until = now.checked_add(self.validity).unwrap_or(Timestamp::MAX);
        Some(Order {
            common_name: self.common_name.clone(),
            algorithm: self.algorithm,
            not_before: now.checked_sub(BACKDATED).unwrap_or(now),
            not_after: until.min(self.authority.not_after()),
            serial: match tag {
                Some(tag) => Serial::tagged(tag),
                None => Serial::random(),
            }?,
        })
    }
}

/// A time that is more than none; nothing where none is given, or not known.
fn duration(attr: &Attr<String>, name: &str) -> Result<Option<SignedDuration>, Diagnostic> {
    let Some(text) = attr.known() else {
        return Ok(None);
    };
    let problem = match parse_duration(text).map(SignedDuration::try_from) {
        Ok(Ok(time)) if time > SignedDuration::ZERO => return Ok(Some(time)),
        Ok(_) => format!("{text:?} is no time at all: write \"2160h\", for example."),
        Err(problem) => problem,
    };
    Err(Diagnostic::error("Invalid duration", problem).at_path(path(name)))
}

fn check_name(name: &str) -> Option<Diagnostic> {
    let problem = if name.is_empty() {
        "It is empty.".to_owned()
    } else if name.chars().count() > LONGEST_NAME {
        let length = name.chars().count();
        format!("It has {length} characters; the limit is {LONGEST_NAME} (RFC 5280).")
    } else if name.chars().any(is_invisible) {
        "It holds characters that nobody sees, such as a line break.".to_owned()
    } else {
        return None;
    };
    Some(Diagnostic::error("Invalid common name", problem).at_path(path("common_name")))
}

/// Whether verifiers may take two names for one: openssl looks at neither case nor spaces.
fn is_one_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let words: Vec<&str> = name.split_whitespace().collect();
        words.join(" ").to_lowercase()
    };
    plain(one) == plain(other)
}

fn check_times(
    validity: SignedDuration,
    renew_before: Option<SignedDuration>,
) -> Option<Diagnostic> {
    if validity < SHORTEST {
        let detail = "A certificate needs minutes to be deployed and to take over, and as long \
                      again to be replaced: give validity an hour or more.";
        return Some(Diagnostic::error("Validity is too short", detail).at_path(path("validity")));
    }
    let summary = "Certificate would be renewed at once";
    let detail = format!(
        "renew_before is as long as validity ({} h) or longer, so that each plan would renew the \
         certificate. A third of validity is usual.",
        validity.as_hours()
    );
    if let Some(before) = renew_before.filter(|before| *before < LEAST_BEFORE) {
        let detail = format!(
            "renew_before is {before:#}. A new certificate needs minutes to be deployed and to take \
             over: give ten minutes or more, and more than lies between two runs of what applies."
        );
        let error = Diagnostic::error("Certificate would be renewed too late", detail);
        return Some(error.at_path(path("renew_before")));
    }
    let is_longer = renew_before.is_some_and(|before| before >= validity);
    is_longer.then(|| Diagnostic::error(summary, detail).at_path(path("renew_before")))
}

fn names_its_issuer(subject: &str) -> Diagnostic {
    Diagnostic::error(
        "Invalid common name",
        format!(
            "{subject} is the name of the CA, so that the certificate would look as if it had \
             issued itself. Give another common_name."
        ),
    )
    .at_path(path("common_name"))
}

/// Something is to be issued, and no key is there to sign it.
pub(super) fn missing_key() -> Diagnostic {
    Diagnostic::error(
        "CA private key is missing",
        "A certificate has to be issued, and the CA has to sign it. Set ca_private_key_wo, which is \
         never stored.",
    )
    .at_path(path("ca_private_key_wo"))
}

fn no_randomness() -> Diagnostic {
    Diagnostic::error(
        "Certificate could not be issued",
        "The operating system gives no random numbers. Apply again.",
    )
}

/// A problem of the authority's certificate or key.
fn at(name: &str, problem: Problem) -> Diagnostic {
    Diagnostic::error(problem.summary, problem.detail).at_path(path(name))
}

fn path(name: &str) -> Path {
    Path::attribute("issue").then(Step::Attribute(name.to_owned()))
}
