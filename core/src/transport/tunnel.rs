//! The carrier of the obfuscated stream: none, fake TLS or a WebSocket.

#[cfg(any(feature = "mtproxy", feature = "websocket"))]
use alloc::boxed::Box;
use alloc::vec::Vec;

use super::stack_error::StackError;
use super::stack_options::StackOptions;
#[cfg(any(feature = "mtproxy", feature = "websocket"))]
use super::stream_mode::StreamMode;
#[cfg(feature = "websocket")]
use super::websocket::WebSocket;
#[cfg(feature = "mtproxy")]
use super::{fake_tls::FakeTls, proxy_secret::ProxyMode};
use crate::crypto::SecureRandom;

#[derive(Debug)]
pub(super) enum Tunnel {
    None,
    #[cfg(feature = "mtproxy")]
    FakeTls(Box<FakeTls>),
    #[cfg(feature = "websocket")]
    WebSocket(Box<WebSocket>),
}

#[cfg_attr(
    not(all(feature = "mtproxy", feature = "websocket")),
    allow(unused_variables, reason = "what only one of the tunnels needs")
)]
impl Tunnel {
    pub(super) fn new(options: &StackOptions<'_>, random: &mut dyn SecureRandom) -> Self {
        match options.stream_mode {
            #[cfg(feature = "mtproxy")]
            StreamMode::MtProxy(secret) => match secret.mode() {
                ProxyMode::Plain | ProxyMode::Padded => Self::None,
                ProxyMode::FakeTls { domain } => {
                    let StackOptions { hello, unix, .. } = *options;
                    Self::FakeTls(Box::new(FakeTls::new(secret.key(), domain, hello, unix, random)))
                }
            },
            #[cfg(feature = "websocket")]
            StreamMode::WebSocket(target) => Self::WebSocket(Box::new(WebSocket::new(target, random))),
            _ => Self::None,
        }
    }

    /// Returns whether there is no tunnel: the bytes of the stream are the payload.
    pub(super) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Returns whether the peer has answered, so that payload can be sent.
    pub(super) const fn is_open(&self) -> bool {
        match self {
            Self::None => true,
            #[cfg(feature = "mtproxy")]
            Self::FakeTls(tls) => tls.is_open(),
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.is_open(),
        }
    }

    /// Appends the tunnel's own bytes. Returns whether there were any.
    #[allow(clippy::ptr_arg, reason = "tunnels append to it, if a feature switches them on")]
    pub(super) fn write_control(&mut self, out: &mut Vec<u8>, random: &mut dyn SecureRandom) -> bool {
        match self {
            Self::None => false,
            #[cfg(feature = "mtproxy")]
            Self::FakeTls(tls) => {
                let mut hello = tls.take_hello();
                let has_hello = !hello.is_empty();
                out.append(&mut hello);
                has_hello
            }
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.write_control(out, random),
        }
    }

    /// Wraps the payload, which is in `out` from `from` to its end, in place.
    #[allow(clippy::ptr_arg, reason = "tunnels append to it, if a feature switches them on")]
    pub(super) fn wrap(&mut self, out: &mut Vec<u8>, from: usize, random: &mut dyn SecureRandom) {
        match self {
            Self::None => {}
            #[cfg(feature = "mtproxy")]
            Self::FakeTls(tls) => tls.wrap(out, from),
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.wrap(out, from, random),
        }
    }

    /// Returns the next piece of payload, in place in `input`, or `None` once all of `input` is consumed.
    pub(super) fn next<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, StackError> {
        match self {
            Self::None => Ok(None),
            #[cfg(feature = "mtproxy")]
            Self::FakeTls(tls) => Ok(tls.next(input)?),
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => Ok(socket.next(input)?),
        }
    }
}
