//! AES-IGE, hashes, key derivation, RSA, Diffie-Hellman, SRP.
//!
//! | module | what it does |
//! |---|---|
//! | [`random`], [`secret`] | injected randomness; secrets that are wiped on drop |
//! | [`hash`], [`aes_ige`], [`aes_ctr`] | the primitives, in place |
//! | [`auth_key`], [`message`] | the key of a connection and the encryption of its messages |
//! | [`rsa`], [`factorize`], [`dh`] | the cryptography of the handshake |
//! | [`srp`] | the two-step verification password |
//!
//! Sealing and opening a message neither allocates nor copies: [`message::seal`] and [`message::open`] work in the
//! caller's buffer, and [`message::seal_many`] and [`message::open_many`] on several packets at a time. Every value chosen by a peer is checked on entry, with one error variant per reason.

pub mod aes_ctr;
pub mod aes_ige;
pub mod auth_key;
mod comb;
pub mod dh;
pub mod factorize;
pub mod hash;
mod hex;
mod limbs;
pub mod message;
mod modular;
mod montgomery;
#[cfg(feature = "pem")]
mod pem;
mod prime;
pub mod random;
pub mod rsa;
pub mod secret;
pub mod srp;
pub(crate) mod text;

pub use auth_key::{AuthKey, AuthKeyId};
#[cfg(feature = "getrandom")]
pub use random::OsRandom;
pub use random::SecureRandom;
pub use secret::{Secret, Wiped};
