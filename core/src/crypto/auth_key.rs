//! The auth key (authorization key), 2048 bits shared by client and server, and the identifiers derived from it.
//!
//! Source: `core.telegram.org/mtproto/auth_key`, steps 8 and 9.

use alloc::sync::Arc;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::hash::sha1;
use super::secret::Secret;

/// A 256-byte auth key.
///
/// It is wiped when its last clone is dropped and compared in constant time. Its `Debug` output shows only the
/// identifier.
#[derive(Clone)]
pub struct AuthKey {
    // Boxed, so that a move leaves no copy on the stack; shared, so that a clone makes none.
    shared: Arc<Shared>,
}

struct Shared {
    key: Secret<[u8; 256]>,
    id: AuthKeyId,
    aux_hash: [u8; 8],
}

impl AuthKey {
    /// Creates the key from `g^(ab) mod p`, 256 bytes big-endian, left-padded with zeros.
    #[must_use]
    pub fn new(mut key: [u8; 256]) -> Self {
        let [a0, a1, a2, a3, a4, a5, a6, a7, _, _, _, _, i0, i1, i2, i3, i4, i5, i6, i7] = sha1(&[&key]);
        let mut shared = Arc::new(Shared {
            key: Secret::new([0; 256]),
            id: AuthKeyId::from_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            aux_hash: [a0, a1, a2, a3, a4, a5, a6, a7],
        });
        // Always `Some`: the `Arc` is not shared yet.
        if let Some(shared) = Arc::get_mut(&mut shared) {
            shared.key.expose_mut().copy_from_slice(&key);
        }
        key.zeroize();
        Self { shared }
    }

    /// Returns the secret key bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 256] {
        self.shared.key.expose()
    }

    /// Returns the identifier at the start of every encrypted packet: the last 64 bits of the key's SHA-1.
    #[must_use]
    pub fn id(&self) -> AuthKeyId {
        self.shared.id
    }

    /// Returns `auth_key_aux_hash`: the first 64 bits of the key's SHA-1, used by the last step of the handshake and
    /// its retries.
    #[must_use]
    pub fn aux_hash(&self) -> [u8; 8] {
        self.shared.aux_hash
    }
}

impl PartialEq for AuthKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for AuthKey {}

impl fmt::Debug for AuthKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuthKey").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// The identifier of an auth key: 8 bytes, read little-endian. Not secret.
///
/// Displayed as 16 hexadecimal digits in wire order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthKeyId(pub u64);

impl AuthKeyId {
    /// Creates the identifier from its 8 bytes on the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// Returns the 8 bytes on the wire.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for AuthKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0.swap_bytes())
    }
}

impl fmt::Debug for AuthKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
