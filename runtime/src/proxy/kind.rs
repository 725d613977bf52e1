//! The kinds of proxies.

use std::fmt;

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyKind {
    /// SOCKS version 5.
    Socks5,
    /// SOCKS version 4, with names by 4a.
    Socks4,
    /// HTTP `CONNECT`, over a plain stream.
    Http,
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
