//! Why a connection ended.

use alloc::format;
use alloc::string::String;

use super::error::RpcError;
use core::fmt;

use crate::handshake::HandshakeError;
use crate::handshake::plain::PlainError;
use crate::session::MessageError;
use crate::transport::{FakeTlsError, FrameError, StackError, WebSocketError};

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
    /// A SOCKS5 proxy answers in the place of an HTTP proxy.
    #[error("a SOCKS5 proxy answers in the place of an HTTP proxy")]
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

/// Why a connection ended, and so who is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The network took it.
    #[error("{0}")]
    Network(IoFailure),
    /// No verified answer within the connect timeout, or no proof of the key within the limit of a connection
    /// ([`Config::connect_limit`](crate::client::Config::connect_limit)).
    #[error("the server was silent for too long")]
    ReadTimeout,
    /// The peer takes no bytes: what was to be written was not for a long time.
    #[error("the connection is stuck: what was written did not leave in time")]
    WriteTimeout,
    /// The server sent what is no frame of the transport.
    #[error("{}", frame_text(.0))]
    Frame(FrameError),
    /// The proxy does not speak fake TLS, does not know the secret, or broke off.
    #[error("the proxy refused us: {0}")]
    FakeTls(FakeTlsError),
    /// The WebSocket could not be opened, or was closed.
    #[error("the WebSocket failed: {0}")]
    WebSocket(WebSocketError),
    /// The handshake failed.
    #[error("the key exchange failed: {0}")]
    Handshake(HandshakeError),
    /// The server sent something else than an unencrypted message during the handshake.
    #[error("the key exchange failed: {0}")]
    Plain(PlainError),
    /// The server sent an encrypted packet that fails a check.
    #[error("{0}")]
    Rejected(MessageError),
    /// The server sent a transport error (protocol documentation, "Transport errors"): -404 unknown key or wrong
    /// step, -429 too many connections, -444 wrong DC.
    #[error("{} (transport error {})", transport_error_text(*.0), .0)]
    TransportError(i32),
    /// The server did not let a temporary key stand for the permanent one (`auth.bindTempAuthKey`).
    #[error("the server refused the temporary key: {0}")]
    Binding(RpcError),
    /// We closed it ourselves.
    #[error("the connection was closed")]
    ClosedByUs,
    /// There was none: the configuration has no address of the DC.
    #[error("no address of this DC is known")]
    UnknownDc,
}

/// What a server keeps doing in place of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The last connection ended like this, and no request was answered since.
    Lost(DisconnectReason),
    /// It answers each query of a step of a login with an error that asks to wait, or says that it is in trouble.
    Waits(RpcError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(DisconnectReason::Network(IoFailure::Closed)) => {
                f.write_str("the server closes the connections")
            }
            Self::Lost(DisconnectReason::Rejected(reject)) => reject.fmt(f),
            Self::Lost(reason) => write!(f, "the last connection ended: {reason}"),
            Self::Waits(error) if error.code == 420 => {
                write!(f, "the server asks to wait again and again: {error}")
            }
            Self::Waits(error) => write!(f, "the server says again and again that it is in trouble: {error}"),
        }
    }
}

impl DisconnectReason {
    /// Whether the server took our messages for wrong, so that another connection may fare no better.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Rejected(reject) if reject.is_refusal())
    }

    /// Whether another attempt must end the same way: a wrong DC, or a server whose key is not among ours.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::TransportError(-444) | Self::Handshake(HandshakeError::UnknownFingerprints { .. })
        )
    }

    /// Whether a web server answered (HTTP): the address is wrong, or the network has a login page of its own. It shows
    /// in the length of a frame, so not where frames are abridged or the connection is disguised.
    #[must_use]
    pub fn is_http(&self) -> bool {
        matches!(self, Self::Frame(error) if is_http(error))
    }
}

impl From<StackError> for DisconnectReason {
    fn from(error: StackError) -> Self {
        match error {
            StackError::Frame(error) => Self::Frame(error),
            StackError::FakeTls(error) => Self::FakeTls(error),
            StackError::WebSocket(error) => Self::WebSocket(error),
        }
    }
}

const fn transport_error_text(code: i32) -> &'static str {
    match code {
        -404 => "the server does not know the session's key, or does not agree to make one",
        -429 => "the server wants fewer connections",
        -444 => "the address belongs to another DC",
        _ => "the server refuses the connection",
    }
}

fn frame_text(error: &FrameError) -> String {
    if is_http(error) {
        "a web server answers at this address".into()
    } else if *error == FrameError::TlsServer {
        "a TLS server answers at this address, with an alert".into()
    } else if *error == FrameError::SshServer {
        "an SSH server answers at this address".into()
    } else {
        format!("the server does not speak this transport: {error}")
    }
}

/// The first bytes, or the length of a frame, read from what HTTP begins with; full counts itself in.
fn is_http(error: &FrameError) -> bool {
    let word = u32::from_le_bytes(*b"HTTP") as usize;
    *error == FrameError::WebServer
        || matches!(*error, FrameError::TooLong { length, .. } if length == word || length + 12 == word)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn an_http_server_is_called_that() {
        let word = u32::from_le_bytes(*b"HTTP") as usize;
        let text =
            |length| DisconnectReason::Frame(FrameError::TooLong { length, limit: 1 << 24 }).to_string();
        for http in [text(word), text(word - 12)] {
            assert!(http.contains("a web server"), "{http}");
        }
        assert!(text(word + 4).contains("does not speak this transport"));
    }

    #[test]
    fn every_transport_error_has_its_number() {
        for code in [-404, -429, -444, -17] {
            let text = DisconnectReason::TransportError(code).to_string();
            assert!(text.contains(&code.to_string()), "{text}");
        }
    }
}
