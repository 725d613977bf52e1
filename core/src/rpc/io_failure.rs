//! Why the network, or a proxy on the way, gave no connection.

use core::fmt;

/// Why the runtime lost, or could not open, a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IoFailure {
    /// The peer closed the stream in order.
    #[error("the server closed the connection")]
    Closed,
    /// Nobody listens at the address.
    #[error("the connection was refused")]
    Refused,
    /// The network or host cannot be reached.
    #[error("the network or host is unreachable")]
    Unreachable,
    /// The stream was reset or aborted.
    #[error("the connection was reset")]
    Reset,
    /// No stream came up within the connect timeout, or the operating system gave up waiting.
    #[error("the connection timed out")]
    TimedOut,
    /// A proxy on the way did not open the connection.
    #[error("{0}")]
    Proxy(ProxyFault),
    /// Any other error of the operating system.
    #[error("the connection failed")]
    Other,
}

/// Why a proxy on the way (SOCKS5, HTTP `CONNECT`) did not open a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyFault {
    /// Nobody knows an address of the proxy's name.
    #[error("the proxy's name has no address")]
    UnknownHost,
    /// The name was looked up, and no answer came.
    #[error("the proxy's name was looked up without an answer")]
    LookupTimedOut,
    /// No program listens at the proxy's address.
    #[error("the connection to the proxy was refused")]
    Refused,
    /// The network does not lead to the proxy's address, or the proxy's machine does not answer.
    #[error("the proxy cannot be reached")]
    Unreachable,
    /// It was given no user name and password, but wants them.
    #[error("the proxy wants a user name and a password")]
    CredentialsRequired,
    /// It does not know the user name and password.
    #[error("the proxy does not accept the user name and password")]
    CredentialsRefused,
    /// An HTTP proxy that wants to be logged in to, but not by Basic, which is the only scheme that is spoken.
    #[error("the proxy offers to authenticate by {0} only, and not by Basic")]
    SchemesNotSupported(AuthSchemes),
    /// It takes none of the ways to authenticate that are spoken: none at all, and user name and password.
    #[error("the proxy takes neither clients that are unknown to it nor a user name and a password")]
    NoCommonMethod,
    /// A SOCKS5 proxy did not connect to the server; the reply, 1 to 255 (RFC 1928, 6).
    #[error("the proxy did not connect to the server: {} (SOCKS reply {})", socks5_text(*.0), .0)]
    Socks5(u8),
    /// An HTTP proxy did not connect to the server; the status, 200 to 999.
    #[error("the proxy did not connect to the server: {} (HTTP status {})", http_text(*.0), .0)]
    Http(u16),
    /// It said nothing for too long.
    #[error("the proxy was silent for too long")]
    Silent,
    /// It closed the connection in the middle of the dialogue.
    #[error("the proxy closed the connection")]
    Closed,
    /// What it says is not of the proxy's protocol.
    #[error("what answers is not a proxy of this kind")]
    Protocol,
    /// It is to be spoken to in TLS: an HTTPS proxy, or another TLS server.
    #[error("a TLS server answers in the place of the proxy")]
    Tls,
    /// An HTTP server answers in the place of a SOCKS5 proxy.
    #[error("an HTTP server answers in the place of a SOCKS5 proxy")]
    HttpServer,
    /// A SOCKS4 proxy answers in the place of a SOCKS5 proxy.
    #[error("a SOCKS4 proxy answers in the place of a SOCKS5 proxy")]
    Socks4Proxy,
    /// A SOCKS5 proxy answers in the place of an HTTP proxy or a SOCKS4 proxy.
    #[error("a SOCKS5 proxy answers in the place of another kind of proxy")]
    Socks5Proxy,
}

/// What a reply of a SOCKS5 proxy other than 0 means (RFC 1928, 6).
const fn socks5_text(reply: u8) -> &'static str {
    match reply {
        1 => "it failed, and does not say why",
        2 => "its rules do not allow it",
        3 => "it cannot reach the network",
        4 => "it cannot reach the host",
        5 => "the server refused the connection",
        6 => "the time to live expired",
        7 => "it does not know CONNECT",
        8 => "it does not know this type of address",
        _ => "for a reason that no document names",
    }
}

/// What the status of an HTTP proxy means (RFC 9110, 15).
const fn http_text(status: u16) -> &'static str {
    match status {
        400 => "it does not understand the request",
        403 => "it does not allow it",
        404 => "it does not find the server",
        405 | 501 => "it does not know CONNECT, or not for this port",
        408 | 504 => "the server did not answer in time",
        429 => "it gets too many requests",
        502 => "it cannot reach the server",
        503 => "it is overloaded, or cannot reach the server",
        _ => "it refused",
    }
}

impl ProxyFault {
    /// Whether only a person can mend it: the same proxy must refuse the next attempt as well.
    #[must_use]
    pub const fn needs_credentials(self) -> bool {
        matches!(
            self,
            Self::CredentialsRequired
                | Self::CredentialsRefused
                | Self::SchemesNotSupported(_)
                | Self::NoCommonMethod
        )
    }
}

/// The schemes by which an HTTP proxy offers to authenticate, other than Basic (RFC 9110, 11.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthSchemes(u8);

impl AuthSchemes {
    /// The schemes that are told apart, by the names that IANA registers for them.
    const NAMED: [&str; 5] = ["Digest", "NTLM", "Negotiate", "Kerberos", "Bearer"];
    const OTHER: u8 = 1 << 7;

    /// The same with this scheme, in any case of letters. A name that is not known counts as another scheme.
    #[must_use]
    pub fn with(self, scheme: &str) -> Self {
        let known = Self::NAMED.iter().position(|name| name.eq_ignore_ascii_case(scheme));
        Self(self.0 | known.map_or(Self::OTHER, |at| 1 << at))
    }

    /// Whether it holds no scheme.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for AuthSchemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::NAMED.iter().enumerate().filter(|(at, _)| self.0 & 1 << at != 0);
        let other = (self.0 & Self::OTHER != 0).then_some("another scheme");
        for (at, name) in named.map(|(_, name)| *name).chain(other).enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}
