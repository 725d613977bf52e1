//! The msg_ids of received messages, to detect replays (`mtproto/security_guidelines`, "Checking msg_id").

use alloc::collections::VecDeque;

use super::ids::MsgId;
use crate::policy;

/// Maximum number of msg_ids in a [`ReplayWindow`], of 8 bytes each.
pub const REPLAY_WINDOW: usize = policy::REPLAY_WINDOW;

/// The result of checking a msg_id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It was not received before.
    New,
    /// It was received before: a replay or a resend.
    Duplicate,
    /// It is below the window: whether it was received before is unknown.
    TooOld,
}

/// The newest received msg_ids, sorted: at most [`REPLAY_WINDOW`]. [`trim`](Self::trim) keeps those of the last 10
/// minutes before the newest one, but at least 15.
#[derive(Clone, Debug, Default)]
pub struct ReplayWindow {
    seen: VecDeque<MsgId>,
    /// All forgotten msg_ids are below this one: nothing below it counts as new.
    floor: u64,
}

impl ReplayWindow {
    /// Checks a msg_id and records it if it is new.
    ///
    /// Takes constant time for rising msg_ids, and for those directly below the newest one. Others cost a binary search,
    /// and at most [`REPLAY_WINDOW`] moved entries.
    pub fn record(&mut self, id: MsgId) -> Freshness {
        match self.insert_position(id) {
            Ok(position) => {
                // Most are the newest one or directly below it.
                self.seen.push_back(id);
                let last = self.seen.len() - 1;
                if position + 1 == last {
                    self.seen.swap(position, last);
                } else if position < last {
                    self.seen.pop_back();
                    self.seen.insert(position, id);
                }
                while self.seen.len() > REPLAY_WINDOW {
                    self.forget_oldest();
                }
                Freshness::New
            }
            Err(stale) => stale,
        }
    }

    /// Checks a msg_id without recording it.
    #[must_use]
    pub fn check(&self, id: MsgId) -> Freshness {
        self.insert_position(id).err().unwrap_or(Freshness::New)
    }

    /// Returns the index at which to insert a msg_id, if it is new.
    fn insert_position(&self, id: MsgId) -> Result<usize, Freshness> {
        if self.seen.back().is_none_or(|newest| *newest < id) {
            return Ok(self.seen.len());
        }
        // The messages of a container rise, directly below the container.
        let last = self.seen.len() - 1;
        if let Some(before) = last.checked_sub(1).and_then(|at| self.seen.get(at))
            && *before < id
            && self.seen.back() != Some(&id)
        {
            return Ok(last);
        }
        let Err(position) = self.seen.binary_search(&id) else { return Err(Freshness::Duplicate) };
        // A full window has no room for a msg_id below all others.
        let is_too_old = id.0 < self.floor || (position == 0 && self.seen.len() == REPLAY_WINDOW);
        if is_too_old { Err(Freshness::TooOld) } else { Ok(position) }
    }

    fn forget_oldest(&mut self) {
        if let Some(id) = self.seen.pop_front() {
            self.floor = id.0.saturating_add(1);
        }
    }

    /// Forgets old msg_ids. For an idle session: while many messages arrive, old ones may only be late.
    pub fn trim(&mut self) {
        let newest = self.seen.back().map_or(0, |newest| newest.0);
        let oldest = MsgId(newest.saturating_sub(policy::REPLAY_KEPT_FOR.as_secs() << 32));
        while self.seen.len() > policy::REPLAY_KEPT_AT_LEAST
            && self.seen.front().is_some_and(|id| *id < oldest)
        {
            self.forget_oldest();
        }
        self.seen.shrink_to(policy::REPLAY_KEPT_ROOM);
    }

    /// Returns the status of a message of the server for `msgs_state_info`: 1 forgotten, 2 not received, 3 not received
    /// and newer than all received messages, 4 received.
    #[must_use]
    pub fn state_of(&self, id: MsgId) -> u8 {
        match (self.seen.front(), self.seen.back()) {
            _ if self.contains(id) => 4,
            // As are all that were forgotten.
            (Some(oldest), _) if id < *oldest => 1,
            (_, Some(newest)) if id < *newest => 2,
            _ => 3,
        }
    }

