//! Telegram's MTProto 2.0 *client* protocol as a pure, sans-IO state machine.
//!
//! Nothing here opens a socket, reads a clock or asks the system for randomness. Bytes, time and entropy come in
//! as arguments; bytes to send, timers and events come out.
//!
//! **The one invariant: after every call to [`client::Client`], poll it with
//! [`poll_output`](client::Client::poll_output) until it answers [`Output::Timeout`](client::Output::Timeout).**
//!
//! [`client`], [`login`], [`tl`], [`time`] and [`dc`] are the interface. With the feature `unstable` the layers below are
//! public too, each usable alone; any release may change them. Imports point downward only (a test enforces it):
//!
//! | layer | turns | into |
//! |---|---|---|
//! | [`client`] | inputs of an event loop | connections by id, DC migration, timers, events |
//! | [`login`] | what a person gives | the requests of each login flow, as explicit states |
//! | `rpc` | requests | results, by a table of what is pending |
//! | `session` | an auth key and frames | ordered, checked messages |
//! | `handshake` | plain messages | an auth key |
//! | `transport` | a byte stream | frames, in place |
//! | [`tl`] | bytes | types, every decoder bounded |
//! | `crypto` | keys and bytes | bytes |
//!
//! Sources: the protocol's documentation at `core.telegram.org/mtproto`; each module names its page.
#![no_std]
#![forbid(unsafe_code)]
// Without the feature, no code outside reaches the pieces that the client does not use.
#![cfg_attr(
    not(feature = "unstable"),
    allow(dead_code, unreachable_pub, unused_imports, rustdoc::private_intra_doc_links)
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod client;
pub mod dc;
pub mod login;
mod policy;
mod sequence;
pub mod time;
pub mod tl;

#[cfg(not(feature = "unstable"))]
mod crypto;
#[cfg(feature = "unstable")]
pub mod crypto;
#[cfg(not(feature = "unstable"))]
mod handshake;
#[cfg(feature = "unstable")]
pub mod handshake;
#[cfg(not(feature = "unstable"))]
mod rpc;
#[cfg(feature = "unstable")]
pub mod rpc;
#[cfg(not(feature = "unstable"))]
mod session;
#[cfg(feature = "unstable")]
pub mod session;
#[cfg(not(feature = "unstable"))]
mod transport;
#[cfg(feature = "unstable")]
pub mod transport;

#[cfg(feature = "getrandom")]
pub use crypto::OsRandom;
pub use crypto::rsa::{PublicKey, PublicKeyError};
pub use crypto::{AuthKey, AuthKeyId, Secret, SecureRandom};
/// What secrets are handed over in: a value that wipes itself.
pub use zeroize::Zeroizing;
