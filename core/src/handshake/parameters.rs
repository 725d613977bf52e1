//! What a handshake begins with, and what it brings.

use alloc::sync::Arc;
use core::fmt;

use crate::crypto::AuthKey;
use crate::crypto::rsa::PublicKey;
use crate::policy;

/// How many values we try if the server asks for another one by `dh_gen_retry`.
pub const MAX_ATTEMPTS: u8 = policy::MAX_DH_ATTEMPTS;

/// What a handshake has to know.
#[derive(Clone, Debug)]
pub struct HandshakeParameters {
    /// The DC's number as it goes onto the wire: plus 10,000 for test DCs, negative for media DCs.
    pub dc: i32,
    /// The RSA keys that the server may identify itself by.
    pub public_keys: Arc<[PublicKey]>,
    /// How long the key shall live, in seconds, above 0; `None`: a permanent key. It is sent as it is. Clients ask for
    /// a day or less; the server may forget the key earlier.
    pub expires_in: Option<i32>,
}

/// What a handshake brings. Key and salt are not in the `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAuthKey {
    /// The key.
    pub auth_key: AuthKey,
    /// The first server salt.
    pub server_salt: i64,
    /// The server's clock when it sent its DH parameters, in seconds of Unix time.
    pub server_time: i32,
    /// How long the key lives, in seconds, if it was asked for; `None`: a permanent key.
    pub expires_in: Option<i32>,
    /// How many values of ours the server did not want.
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
