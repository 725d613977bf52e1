//! Sessions encrypted with a passphrase, as portable text: [`encrypt`], [`decrypt`].
//!
//! Argon2id (RFC 9106) stretches the passphrase, and XChaCha20-Poly1305 seals the session's text. The cost of the
//! stretching is written in the text, so that it can be raised later.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sansgram_core::SecureRandom;
use sansgram_core::client::{SessionFormatError, StoredSession};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::policy::MAX_USUAL_WORK;

/// The prefix of every encrypted session.
pub(super) const TEXT_PREFIX: &str = "sansgram1e:";
/// The version within the text.
const VERSION: u8 = 1;
const SALT_LEN: usize = 16;
const NONCE_LEN: usize = 24;
/// Version 1, memory 4, passes 4, lanes 1, salt, nonce; numbers little-endian.
const HEADER_LEN: usize = 10 + SALT_LEN + NONCE_LEN;
/// The length of the checksum in bytes: the first bytes of SHA-256 over everything before them.
const CHECKSUM_LEN: usize = 8;

/// The cost of deriving a key from a passphrase, which an attacker pays for each try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// Memory in KiB: 8 times `lanes` to 1,048,576.
    pub memory: u32,
    /// The number of passes over the memory, 1 to 100.
    pub passes: u32,
    /// The number of lanes that the memory is divided into, 1 to 16.
    pub lanes: u8,
}

impl Cost {
    /// Creates a cost; the fields document the allowed ranges.
    #[must_use]
    pub const fn new(memory: u32, passes: u32, lanes: u8) -> Self {
        Self { memory, passes, lanes }
    }

    /// Returns whether the cost is at most 4 GiB of memory times passes, about 2 seconds on a computer of 2020. A higher
    /// cost is tried only if the caller allows it, since anyone can create a text of any cost.
    #[must_use]
    pub const fn is_usual(self) -> bool {
        self.work() <= MAX_USUAL_WORK
    }

    /// Returns the time of this cost as a multiple of the default cost's, rounded up, at least 1.
    #[must_use]
    pub fn times_default(self) -> u64 {
        self.work().div_ceil(Self::default().work())
    }

    /// Returns the number that the time is proportional to: the memory in KiB times the passes.
    const fn work(self) -> u64 {
        self.memory as u64 * self.passes as u64
    }

    /// Returns whether every field is in its range.
    const fn is_in_range(self) -> bool {
        matches!(self.lanes, 1..=16)
            && self.memory >= 8 * self.lanes as u32
            && self.memory <= 1 << 20
            && matches!(self.passes, 1..=100)
    }
}

/// The second recommendation of RFC 9106, for machines with little memory: 64 MiB, 3 passes, 4 lanes. About 0.1
/// seconds; several without optimization (the README has the profile that prevents it).
impl Default for Cost {
    fn default() -> Self {
        Self::new(64 << 10, 3, 4)
    }
}

/// The reason why a session cannot be encrypted, or a text not decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptionError {
    /// The text is not an encrypted session.
    #[error("this is not an encrypted session: it does not begin with \"sansgram1e:\"")]
    NotEncrypted,
    /// No passphrase was given.
    #[error("a passphrase is required")]
    PassphraseMissing,
    /// The text is complete, but encrypted with another passphrase.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Some of the text is missing or changed; the passphrase does not matter.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// The text was written by a later version.
    #[error("it was encrypted by a newer sansgram (format {0}); update to read it")]
    Newer(u8),
    /// Trying a passphrase costs more than is allowed by default: see [`Cost::is_usual`], [`decrypt_at_any_cost`] and
    /// [`FileStore::allow_any_cost`](crate::FileStore::allow_any_cost).
    #[error(
        "trying a passphrase takes {} MiB of memory and {} times as long as usual; allow this only if \
         you trust the source of the session", .0.memory.div_ceil(1024), .0.times_default()
    )]
    UnusualCost(Cost),
    /// Trying a passphrase costs more than is ever allowed, or needs more memory than is available.
    #[error("its key derivation needs too much memory or time")]
    ExcessiveCost,
    /// The text was decrypted, but its content cannot be read.
    #[error("{0}")]
    Session(#[from] SessionFormatError),
}

