//! Which way requests go: directly, or through the proxy that the environment names, read
//! as programs written in Go read it.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;

/// The way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Without a proxy.
    Direct,
    /// Through this proxy, which may carry a credential of its own.
    Through(Url),
}

/// A variable of the environment that names no proxy. A request that was to go through
/// one never goes without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The variable.
    pub variable: &'static str,
}

/// The variables that can name a proxy, in the order of their weight. `ALL_PROXY` is none of
/// Go's.
const VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

impl Way {
    /// The way to a server, of which the scheme, host and port matter. This machine is
    /// always reached directly: a proxy could not reach it, and would see the credential.
    pub fn to(server: &Url, env: impl Fn(&str) -> Option<String>) -> Result<Self, Malformed> {
        let set = |name: &&'static str| {
            let value = env(name)?;
            let value = value.trim();
            (!value.is_empty()).then(|| (*name, value.to_owned()))
        };
        let Some((variable, value)) = VARIABLES.iter().find_map(set) else {
            return Ok(Self::Direct);
        };
        let proxy = parse(&value).ok_or(Malformed { variable })?;
        let exceptions = EXCEPTIONS.iter().find_map(set);
        let exceptions = exceptions.map_or(String::new(), |(_, list)| list);
        Ok(
            match is_loopback(server) || is_excepted(server, &exceptions) {
                true => Self::Direct,
                false => Self::Through(proxy),
            },
        )
    }
}

impl Way {
    /// The proxy, without its user and password.
    pub fn proxy(&self) -> Option<String> {
        let Self::Through(url) = self else {
            return None;
        };
        let mut url = url.clone();
        // A URL without a host has neither.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Some(url.to_string())
    }
}

/// A proxy's URL; a bare host and port speak HTTP. Names are resolved by the proxy.
fn parse(value: &str) -> Option<Url> {
    let has_scheme = value.contains("://");
    let text = match has_scheme {
        true => value.to_owned(),
        false => format!("http://{value}"),
    };
    let text = match text.strip_prefix("socks5://") {
        Some(rest) => format!("socks5h://{rest}"),
        None => text,
    };
    let url = Url::parse(&text).ok()?;
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    (has_host && SCHEMES.contains(&url.scheme())).then_some(url)
}

/// Whether a URL names this machine itself.
pub fn is_loopback(url: &Url) -> bool {
    let host = host(url);
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// The host without the brackets of an IPv6 address, in lower case.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    host.trim_matches(['[', ']'])
        .trim_end_matches('.')
        .to_owned()
}

/// Whether a list of exceptions holds the server: `*`, addresses, networks, and domains
/// with all below them (`.domain` and `*.domain` without the domain itself), each with or
/// without a port.
fn is_excepted(server: &Url, list: &str) -> bool {
    let (host, port) = (host(server), server.port_or_known_default());
    let address: Option<IpAddr> = host.parse().ok();
    list.split(',').map(str::trim).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if entry == "*" {
            return true;
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            return address.is_some_and(|ip| network.contains(&ip));
        }
        let (name, only) = match entry.parse::<IpAddr>() {
            Ok(_) => (entry.as_str(), None),
            Err(_) => split_port(&entry),
        };
        if only.is_some() && only != port {
            return false;
        }
        let name = name.trim_matches(['[', ']']);
        if let Ok(ip) = name.parse::<IpAddr>() {
            return address == Some(ip);
        }
        let below = name.strip_prefix('*').unwrap_or(name);
        match below.strip_prefix('.') {
            _ if below.is_empty() => false,
            Some(domain) => host.ends_with(&format!(".{domain}")),
            None => host == below || host.ends_with(&format!(".{below}")),
        }
    })
}

/// A name and the port behind it, if there is one.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, port)) => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(server: &str, variables: &[(&str, &str)]) -> Result<Way, Malformed> {
        let server = Url::parse(server).expect("a URL");
        Way::to(&server, |name| {
            let found = variables.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const API: &str = "https://api.cloudflare.com/client/v4";

    #[test]
    fn a_proxy_is_a_url_or_a_host_with_its_port() {
        for (value, expected) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/"),
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("https://proxy.example", "https://proxy.example/"),
            (
                "socks5://user:word@proxy.example:1080",
                "socks5h://user:word@proxy.example:1080",
            ),
            (
                "socks5h://proxy.example:1080",
                "socks5h://proxy.example:1080",
            ),
        ] {
            match way(API, &[("HTTPS_PROXY", value)]) {
                Ok(Way::Through(proxy)) => assert_eq!(proxy.as_str(), expected),
                other => panic!("{value}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_proxy_is_never_a_direct_connection() {
        for value in [
            "http://",
            "://x",
            "http://[::1",
            "ftp://proxy.example",
            "http://a b",
            "http://proxy:99999",
        ] {
            let malformed = Malformed {
                variable: "https_proxy",
            };
            assert_eq!(
                way(API, &[("https_proxy", value)]),
                Err(malformed),
                "{value}"
            );
        }
        assert_eq!(
            way(API, &[("HTTPS_PROXY", ""), ("https_proxy", " ")]),
            Ok(Way::Direct)
        );
    }

    #[test]
    fn exceptions_are_read_as_go_reads_them() {
        for (server, list, excepted) in [
            (API, "api.cloudflare.com", true),
            (API, "cloudflare.com", true),
            (API, ".cloudflare.com", true),
            (API, "*.cloudflare.com", true),
            (API, "API.Cloudflare.COM", true),
            (API, "example.com, cloudflare.com", true),
            (API, "*", true),
            (API, "cloudflare.com:443", true),
            (API, "cloudflare.com:8443", false),
            (API, "loudflare.com", false),
            (API, "", false),
            (API, ",", false),
            (API, ":443", false),
            ("https://cloudflare.com", ".cloudflare.com", false),
            ("https://cloudflare.com", "*.cloudflare.com", false),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://10.1.2.3", "10.1.2.3", true),
            ("https://10.1.2.3:8443", "10.1.2.3:8443", true),
            ("https://10.1.2.3", "10.1.2.3:8443", false),
            ("https://11.1.2.3", "10.0.0.0/8", false),
            ("https://[2001:db8::1]", "2001:db8::/32", true),
            ("https://[2001:db8::1]", "2001:db8::1", true),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443", true),
            ("https://localhost:1", "", true),
            ("http://127.0.0.9:1", "", true),
            ("http://[::1]:1", "", true),
        ] {
            let found = way(server, &[("HTTPS_PROXY", "proxy:1"), ("NO_PROXY", list)]);
            let is_direct = found == Ok(Way::Direct);
            assert_eq!(is_direct, excepted, "{server} and {list:?}");
        }
    }
}
