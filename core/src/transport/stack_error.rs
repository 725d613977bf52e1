//! The errors of a connection's stream.

#[cfg(feature = "mtproxy")]
use super::fake_tls::FakeTlsError;
use super::header::FrameError;
#[cfg(feature = "websocket")]
use super::websocket::WebSocketError;

/// Why a connection cannot be read any further. Close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The peer sent bytes that are not a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Fake TLS failed.
    #[cfg(feature = "mtproxy")]
    #[error(transparent)]
    FakeTls(#[from] FakeTlsError),
    /// The WebSocket failed, or the peer closed it.
    #[cfg(feature = "websocket")]
    #[error(transparent)]
    WebSocket(#[from] WebSocketError),
}
