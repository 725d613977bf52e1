//! Hosts, and the target that a proxy connects to.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::error::InvalidProxy;

/// An address, or a name that resolves to addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A DNS name: 1 to 255 letters, digits, `-`, `_` and `.`, with international names in their `xn--` form.
    Name(String),
}

/// The host and port that a proxy connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(super) host: Host,
    pub(super) port: u16,
}

impl Host {
    /// Parses an address (IPv6 also in brackets) or a name.
    ///
    /// # Errors
    /// Returns [`InvalidProxy::Host`] if the text is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(bare) = bare {
            return bare.parse().map(|ip| Self::Ip(IpAddr::V6(ip))).map_err(|_| InvalidProxy::Host);
        }
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        // These characters cannot end a header line or a C string.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if (1..=255).contains(&text.len()) && text.bytes().all(is_name) {
            Ok(Self::Name(text.into()))
        } else {
            Err(InvalidProxy::Host)
        }
    }
}

impl Target {
    /// Creates a target from a host and a port.
    #[must_use]
    pub const fn new(host: Host, port: u16) -> Self {
        Self { host, port }
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self { host: Host::Ip(address.ip()), port: address.port() }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
