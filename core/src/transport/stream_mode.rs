//! The appearance of a connection to the network.

use super::Framing;
#[cfg(feature = "mtproxy")]
use super::proxy_secret::{ProxyMode, ProxySecret};
#[cfg(feature = "websocket")]
use super::websocket::WebSocketTarget;

/// The appearance of a connection to the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamMode {
    /// Frames directly on the stream.
    #[default]
    Plain,
    /// The stream is [obfuscated](super::Obfuscation).
    Obfuscated,
    /// The connection goes to the MTProxy with this secret and is obfuscated with it, and wrapped in [fake
    /// TLS](super::FakeTls) in the mode [`ProxyMode::FakeTls`]. Needs the feature `mtproxy`.
    #[cfg(feature = "mtproxy")]
    MtProxy(ProxySecret),
    /// The obfuscated stream is carried by a [`WebSocket`](super::WebSocket). Needs the feature `websocket`.
    #[cfg(feature = "websocket")]
    WebSocket(WebSocketTarget),
}

impl StreamMode {
    /// Returns the framing of such a connection. It is the `preferred` one, with two exceptions:
    ///
    /// - Secrets with `dd` and `ee` require [`PaddedIntermediate`](Framing::PaddedIntermediate).
    /// - [`Full`](Framing::Full) cannot be obfuscated: [`Intermediate`](Framing::Intermediate) replaces it.
    #[must_use]
    pub const fn framing(&self, preferred: Framing) -> Framing {
        match (self, preferred) {
            (Self::Plain, _) => preferred,
            #[cfg(feature = "mtproxy")]
            (Self::MtProxy(secret), _) if !matches!(secret.mode(), ProxyMode::Plain) => {
                Framing::PaddedIntermediate
            }
            _ if preferred.obfuscated_tag().is_none() => Framing::Intermediate,
            _ => preferred,
        }
    }
}
