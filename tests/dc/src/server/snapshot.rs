//! The state of the DCs as bytes: keys and accounts, for a later process. MTProto sessions are not in it: a client that
//! connects again gets `new_session_created`, as after a restart of Telegram's servers.

use std::collections::BTreeMap;

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::hash::sha256;

use super::dcs::TestDcs;
use super::keys::KeyState;
use super::options::ServerOptions;
use super::salts::Salts;
use crate::random::SecureRandom;
use crate::wire::{Malformed, Reader, Writer};

/// The first bytes of a state; the version of the layout follows.
const MAGIC: &[u8] = b"sansgram test DCs, state ";
const VERSION: u8 = b'3';
/// The layout before that, without the counters of messages.
const WITHOUT_COUNTERS: u8 = b'2';
/// The layout before that, without devices.
const WITHOUT_DEVICES: u8 = b'1';
const DIGEST_LEN: usize = 32;

/// Why a state cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The bytes do not begin like a state.
    #[error("it is not a state of test DCs")]
    Foreign,
    /// The layout is of an unknown version.
    #[error("it was written by a version with another layout")]
    Version,
    /// The bytes are cut short or changed.
    #[error("it is damaged")]
    Damaged,
    /// The state belongs to DCs with another RSA key.
    #[error("it belongs to test DCs with another RSA key")]
    OtherKey,
}

impl From<Malformed> for RestoreError {
    fn from(_: Malformed) -> Self {
        Self::Damaged
    }
}

impl TestDcs {
    /// Returns the state for a later process, with a checksum: auth keys and their bindings, accounts, logins, pending
    /// codes. It holds secrets.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let living: Vec<_> =
            self.keys.iter().filter(|(_, key)| !self.owners.is_ended(key.account_key())).collect();
        let mut out = Writer::default().u64(self.rsa.fingerprint()).u64(living.len() as u64);
        for ((dc, _), key) in living {
            out = out.i32(*dc).raw(key.auth_key.as_bytes()).u64(key.calls);
            for time in [key.expires_at, key.bound_to.map(u64::cast_signed)] {
                out = out.i32(i32::from(time.is_some())).i64(time.unwrap_or_default());
            }
            let first = key.salts.first();
            let (salt, until) = first.unwrap_or_default();
            out = out.i32(i32::from(first.is_some())).i64(salt).i64(until);
        }
        let mut saved = [MAGIC, &[VERSION], b"\n", &self.accounts.save(out).finish()].concat();
        saved.extend(sha256(&[&saved]));
        saved
    }

    /// Starts DCs that continue from what [`save`](Self::save) returned.
    ///
    /// # Errors
    /// Returns [`RestoreError`] if this version cannot read the bytes.
    pub fn restore(
        options: ServerOptions,
        random: Box<dyn SecureRandom + Send>,
        saved: &[u8],
    ) -> Result<Self, RestoreError> {
        let versioned = saved.strip_prefix(MAGIC).ok_or_else(|| {
            // A state may be cut off this early.
            if MAGIC.starts_with(saved) { RestoreError::Damaged } else { RestoreError::Foreign }
        })?;
        match versioned {
            [VERSION | WITHOUT_COUNTERS | WITHOUT_DEVICES, b'\n', ..] => {}
            [] | [VERSION | WITHOUT_COUNTERS | WITHOUT_DEVICES] => return Err(RestoreError::Damaged),
            _ => return Err(RestoreError::Version),
        }
        let (covered, digest) = saved.split_last_chunk::<DIGEST_LEN>().ok_or(RestoreError::Damaged)?;
        if sha256(&[covered]) != *digest {
            return Err(RestoreError::Damaged);
        }
        let mut reader = Reader::new(covered.get(MAGIC.len() + 2..).ok_or(RestoreError::Damaged)?);
        let mut dcs = Self::new(options, random);
        if reader.u64()? != dcs.rsa.fingerprint() {
            return Err(RestoreError::OtherKey);
        }
        for _ in 0..reader.u64()? {
            let dc = reader.i32()?;
            let auth_key = AuthKey::new(reader.array()?);
            dcs.secrets().add("auth_key", auth_key.as_bytes());
            let calls = reader.u64()?;
            let expires_at = optional(&mut reader)?;
            let bound_to = optional(&mut reader)?.map(i64::cast_unsigned);
            let (has_first, salt, until) = (reader.i32()?, reader.i64()?, reader.i64()?);
            let lifetime = dcs.options.salt_lifetime;
            let salts = Salts::restored(&auth_key, lifetime, (has_first == 1).then_some((salt, until)));
            let id = auth_key.id().0;
            let sessions = BTreeMap::new();
            let key = KeyState { auth_key, expires_at, bound_to, calls, salts, sessions };
            dcs.keys.insert((dc, id), key);
        }
        dcs.accounts.restore(&mut reader)?;
        let version = versioned.first().copied().unwrap_or_default();
        if version != WITHOUT_DEVICES {
            dcs.accounts.restore_devices(&mut reader)?;
        }
        if version == VERSION {
            dcs.accounts.restore_counters(&mut reader)?;
        }
        if reader.rest().is_empty() { Ok(dcs) } else { Err(RestoreError::Damaged) }
    }

    /// Whether the state that [`save`](Self::save) returns may have changed since the last call of this method.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed) | self.accounts.take_changed()
    }
}

fn optional(reader: &mut Reader<'_>) -> Result<Option<i64>, Malformed> {
    let (is_there, value) = (reader.i32()?, reader.i64()?);
    Ok((is_there == 1).then_some(value))
}
