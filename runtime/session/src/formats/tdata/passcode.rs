//! The local key under a passcode, as versions since 7.3 store it: a fourth array in `key_data`, whose second array is
//! then empty. It contains, u32 each, the mark `KD2` and a zero byte, the version of this layout, the current generation
//! and the number of wraps. A wrap is kind, generation, memory in KiB, passes and lanes, u32 each, then the salt and the
//! local key, encrypted with the key from the passcode.
//!
//! UNVERIFIED: this follows the package opentele2 2.0.0, not the program itself. Unknown values are refused.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::super::encoding::{Bytes, Fields};
use super::{LocalKey, local};
use crate::policy::{MAX_PASSCODE_LANES, MAX_PASSCODE_MEMORY, MAX_PASSCODE_WORK, MAX_WRAPS};

const MARK: u32 = 0x4b44_3200;
/// The kind of wrap that uses Argon2id, version 1.3.
const ARGON2ID: u32 = 1;
/// The shortest salt of a wrap, in bytes.
const MIN_SALT_LEN: usize = 8;
/// The reason why no passcode can be tried, as the rest of a sentence.
const TOO_COSTLY: &str = "needs more memory or time to try a passcode than its program ever uses";
const UNKNOWN_KIND: &str = "uses an unknown key derivation for its passcode; set the passcode again in its program, or remove \
                            it";

/// The local key, encrypted with a passcode.
pub(super) struct Wrap<'a> {
    kind: u32,
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: &'a [u8],
    key: &'a [u8],
}

/// Returns the wraps of the current generation. Returns `None` if the layout is another one.
pub(super) fn wraps(content: &[u8]) -> Option<Vec<Wrap<'_>>> {
    let mut fields = Fields(content);
    // A later version is read if it has the same layout.
    let (mark, _version, generation) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let count = fields.u32().filter(|count| mark == MARK && *count <= MAX_WRAPS)?;
    let mut wraps = Vec::new();
    for _ in 0..count {
        let (kind, its_generation) = (fields.u32()?, fields.u32()?);
        let (memory, passes, lanes) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (salt, key) = (local::byte_array(&mut fields)?, local::byte_array(&mut fields)?);
        if its_generation == generation {
            wraps.push(Wrap { kind, memory, passes, lanes, salt, key });
        }
    }
    Some(wraps)
}

impl Wrap<'_> {
    /// Decrypts the local key, which takes about 0.25 seconds. Returns `None` if the passcode is wrong.
    ///
    /// # Errors
    /// Returns the reason why no passcode can be tried.
    pub(super) fn open(&self, passcode: &str) -> Result<Option<Bytes>, &'static str> {
        if self.kind != ARGON2ID || self.salt.len() < MIN_SALT_LEN {
            return Err(UNKNOWN_KIND);
        }
        let work = u64::from(self.memory) * u64::from(self.passes);
        if self.memory > MAX_PASSCODE_MEMORY || self.lanes > MAX_PASSCODE_LANES || work > MAX_PASSCODE_WORK {
            return Err(TOO_COSTLY);
        }
        let mut key: LocalKey = Zeroizing::new([0; 256]);
        Params::new(self.memory, self.passes, self.lanes, Some(key.len()))
            .and_then(|params| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                argon2.hash_password_into(passcode.as_bytes(), self.salt, key.as_mut_slice())
            })
            .map_err(|_| UNKNOWN_KIND)?;
        Ok(local::decrypt(self.key, &key))
    }
}
