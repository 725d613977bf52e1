//! The errors of proxies and of their descriptions.

use sansgram_core::client::{AuthSchemes, ProxyFault, ProxyLinkError, ProxySecretError};

use super::kind::SCHEMES;

/// The reason why the description of a proxy cannot be used. No part of the description is repeated, as it may contain
/// the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// The URL has no scheme.
    #[error(
        "the proxy's URL has no scheme: write socks5://HOST:PORT, socks4://HOST:PORT or http://HOST:PORT, depending on the \
         proxy's protocol; an MTProxy is SECRET@HOST:PORT"
    )]
    SchemeMissing,
    /// The scheme is unknown.
    #[error("a proxy's URL begins with {}", SCHEMES)]
    Scheme,
    /// The proxy needs TLS.
    #[error(
        "HTTPS proxies are not supported; if the proxy also accepts plain connections, use http:// in its URL"
    )]
    Https,
    /// A part of a Telegram link to a proxy is missing or cannot be read.
    #[error(transparent)]
    Link(ProxyLinkError),
    /// The text is a link or a secret of an MTProxy, but another kind of proxy is expected.
    #[error("this is an MTProxy, not a SOCKS5 or HTTP proxy")]
    MtProxy,
    /// The text is not a proxy of any kind.
    #[error(
        "a proxy is given as socks5://USER:PASSWORD@HOST:PORT, http://HOST:PORT, a link such as tg://proxy?... or https://t.me/socks?..., \
         or SECRET@HOST:PORT for an MTProxy"
    )]
    UnknownKind,
    /// The secret of the MTProxy cannot be used.
    #[error(transparent)]
    Secret(ProxySecretError),
    /// The host is neither an address nor a name.
    #[error(
        "a proxy's host must be an IP address (IPv6 in brackets) or a name of letters, digits, '-' and '.'"
    )]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("a proxy's port must be a number from 1 to 65535")]
    Port,
    /// The protocol cannot carry the credentials.
    #[error("the proxy's protocol does not support this user name or password")]
    Credentials,
    /// A `%` is not followed by two hex digits, or the decoded bytes are not UTF-8.
    #[error("a proxy's user name or password has an invalid percent-encoding")]
    Encoding,
    /// The URL has a path, a query or a fragment.
    #[error("a proxy's URL must end after the port")]
    Path,
}

/// The reason why a dialogue with a proxy failed. The stream cannot be used afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The first bytes from the proxy are not of the protocol.
    #[error("the peer does not speak the proxy's protocol")]
    Protocol,
    /// The first bytes from the proxy are a TLS record.
    #[error("the peer speaks TLS")]
    Tls,
    /// SOCKS5: the first bytes from the proxy are those of an HTTP response.
    #[error("the peer speaks HTTP")]
    HttpServer,
    /// SOCKS5: the first bytes from the proxy are those of a SOCKS4 reply.
    #[error("the peer speaks SOCKS4")]
    Socks4Proxy,
    /// HTTP and SOCKS4: the first byte from the proxy is that of a SOCKS5 reply.
    #[error("the peer speaks SOCKS5")]
    Socks5Proxy,
    /// The proxy chose an authentication method that it was not offered.
    #[error("the proxy chose the authentication method {0:#04x}, which was not offered")]
    UnknownMethod(u8),
    /// SOCKS5: the proxy accepts none of the offered authentication methods, which included credentials.
    #[error("the proxy accepts none of the offered authentication methods")]
    NoCommonMethod,
    /// The proxy requires credentials, and none were given.
    #[error("the proxy requires a user name and a password")]
    CredentialsRequired,
    /// The proxy does not accept the credentials.
    #[error("the proxy does not accept the user name and password")]
    CredentialsRefused,
    /// HTTP: the proxy offers only these authentication schemes, not Basic.
    #[error("the proxy supports the authentication schemes {0}, but not Basic")]
    SchemesNotSupported(AuthSchemes),
    /// SOCKS5: the proxy did not connect.
    #[error("the proxy did not connect: {0}")]
    Socks5(Socks5Reply),
    /// HTTP: the proxy did not connect; the value is its status.
    #[error("the proxy did not connect: HTTP status {0}")]
    HttpStatus(u16),
    /// HTTP: the head of the proxy's response is longer than 128 KiB.
    #[error("the proxy's response is too long")]
    TooLong,
}

/// The reason why a SOCKS5 proxy did not connect (RFC 1928, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Socks5Reply {
    /// Reply 1.
    #[error("general failure")]
    GeneralFailure,
    /// Reply 2.
    #[error("the rules of the proxy do not allow it")]
    NotAllowed,
    /// Reply 3.
    #[error("the network is unreachable")]
    NetworkUnreachable,
    /// Reply 4.
    #[error("the host is unreachable")]
    HostUnreachable,
    /// Reply 5.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// Reply 6.
    #[error("the time to live expired")]
    TtlExpired,
    /// Reply 7.
    #[error("CONNECT is not supported")]
    CommandNotSupported,
    /// Reply 8.
    #[error("the type of address is not supported")]
    AddressTypeNotSupported,
    /// Any other reply byte.
    #[error("reply {0:#04x}")]
    Unassigned(u8),
}

impl Socks5Reply {
    /// Returns the meaning of a reply byte other than 0.
    pub(super) const fn of(byte: u8) -> Self {
        match byte {
            1 => Self::GeneralFailure,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TtlExpired,
            7 => Self::CommandNotSupported,
            8 => Self::AddressTypeNotSupported,
            other => Self::Unassigned(other),
        }
    }

    /// Returns the reply byte with this meaning.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::GeneralFailure => 1,
            Self::NotAllowed => 2,
            Self::NetworkUnreachable => 3,
            Self::HostUnreachable => 4,
            Self::ConnectionRefused => 5,
            Self::TtlExpired => 6,
            Self::CommandNotSupported => 7,
            Self::AddressTypeNotSupported => 8,
            Self::Unassigned(other) => other,
        }
    }
}

impl ProxyError {
    /// Returns the error as the failure to report to the state machine.
    #[must_use]
    pub const fn fault(&self) -> ProxyFault {
        match self {
            // A web server or the login page of a network redirects; a proxy does not.
            Self::Protocol | Self::TooLong | Self::HttpStatus(300..=399) => ProxyFault::Protocol,
            Self::Tls => ProxyFault::Tls,
            Self::HttpServer => ProxyFault::HttpServer,
            Self::Socks4Proxy => ProxyFault::Socks4Proxy,
            Self::Socks5Proxy => ProxyFault::Socks5Proxy,
            Self::UnknownMethod(_) | Self::NoCommonMethod => ProxyFault::NoCommonMethod,
            Self::CredentialsRequired => ProxyFault::CredentialsRequired,
            Self::CredentialsRefused => ProxyFault::CredentialsRefused,
            Self::SchemesNotSupported(schemes) => ProxyFault::SchemesNotSupported(*schemes),
            Self::Socks5(reply) => ProxyFault::Socks5(reply.byte()),
            Self::HttpStatus(status) => ProxyFault::Http(*status),
        }
    }
}
