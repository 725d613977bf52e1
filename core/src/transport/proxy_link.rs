//! Shared proxy links, to an MTProxy ([`ProxyLink`]) or to a SOCKS5 proxy ([`SocksLink`]).
//!
//! Source: `core.telegram.org/api/links`, "MTProxy links" and "Socks5 proxy links". For cases not documented there, the
//! behaviour of Telegram's own clients applies.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::proxy_secret::{ProxySecret, ProxySecretError};

/// A link to an MTProxy: `tg://proxy?server=…&port=…&secret=…` or `https://t.me/proxy?…`. It may lack the scheme, have
/// `www.`, or use `telegram.me` or `telegram.dog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLink {
    /// The proxy's name or IP address, 1 to 255 bytes. The caller resolves it.
    pub server: String,
    /// The proxy's TCP port, not 0.
    pub port: u16,
    /// The proxy's secret.
    pub secret: ProxySecret,
}

/// A link to a SOCKS5 proxy: `tg://socks?server=…&port=…&user=…&pass=…` or `https://t.me/socks?…`, in the same forms as
/// [`ProxyLink`]. Its `Debug` output shows neither user name nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct SocksLink {
    /// The proxy's name or IP address, 1 to 255 bytes. The caller resolves it.
    pub server: String,
    /// The proxy's TCP port, not 0.
    pub port: u16,
    /// The user name, or `None` if it is missing or empty.
    pub user: Option<Zeroizing<String>>,
    /// The password. Empty if the link has none.
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

