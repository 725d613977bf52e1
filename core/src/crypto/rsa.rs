//! RSA public keys of the servers, and the RSA_PAD encryption of the handshake.
//!
//! Source: `core.telegram.org/mtproto/auth_key`, step 4.1.

#[cfg(feature = "pem")]
use alloc::string::String;
use core::fmt;

use crypto_bigint::{Odd, U2048};
use thiserror::Error;
use zeroize::Zeroizing;

#[cfg(feature = "pem")]
pub use super::pem::PemError;

use super::aes_ige;
use super::hash::{sha1, sha256};
use super::hex::hex;
use super::montgomery::Modulus;
#[cfg(feature = "pem")]
use super::pem;
use super::random::{self, SecureRandom};

/// Maximum length in bytes of the data for [`PublicKey::encrypt_padded`].
pub const MAX_DATA_LEN: usize = 144;

/// Length in bytes of the data with its random padding.
const PADDED_LEN: usize = 192;

/// Maximum number of draws of `temp_key`. For the smallest valid modulus one draw in 256 fits, so all of them fail with
/// probability 2^-92.
const MAX_TRIES: u32 = 1 << 14;

/// An RSA public key with a modulus of 256 bytes (2041 to 2048 bits).
///
/// Its `Debug` output shows only the fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: [u8; 256],
    exponent: [u8; 8],
    fingerprint: u64,
}

/// Why a key was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublicKeyError {
    /// The text contains no readable key.
    #[cfg(feature = "pem")]
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The modulus is not 2041 to 2048 bits long.
    #[error("the modulus has {0} bits: expected 2041 to 2048")]
    ModulusSize(usize),
    /// The modulus is even.
    #[error("the modulus is even")]
    ModulusEven,
    /// The public exponent is not an odd number from 3 to 2^64 - 1.
    #[error("the public exponent is not an odd number from 3 to 2^64 - 1")]
    Exponent,
}

/// Why data could not be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RsaPadError {
    /// The data is longer than [`MAX_DATA_LEN`].
    #[error("{0} bytes are too long for RSA_PAD: at most 144")]
    DataTooLong(usize),
    /// The randomness source repeats itself.
    #[error("no suitable temp_key in 16384 draws: the randomness is broken")]
    Randomness,
}

