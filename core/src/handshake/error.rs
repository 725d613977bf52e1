//! Why a handshake failed.

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::dh::DhError;
use crate::crypto::factorize::FactorizeError;
use crate::crypto::rsa::RsaPadError;
use crate::tl::DecodeError;

/// A reply of the server, or an object inside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// `resPQ`.
    ResPq,
    /// `server_DH_params_ok` or `server_DH_params_fail`.
    ServerDhParams,
    /// `server_DH_inner_data`, encrypted in `server_DH_params_ok`.
    ServerDhInnerData,
    /// `dh_gen_ok`, `dh_gen_retry` or `dh_gen_fail`.
    DhGen,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResPq => "resPQ",
            Self::ServerDhParams => "the server's DH parameters",
            Self::ServerDhInnerData => "the encrypted DH parameters",
            Self::DhGen => "the answer to the key exchange",
        })
    }
}

/// Why a handshake failed: one variant per check.
///
/// Close the connection. Another handshake draws new randomness and may succeed, except after
/// [`UnknownFingerprints`](Self::UnknownFingerprints): the server is not the expected one, or its key has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A message arrived while the previous one was being handled: the server has not been sent what it would answer.
    #[error("a message came in the key exchange that nothing had asked for")]
    NotAwaited,
    /// The reply is not the expected one of this step, or is malformed.
    #[error("{reply} cannot be read: {error}")]
    Malformed {
        /// The reply.
        reply: Reply,
        /// The error of its parser.
        error: DecodeError,
    },
    /// The reply has a `nonce` other than the client's: it belongs to another handshake.
    #[error("{0} has another nonce")]
    Nonce(Reply),
    /// The reply has a `server_nonce` other than that of `resPQ`.
    #[error("{0} has another server_nonce")]
    ServerNonce(Reply),
    /// `pq` does not have 1 to 8 bytes.
    #[error("pq has {0} bytes, not 1 to 8")]
    PqLength(usize),
    /// `pq` is greater than 2^63 - 1.
    #[error("pq is above 2^63 - 1")]
    PqTooLarge,
    /// `pq` is not the product of two distinct odd primes.
    #[error("pq: {0}")]
    Pq(FactorizeError),
    /// The server has none of the trusted RSA keys.
    #[error("the server has none of the RSA keys we trust; it offers {}", Hex(.offered))]
    UnknownFingerprints {
        /// The fingerprints listed by the server, at most the first eight.
        offered: Vec<u64>,
    },
    /// The chosen RSA key cannot encrypt the data.
    #[error("{0}")]
    Rsa(RsaPadError),
    /// The server could not decrypt the data encrypted for it (`server_DH_params_fail`).
    #[error("the server refuses our request (server_DH_params_fail)")]
    DhParamsFailed,
    /// The length of `encrypted_answer` is not a multiple of 16, or too small for a hash and an object.
    #[error("the encrypted answer has {0} bytes")]
    AnswerLength(usize),
    /// `encrypted_answer` has more than 15 bytes of padding after its object.
    #[error("the encrypted answer has {0} bytes of padding")]
    AnswerPadding(usize),
    /// The SHA-1 in `encrypted_answer` does not match the object after it.
    #[error("the encrypted answer does not match its hash")]
    AnswerHash,
    /// The prime or the generator is not safe, see [`DhError`].
    #[error("the server's DH group: {0}")]
    Group(DhError),
    /// `g_a` is out of range, see [`DhError`].
    #[error("the server's g_a: {0}")]
    ServerPublicValue(DhError),
    /// The hash over `new_nonce` is wrong: the peer does not know `new_nonce` or has another key.
    #[error("{0} has a wrong new_nonce_hash")]
    NewNonceHash(Reply),
    /// The server gave up (`dh_gen_fail`).
    #[error("the server ended the key exchange (dh_gen_fail)")]
    DhGenFailed,
    /// The server answered `dh_gen_retry` to [`MAX_DH_ATTEMPTS`](super::MAX_DH_ATTEMPTS) values of `b`.
    #[error("the server asked for another value too often (dh_gen_retry)")]
    TooManyRetries,
    /// The identifier of the key is 0, which means "not encrypted" on the wire.
    #[error("the new key has the identifier 0")]
    ZeroAuthKeyId,
}

struct Hex<'a>(&'a [u64]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (at, fingerprint) in self.0.iter().enumerate() {
            write!(f, "{}{fingerprint:016x}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
