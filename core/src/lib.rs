//! Telegram's MTProto 2.0 *client* protocol as a pure, sans-IO state machine.
//!
//! The crate opens no sockets, reads no clocks and draws no system randomness. Bytes, time and entropy are arguments;
//! bytes to send, timers and events are results.
//!
//! **The one invariant: after every call to [`client::Client`], poll it with
//! [`poll_output`](client::Client::poll_output) until it returns [`Output::Timeout`](client::Output::Timeout).**
//!
//! [`client`], [`login`], [`tl`], [`time`] and [`dc`] are the public interface. The feature `unstable` also makes the
//! layers below public, each usable on its own; any release may change them. A layer imports only lower ones (a test
//! enforces it):
//!
//! | layer | input | output |
//! |---|---|---|
//! | [`client`] | inputs of an event loop | connections by id, DC migration, timers, events |
//! | [`login`] | the user's answers | the requests of each login step, as explicit states |
//! | `rpc` | requests | results, by a table of pending requests |
//! | `session` | an auth key and frames | ordered, checked messages |
//! | `handshake` | unencrypted messages | an auth key |
//! | `transport` | a byte stream | frames, in place |
//! | [`tl`] | bytes | types, with bounded decoders |
//! | `crypto` | keys and bytes | bytes |
//!
//! Source: the protocol's documentation at `core.telegram.org/mtproto`. Each module names its page.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
// Without the feature, the items that the client does not use are unreachable.
#![cfg_attr(
    not(feature = "unstable"),
    allow(dead_code, unreachable_pub, unused_imports, rustdoc::private_intra_doc_links)
)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod client;
pub mod dc;
pub mod login;
mod policy;
mod sequence;
pub mod time;
pub mod tl;

// cargo-mutants reads both declarations of a module, so it skips one.
#[cfg(not(feature = "unstable"))]
#[cfg_attr(false, mutants::skip)]
mod crypto;
#[cfg(feature = "unstable")]
pub mod crypto;
#[cfg(not(feature = "unstable"))]
#[cfg_attr(false, mutants::skip)]
mod handshake;
#[cfg(feature = "unstable")]
pub mod handshake;
#[cfg(not(feature = "unstable"))]
#[cfg_attr(false, mutants::skip)]
mod rpc;
#[cfg(feature = "unstable")]
pub mod rpc;
#[cfg(not(feature = "unstable"))]
#[cfg_attr(false, mutants::skip)]
mod session;
#[cfg(feature = "unstable")]
pub mod session;
#[cfg(not(feature = "unstable"))]
#[cfg_attr(false, mutants::skip)]
mod transport;
#[cfg(feature = "unstable")]
pub mod transport;

#[cfg(feature = "getrandom")]
pub use crypto::OsRandom;
pub use crypto::rsa::{PublicKey, PublicKeyError};
pub use crypto::{AuthKey, AuthKeyId, Secret, SecureRandom};
/// The wrapper of secrets in the public interface: a value that is wiped on drop.
pub use zeroize::Zeroizing;
