//! Proxies of any kind, in the forms in which they are shared.

use std::fmt;
use std::str::FromStr;

use sansgram_core::client::{ProxyLink, ProxyLinkError, ProxySecret, SocksLink};

use super::{Host, InvalidProxy, Proxy, url};

/// A proxy of any kind, as it is shared: the URL of a SOCKS5 or HTTP proxy, a Telegram link to a SOCKS5 proxy or an
/// MTProxy, or `SECRET@HOST:PORT` or `HOST:PORT:SECRET` for an MTProxy.
///
/// Pass a SOCKS5 or HTTP proxy to [`ClientOptions::proxy`](crate::ClientOptions::proxy), and an MTProxy to
/// [`Config::set_mtproxy`](crate::core::client::Config::set_mtproxy).
///
/// ```
/// use sansgram_runtime::proxy::AnyProxy;
///
/// let link = "t.me/socks?server=proxy.example&port=1080&user=me&pass=secret";
/// let AnyProxy::Stream(proxy) = link.parse()? else { panic!() };
/// assert_eq!(proxy.to_string(), "socks5://proxy.example:1080");
/// # Ok::<(), sansgram_runtime::proxy::InvalidProxy>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum AnyProxy {
    /// A SOCKS5 or HTTP proxy.
    Stream(Proxy),
    /// An MTProxy.
    MtProxy(ProxyLink),
}

impl fmt::Debug for AnyProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(proxy) => proxy.fmt(f),
            Self::MtProxy(link) => write!(f, "MtProxy({}:{})", link.server, link.port),
        }
    }
}

impl FromStr for AnyProxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let text = text.trim();
        match text.parse::<ProxyLink>() {
            Ok(link) => return Ok(Self::MtProxy(link)),
            Err(ProxyLinkError::NotALink) => {}
            Err(error) => return Err(InvalidProxy::Link(error)),
        }
        match text.parse::<Proxy>() {
            Err(InvalidProxy::SchemeMissing) => {}
            other => return other.map(Self::Stream),
        }
        let (secret, place) = match text.rsplit_once('@') {
            Some(parts) => parts,
            None => {
                let (place, secret) = text.rsplit_once(':').ok_or(InvalidProxy::UnknownKind)?;
                if secret.parse::<ProxySecret>().is_err() {
                    let is_port = secret.parse::<u16>().is_ok() && Host::parse(place).is_ok();
                    return Err(if is_port {
                        InvalidProxy::SchemeMissing
                    } else {
                        InvalidProxy::UnknownKind
                    });
                }
                (secret, place)
            }
        };
        let (host, port) = url::split_port(place)?;
        let Some(port @ 1..) = port else { return Err(InvalidProxy::Port) };
        let server = match Host::parse(host)? {
            // Without the brackets.
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name,
        };
        let secret = secret.parse().map_err(InvalidProxy::Secret)?;
        Ok(Self::MtProxy(ProxyLink { server, port, secret }))
    }
}

impl TryFrom<SocksLink> for Proxy {
    type Error = InvalidProxy;

    fn try_from(link: SocksLink) -> Result<Self, InvalidProxy> {
        let proxy = Self::socks5(&link.server, link.port)?;
        match link.user {
            Some(user) => proxy.with_credentials(&user, &link.password),
            None => Ok(proxy),
        }
    }
}