    /// Returns whether the msg_id is recorded.
    #[must_use]
    pub fn contains(&self, id: MsgId) -> bool {
        self.seen.binary_search(&id).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_msg_id_is_new_once() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.record(MsgId(5)), Freshness::New);
        assert_eq!(window.record(MsgId(3)), Freshness::New);
        assert_eq!(window.record(MsgId(5)), Freshness::Duplicate);
        assert_eq!(window.record(MsgId(3)), Freshness::Duplicate);
    }

    #[test]
    fn the_messages_of_a_container_come_after_it() {
        let mut window = ReplayWindow::default();
        for container in (100..=900).step_by(100) {
            assert_eq!(window.record(MsgId(container)), Freshness::New);
            for id in container - 50..container {
                assert_eq!(window.record(MsgId(id)), Freshness::New);
                assert_eq!(window.record(MsgId(id)), Freshness::Duplicate);
            }
        }
        assert!(window.seen.iter().is_sorted());
    }

    #[test]
    fn everything_below_a_full_window_is_too_old() {
        let mut window = ReplayWindow::default();
        for id in 0..REPLAY_WINDOW as u64 {
            window.record(MsgId(10 + id));
        }
        assert_eq!(window.record(MsgId(9)), Freshness::TooOld);
        assert_eq!(window.record(MsgId(10)), Freshness::Duplicate);
        assert_eq!(window.record(MsgId(10 + REPLAY_WINDOW as u64)), Freshness::New);
        assert_eq!(window.record(MsgId(10)), Freshness::TooOld);
    }

    fn at(second: u64) -> MsgId {
        MsgId(second << 32 | 1)
    }

    #[test]
    fn an_idle_session_remembers_15_messages() {
        let mut window = ReplayWindow::default();
        for minute in 1..=14_400 {
            assert_eq!(window.record(at(60 * minute)), Freshness::New);
            window.trim();
            assert!(
                window.seen.len() <= policy::REPLAY_KEPT_AT_LEAST
                    && window.seen.capacity() <= policy::REPLAY_KEPT_ROOM
            );
        }
        let now = 60 * 14_400;
        assert_eq!(window.record(at(now - 60 * 14)), Freshness::Duplicate);
        assert_eq!(window.record(at(now - 60 * 14 + 1)), Freshness::New);
        assert_eq!(window.record(at(now - 60 * 15)), Freshness::TooOld);
        assert_eq!(window.record(at(60)), Freshness::TooOld);
        assert_eq!([window.state_of(at(60)), window.state_of(at(now))], [1, 4]);
    }

    #[test]
    fn messages_created_during_a_suspend_are_new_in_any_order() {
        let mut window = ReplayWindow::default();
        window.record(at(1000));
        // The computer was suspended for eight hours. The newest of a thousand messages arrives first.
        for second in (29_000..30_000).rev() {
            assert_eq!(window.record(at(second)), Freshness::New);
        }
        assert_eq!(window.record(at(1000)), Freshness::Duplicate);
    }

    #[test]
    fn messages_between_received_ones_are_missing_and_those_below_forgotten() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.state_of(MsgId(5)), 3);
        for id in [5, 9] {
            window.record(MsgId(id));
        }
        assert_eq!([3, 5, 7, 9, 11].map(|id| window.state_of(MsgId(id))), [1, 4, 2, 4, 3]);
    }

    #[test]
    fn a_burst_frees_its_memory() {
        let mut window = ReplayWindow::default();
        (0..5000).for_each(|id| assert_eq!(window.record(MsgId(at(10).0 + 4 * id)), Freshness::New));
        assert_eq!(window.seen.len(), REPLAY_WINDOW);
        window.record(at(2000));
        window.trim();
        assert!(
            window.seen.len() == policy::REPLAY_KEPT_AT_LEAST
                && window.seen.capacity() == policy::REPLAY_KEPT_ROOM
        );
    }

    #[test]
    fn no_msg_id_is_new_twice() {
        fn property(ids: std::vec::Vec<u16>, seconds: bool, trims: bool) -> bool {
            let mut window = ReplayWindow::default();
            let mut accepted = BTreeSet::new();
            ids.into_iter().map(|id| if seconds { at(id.into()) } else { MsgId(id.into()) }).all(|id| {
                let newest = accepted.last().copied().unwrap_or(id);
                let found = window.record(id);
                if trims {
                    window.trim();
                }
                match found {
                    Freshness::New => accepted.insert(id),
                    Freshness::Duplicate => accepted.contains(&id),
                    Freshness::TooOld => {
                        accepted.len() >= REPLAY_WINDOW || trims && id.0 + (600 << 32) < newest.0
                    }
                }
            })
        }
        quickcheck::quickcheck(property as fn(std::vec::Vec<u16>, bool, bool) -> bool);
    }
}
