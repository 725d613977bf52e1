//! Server salts: the one in use, and those fetched ahead (`mtproto/service_messages`, "Request for several future
//! salts").

use alloc::collections::VecDeque;

use crate::policy;
use crate::time::Timestamp;
use crate::tl::types::FutureSalt;

/// The salts of one key.
#[derive(Debug)]
pub(super) struct Salts {
    current: i64,
    /// Salts of `future_salts` that are not in use yet, in the order of `valid_since`.
    future: VecDeque<FutureSalt>,
    /// `get_future_salts` is not sent again before this time.
    ask_not_before: Timestamp,
}

impl Salts {
    pub(super) const fn new(current: i64) -> Self {
        Self { current, future: VecDeque::new(), ask_not_before: Timestamp::ZERO }
    }

    pub(super) const fn current(&self) -> i64 {
        self.current
    }

    /// Uses the salt that `bad_server_salt` or `new_session_created` gave.
    pub(super) fn set_current(&mut self, salt: i64) {
        self.current = salt;
    }

    /// Changes to the newest salt that is valid at `server_time`, seconds since 1970.
    pub(super) fn rotate(&mut self, server_time: u64) {
        let valid = |salt: &FutureSalt| u64::from(salt.valid_since.cast_unsigned()) <= server_time;
        while self.future.front().is_some_and(valid) {
            let over = |salt: &FutureSalt| u64::from(salt.valid_until.cast_unsigned()) <= server_time;
            if let Some(salt) = self.future.pop_front().filter(|salt| !over(salt)) {
                self.current = salt.salt;
            }
        }
    }

    /// Whether more should be fetched now.
    pub(super) fn want_more(&self, now: Timestamp) -> bool {
        self.future.len() < policy::FEW_SALTS && now >= self.ask_not_before
    }

    /// Notes that `get_future_salts` was queued.
    pub(super) fn note_asked(&mut self, now: Timestamp) {
        self.ask_not_before = now + policy::SALTS_ASKED_EVERY;
    }

    /// Replaces the future salts by those of a `future_salts`; at most 32 are kept.
    pub(super) fn set_future(&mut self, mut salts: alloc::vec::Vec<FutureSalt>) {
        salts.sort_by_key(|salt| salt.valid_since.cast_unsigned());
        salts.truncate(policy::MAX_SALTS);
        salts.shrink_to_fit();
        self.future = salts.into();
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use core::time::Duration;

    use super::*;

    fn salt(valid_since: i32, salt: i64) -> FutureSalt {
        FutureSalt { valid_since, valid_until: valid_since + 3600, salt }
    }

    #[test]
    fn salts_change_at_their_time_and_stale_ones_are_skipped() {
        let mut salts = Salts::new(1);
        salts.set_future(vec![salt(9000, 4), salt(2800, 3), salt(1000, 2)]);
        salts.rotate(999);
        assert_eq!(salts.current(), 1);
        salts.rotate(1000);
        assert_eq!(salts.current(), 2);
        assert!(!salts.want_more(Timestamp::ZERO));
        salts.rotate(20_000);
        assert_eq!(salts.current(), 2, "a salt that is over is not taken");
        assert!(salts.want_more(Timestamp::ZERO));
        salts.note_asked(Timestamp::ZERO);
        assert!(!salts.want_more(Timestamp::from_origin(Duration::from_secs(59))));
        assert!(salts.want_more(Timestamp::from_origin(Duration::from_secs(60))));
    }
}
