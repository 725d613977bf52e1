//! Framing of a byte stream (abridged, intermediate, padded intermediate, full), and the layers around it.
//!
//! A frame carries one MTProto packet. [`FrameEncoder`] writes frames into the caller's buffer, around a packet that
//! the caller seals in place. [`FrameDecoder`] finds the frames in a stream, split in any way, and returns them in
//! place. Neither touches a socket. If a layer below announces the framing, use [`FrameEncoder::without_tag`].
//!
//! [`TransportStack`] is a client's connection: the framing and the layers around it that [`StreamMode`] selects.
//!
//! | layer | what it does | feature |
//! |---|---|---|
//! | [`FrameEncoder`], [`FrameDecoder`] | framing | |
//! | [`Obfuscation`] | AES-CTR over the whole stream, optionally with the [secret](ProxySecret) of an MTProxy | |
//! | `FakeTls` | TLS-like records around the obfuscated stream, for MTProxies with an `ee` secret | `mtproxy` |
//! | `WebSocket` | binary messages around the obfuscated stream | `websocket` |
//!
//! A server uses [`ServerFrameDecoder`] and an encoder without a tag; the framing code is the same.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`.
//!
//! ```
//! use sansgram_core::transport::{Frame, FrameDecoder, Framing, MAX_RECEIVED_FRAME};
//!
//! let mut decoder = FrameDecoder::new(Framing::Intermediate, MAX_RECEIVED_FRAME);
//! let mut received = [4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff];
//! let mut input = &mut received[..];
//! assert_eq!(decoder.next(&mut input), Ok(Some(Frame::Error(-404))));
//! assert_eq!(decoder.next(&mut input), Ok(None));
//! ```

mod assemble;
mod decode;
mod encode;
#[cfg(feature = "mtproxy")]
mod fake_tls;
mod framing;
mod header;
mod obfuscated;
#[cfg(feature = "mtproxy")]
mod proxy_link;
mod proxy_secret;
mod server;
mod stack;
mod stack_error;
mod stack_options;
mod stream_mode;
mod tunnel;
#[cfg(feature = "websocket")]
mod websocket;

pub use decode::{Frame, FrameDecoder};
pub use encode::{EncodeError, FrameEncoder, FrameStart};
#[cfg(feature = "mtproxy")]
pub use fake_tls::{FAKE_TLS_MAX_PAYLOAD, FakeTls, FakeTlsError, HelloForm};
pub(crate) use framing::MAX_FRAME_OVERHEAD;
pub use framing::{Framing, Recognised, UnknownFraming};
pub use header::{FrameError, MAX_RECEIVED_FRAME, SENT_FRAME_LIMIT};
pub use obfuscated::{NotObfuscatable, OBFUSCATED_HEADER_LEN, Obfuscation};
#[cfg(feature = "mtproxy")]
pub use proxy_link::{ProxyLink, ProxyLinkError, SocksLink, percent_decode};
pub use proxy_secret::{MAX_PROXY_DOMAIN_LEN, ProxyMode, ProxySecret, ProxySecretError};
pub use server::{ClientPacket, ServerFrameDecoder};
pub use stack::{Batch, Incoming, TransportStack};
pub use stack_error::StackError;
pub use stack_options::StackOptions;
pub use stream_mode::StreamMode;
#[cfg(feature = "websocket")]
pub use websocket::{InvalidTarget, WEBSOCKET_NORMAL_CLOSURE, WebSocket, WebSocketError, WebSocketTarget};
