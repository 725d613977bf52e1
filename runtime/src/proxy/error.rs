//! What can be wrong with a proxy, or with its description.

use sansgram_core::client::{AuthSchemes, ProxyFault};
use sansgram_core::client::{ProxyLinkError, ProxySecretError};

/// The description of a proxy cannot be used. No part of it is repeated here: it may hold the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// No scheme.
    #[error(
        "the proxy's URL has no scheme: write socks5://HOST:PORT, socks4://HOST:PORT or http://HOST:PORT, by what the \
         proxy speaks; an MTProxy is SECRET@HOST:PORT"
    )]
    SchemeMissing,
    /// An unknown scheme.
    #[error("a proxy's URL begins with socks5://, socks5h://, socks4:// or http://")]
    Scheme,
    /// A proxy that is spoken to in TLS.
    #[error(
        "HTTPS proxies are not supported; if the proxy takes plain connections as well, begin its URL with http://"
    )]
    Https,
    /// A link of Telegram to a proxy, of which something is missing or cannot be read.
    #[error(transparent)]
    Link(ProxyLinkError),
    /// A link or a secret of an MTProxy, if another kind of proxy is wanted.
    #[error("this is an MTProxy, not a SOCKS5 or HTTP proxy")]
    MtProxy,
    /// A text that is no proxy of any kind.
    #[error(
        "a proxy is given as socks5://USER:PASSWORD@HOST:PORT, http://HOST:PORT, a link such as tg://proxy?... or https://t.me/socks?..., \
         or SECRET@HOST:PORT for an MTProxy"
    )]
    UnknownKind,
    /// A secret of an MTProxy that cannot be used.
    #[error(transparent)]
    Secret(ProxySecretError),
    /// Neither an address nor a name.
    #[error(
        "a proxy's host must be an IP address (IPv6 in brackets) or a name of letters, digits, '-' and '.'"
    )]
    Host,
    /// No number from 1 to 65535.
    #[error("a proxy's port must be a number from 1 to 65535")]
    Port,
    /// What the protocol cannot carry.
    #[error("a proxy's user name or password is of a form that its protocol cannot carry")]
    Credentials,
    /// A `%` without two hex digits behind it, or bytes that are no UTF-8.
    #[error("a proxy's user name or password is not well percent-encoded")]
    Encoding,
    /// Something stands behind the port.
    #[error("a proxy's URL ends with its port")]
    Path,
}

/// Why a dialogue with a proxy failed. The stream cannot be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Its first bytes are not of the protocol.
    #[error("what answers does not speak the proxy's protocol")]
    Protocol,
    /// Its first bytes are a record of TLS.
    #[error("what answers speaks TLS")]
    Tls,
    /// SOCKS5: its first bytes are those of an answer of HTTP.
    #[error("what answers speaks HTTP")]
    HttpServer,
    /// SOCKS5: its first bytes are those of an answer of SOCKS4.
    #[error("what answers speaks SOCKS4")]
    Socks4Proxy,
    /// HTTP and SOCKS4: its first byte is that of an answer of SOCKS5.
    #[error("what answers speaks SOCKS5")]
    Socks5Proxy,
    /// It chose a way to authenticate that it was not offered.
    #[error("the proxy wants to authenticate by method {0:#04x}, which was not offered")]
    UnknownMethod(u8),
    /// SOCKS5: it takes none of the ways to authenticate that it was offered, with credentials among them.
    #[error("the proxy takes none of the ways to authenticate that it was offered")]
    NoCommonMethod,
    /// It has no way to authenticate in common with us, and we gave no credentials.
    #[error("the proxy wants a user name and a password")]
    CredentialsRequired,
    /// It does not accept our credentials.
    #[error("the proxy does not accept the user name and password")]
    CredentialsRefused,
    /// HTTP: it offers none but these schemes to authenticate by, not Basic.
    #[error("the proxy offers to authenticate by {0} only, and not by Basic")]
    SchemesNotSupported(AuthSchemes),
    /// SOCKS5: it did not connect.
    #[error("the proxy did not connect: {0}")]
    Socks5(Socks5Reply),
    /// HTTP: it did not connect; its status.
    #[error("the proxy did not connect: HTTP status {0}")]
    HttpStatus(u16),
    /// HTTP: its answer has a head of more than 128 KiB.
    #[error("the proxy's answer is too long")]
    TooLong,
}

/// Why a SOCKS5 proxy did not connect (RFC 1928, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Socks5Reply {
    /// 1.
    #[error("general failure")]
    GeneralFailure,
    /// 2.
    #[error("its rules do not allow it")]
    NotAllowed,
    /// 3.
    #[error("the network is unreachable")]
    NetworkUnreachable,
    /// 4.
    #[error("the host is unreachable")]
    HostUnreachable,
    /// 5.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// 6.
    #[error("the time to live expired")]
    TtlExpired,
    /// 7.
    #[error("it does not know CONNECT")]
    CommandNotSupported,
    /// 8.
    #[error("it does not know this type of address")]
    AddressTypeNotSupported,
    /// Any other.
    #[error("reply {0:#04x}")]
    Unassigned(u8),
}

impl Socks5Reply {
    /// The meaning of a reply byte other than 0.
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
}

impl Socks5Reply {
    /// The reply byte with this meaning.
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
    /// What the client machine is told.
    #[must_use]
    pub const fn fault(&self) -> ProxyFault {
        match self {
            // A redirection is what a web server answers, or the login page of a network; no proxy does.
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
