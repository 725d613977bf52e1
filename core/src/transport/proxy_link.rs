//! The links by which people share proxies: to an MTProxy ([`ProxyLink`]) and to a SOCKS5 proxy ([`SocksLink`]).
//!
//! Source: `core.telegram.org/api/links`, "MTProxy links" and "Socks5 proxy links". If it is silent, what Telegram's own
//! clients accept decides.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use zeroize::Zeroizing;

use super::proxy_secret::{ProxySecret, ProxySecretError};

/// A link to an MTProxy: `tg://proxy?server=…&port=…&secret=…` or `https://t.me/proxy?…`, also without its scheme, with
/// `www.`, and on `telegram.me` and `telegram.dog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLink {
    /// The proxy's name or IP address, 1 to 255 bytes; the caller resolves it.
    pub server: String,
    /// The proxy's TCP port, not 0.
    pub port: u16,
    /// Its secret.
    pub secret: ProxySecret,
}

/// A link to a SOCKS5 proxy: `tg://socks?server=…&port=…&user=…&pass=…` or `https://t.me/socks?…`, in the same forms as
/// [`ProxyLink`]. Neither user name nor password is in the `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct SocksLink {
    /// The proxy's name or IP address, 1 to 255 bytes; the caller resolves it.
    pub server: String,
    /// The proxy's TCP port, not 0.
    pub port: u16,
    /// The user name, if the link has one that is not empty.
    pub user: Option<Zeroizing<String>>,
    /// The password; empty if the link has none.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for SocksLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksLink")
            .field("server", &self.server)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Why something is not a link to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyLinkError {
    /// It is not a link to a proxy of this kind.
    #[error("the text is no link to a proxy, such as tg://proxy?... or https://t.me/socks?...")]
    NotALink,
    /// A parameter is missing.
    #[error("the link has no {0}")]
    Missing(&'static str),
    /// A parameter holds a `%` that begins no escape, or no UTF-8.
    #[error("the link's {0} cannot be read")]
    Escape(&'static str),
    /// The server is no name and no address.
    #[error("the link's server is no name and no address")]
    Server,
    /// The port is no number from 1 to 65535.
    #[error("the link's port is no number from 1 to 65535")]
    Port,
    /// The secret is none.
    #[error(transparent)]
    Secret(#[from] ProxySecretError),
}

impl FromStr for ProxyLink {
    type Err = ProxyLinkError;

    fn from_str(link: &str) -> Result<Self, ProxyLinkError> {
        let query = query_of(link, "proxy").ok_or(ProxyLinkError::NotALink)?;
        let (server, port) = place(query)?;
        let secret = parameter(query, "secret")?;
        Ok(Self { server, port, secret: secret.parse()? })
    }
}

impl FromStr for SocksLink {
    type Err = ProxyLinkError;

    fn from_str(link: &str) -> Result<Self, ProxyLinkError> {
        let query = query_of(link, "socks").ok_or(ProxyLinkError::NotALink)?;
        let (server, port) = place(query)?;
        let optional = |name| match parameter(query, name) {
            Err(ProxyLinkError::Missing(_)) => Ok(Zeroizing::default()),
            other => other,
        };
        let user = optional("user")?;
        Ok(Self { server, port, user: (!user.is_empty()).then_some(user), password: optional("pass")? })
    }
}

/// Server and port, which every link has.
fn place(query: &str) -> Result<(String, u16), ProxyLinkError> {
    let server = parameter(query, "server")?;
    let server = server.trim();
    let server = server.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(server);
    if server.is_empty() || server.len() > 255 || !server.bytes().all(is_of_a_host) {
        return Err(ProxyLinkError::Server);
    }
    let Ok(port @ 1..) = parameter(query, "port")?.trim().parse() else { return Err(ProxyLinkError::Port) };
    Ok((server.to_owned(), port))
}

/// What follows the `?` of a link whose path is `kind`. Quotes and angle brackets around the link, as chats and mails put
/// them, do not count.
fn query_of<'a>(link: &'a str, kind: &str) -> Option<&'a str> {
    let around = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`');
    let (before, query) = link.trim_matches(around).split_once('?')?;
    let (scheme, rest) = match before.split_once(':') {
        Some((scheme, rest)) => (scheme, rest.strip_prefix("//").unwrap_or(rest)),
        None => ("https", before),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let is_link = if scheme.eq_ignore_ascii_case("tg") {
        rest.eq_ignore_ascii_case(kind)
    } else if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") {
        let (host, path) = rest.split_once('/')?;
        let www = host.split_at_checked(4).filter(|(www, _)| www.eq_ignore_ascii_case("www."));
        let host = www.map_or(host, |(_, host)| host);
        let known = ["t.me", "telegram.me", "telegram.dog"];
        path.eq_ignore_ascii_case(kind) && known.iter().any(|name| host.eq_ignore_ascii_case(name))
    } else {
        false
    };
    is_link.then(|| query.split('#').next().unwrap_or_default())
}

/// The first parameter of this name, its escapes undone. A `+` stays one: secrets in base64 have them. `&amp;` separates
/// as `&` does, since links are copied out of HTML.
fn parameter(query: &str, name: &'static str) -> Result<Zeroizing<String>, ProxyLinkError> {
    let value = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("amp;").unwrap_or(pair).split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
        .ok_or(ProxyLinkError::Missing(name))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(value.len()));
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
            let code = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            code.ok_or(ProxyLinkError::Escape(name))?
        } else {
            byte
        });
    }
    let text = core::str::from_utf8(&bytes).map_err(|_| ProxyLinkError::Escape(name))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Letters of names (also of other scripts than Latin), digits, and what IP addresses are written with.
const fn is_of_a_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%' | 0x80..)
}
