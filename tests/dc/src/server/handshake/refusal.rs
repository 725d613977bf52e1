//! Why a handshake is refused.

use crate::wire::Malformed;

/// Why a handshake was refused: the client did something that the documentation forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeRefusal {
    /// An object is cut short, or a length in it is wrong.
    #[error("an object of the handshake is malformed")]
    Malformed,
    /// The length in the unencrypted envelope does not match the packet.
    #[error("the body of the unencrypted message has {found} bytes, but its length field says {named}")]
    BadLength {
        /// The length field.
        named: u32,
        /// The number of bytes that follow.
        found: usize,
    },
    /// An unencrypted message identifier is not divisible by 4, or not above the one before.
    #[error("bad identifier {0:#x} of an unencrypted message")]
    BadMessageId(u64),
    /// The constructor is not one of the handshake, or not the expected one.
    #[error("constructor {0:#010x} is not expected in this step of the handshake")]
    Unexpected(u32),
    /// No handshake with this `nonce` is under way on this DC.
    #[error("no handshake with this nonce is under way")]
    UnknownNonce,
    /// `server_nonce` differs from the server's.
    #[error("wrong server_nonce")]
    ServerNonce,
    /// `p` and `q` are not the prime factors of `pq` in rising order, 4 bytes each.
    #[error("p and q are not the factors of pq")]
    Factors,
    /// The client chose an RSA key that was not offered.
    #[error("unknown public key fingerprint {0:#018x}")]
    Fingerprint(u64),
    /// `encrypted_data` is not a number of 256 bytes below the modulus.
    #[error("encrypted_data of {0} bytes is not a number below the RSA modulus")]
    RsaRange(usize),
    /// The hash inside the RSA padding does not match its data.
    #[error("the hash inside the RSA padding does not match")]
    RsaHash,
    /// The client used the old padding or an inner object without the DC's number.
    #[error("old RSA padding or p_q_inner_data without a DC number")]
    LegacyRsa,
    /// A field inside the RSA data differs from the same field outside or from the server's message.
    #[error("{0} inside p_q_inner_data differs")]
    InnerField(&'static str),
    /// The DC number inside `p_q_inner_data` is that of another DC; answered with -444.
    #[error("p_q_inner_data names DC {found}, but this is DC {expected}")]
    WrongDc {
        /// The client's number.
        found: i32,
        /// The server's number.
        expected: i32,
    },
    /// `expires_in` of a temporary key is not positive.
    #[error("a temporary key cannot live for {0} seconds")]
    ExpiresIn(i32),
    /// The encrypted part of `set_client_DH_params` is too short for its hash or not a multiple of 16 bytes.
    #[error("encrypted_data of {0} bytes is not a multiple of the block size")]
    BlockLength(usize),
    /// SHA-1 inside `set_client_DH_params` does not match, or more than 15 bytes follow the object.
    #[error("the hash over client_DH_inner_data does not match")]
    InnerHash,
    /// `retry_id` is not 0 in the first attempt or not the hash of the failed key afterwards.
    #[error("wrong retry_id")]
    RetryId,
    /// `g_b` is out of range.
    #[error("g_b is out of range")]
    PublicValue,
}

impl From<Malformed> for HandshakeRefusal {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}
