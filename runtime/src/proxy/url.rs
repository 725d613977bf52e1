//! Proxies as URLs, `scheme://[user:password@]host[:port]`, and as Telegram links.

use std::str::FromStr;

use sansgram_core::client::{ProxyLink, ProxyLinkError, SocksLink, percent_decode};

use super::kind::ProxyKind;
use super::{InvalidProxy, Proxy};

impl FromStr for Proxy {
    type Err = InvalidProxy;

    /// Parses `socks5://user:password@host:port` or `http://…`. User name and password may be percent-encoded, and must
    /// be if they contain `@`, `/`, `:` or `%`. `socks5h` and `socks` mean the same as `socks5`. `socks4` and `socks4a`
    /// accept only a user name. The default port is 1080 for SOCKS and 80 for HTTP. Telegram links to SOCKS5 proxies
    /// are accepted as well ([`SocksLink`]).
    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        match text.parse::<SocksLink>() {
            Ok(link) => return link.try_into(),
            Err(ProxyLinkError::NotALink) => {}
            Err(error) => return Err(InvalidProxy::Link(error)),
        }
        if !matches!(text.parse::<ProxyLink>(), Err(ProxyLinkError::NotALink)) {
            return Err(InvalidProxy::MtProxy);
        }
        let (scheme, rest) = text.trim().split_once("://").ok_or(InvalidProxy::SchemeMissing)?;
        if scheme.eq_ignore_ascii_case("https") {
            return Err(InvalidProxy::Https);
        }
        let kind = ProxyKind::from_scheme(scheme).ok_or(InvalidProxy::Scheme)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !matches!(path, "" | "/") {
            return Err(InvalidProxy::Path);
        }
        let (secret, place) = match authority.rsplit_once('@') {
            Some((secret, place)) => (Some(secret), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place)?;
        let proxy = Self::new(kind, host, port.unwrap_or(kind.default_port()))?;
        let Some(secret) = secret else { return Ok(proxy) };
        let (user, password) = secret.split_once(':').unwrap_or((secret, ""));
        // `socks5://@host` and `socks5://:@host`: a template that was not filled in.
        if user.is_empty() && password.is_empty() {
            return Ok(proxy);
        }
        let decode = |text| percent_decode(text).ok_or(InvalidProxy::Encoding);
        proxy.with_credentials(&decode(user)?, &decode(password)?)
    }
}

pub(super) fn split_port(place: &str) -> Result<(&str, Option<u16>), InvalidProxy> {
    // Colons within brackets belong to an IPv6 address.
    let host_end = place.find(']').map_or_else(|| place.find(':').unwrap_or(place.len()), |at| at + 1);
    let (host, port) = place.split_at(host_end);
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| InvalidProxy::Port)?)
        }
        _ => return Err(InvalidProxy::Port),
    };
    Ok((host, port))
}