/// Returns whether `text` is an encrypted session, damaged or not. White space around it is ignored.
#[must_use]
pub fn is_encrypted(text: &str) -> bool {
    text.trim_start().starts_with(TEXT_PREFIX)
}

/// Encrypts the session with `passphrase` and returns it as one line of text, `sansgram1e:` and base64url. Takes about
/// 0.1 seconds, and `cost.memory`.
///
/// # Errors
/// Returns [`EncryptionError::ExcessiveCost`] if the cost is out of its range.
pub fn encrypt(
    session: &StoredSession,
    passphrase: &str,
    cost: Cost,
    random: &mut dyn SecureRandom,
) -> Result<String, EncryptionError> {
    Sealer::new(passphrase, cost, random)?.seal(session, random)
}

/// Decrypts a text that [`encrypt`] wrote. White space around it is ignored. Takes as long as `encrypt` did, but no
/// longer than a [usual cost](Cost::is_usual).
///
/// # Errors
/// Returns an [`EncryptionError`] if the text cannot be decrypted. A checksum that needs no passphrase distinguishes
/// damage from a wrong passphrase. Returns [`EncryptionError::UnusualCost`] without trying the passphrase if the text needs more
/// than the usual cost.
pub fn decrypt(text: &str, passphrase: &str) -> Result<StoredSession, EncryptionError> {
    open(text, passphrase, None, false).map(|(session, _)| session)
}

/// Like [`decrypt`], but accepts any cost: up to 1 GiB of memory with 100 passes, about a minute. Intended for texts
/// that the caller trusts or has confirmed with the user.
///
/// # Errors
/// Returns an [`EncryptionError`] if the text cannot be decrypted, but never [`EncryptionError::UnusualCost`].
pub fn decrypt_at_any_cost(text: &str, passphrase: &str) -> Result<StoredSession, EncryptionError> {
    open(text, passphrase, None, true).map(|(session, _)| session)
}

/// Returns the cost of trying a passphrase on a text that [`encrypt`] wrote.
///
/// # Errors
/// Returns an [`EncryptionError`] if the text is not an encrypted session or is damaged.
pub fn cost(text: &str) -> Result<Cost, EncryptionError> {
    let bytes = decode_text(text)?;
    let (header, _) = parts(&bytes)?;
    let parameters = header.first_chunk().ok_or(EncryptionError::Damaged(TRUNCATED))?;
    Ok(cost_of(parameters))
}

const TRUNCATED: &str = "it is cut short";

/// Returns the bytes of a text that has our version.
fn decode_text(text: &str) -> Result<Vec<u8>, EncryptionError> {
    use EncryptionError::Damaged;
    let encoded = text.trim().strip_prefix(TEXT_PREFIX).ok_or(EncryptionError::NotEncrypted)?;
    // A text with the right characters fails to decode only if its end is missing or changed.
    let is_of_alphabet = encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let why = if is_of_alphabet { TRUNCATED } else { "it contains invalid characters" };
    let bytes = Base64UrlUnpadded::decode_vec(encoded).map_err(|_| Damaged(why))?;
    match bytes.first() {
        Some(&VERSION) => {}
        Some(&newer) if newer > VERSION => return Err(EncryptionError::Newer(newer)),
        _ => return Err(Damaged("it has no version")),
    }
    Ok(bytes)
}

/// Splits complete bytes into the header and the sealed part.
fn parts(bytes: &[u8]) -> Result<(&[u8; HEADER_LEN], &[u8]), EncryptionError> {
    let cut = EncryptionError::Damaged(TRUNCATED);
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(cut.clone())?;
    let (header, sealed) = content.split_first_chunk::<HEADER_LEN>().ok_or(cut)?;
    if !Sha256::digest(content).starts_with(checksum) {
        return Err(EncryptionError::Damaged("its checksum does not match"));
    }
    Ok((header, sealed))
}

fn cost_of(parameters: &[u8; HEADER_LEN - NONCE_LEN]) -> Cost {
    let [_version, m0, m1, m2, m3, p0, p1, p2, p3, lanes, ..] = *parameters;
    Cost::new(u32::from_le_bytes([m0, m1, m2, m3]), u32::from_le_bytes([p0, p1, p2, p3]), lanes)
}

