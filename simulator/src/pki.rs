//! Certificates made on the spot, for demos and tests.

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// A certificate authority of one's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A client certificate with its key, both PEM.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The leaf alone.
    pub certificate: String,
    /// PKCS#8.
    pub private_key: String,
}

/// What a client certificate is to be like.
pub struct Wanted<'a> {
    /// The common name.
    pub name: &'a str,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

impl Authority {
    /// A new authority, on P-256.
    pub fn new(name: &str) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let params = authority_named(name);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// An authority below this one, on P-256.
    pub fn intermediate(&self, name: &str) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = authority_named(name);
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// The authority's private key, PKCS#8.
    pub fn private_key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// The authority's own certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A client certificate that is valid from yesterday for a year.
    pub fn client(&self, name: &str, now: Timestamp) -> Result<ClientCertificate, rcgen::Error> {
        let days = |count: i64| SignedDuration::from_hours(24 * count);
        self.issue(&Wanted {
            name,
            not_before: now - days(1),
            not_after: now + days(365),
        })
    }

    /// A client certificate as wanted.
    pub fn issue(&self, wanted: &Wanted<'_>) -> Result<ClientCertificate, rcgen::Error> {
        self.issue_for(wanted, &KeyPair::generate()?)
    }

    /// A client certificate as wanted, for this key.
    pub fn issue_for(
        &self,
        wanted: &Wanted<'_>,
        key: &KeyPair,
    ) -> Result<ClientCertificate, rcgen::Error> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, wanted.name);
        set_dates(&mut params, wanted);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        Ok(ClientCertificate {
            certificate: params.signed_by(key, &self.issuer)?.pem(),
            private_key: key.serialize_pem(),
        })
    }
}

/// What an authority's certificate says.
fn authority_named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Without the name that the library puts there by itself.
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The start of a day, as the certificate library takes it.
fn set_dates(params: &mut CertificateParams, wanted: &Wanted<'_>) {
    let ymd = |moment: Timestamp| {
        let date = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        rcgen::date_time_ymd(date.year().into(), month, day)
    };
    params.not_before = ymd(wanted.not_before);
    params.not_after = ymd(wanted.not_after);
}
