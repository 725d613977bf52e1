//! The key exchange: from unencrypted messages to an authorization key.
//!
//! A handshake is three requests and their replies. Each reply turns one state into the next:
//!
//! | state | handles | next request |
//! |---|---|---|
//! | [`WaitingForResPq`] | `resPQ` | `req_DH_params` |
//! | [`WaitingForDhParams`] | `server_DH_params_ok` | `set_client_DH_params` |
//! | [`WaitingForDhGen`] | `dh_gen_ok`, `dh_gen_retry` | none, or another `set_client_DH_params` |
//!
//! [`Handshake`] is an enum of these states. Bodies are sent in the envelope of [`plain`]. Everything that the server
//! sends is checked before use, in the order of the documentation, and each check has its own [`HandshakeError`]. After
//! an error no state of the handshake is left.
//!
//! Source: `core.telegram.org/mtproto/auth_key` and `core.telegram.org/mtproto/security_guidelines`.
//!
//! ```no_run
//! use sansgram_core::crypto::SecureRandom;
//! use sansgram_core::crypto::rsa::PublicKey;
//! use sansgram_core::handshake::{Handshake, HandshakeError, HandshakeParameters, NewAuthKey, Step};
//!
//! /// `exchange` sends a body and returns the body of the reply.
//! fn new_key(
//!     random: &mut dyn SecureRandom,
//!     exchange: impl Fn(Vec<u8>) -> Vec<u8>,
//! ) -> Result<NewAuthKey, HandshakeError> {
//!     let public_keys = [PublicKey::telegram_production()].into();
//!     let parameters = HandshakeParameters { dc: 2, public_keys, expires_in: None };
//!     let (mut handshake, mut body) = Handshake::start(parameters, random);
//!     loop {
//!         match handshake.receive(&exchange(body), random)? {
//!             Step::Send(next, answer) => (handshake, body) = (next, answer),
//!             Step::Done(key) => return Ok(*key),
//!         }
//!     }
//! }
//! ```

mod answer;
mod dh_gen;
mod dh_params;
mod error;
mod nonces;
mod parameters;
pub mod plain;
mod res_pq;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub use dh_gen::{DhGenOutcome, WaitingForDhGen};
pub use dh_params::WaitingForDhParams;
pub use error::{HandshakeError, Reply};
pub use parameters::{HandshakeParameters, MAX_DH_ATTEMPTS, NewAuthKey};
pub use res_pq::WaitingForResPq;

use crate::crypto::SecureRandom;

/// A handshake in progress.
#[derive(Debug)]
pub enum Handshake {
    /// `req_pq_multi` has been sent.
    ResPq(Box<WaitingForResPq>),
    /// `req_DH_params` has been sent.
    DhParams(Box<WaitingForDhParams>),
    /// `set_client_DH_params` has been sent.
    DhGen(Box<WaitingForDhGen>),
}

/// The next step after a reply of the server.
#[derive(Debug)]
pub enum Step {
    /// Send this body and pass its reply to this handshake.
    Send(Handshake, Vec<u8>),
    /// The key exchange is complete.
    Done(Box<NewAuthKey>),
}

impl Handshake {
    /// Starts a handshake. Returns the state and the body to send first.
    pub fn start(parameters: HandshakeParameters, random: &mut dyn SecureRandom) -> (Self, Vec<u8>) {
        let (state, body) = WaitingForResPq::start(parameters, random);
        (Self::ResPq(Box::new(state)), body)
    }

    /// Handles a reply of the server. Bytes after its object are ignored.
    ///
    /// # Errors
    /// Returns the [`HandshakeError`] of the check that failed. Close the connection then.
    pub fn receive(self, body: &[u8], random: &mut dyn SecureRandom) -> Result<Step, HandshakeError> {
        Ok(match self {
            Self::ResPq(state) => {
                let (next, body) = state.receive(body, random)?;
                Step::Send(Self::DhParams(Box::new(next)), body)
            }
            Self::DhParams(state) => {
                let (next, body) = state.receive(body, random)?;
                Step::Send(Self::DhGen(Box::new(next)), body)
            }
            Self::DhGen(state) => match state.receive(body, random)? {
                DhGenOutcome::Retry(next, body) => Step::Send(Self::DhGen(next), body),
                DhGenOutcome::Done(key) => Step::Done(Box::new(key)),
            },
        })
    }
}
