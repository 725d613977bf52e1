//! Why the network, or a proxy, provided no connection.

use core::fmt;

/// Why the runtime lost or could not open a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IoFailure {
    /// The peer closed the stream in an orderly way.
    #[error("the server closed the connection")]
    Closed,
    /// No program listens on the address.
    #[error("the connection was refused")]
    Refused,
    /// The network or host cannot be reached.
    #[error("the network or host is unreachable")]
    Unreachable,
    /// The stream was reset or aborted.
    #[error("the connection was reset")]
    Reset,
    /// The stream was not established within the connect timeout, or the operating system timed out.
    #[error("the connection timed out")]
    TimedOut,
    /// A proxy did not open the connection.
    #[error("{0}")]
    Proxy(ProxyFault),
    /// Any other error of the operating system.
    #[error("the connection failed")]
    Other,
}

/// Why a proxy (SOCKS5 or HTTP `CONNECT`) did not open a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyFault {
    /// The proxy's name does not resolve to an address.
    #[error("the proxy's name has no address")]
    UnknownHost,
    /// The lookup of the proxy's name timed out.
    #[error("the lookup of the proxy's name timed out")]
    LookupTimedOut,
    /// No program listens on the proxy's address.
    #[error("the connection to the proxy was refused")]
    Refused,
    /// There is no route to the proxy's address, or the proxy's host does not respond.
    #[error("the proxy cannot be reached")]
    Unreachable,
    /// The proxy requires a user name and a password, and none are configured.
    #[error("the proxy requires a user name and password")]
    CredentialsRequired,
    /// The proxy rejects the user name and password.
    #[error("the proxy does not accept the user name and password")]
    CredentialsRefused,
    /// An HTTP proxy requires authentication and does not offer Basic, the only supported scheme.
    #[error("the proxy supports authentication by {0} only, not by Basic")]
    SchemesNotSupported(AuthSchemes),
    /// A SOCKS5 proxy accepts neither of the supported methods: no authentication, and user name with password.
    #[error("the proxy accepts neither anonymous clients nor a user name and password")]
    NoCommonMethod,
    /// A SOCKS5 proxy did not connect to the server. The value is its reply, 1 to 255 (RFC 1928, 6).
    #[error("the proxy did not connect to the server: {} (SOCKS reply {})", socks5_text(*.0), .0)]
    Socks5(u8),
    /// An HTTP proxy did not connect to the server. The value is its status, 200 to 999.
    #[error("the proxy did not connect to the server: {} (HTTP status {})", http_text(*.0), .0)]
    Http(u16),
    /// The proxy did not respond in time.
    #[error("the proxy was silent for too long")]
    Silent,
    /// The proxy closed the connection during its handshake.
    #[error("the proxy closed the connection")]
    Closed,
    /// The peer does not speak the proxy's protocol.
    #[error("the peer is not a proxy of this kind")]
    Protocol,
    /// The proxy requires TLS: it is an HTTPS proxy or another TLS server.
    #[error("the peer is a TLS server, not this kind of proxy")]
    Tls,
    /// The proxy is an HTTP server, not a SOCKS5 proxy.
    #[error("the peer is an HTTP server, not a SOCKS5 proxy")]
    HttpServer,
    /// The proxy is a SOCKS4 proxy, not a SOCKS5 proxy.
    #[error("the peer is a SOCKS4 proxy, not a SOCKS5 proxy")]
    Socks4Proxy,
    /// The proxy is a SOCKS5 proxy, not an HTTP or SOCKS4 proxy.
    #[error("the peer is a SOCKS5 proxy, not another kind of proxy")]
    Socks5Proxy,
}

/// Describes a SOCKS5 reply other than 0 (RFC 1928, 6).
const fn socks5_text(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "its rules do not allow it",
        3 => "it cannot reach the network",
        4 => "it cannot reach the host",
        5 => "the server refused the connection",
        6 => "the time to live expired",
        7 => "it does not support CONNECT",
        8 => "it does not support this address type",
        _ => "unknown reason",
    }
}

/// Describes the status of an HTTP proxy (RFC 9110, 15).
const fn http_text(status: u16) -> &'static str {
    match status {
        400 => "it does not understand the request",
        403 => "it does not allow it",
        404 => "it cannot find the server",
        405 | 501 => "it does not support CONNECT, or not to this port",
        408 | 504 => "the server did not answer in time",
        429 => "it has received too many requests",
        502 => "it cannot reach the server",
        503 => "it is overloaded, or cannot reach the server",
        _ => "it refused",
    }
}

impl ProxyFault {
    /// Returns whether the user must change the configuration: the same proxy will reject the next attempt, too.
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

/// The authentication schemes that an HTTP proxy offers, except Basic (RFC 9110, 11.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthSchemes(u8);

impl AuthSchemes {
    /// The schemes with a name of their own, as registered by IANA.
    const NAMED: [&str; 5] = ["Digest", "NTLM", "Negotiate", "Kerberos", "Bearer"];
    const OTHER: u8 = 1 << 7;

    /// Adds this scheme, in any letter case. An unknown name counts as "another scheme".
    #[must_use]
    pub fn with(self, scheme: &str) -> Self {
        let known = Self::NAMED.iter().position(|name| name.eq_ignore_ascii_case(scheme));
        Self(self.0 | known.map_or(Self::OTHER, |at| 1 << at))
    }

    /// Returns whether there is no scheme.
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
