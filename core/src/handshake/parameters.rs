//! The input and the result of a handshake.

use alloc::sync::Arc;
use core::fmt;

use crate::crypto::AuthKey;
use crate::crypto::rsa::PublicKey;
use crate::policy;

/// Maximum number of values of `b` per handshake, if the server answers `dh_gen_retry`.
pub const MAX_DH_ATTEMPTS: u8 = policy::MAX_DH_ATTEMPTS;

/// The input of a handshake.
#[derive(Clone, Debug)]
pub struct HandshakeParameters {
    /// The number of the DC on the wire: plus 10,000 for test DCs, negated for media DCs.
    pub dc: i32,
    /// The RSA keys that are trusted for the server.
    pub public_keys: Arc<[PublicKey]>,
    /// Lifetime of the key in seconds, greater than 0, or `None` for a permanent key. It is sent unchanged. Clients use
    /// a day or less; the server may drop the key earlier.
    pub expires_in: Option<i32>,
}

/// The result of a handshake. Its `Debug` output shows neither the key nor the salt.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAuthKey {
    /// The authorization key.
    pub auth_key: AuthKey,
    /// The first server salt.
    pub server_salt: i64,
    /// Unix time of the server when it sent its DH parameters, in seconds.
    pub server_time: i32,
    /// Lifetime of the key in seconds, or `None` for a permanent key.
    pub expires_in: Option<i32>,
    /// Number of values of `b` that the server rejected.
    pub retries: u8,
}

impl fmt::Debug for NewAuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAuthKey")
            .field("auth_key", &self.auth_key)
            .field("server_time", &self.server_time)
            .field("expires_in", &self.expires_in)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