/// Like [`decrypt`], but uses the given sealer if it fits, and also returns the sealer that was used.
pub(super) fn open(
    text: &str,
    passphrase: &str,
    known: Option<Sealer>,
    at_any_cost: bool,
) -> Result<(StoredSession, Sealer), EncryptionError> {
    let bytes = decode_text(text)?;
    let (header, sealed) = parts(&bytes)?;
    let (parameters, nonce) = header.split_at(HEADER_LEN - NONCE_LEN);
    let sealer = match known.filter(|known| known.parameters == parameters) {
        Some(known) => known,
        None => {
            let parameters = parameters.try_into().map_err(|_| EncryptionError::Damaged(TRUNCATED))?;
            let cost = cost_of(&parameters);
            if cost.is_in_range() && !cost.is_usual() && !at_any_cost {
                return Err(EncryptionError::UnusualCost(cost));
            }
            Sealer::stretch(passphrase, parameters)?
        }
    };
    let nonce = XNonce::try_from(nonce).map_err(|_| EncryptionError::Damaged(TRUNCATED))?;
    let payload = Payload { msg: sealed, aad: header };
    let plain = sealer.cipher.decrypt(&nonce, payload).map_err(|_| EncryptionError::WrongPassphrase)?;
    let plain = Zeroizing::new(plain);
    let text = std::str::from_utf8(&plain).map_err(|_| SessionFormatError::Foreign)?;
    Ok((StoredSession::from_text(text)?, sealer))
}

/// A stretched passphrase, which seals any number of sessions without further stretching.
pub(super) struct Sealer {
    /// The header without the nonce.
    parameters: [u8; HEADER_LEN - NONCE_LEN],
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    pub(super) fn new(
        passphrase: &str,
        cost: Cost,
        random: &mut dyn SecureRandom,
    ) -> Result<Self, EncryptionError> {
        let mut parameters = [0; HEADER_LEN - NONCE_LEN];
        let mut salt = [0; SALT_LEN];
        random.fill(&mut salt);
        let fields: [&[u8]; 5] =
            [&[VERSION], &cost.memory.to_le_bytes(), &cost.passes.to_le_bytes(), &[cost.lanes], &salt];
        for (to, from) in parameters.iter_mut().zip(fields.concat()) {
            *to = from;
        }
        Self::stretch(passphrase, parameters)
    }

    fn stretch(passphrase: &str, parameters: [u8; HEADER_LEN - NONCE_LEN]) -> Result<Self, EncryptionError> {
        let salt: &[u8; SALT_LEN] = parameters.last_chunk().ok_or(EncryptionError::Damaged(TRUNCATED))?;
        let cost = cost_of(&parameters);
        if !cost.is_in_range() {
            return Err(EncryptionError::ExcessiveCost);
        }
        let mut key = Zeroizing::new([0; 32]);
        Params::new(cost.memory, cost.passes, cost.lanes.into(), Some(key.len()))
            .and_then(|params| {
                // If the memory is not available, this is an error and does not end the process.
                let mut memory: Vec<Block> = Vec::new();
                let len = params.block_count();
                memory.try_reserve_exact(len).map_err(|_| argon2::Error::MemoryTooMuch)?;
                memory.resize(len, Block::default());
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let (passphrase, key) = (passphrase.as_bytes(), key.as_mut_slice());
                argon2.hash_password_into_with_memory(passphrase, salt, key, &mut memory)
            })
            .map_err(|_| EncryptionError::ExcessiveCost)?;
        let cipher =
            XChaCha20Poly1305::new(key.as_slice().try_into().map_err(|_| EncryptionError::ExcessiveCost)?);
        Ok(Self { parameters, cipher })
    }

    pub(super) fn seal(
        &self,
        session: &StoredSession,
        random: &mut dyn SecureRandom,
    ) -> Result<String, EncryptionError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut bytes = [self.parameters.as_slice(), &nonce].concat();
        let plain = session.to_text();
        let payload = Payload { msg: plain.as_bytes(), aad: &bytes };
        // The cipher only refuses messages of 256 GiB and more.
        let sealed =
            self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| EncryptionError::ExcessiveCost)?;
        bytes.extend_from_slice(&sealed);
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum.iter().take(CHECKSUM_LEN));
        Ok(format!("{TEXT_PREFIX}{}", Base64UrlUnpadded::encode_string(&bytes)))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
