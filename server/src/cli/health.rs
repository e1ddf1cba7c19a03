//! `healthcheck`: one HTTP request over a plain connection, so that a container needs no other program.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::Failure;
use crate::config::{Config, ConfigError, Sources};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Succeeds when the server at `url`, or the configured one, answers.
pub fn run(url: Option<&str>, sources: &Sources) -> Result<(), Failure> {
    let target = match url {
        Some(url) => Target::of_url(url).map_err(|problem| usage(problem, sources))?,
        None => {
            let config = Config::load_settings(sources).map_err(|err| Failure::settings(err, sources))?;
            Target::of_listen(config.listen, &config.base_path).map_err(|problem| usage(problem, sources))?
        }
    };
    ask(&target).with_context(|| format!("no healthy server at http://{}{}", target.authority, target.path))?;
    Ok(())
}

/// Whom to ask for what.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// Host and port.
    authority: String,
    path: String,
}

impl Target {
    fn of_url(url: &str) -> Result<Self, String> {
        let bad = || format!("bad URL '{url}': expected http://HOST:PORT with the base path, if any, behind it");
        let rest = url.strip_prefix("http://").ok_or_else(bad)?;
        let rest = rest.split(['?', '#']).next().unwrap_or(rest);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() || !url.bytes().all(|byte| byte.is_ascii_graphic()) || authority.contains('@') {
            return Err(bad());
        }
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        let base = path.trim_end_matches('/');
        let base = base.strip_suffix("/healthz").unwrap_or(base);
        Ok(Self { authority, path: format!("{base}/healthz") })
    }

    fn of_listen(listen: SocketAddr, base: &str) -> Result<Self, String> {
        if listen.port() == 0 {
            return Err("the port is picked at start (listen = …:0): name the URL, 'taillight healthcheck URL'".into());
        }
        let ip = match listen.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Ok(Self { authority: SocketAddr::new(ip, listen.port()).to_string(), path: format!("{base}/healthz") })
    }
}

fn ask(target: &Target) -> anyhow::Result<()> {
    let address = target.authority.to_socket_addrs()?.next().context("the host has no address")?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", target.path, target.authority)?;
    let mut head = Vec::new();
    // The status line is all that matters.
    stream.take(256).read_to_end(&mut head)?;
    let status = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    match status.strip_prefix(b"HTTP/1.1 ") {
        Some([b'2', _, _, b' ', ..]) => Ok(()),
        _ => bail!("it answered '{}'", taillight::path::shown_name(status)),
    }
}

fn usage(problem: String, sources: &Sources) -> Failure {
    Failure::settings(ConfigError { problems: vec![problem] }, sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_listen_addresses_lead_to_the_health_page() {
        let table = [
            ("http://127.0.0.1:8765", Some(("127.0.0.1:8765", "/healthz"))),
            ("http://localhost", Some(("localhost:80", "/healthz"))),
            ("http://localhost:1/logs/#token=x", Some(("localhost:1", "/logs/healthz"))),
            ("http://[::1]:8765/healthz", Some(("[::1]:8765", "/healthz"))),
            ("http://[::1]", Some(("[::1]:80", "/healthz"))),
            ("https://localhost", None),
            ("localhost:8765", None),
            ("http://", None),
            ("http://a b", None),
            ("http://a\r\nx", None),
        ];
        for (url, expected) in table {
            let expected = expected.map(|(authority, path)| Target { authority: authority.into(), path: path.into() });
            assert_eq!(Target::of_url(url).ok(), expected, "{url:?}");
        }
        let listen = |text: &str| Target::of_listen(text.parse().unwrap(), "/x").map(|target| target.authority).ok();
        assert_eq!(listen("0.0.0.0:80").as_deref(), Some("127.0.0.1:80"));
        assert_eq!(listen("[::]:80").as_deref(), Some("[::1]:80"));
        assert_eq!(listen("10.0.0.1:80").as_deref(), Some("10.0.0.1:80"));
        assert_eq!(listen("127.0.0.1:0"), None);
    }
}
