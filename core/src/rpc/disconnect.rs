//! Why a connection ended.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::io_failure::IoFailure;
use super::rpc_error::RpcError;
use crate::handshake::HandshakeError;
use crate::handshake::plain::PlainError;
use crate::session::MessageError;
#[cfg(feature = "mtproxy")]
use crate::transport::FakeTlsError;
#[cfg(feature = "websocket")]
use crate::transport::WebSocketError;
use crate::transport::{FrameError, StackError};

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The network connection failed.
    #[error("{0}")]
    Network(IoFailure),
    /// No authenticated answer arrived within the connect timeout, or the key was not proved within the limit of a
    /// connection ([`Config::connect_limit`](crate::client::Config::connect_limit)).
    #[error("the server was silent for too long")]
    ReadTimeout,
    /// The peer accepts no bytes: a transmit was not completed in time.
    #[error("the connection stalled: data could not be written in time")]
    WriteTimeout,
    /// The server sent bytes that are not a frame of the transport.
    #[error("{}", frame_text(.0))]
    Frame(FrameError),
    /// The proxy does not speak fake TLS, does not know the secret, or closed the connection.
    #[cfg(feature = "mtproxy")]
    #[error("the MTProxy cannot be used: {0}")]
    FakeTls(FakeTlsError),
    /// The WebSocket could not be opened, or was closed.
    #[cfg(feature = "websocket")]
    #[error("the WebSocket failed: {0}")]
    WebSocket(WebSocketError),
    /// The handshake failed.
    #[error("the key exchange failed: {0}")]
    Handshake(HandshakeError),
    /// The server sent something other than an unencrypted message during the handshake.
    #[error("the key exchange failed: {0}")]
    Plain(PlainError),
    /// The server sent an encrypted packet that failed a check.
    #[error("{0}")]
    Rejected(MessageError),
    /// The server sent a transport error (`mtproto/mtproto-transports#transport-errors`): -404 for an unknown key or a
    /// wrong step, -429 for too many connections, -444 for a wrong DC.
    #[error("{} (transport error {})", transport_error_text(*.0), .0)]
    TransportError(i32),
    /// The server refused to bind a temporary key to the permanent one (`auth.bindTempAuthKey`), or reports that a bound
    /// key is not bound.
    #[error("the server refused the temporary key: {0}")]
    TemporaryKeyRefused(RpcError),
    /// The client closed the connection.
    #[error("the connection was closed")]
    ClosedByUs,
    /// There was no connection: the configuration has no address of the DC.
    #[error("no address of this DC is known")]
    UnknownDc,
}

/// What a server repeatedly does instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerProblem {
    /// The last connection ended for this reason, and no request has been answered since.
    Disconnected(DisconnectReason),
    /// The server answers each query of a login step with an error that requires a wait or reports an internal fault.
    RepeatedRpcError(RpcError),
}

impl fmt::Display for ServerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected(DisconnectReason::Network(IoFailure::Closed)) => {
                f.write_str("the server keeps closing the connection")
            }
            Self::Disconnected(DisconnectReason::Rejected(reject)) => reject.fmt(f),
            Self::Disconnected(reason) => write!(f, "the last connection ended: {reason}"),
            Self::RepeatedRpcError(error) if error.code == 420 => {
                write!(f, "the server repeatedly requires a wait: {error}")
            }
            Self::RepeatedRpcError(error) => {
                write!(f, "the server repeatedly reports an internal error: {error}")
            }
        }
    }
}

impl DisconnectReason {
    /// Returns whether the server rejected the client's messages, so that another connection may fail in the same way.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Rejected(reject) if reject.is_refusal())
    }

    /// Returns whether another attempt must fail in the same way: a wrong DC, or a server without any of the trusted
    /// keys.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::TransportError(-444) | Self::Handshake(HandshakeError::UnknownFingerprints { .. })
        )
    }

    /// Returns whether the peer is a web server (HTTP): the address is wrong, or the network has a login page. It is
    /// detected by the first bytes or the length of a frame, so not with abridged framing or a disguised connection.
    #[must_use]
    pub fn is_http(&self) -> bool {
        matches!(self, Self::Frame(error) if is_http(error))
    }
}

impl From<StackError> for DisconnectReason {
    fn from(error: StackError) -> Self {
        match error {
            StackError::Frame(error) => Self::Frame(error),
            #[cfg(feature = "mtproxy")]
            StackError::FakeTls(error) => Self::FakeTls(error),
            #[cfg(feature = "websocket")]
            StackError::WebSocket(error) => Self::WebSocket(error),
        }
    }
}

const fn transport_error_text(code: i32) -> &'static str {
    match code {
        -404 => "the server does not know the session's key, or refused the key exchange",
        -429 => "there are too many connections to the server",
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

/// Checks for a stream that starts with `HTTP`, or a frame length made of these bytes; the length of a full frame
/// includes its own 12 bytes.
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
