//! What stands before the DCs, as a client sees it: nothing, an MTProxy, or a WebSocket gateway. Written
//! independently of the client's layers.

use std::time::Duration;

use super::fake_tls::{FakeTlsRefusal, FakeTlsServer, HelloWindow};
use super::websocket::{WebSocketRefusal, WebSocketServer};
use crate::random::SecureRandom;

/// What stands before the DCs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Frontend {
    /// Nothing: clients may obfuscate, and need not.
    #[default]
    None,
    /// An MTProxy. Clients name the DC that they want in the obfuscated header, whichever DC's address they use.
    MtProxy {
        /// The 16 bytes of the secret.
        key: [u8; 16],
        /// What else the secret says.
        mode: MtProxyMode,
    },
    /// A WebSocket gateway: any host, a path that begins with `/apiws`, an obfuscated stream inside.
    WebSocket,
}

/// The kinds of secrets of an MTProxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MtProxyMode {
    /// Any framing that can be obfuscated.
    Plain,
    /// `dd`: padded intermediate only.
    Padded,
    /// `ee`: as `dd`, in fake TLS under this domain.
    FakeTls {
        /// The domain that clients must name.
        domain: String,
        /// How far their clock may be off.
        window: HelloWindow,
    },
}

/// Why the frontend did not let bytes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontendRefusal {
    /// No fake TLS.
    #[error(transparent)]
    FakeTls(#[from] FakeTlsRefusal),
    /// No WebSocket.
    #[error(transparent)]
    WebSocket(#[from] WebSocketRefusal),
}

/// The frontend of one connection.
#[derive(Default)]
pub(super) enum FrontendStream {
    #[default]
    None,
    FakeTls(Box<FakeTlsServer>),
    WebSocket(Box<WebSocketServer>),
}

impl FrontendStream {
    pub(super) fn new(frontend: &Frontend) -> Self {
        match frontend {
            Frontend::MtProxy { key, mode: MtProxyMode::FakeTls { domain, window } } => {
                Self::FakeTls(Box::new(FakeTlsServer::new(*key, domain.clone(), *window)))
            }
            Frontend::None | Frontend::MtProxy { .. } => Self::None,
            Frontend::WebSocket => Self::WebSocket(Box::default()),
        }
    }

    /// Takes bytes off the network. The stream inside comes out, and what must be answered at once is appended to
    /// `reply`, also where the bytes are refused.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        unix: Duration,
        random: &mut dyn SecureRandom,
        reply: &mut Vec<u8>,
    ) -> Result<Vec<u8>, FrontendRefusal> {
        match self {
            Self::None => Ok(bytes.to_vec()),
            Self::FakeTls(server) => Ok(server.push(bytes, unix, random, reply)?),
            Self::WebSocket(server) => Ok(server.push(bytes, reply)?),
        }
    }

    /// Puts a piece of the stream inside into its covers.
    pub(super) fn wrap(&mut self, bytes: Vec<u8>, random: &mut dyn SecureRandom) -> Vec<u8> {
        match self {
            _ if bytes.is_empty() => bytes,
            Self::None => bytes,
            Self::FakeTls(_) => FakeTlsServer::wrap(&bytes, random),
            Self::WebSocket(server) => server.wrap(&bytes, random),
        }
    }
}
