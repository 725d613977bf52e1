//! Server salts: the current one and future ones (`mtproto/service_messages`, "Request for several future salts").

use alloc::collections::VecDeque;

use crate::policy;
use crate::time::Timestamp;
use crate::tl::types::FutureSalt;

/// The server salts of one key.
#[derive(Debug)]
pub(super) struct Salts {
    current: i64,
    /// Salts from `future_salts` that are not in use yet, in order of `valid_since`.
    future: VecDeque<FutureSalt>,
    /// `get_future_salts` is not sent before this time.
    next_request: Timestamp,
}

impl Salts {
    pub(super) const fn new(current: i64) -> Self {
        Self { current, future: VecDeque::new(), next_request: Timestamp::ZERO }
    }

    pub(super) const fn current(&self) -> i64 {
        self.current
    }

    /// Sets the current salt, from `bad_server_salt` or `new_session_created`.
    pub(super) fn set_current(&mut self, salt: i64) {
        self.current = salt;
    }

    /// Makes the newest salt that is valid at `server_time`, a Unix time in seconds, the current one.
    pub(super) fn rotate(&mut self, server_time: u64) {
        let has_begun = |salt: &FutureSalt| u64::from(salt.valid_since.cast_unsigned()) <= server_time;
        while self.future.front().is_some_and(has_begun) {
            let has_expired = |salt: &FutureSalt| u64::from(salt.valid_until.cast_unsigned()) <= server_time;
            if let Some(salt) = self.future.pop_front().filter(|salt| !has_expired(salt)) {
                self.current = salt.salt;
            }
        }
    }

    /// Returns whether to request more: few future salts are left, and the last request was long enough ago.
    pub(super) fn should_request(&self, now: Timestamp) -> bool {
        self.future.len() < policy::FEW_SALTS && now >= self.next_request
    }

    /// Records that `get_future_salts` is queued.
    pub(super) fn on_requested(&mut self, now: Timestamp) {
        self.next_request = now + policy::MIN_SALT_REQUEST_INTERVAL;
    }

    /// Replaces the future salts by those of `future_salts`. At most [`policy::MAX_SALTS`] are kept.
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
    fn salts_change_when_valid_and_expired_ones_are_skipped() {
        let mut salts = Salts::new(1);
        salts.set_future(vec![salt(9000, 4), salt(2800, 3), salt(1000, 2)]);
        salts.rotate(999);
        assert_eq!(salts.current(), 1);
        salts.rotate(1000);
        assert_eq!(salts.current(), 2);
        assert!(!salts.should_request(Timestamp::ZERO));
        salts.rotate(20_000);
        assert_eq!(salts.current(), 2, "an expired salt is not taken");
        assert!(salts.should_request(Timestamp::ZERO));
        salts.on_requested(Timestamp::ZERO);
        assert!(!salts.should_request(Timestamp::from_origin(Duration::from_secs(59))));
        assert!(salts.should_request(Timestamp::from_origin(Duration::from_secs(60))));
    }

    #[test]
    fn a_salt_is_valid_until_its_last_second_has_passed() {
        for (time, current) in [(4599, 2), (4600, 1)] {
            let mut salts = Salts::new(1);
            salts.set_future(vec![salt(1000, 2)]);
            salts.rotate(time);
            assert_eq!(salts.current(), current, "{time}");
        }
    }

    #[test]
    fn fewer_than_two_future_salts_are_few() {
        let mut salts = Salts::new(1);
        for (count, few) in [(0, true), (1, true), (2, false)] {
            salts.set_future(vec![salt(1000, 2); count]);
            assert_eq!(salts.should_request(Timestamp::ZERO), few, "{count}");
        }
    }

    #[test]
    fn the_sixteen_salts_that_come_first_are_kept() {
        let mut salts = Salts::new(1);
        salts.set_future((0..40).rev().map(|number| salt(1000 * number, number.into())).collect());
        salts.rotate(15_000);
        assert_eq!(salts.current(), 15);
        salts.rotate(16_000);
        assert_eq!(salts.current(), 15, "the others are dropped");
    }
}
