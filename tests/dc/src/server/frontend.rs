//! The frontend between clients and the DCs: none, an MTProxy, or a WebSocket gateway. Independent of the client's
//! transport stack.

use std::time::Duration;

use super::fake_tls::{FakeTlsRefusal, FakeTlsServer, HelloWindow};
use super::websocket::{WebSocketRefusal, WebSocketServer};
use crate::random::SecureRandom;

/// The frontend of the DCs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Frontend {
    /// None: clients may obfuscate or not.
    #[default]
    None,
    /// An MTProxy. Clients name the DC in the obfuscated header, at whichever address they connect.
    MtProxy {
        /// The 16 bytes of the secret.
        key: [u8; 16],
        /// The kind of the secret.
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
        /// How far the client's clock may be off.
        window: HelloWindow,
    },
}

/// Why the frontend refused the client's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontendRefusal {
    /// The fake TLS is wrong.
    #[error(transparent)]
    FakeTls(#[from] FakeTlsRefusal),
    /// The WebSocket is wrong.
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

    /// Processes received bytes. Returns the stream inside; an immediate answer is appended to `reply`, also on an
    /// error.
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

    /// Wraps a piece of the stream inside.
    pub(super) fn wrap(&mut self, bytes: Vec<u8>, random: &mut dyn SecureRandom) -> Vec<u8> {
        match self {
            _ if bytes.is_empty() => bytes,
            Self::None => bytes,
            Self::FakeTls(_) => FakeTlsServer::wrap(&bytes, random),
            Self::WebSocket(server) => server.wrap(&bytes, random),
        }
    }
}
