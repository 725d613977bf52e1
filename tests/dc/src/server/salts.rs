//! Server salts: 64-bit numbers that change with time, so that an old packet cannot be replayed for long.
//!
//! Source: `core.telegram.org/mtproto/description#server-salt`.

use std::time::Duration;

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::hash::sha256;

/// One salt and when it is current, in Unix seconds. It is accepted for one more lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimedSalt {
    pub(crate) valid_since: i64,
    pub(crate) valid_until: i64,
    pub(crate) salt: i64,
}

/// The salts of one key. They follow from the key and the time, so nothing has to be stored.
pub(crate) struct Salts {
    seed: [u8; 32],
    lifetime: i64,
    /// The salt of the handshake, and the last second in which it is accepted.
    first: Option<(i64, i64)>,
}

impl Salts {
    /// `first` is the salt of the handshake; `None`: it is not accepted.
    pub(crate) fn new(key: &AuthKey, lifetime: Duration, first: Option<i64>, unix: i64) -> Self {
        let lifetime =
            i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX).clamp(1, i64::from(i32::MAX) / 256);
        let seed = sha256(&[b"server salts", key.as_bytes()]);
        Self { seed, lifetime, first: first.map(|salt| (salt, unix + 2 * lifetime)) }
    }

    /// Restores the salts of a key; `first` is what [`first`](Self::first) returned.
    pub(crate) fn restored(key: &AuthKey, lifetime: Duration, first: Option<(i64, i64)>) -> Self {
        Self { first, ..Self::new(key, lifetime, None, 0) }
    }

    /// The salt of the handshake, and the last second in which it is accepted.
    pub(crate) const fn first(&self) -> Option<(i64, i64)> {
        self.first
    }

    /// Returns the current salt.
    pub(crate) fn current(&self, unix: i64) -> i64 {
        self.of_period(unix.div_euclid(self.lifetime)).salt
    }

    /// Whether a client may use `salt` now.
    pub(crate) fn accepts(&self, salt: i64, unix: i64) -> bool {
        let period = unix.div_euclid(self.lifetime);
        salt == self.of_period(period).salt
            || salt == self.of_period(period - 1).salt
            || self.first.is_some_and(|(first, until)| salt == first && unix <= until)
    }

    /// The current salt and those after it.
    pub(crate) fn future(&self, unix: i64) -> impl Iterator<Item = TimedSalt> {
        (unix.div_euclid(self.lifetime)..).map(|period| self.of_period(period))
    }

    fn of_period(&self, period: i64) -> TimedSalt {
        let digest = sha256(&[&self.seed, &period.to_le_bytes()]);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        let valid_since = period * self.lifetime;
        TimedSalt {
            valid_since,
            valid_until: valid_since + 2 * self.lifetime,
            salt: i64::from_le_bytes(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_accepted_for_two_lifetimes() {
        let salts = Salts::new(&AuthKey::new([3; 256]), Duration::from_secs(100), Some(7), 1000);
        let salt = salts.current(1000);
        assert!(salts.accepts(salt, 1000) && salts.accepts(salt, 1199));
        assert!(!salts.accepts(salt, 1200) && !salts.accepts(salt, 999));
        assert!(salts.accepts(7, 1200) && !salts.accepts(7, 1201));
        let future: Vec<_> = salts.future(1050).take(3).collect();
        assert_eq!(future[0].salt, salt);
        assert_eq!((future[1].valid_since, future[1].valid_until), (1100, 1300));
        assert_eq!(salts.current(1100), future[1].salt);
    }
}