/// Why a text is not a valid link to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyLinkError {
    /// The text is not a link to a proxy of this kind.
    #[error("the text is not a link to a proxy, such as tg://proxy?... or https://t.me/socks?...")]
    NotALink,
    /// The text is a Telegram link, but not to a proxy of either kind.
    #[error(
        "this Telegram link leads neither to an MTProxy nor to a SOCKS5 proxy; an HTTP proxy is given as http://HOST:PORT"
    )]
    OtherLink,
    /// A parameter is missing.
    #[error("the link has no {0}")]
    Missing(&'static str),
    /// A parameter has an invalid percent-encoding or is not UTF-8.
    #[error("the link's {0} cannot be read")]
    Escape(&'static str),
    /// The server is neither a name nor an address.
    #[error("the link's server is neither a name nor an address")]
    Server,
    /// The port is not a number from 1 to 65535.
    #[error("the link's port is not a number from 1 to 65535")]
    Port,
    /// The secret is not valid.
    #[error(transparent)]
    Secret(#[from] ProxySecretError),
}

impl FromStr for ProxyLink {
    type Err = ProxyLinkError;

    fn from_str(link: &str) -> Result<Self, ProxyLinkError> {
        let link = clean_up(link);
        let query = query_of(&link, "proxy")?;
        let (server, port) = server_and_port(query)?;
        let secret = read_secret(&parameter(query, "secret")?)?;
        Ok(Self { server, port, secret })
    }
}

impl FromStr for SocksLink {
    type Err = ProxyLinkError;

    fn from_str(link: &str) -> Result<Self, ProxyLinkError> {
        let link = clean_up(link);
        let query = query_of(&link, "socks")?;
        let (server, port) = server_and_port(query)?;
        let optional = |name| match parameter(query, name) {
            Err(ProxyLinkError::Missing(_)) => Ok(Zeroizing::default()),
            other => other,
        };
        let user = optional("user")?;
        Ok(Self { server, port, user: (!user.is_empty()).then_some(user), password: optional("pass")? })
    }
}

/// Returns the server and the port, which every link has.
fn server_and_port(query: &str) -> Result<(String, u16), ProxyLinkError> {
    let server = parameter(query, "server")?;
    let server = server.trim();
    let server = server.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(server);
    // An IP address at the end of a sentence, with its full stop.
    let server = server.strip_suffix('.').filter(|ip| ip.parse::<IpAddr>().is_ok()).unwrap_or(server);
    let is_host = (1..=255).contains(&server.len()) && server.bytes().all(is_host_byte);
    let address = server.split('%').next().unwrap_or_default();
    if !is_host || (server.contains(':') && address.parse::<Ipv6Addr>().is_err()) {
        return Err(ProxyLinkError::Server);
    }
    let Ok(port @ 1..) = parameter(query, "port")?.trim().parse() else { return Err(ProxyLinkError::Port) };
    Ok((server.to_owned(), port))
}

/// Removes what chats, mails, shells and web pages add around and inside a link. If the link has no scheme, the text
/// before it is kept.
fn clean_up(text: &str) -> Zeroizing<String> {
    let is_visible = |c: &char| !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let mut link = Zeroizing::new(String::with_capacity(text.len()));
    link.extend(text.chars().filter(is_visible));
    // A whole link as a parameter of another link.
    if !link.contains('?')
        && (link.contains("%3F") || link.contains("%3f"))
        && let Some(decoded) = percent_decode(&link)
    {
        link = decoded;
    }
    for separator in ["\\u0026", "\\&", "&#38;", "&#x26;", "&amp;"] {
        while link.contains(separator) {
            link = Zeroizing::new(link.replace(separator, "&"));
        }
    }
    for escaped in ["?", "="] {
        link = Zeroizing::new(link.replace(&alloc::format!("\\{escaped}"), escaped));
    }
    Zeroizing::new(extract_link(&link).to_owned())
}

/// Returns the link in a text from its scheme on. It ends at the bracket or bold mark that closes the one before it.
fn extract_link(text: &str) -> &str {
    let around = |c: char| {
        c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`' | '«' | '»' | '“' | '”' | '„')
    };
    let text = text.trim_matches(around);
    let Some(colon) = text.find("://") else { return text };
    let (before, _) = text.split_at(colon);
    let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
    let (before, link) = text.split_at(start);
    let closer = match before.chars().next_back() {
        Some('(') => ')',
        Some('[') => ']',
        Some('{') => '}',
        Some(mark @ ('*' | '_' | '|' | '~')) => mark,
        _ => return link,
    };
    link.rfind(closer).map_or(link, |end| link.split_at(end).0.trim_end_matches(closer))
}

/// Returns the part after the `?` of a link with the path `kind`.
fn query_of<'a>(link: &'a str, kind: &str) -> Result<&'a str, ProxyLinkError> {
    let (before, query) = link.split_once('?').unwrap_or((link, ""));
    let path = path_of(before).ok_or(ProxyLinkError::NotALink)?;
    if !path.eq_ignore_ascii_case(kind) {
        let is_proxy = ["proxy", "socks"].iter().any(|kind| path.eq_ignore_ascii_case(kind));
        return Err(if is_proxy { ProxyLinkError::NotALink } else { ProxyLinkError::OtherLink });
    }
    Ok(query.split('#').next().unwrap_or_default())
}

/// Returns the path of a Telegram link.
fn path_of(link: &str) -> Option<&str> {
    let (scheme, rest) = match link.split_once(':') {
        // Without a scheme, `host:port` is not a scheme.
        Some((scheme, rest)) if !scheme.contains(['.', '/']) => (scheme, rest),
        _ => ("https", link),
    };
    let rest = rest.trim_start_matches('/').trim_end_matches('/');
    if scheme.eq_ignore_ascii_case("tg") {
        return Some(rest);
    }
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let (host, path) = rest.split_once('/')?;
    let www = host.split_at_checked(4).filter(|(www, _)| www.eq_ignore_ascii_case("www."));
    let host = www.map_or(host, |(_, host)| host);
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let known = ["t.me", "telegram.me", "telegram.dog"];
    known.iter().any(|name| host.eq_ignore_ascii_case(name)).then(|| path.trim_start_matches('/'))
}

/// Parses the secret of a link. Ignores line breaks, and text after it from the end of a sentence or the name of a
/// channel.
fn read_secret(value: &str) -> Result<ProxySecret, ProxySecretError> {
    let (value, _) = value.split_once('@').unwrap_or((value, ""));
    let closes =
        |c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '!' | ')' | ']' | '}' | '*' | '…');
    let trimmed = value.trim_start().trim_end_matches(closes);
    let value = if trimmed.is_empty() { value } else { trimmed };
    let whole: Zeroizing<String> = Zeroizing::new(value.split_whitespace().collect());
    whole.parse().or_else(|error| {
        let first = value.split_whitespace().next().unwrap_or_default();
        first.trim_end_matches(closes).parse().map_err(|_| error)
    })
}

/// Returns the first parameter with this name (in any letter case), percent-decoded. A `+` is kept, since base64
/// secrets contain it.
fn parameter(query: &str, name: &'static str) -> Result<Zeroizing<String>, ProxyLinkError> {
    let value = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| key.trim().eq_ignore_ascii_case(name).then_some(value))
        .ok_or(ProxyLinkError::Missing(name))?;
    percent_decode(value).ok_or(ProxyLinkError::Escape(name))
}

/// Decodes the percent-encoding of `text` (RFC 3986, 2.1), such as a password in a proxy's URL. The result is wiped on
/// drop. Returns `None` if a `%` is not followed by two hexadecimal digits, or if the result is not UTF-8.
#[must_use]
pub fn percent_decode(text: &str) -> Option<Zeroizing<String>> {
    // The crate leaves a `%` without digits unchanged.
    let has_digits = |rest: &str| {
        rest.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(has_digits) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    bytes.extend(percent_decode_str(text));
    core::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// Returns whether the byte can be part of a name (of any script) or an IP address.
const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%' | 0x80..)
}
