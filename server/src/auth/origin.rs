//! Which `Host` and `Origin` headers a request may have. A page of another site, and a name that a foreign DNS server
//! points at this machine (DNS rebinding), must reach nothing, whatever cookies the browser adds.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Uri};

use crate::error::ApiError;

/// The names under which the server may be reached.
#[derive(Clone, Debug)]
pub struct HostRules {
    /// Our port: what a request names must be this where it names one.
    port: u16,
    listen: IpAddr,
    named: Vec<Site>,
}

/// Scheme, name and port as a browser knows them: what an `Origin` must equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Whether browsers reach it with `https`, through a proxy.
    pub is_secure: bool,
    name: HostName,
    port: Option<u16>,
}

/// What the `Origin` header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginSeen {
    /// It is ours.
    Same,
    /// There is none.
    Absent,
}

/// How a request shows who it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is asked for (`--auth none`).
    NotNeeded,
    /// `Authorization: Bearer`, which no browser adds by itself.
    Bearer,
    /// The session cookie, which a browser adds to whatever another site makes it send.
    Cookie,
    /// Nothing.
    Missing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostName {
    Ip(IpAddr),
    Dns(String),
}

impl HostRules {
    /// Rules for a server that listens on `local` and may be called `hosts` besides: each `name`, `name:port`, or with
    /// `https://` before it. An entry that is none of these is left out with a warning.
    pub fn new(local: SocketAddr, hosts: &[String]) -> Self {
        let named = hosts.iter().filter_map(|host| {
            let site = Site::configured(host);
            if site.is_none() {
                tracing::warn!(host, "'hosts' entry is not NAME, NAME:PORT or https://NAME: it is left out");
            }
            site
        });
        Self { port: local.port(), listen: local.ip(), named: named.collect() }
    }

    /// The site that a request names, where it is one of ours. `reached` is the address its connection came in on.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`], with the setting to change.
    pub fn check(&self, headers: &HeaderMap, uri: &Uri, reached: IpAddr) -> Result<Site, ApiError> {
        let Some(text) = only(headers, &HOST)? else {
            return Err(forbidden("the request has no 'Host' header"));
        };
        let refused = || {
            let shown = taillight::path::shown_name(text.as_bytes());
            forbidden(format!(
                "the 'Host' header '{shown}' is not a name of this server: \
                 if it should be, add it to 'hosts' in the configuration (or TAILLIGHT_HOSTS)"
            ))
        };
        if uri.authority().is_some_and(|authority| authority.as_str() != text) {
            return Err(refused());
        }
        let (name, port) = parse_host(text).ok_or_else(refused)?;
        if let Some(named) = self.named.iter().find(|site| site.answers_to(&name, port, self.port)) {
            return Ok(Site { is_secure: named.is_secure, name, port });
        }
        let is_own = match &name {
            HostName::Dns(name) => name == "localhost",
            HostName::Ip(ip) => {
                *ip == IpAddr::V4(Ipv4Addr::LOCALHOST)
                    || *ip == IpAddr::V6(Ipv6Addr::LOCALHOST)
                    || (*ip == self.listen && !ip.is_unspecified())
                    || *ip == reached.to_canonical()
            }
        };
        if is_own && port.is_none_or(|port| port == self.port) {
            Ok(Site { is_secure: false, name, port })
        } else {
            Err(refused())
        }
    }
}

impl Site {
    fn configured(text: &str) -> Option<Self> {
        let (is_secure, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return None,
            None => (false, text),
        };
        let (name, port) = parse_host(rest)?;
        Some(Self { is_secure, name, port })
    }

    /// An entry with a port means that port; one without means the scheme's own, or ours.
    fn answers_to(&self, name: &HostName, port: Option<u16>, our_port: u16) -> bool {
        let port_fits = match (self.port, port) {
            (Some(expected), port) => port.unwrap_or(self.default_port()) == expected,
            (None, None) => true,
            (None, Some(port)) => port == our_port || port == self.default_port(),
        };
        self.name == *name && port_fits
    }

    fn default_port(&self) -> u16 {
        if self.is_secure { 443 } else { 80 }
    }

    /// Compares the `Origin` header, where there is one, in scheme, name and port.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for another one, `null`, or several.
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<OriginSeen, ApiError> {
        let Some(text) = only(headers, &ORIGIN)? else { return Ok(OriginSeen::Absent) };
        let scheme = if self.is_secure { "https" } else { "http" };
        let given = text.split_once("://").filter(|(given, _)| *given == scheme).and_then(|(_, host)| parse_host(host));
        let port = |port: Option<u16>| port.unwrap_or(self.default_port());
        match given {
            Some((name, given_port)) if name == self.name && port(given_port) == port(self.port) => {
                Ok(OriginSeen::Same)
            }
            _ => Err(forbidden(format!(
                "the request comes from a page of another site ('Origin' is not '{self}'): \
                 behind a proxy with TLS, write the name as https://NAME in 'hosts'"
            ))),
        }
    }
}

/// Whether an upgrade to a WebSocket may go on, after `Host` and `Origin` passed: without an `Origin` only for who
/// shows more than a cookie, and never when the browser itself says that another site asks.
///
/// # Errors
/// [`ApiError::Forbidden`].
pub fn check_upgrade(headers: &HeaderMap, origin: OriginSeen, shown: Credential) -> Result<(), ApiError> {
    check_fetch_site(headers)?;
    match (origin, shown) {
        (OriginSeen::Absent, Credential::Cookie) => Err(forbidden(
            "a WebSocket with a cookie needs an 'Origin' header: programs send 'Authorization: Bearer TOKEN'",
        )),
        _ => Ok(()),
    }
}

/// Whether the browser, where it says so, says that the page that asks is ours.
///
/// # Errors
/// [`ApiError::Forbidden`].
pub fn check_fetch_site(headers: &HeaderMap) -> Result<(), ApiError> {
    const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    match only(headers, &SEC_FETCH_SITE)? {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(forbidden("the request comes from a page of another site ('Sec-Fetch-Site')")),
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_secure { "https://" } else { "http://" })?;
        match &self.name {
            HostName::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            HostName::Ip(ip) => write!(f, "{ip}")?,
            HostName::Dns(name) => f.write_str(name)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The value of a header that may be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(forbidden(format!("the request has more than one '{name}' header")));
    }
    value.to_str().map(Some).map_err(|_| forbidden(format!("the '{name}' header is not text")))
}

/// `name`, `1.2.3.4` or `[::1]`, each with `:port` or without. Names in lower case; nothing else is cleaned.
fn parse_host(text: &str) -> Option<(HostName, Option<u16>)> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (ip, rest) = rest.split_once(']')?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
            (HostName::Ip(IpAddr::V6(ip.parse().ok()?)), port)
        }
        None => {
            let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
            (parse_name(name)?, port)
        }
    };
    let port = match port {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some((name, port))
}

fn parse_name(name: &str) -> Option<HostName> {
    if let Ok(ip) = name.parse::<Ipv4Addr>() {
        return Some(HostName::Ip(IpAddr::V4(ip)));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' || byte == b'_';
    let is_name = !name.is_empty() && name.len() <= 253 && name.bytes().all(is_plain);
    is_name.then(|| HostName::Dns(name.to_ascii_lowercase()))
}

fn forbidden(detail: impl Into<String>) -> ApiError {
    ApiError::Forbidden { detail: detail.into() }
}
