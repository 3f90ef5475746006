//! Where an origin listens: a name or an address, and a port.

use std::fmt;
use std::net::Ipv6Addr;

use rustls::pki_types::ServerName;

/// A host and a port, as `host:port`; an IPv6 address stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name, or an address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// Reads `origin.example.com:443`, `192.0.2.1:8443` or `[2001:db8::1]:443`. An error says
    /// what is wrong, to be put behind the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains("://") {
            return Err("is a URL; give only host:port, such as origin.example.com:443");
        }
        if text.contains('/') {
            return Err("has a path; give only host:port, such as origin.example.com:443");
        }
        if text.parse::<Ipv6Addr>().is_ok()
            || text.matches(':').count() > 1 && !text.starts_with('[')
        {
            return Err("is an IPv6 address without brackets; write [2001:db8::1]:443");
        }
        let without_port = "has no port; write host:port, such as origin.example.com:443";
        let (host, port) = text.rsplit_once(':').ok_or(without_port)?;
        if host.starts_with('[') && !host.ends_with(']') {
            return Err(without_port);
        }
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port
            .parse::<u16>()
            .ok()
            .filter(|port| is_number && *port > 0);
        let port = port.ok_or("has no port between 1 and 65535")?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            // One address may be written in many ways.
            Some(inner) => match inner.parse::<Ipv6Addr>() {
                Ok(parsed) => parsed.to_string(),
                Err(_) => return Err("has no IPv6 address between its brackets"),
            },
            None => host.to_owned(),
        };
        let address = Self { host, port };
        match is_server_name(&address.host) {
            true => Ok(address),
            false => Err("has no hostname or IP address before its port"),
        }
    }

    /// What stands before the port.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// Whether a server can be asked for by this name: a hostname or an IP address.
pub fn is_server_name(text: &str) -> bool {
    ServerName::try_from(text).is_ok()
}

/// What the host header says: the port where it is not that of https.
pub(super) fn host_header(name: &str, port: u16) -> String {
    let name = match name.contains(':') {
        true => format!("[{name}]"),
        false => name.to_owned(),
    };
    match port {
        443 => name,
        port => format!("{name}:{port}"),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}
