//! Byte streams to frames and back: abridged, intermediate, padded intermediate, full; and what may lie around them.
//!
//! A frame carries one packet of MTProto. [`FrameEncoder`] writes frames into the caller's buffer around a packet
//! that the caller seals in place; [`FrameDecoder`] finds frames in whatever pieces the stream delivers, and hands
//! them out in place. Neither touches a socket, so that anything may lie below: a plain stream, or one that is
//! encrypted once more (then use [`FrameEncoder::without_tag`], since the layer below announces the framing).
//!
//! A client's connection is [`TransportStack`]: the framing, and around it what the connection is [disguised](StreamMode) as.
//!
//! | layer | what it does |
//! |---|---|
//! | [`FrameEncoder`], [`FrameDecoder`] | framing |
//! | [`Obfuscation`] | the stream under AES-CTR, also with the secret of an MTProxy ([`ProxySecret`], [`ProxyLink`]) |
//! | [`FakeTls`] | what an MTProxy with an `ee` secret wants around that |
//! | [`WebSocket`] | the other thing that may lie around it |
//!
//! A server uses [`ServerFrameDecoder`] and an encoder without a tag; the framing code is the same.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`.
//!
//! ```
//! use sansgram_core::transport::{Frame, FrameDecoder, TransportKind, DEFAULT_LIMIT};
//!
//! let mut decoder = FrameDecoder::new(TransportKind::Intermediate, DEFAULT_LIMIT);
//! let mut received = [4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff];
//! let mut input = &mut received[..];
//! assert_eq!(decoder.next(&mut input), Ok(Some(Frame::Error(-404))));
//! assert_eq!(decoder.next(&mut input), Ok(None));
//! ```

mod abridged;
mod assemble;
mod decode;
mod encode;
mod fake_tls;
mod full;
mod header;
mod intermediate;
mod kind;
mod obfuscated;
mod padded;
mod proxy_link;
mod proxy_secret;
mod server;
mod stack;
mod websocket;

pub use decode::{Frame, FrameDecoder};
pub use encode::{EncodeError, FrameEncoder, FrameStart};
pub(crate) use fake_tls::hello_after_failures;
pub use fake_tls::{FAKE_TLS_MAX_PAYLOAD, FakeTls, FakeTlsError, HelloForm};
pub use header::{DEFAULT_LIMIT, ENCODER_LIMIT, FrameError};
pub use kind::{Recognised, TransportKind, UnknownTransport};
pub use obfuscated::{NotObfuscatable, OBFUSCATED_HEADER_LEN, Obfuscation};
pub use proxy_link::{ProxyLink, ProxyLinkError, SocksLink};
pub use proxy_secret::{MAX_PROXY_DOMAIN_LEN, ProxyMode, ProxySecret, ProxySecretError};
pub use server::{Request, ServerFrameDecoder};
pub use stack::{Batch, Incoming, StackError, StackOptions, StreamMode, TransportStack};
pub use websocket::{InvalidTarget, WEBSOCKET_NORMAL_CLOSURE, WebSocket, WebSocketError, WebSocketTarget};
