//! The kinds of proxies.

use std::fmt;

/// The schemes of proxy URLs, as error messages list them.
pub(super) const SCHEMES: &str = "socks5://, socks5h://, socks4:// or http://";

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyKind {
    /// SOCKS version 5.
    Socks5,
    /// SOCKS version 4, with names by SOCKS4a.
    Socks4,
    /// HTTP `CONNECT`, over a plain stream.
    Http,
}

impl ProxyKind {
    /// Returns the kind that a URL scheme names, in upper or lower case. Returns `None` if the scheme is unknown.
    pub(super) fn from_scheme(scheme: &str) -> Option<Self> {
        let is = |name: &str| scheme.eq_ignore_ascii_case(name);
        if is("socks5") || is("socks5h") || is("socks") {
            Some(Self::Socks5)
        } else if is("socks4") || is("socks4a") {
            Some(Self::Socks4)
        } else if is("http") {
            Some(Self::Http)
        } else {
            None
        }
    }

    /// Returns the default port for a URL without a port.
    pub(super) const fn default_port(self) -> u16 {
        match self {
            Self::Socks5 | Self::Socks4 => 1080,
            Self::Http => 80,
        }
    }

    /// Returns whether the protocol can carry this user name and password.
    pub(super) fn accepts(self, user: &str, password: &str) -> bool {
        match self {
            Self::Socks5 => (1..=255).contains(&user.len()) && password.len() <= 255,
            Self::Socks4 => user.len() <= 255 && !user.contains('\0') && password.is_empty(),
            Self::Http => {
                let is_plain = |text: &str| text.len() <= 1024 && !text.chars().any(char::is_control);
                !user.contains(':') && is_plain(user) && is_plain(password)
            }
        }
    }
}

impl fmt::Display for ProxyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Socks5 => "socks5",
            Self::Socks4 => "socks4",
            Self::Http => "http",
        })
    }
}
