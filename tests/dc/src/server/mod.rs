//! The test DCs: an MTProto server as a pure state machine, several DCs in one.
//!
//! It has no sockets and no clock. Give it inputs, then poll it until it returns [`ServerOutput::Timeout`];
//! [`test_server`](crate::test_server) does so over loopback.

mod binding;
mod calls;
mod connection;
mod constructors;
mod container;
mod dcs;
mod envelope;
mod fake_tls;
mod forgery;
mod framing;
mod frontend;
mod handshake;
mod io;
mod key_owners;
mod keys;
mod message_context;
mod message_log;
mod messages;
mod options;
mod other_protocol;
mod plain;
mod policy;
mod receive;
mod refusal;
mod salts;
mod scheduled;
mod send_forged;
mod service;
mod session;
mod snapshot;
mod stream;
mod transmit;
mod websocket;

pub use self::dcs::TestDcs;
pub use self::envelope::EnvelopeRefusal;
pub use self::fake_tls::{FakeTlsRefusal, HelloWindow};
pub use self::forgery::{Forgery, HandshakeForgery};
pub use self::framing::FramingError;
pub use self::frontend::{Frontend, FrontendRefusal, MtProxyMode};
pub use self::handshake::HandshakeRefusal;
pub use self::io::{ServerInput, ServerOutput};
pub use self::keys::KeyInfo;
pub use self::message_log::ReceivedMessage;
pub use self::options::{FaultInjection, ServerOptions, Tolerance};
pub use self::refusal::Refusal;
pub use self::session::BadMessage;
pub use self::snapshot::RestoreError;
pub use self::websocket::WebSocketRefusal;