impl PublicKey {
    /// Parses a single PEM key: PKCS#1 (`RSA PUBLIC KEY`) or SPKI (`PUBLIC KEY`).
    ///
    /// # Errors
    /// Returns [`PublicKeyError`] if the text is not such a key, or the key is not valid.
    #[cfg(feature = "pem")]
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        let (modulus, exponent) = pem::read_public_key(text)?;
        Self::from_components(&modulus, &exponent)
    }

    /// Creates a key from its modulus and public exponent, both big-endian. Leading zeros are ignored.
    ///
    /// # Errors
    /// Returns [`PublicKeyError`] if the modulus is not an odd number of 256 bytes or the exponent is out of range.
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, PublicKeyError> {
        let modulus = strip_zeros(modulus);
        let size = PublicKeyError::ModulusSize(bit_length(modulus));
        let modulus: [u8; 256] = modulus.try_into().map_err(|_| size)?;
        if modulus[255] & 1 == 0 {
            return Err(PublicKeyError::ModulusEven);
        }
        let exponent = strip_zeros(exponent);
        if exponent.len() > 8 {
            return Err(PublicKeyError::Exponent);
        }
        let exponent = exponent.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if exponent < 3 || exponent % 2 == 0 {
            return Err(PublicKeyError::Exponent);
        }
        Ok(Self::from_checked(modulus, exponent))
    }

    /// Returns the key of the production servers, fingerprint `d09d1d85de64fd85`.
    #[must_use]
    pub fn telegram_production() -> Self {
        Self::from_checked(PRODUCTION, 65537)
    }

    /// Returns the key of the test servers, fingerprint `b25898df208d2603`.
    #[must_use]
    pub fn telegram_test() -> Self {
        Self::from_checked(TEST, 65537)
    }

    /// Returns the fingerprint that servers list in `resPQ`: the last 64 bits of the SHA-1 of the key as the bare type
    /// `rsa_public_key n:bytes e:bytes`, read little-endian.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Returns the modulus, 256 bytes big-endian. The first byte is not zero.
    #[must_use]
    pub const fn modulus_bytes(&self) -> &[u8; 256] {
        &self.modulus
    }

    /// Returns the public exponent, big-endian without leading zeros, at most 8 bytes.
    #[must_use]
    pub fn exponent_bytes(&self) -> &[u8] {
        strip_zeros(&self.exponent)
    }

    /// Returns the key as a PKCS#1 PEM block.
    #[cfg(feature = "pem")]
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::write_pkcs1(&self.modulus, self.exponent_bytes())
    }

    /// Encrypts up to [`MAX_DATA_LEN`] bytes with RSA_PAD.
    ///
    /// Draws the padding (192 bytes minus the data) first, then 32 bytes for each attempt at a temporary key.
    ///
    /// # Errors
    /// Returns [`RsaPadError::DataTooLong`] if `data` is too long, or [`RsaPadError::Randomness`] if `random` repeats
    /// itself.
    pub fn encrypt_padded(
        &self,
        data: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<[u8; 256], RsaPadError> {
        if data.len() > MAX_DATA_LEN {
            return Err(RsaPadError::DataTooLong(data.len()));
        }
        let mut padded = Zeroizing::new([0; PADDED_LEN]);
        let (start, padding) = padded.split_at_mut(data.len());
        start.copy_from_slice(data);
        random.fill(padding);
        for _ in 0..MAX_TRIES {
            let temp_key = Zeroizing::new(random::array::<32>(random));
            let block = key_aes_encrypted(&padded, &temp_key);
            // Both are 256 bytes big-endian, so the byte order is the numeric order.
            if block[..] < self.modulus[..] {
                return Ok(self.raw_encrypt(&block));
            }
        }
        Err(RsaPadError::Randomness)
    }

    /// Computes `block^e mod n` for a block less than the modulus: one squaring per bit of the exponent and one
    /// multiplication per set bit. The time depends only on the modulus and the exponent, which are public.
    fn raw_encrypt(&self, block: &[u8; 256]) -> [u8; 256] {
        // Never: keys with an even modulus are rejected.
        let Some(modulus) = Odd::new(U2048::from_be_slice(&self.modulus)).into_option() else {
            return [0; 256];
        };
        let modulus = Modulus::new(&modulus);
        let mut arithmetic = modulus.arithmetic();
        let base = arithmetic.residue(block);
        let mut power = base.clone();
        let exponent = u64::from_be_bytes(self.exponent);
        // The highest bit is the base itself.
        for bit in (0..exponent.ilog2()).rev() {
            arithmetic.square(&mut power);
            if exponent >> bit & 1 == 1 {
                arithmetic.multiply(&mut power, &base);
            }
        }
        *arithmetic.number(&power)
    }

    fn from_checked(modulus: [u8; 256], exponent: u64) -> Self {
        let exponent = exponent.to_be_bytes();
        let fingerprint = fingerprint(&modulus, strip_zeros(&exponent));
        Self { modulus, exponent, fingerprint }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({:016x})", self.fingerprint)
    }
}

/// Returns `temp_key XOR SHA256(aes) | aes`, where `aes` is the reversed data and its hash, encrypted under `temp_key`.
fn key_aes_encrypted(padded: &[u8; PADDED_LEN], temp_key: &[u8; 32]) -> Zeroizing<[u8; 256]> {
    let mut aes = Zeroizing::new([[0; 16]; 14]);
    let (reversed, hash) = aes.as_flattened_mut().split_at_mut(PADDED_LEN);
    reversed.copy_from_slice(padded);
    reversed.reverse();
    hash.copy_from_slice(&sha256(&[temp_key, padded]));
    aes_ige::encrypt_blocks(temp_key, &[0; 32], &mut *aes);
    let aes = aes.as_flattened();
    let mut block = Zeroizing::new([0; 256]);
    block[..32].copy_from_slice(temp_key);
    block[32..].copy_from_slice(aes);
    for (byte, mask) in block.iter_mut().zip(sha256(&[aes])) {
        *byte ^= mask;
    }
    block
}

