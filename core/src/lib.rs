//! Telegram's MTProto 2.0 *client* protocol as a pure, sans-IO state machine.
//!
//! Nothing here opens a socket, reads a clock or asks the system for randomness. Bytes, time and entropy come in
//! as arguments; bytes to send, timers and events come out.
//!
//! **The one invariant: after every call to [`client::Client`], poll it with
//! [`poll_output`](client::Client::poll_output) until it answers [`Output::Timeout`](client::Output::Timeout).**
//!
//! The layers, each public and usable alone; imports point downward only (a test enforces it):
//!
//! | layer | turns | into |
//! |---|---|---|
//! | [`client`] | inputs of an event loop | connections by id, DC migration, timers, events |
//! | [`login`] | what a person gives | the requests of each login flow, as explicit states |
//! | [`rpc`] | requests | results, by a table of what is pending |
//! | [`session`] | an auth key and frames | ordered, checked messages |
//! | [`handshake`] | plain messages | an auth key |
//! | [`transport`] | a byte stream | frames, in place |
//! | [`tl`] | bytes | types, every decoder bounded |
//! | [`crypto`] | keys and bytes | bytes |
//!
//! Sources: the protocol's documentation at `core.telegram.org/mtproto`; each module names its page.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod client;
pub mod crypto;
pub mod dc;
pub mod handshake;
pub mod login;
mod policy;
pub mod rpc;
mod sequence;
pub mod session;
pub mod time;
pub mod tl;
pub mod transport;

/// What secrets are handed over in: a value that wipes itself.
pub use zeroize::Zeroizing;