/// Returns the last 8 bytes of the SHA-1 of two TL byte strings.
fn fingerprint(modulus: &[u8], exponent: &[u8]) -> u64 {
    let (modulus_head, modulus_tail) = tl_string_frame(modulus.len());
    let (exponent_head, exponent_tail) = tl_string_frame(exponent.len());
    let [.., f0, f1, f2, f3, f4, f5, f6, f7] =
        sha1(&[modulus_head.bytes(), modulus, modulus_tail, exponent_head.bytes(), exponent, exponent_tail]);
    u64::from_le_bytes([f0, f1, f2, f3, f4, f5, f6, f7])
}

/// The length prefix of a TL byte string.
enum TlHead {
    Short([u8; 1]),
    Long([u8; 4]),
}

impl TlHead {
    const fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(bytes) => bytes,
        }
    }
}

/// Returns the length prefix and the padding of a TL byte string of `len` bytes. Repeated here because `crypto` is
/// below `tl`.
fn tl_string_frame(len: usize) -> (TlHead, &'static [u8]) {
    let [l0, l1, l2, ..] = len.to_le_bytes();
    let head = if len < 254 { TlHead::Short([l0]) } else { TlHead::Long([254, l0, l1, l2]) };
    let padding = match (head.bytes().len() + len) % 4 {
        0 => &[][..],
        1 => &[0; 3],
        2 => &[0; 2],
        _ => &[0; 1],
    };
    (head, padding)
}

fn strip_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.split_at(zeros).1
}

/// Returns the length in bits of a number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

const PRODUCTION: [u8; 256] = hex!(
    "e8bb3305c0b52c6cf2afdf7637313489e63e05268e5badb601af417786472e5f93b85438968e20e6729a301c
     0afc121bf7151f834436f7fda680847a66bf64accec78ee21c0b316f0edafe2f41908da7bd1f4a5107638eeb
     67040ace472a14f90d9f7c2b7def99688ba3073adb5750bb02964902a359fe745d8170e36876d4fd8a5d41b2
     a76cbff9a13267eb9580b2d06d10357448d20d9da2191cb5d8c93982961cdfdeda629e37f1fb09a072202769
     6032fe61ed663db7a37f6f263d370f69db53a0dc0a1748bdaaff6209d5645485e6e001d1953255757e4b8e42
     813347b11da6ab500fd0ace7e6dfa3736199ccaf9397ed0745a427dcfa6cd67bcb1acff3",
);

const TEST: [u8; 256] = hex!(
    "c8c11d635691fac091dd9489aedced2932aa8a0bcefef05fa800892d9b52ed03200865c9e97211cb2ee6c7ae
     96d3fb0e15aeffd66019b44a08a240cfdd2868a85e1f54d6fa5deaa041f6941ddf302690d61dc476385c2fa6
     55142353cb4e4b59f6e5b6584db76fe8b1370263246c010c93d011014113ebdf987d093f9d37c2be48352d69
     a1683f8f6e6c2167983c761e3ab169fde5daaa12123fa1beab621e4da5935e9c198f82f35eae583a99386d81
     10ea6bd1abb0f568759f62694419ea5f69847c43462abef858b4cb5edc84e7b9226cd7bd7e183aa974a712c0
     79dde85b9dc063b8a5c08e8f859c0ee5dcd824c7807f20153361a7f63cfd2a433a1be7f5",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_of_a_shorter_key() {
        // Known answer of gotd/td for a 1024-bit key: the TL strings have other lengths.
        const N: [u8; 128] = hex!(
            "8984eae46eb3a2eff7c5411376fbc5b9f889f16ddc68ed71f90c32a016f5cf0c37bc71020d3b7fe415ab7b2a
             5a42da7dac4bc02965092644400d8345e92262fd9421c1bf51604262f4c6d9da5112a8ec5cdaa1a2f88c27f9
             e79e8d42bd6d87d177a1e37aee6478f81174bcf3fd1aee86639675052aa2f85111116ff66964a04b",
        );
        assert_eq!(fingerprint(&N, &[1, 0, 1]), 1_914_007_313_702_140_277);
    }
}
