//! The keys of a datacenter: temporary ones are renewed before they expire, those that the server has forgotten are given up,
//! and what left under a key that is gone is waited for or reported.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::draining::DrainingSession;
use super::{Datacenter, Role};
use crate::client::backoff::pause;
use crate::client::config::Config;
use crate::client::connection::Connection;
use crate::client::connection::bound_session::BoundSession;
use crate::client::connection::stream::Phase;
use crate::client::connection::temporary_key::{TemporaryKey, denies_permanent_key};
use crate::client::io::ConnId;
use crate::crypto::SecureRandom;
use crate::policy;
use crate::rpc::{DisconnectReason, PendingRequests, RequestOrdering};
use crate::session::RequestTag;
use crate::time::{Now, Timestamp};

/// Transport error: the server does not know the key. Anybody on the way can send it.
const UNKNOWN_KEY: DisconnectReason = DisconnectReason::TransportError(-404);

impl Datacenter {
    /// Takes note of the time. Answers connections to close, where a change of keys is complete.
    pub(crate) fn tick(&mut self, table: &PendingRequests, now: Now) -> impl Iterator<Item = ConnId> + use<> {
        self.main.tick(now.monotonic);
        let old = self.tick_draining(table, now);
        if core::mem::take(&mut self.owes_less) && !self.parked.is_empty() && self.session_is_filled() {
            self.unpark(table);
        }
        old.into_iter().chain(self.tick_next(table, now).into_iter().flatten())
    }

    /// What the server never got of the last session leaves in this one.
    fn tick_draining(&mut self, table: &PendingRequests, now: Now) -> Option<ConnId> {
        let draining = self.draining.as_deref_mut()?;
        draining.connection.tick(now.monotonic);
        let lost = draining.take_lost();
        let is_over = draining.is_over(now.monotonic);
        // A session that was not filled yet will get them with all others.
        if self.session_is_filled() {
            for tag in lost {
                self.route_waiting(tag, table);
            }
        }
        if is_over { self.drop_draining(table) } else { None }
    }

    fn tick_next(&mut self, table: &PendingRequests, now: Now) -> [Option<ConnId>; 2] {
        let Some(next) = &mut self.next else { return [None, None] };
        next.tick(now.monotonic);
        let Some(prepared) = &mut next.bound else { return [None, None] };
        if prepared.is_ready() {
            return self.change_keys(table, now);
        }
        let is_away = !self.main.is_validated();
        let busy = self.main.bound.as_mut().map(|bound| &mut bound.session);
        let busy = busy.filter(|session| session.has_requests());
        let is_busy = busy.is_some();
        if let Some(session) = busy.filter(|_| self.holding.is_none()) {
            // Once the next key is bound, the server may know nothing of this one.
            session.start_draining(now);
        }
        // While there is no connection to ask over, nobody can have answered.
        if self.holding.is_none() || is_away {
            self.holding = Some(now.monotonic + policy::ROTATION_HOLD);
        }
        if !is_busy || self.holding.is_some_and(|until| until <= now.monotonic) {
            prepared.bind();
        }
        [None, None]
    }

    /// The next key is bound: it carries all requests from now on. What left under the last one is waited for there.
    fn change_keys(&mut self, table: &PendingRequests, now: Now) -> [Option<ConnId>; 2] {
        let Some(next) = self.next.take() else { return [None, None] };
        self.renewal_failures = 0;
        self.replace(*next, table, now)
    }

    fn replace(&mut self, next: Connection, table: &PendingRequests, now: Now) -> [Option<ConnId>; 2] {
        let unfinished = self.drop_draining(table);
        let last = core::mem::replace(&mut self.main, next);
        if let Phase::Open(stream) = &mut self.main.phase {
            // Requests had another key to leave under.
            stream.makes_key = false;
        }
        self.holding = None;
        let finished = if DrainingSession::is_needed(&last) {
            let mut old = DrainingSession::new(last, now);
            // What never left is owed by nobody: the next session takes it when it is filled.
            old.take_lost();
            self.draining = Some(Box::new(old));
            None
        } else {
            last.conn()
        };
        [unfinished, finished]
    }

    /// Whether a connection goes on although requests need another key: the server said of a key that had been bound
    /// that it is not, so it will refuse what else is under way, and say so.
    pub(crate) fn is_only_unbound(&self, role: Role, reason: &DisconnectReason) -> bool {
        let was_bound = self.temporary().is_some_and(|(_, temporary)| temporary.is_bound());
        role == Role::Main && was_bound && matches!(reason, DisconnectReason::Binding(_))
    }

    /// The key carries no requests any more. Answers connections to close.
    pub(crate) fn retire(&mut self, table: &PendingRequests, now: Now) -> [Option<ConnId>; 2] {
        self.parked.clear();
        self.replace(Connection::new(), table, now)
    }

    /// Whether the last session needs another connection now.
    pub(crate) fn wants_draining(&self, now: Timestamp) -> bool {
        self.draining
            .as_deref()
            .is_some_and(|draining| matches!(draining.connection.phase, Phase::Waiting(at) if at <= now))
    }

    /// The connection of the last session is gone.
    pub(crate) fn lose_draining(
        &mut self,
        now: Now,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
    ) {
        if let Some(draining) = &mut self.draining {
            let pause = pause(draining.failures + 1, reason, random);
            draining.lost(reason, now.monotonic, pause);
        }
    }

    /// Whether it is time to make the next temporary key.
    pub(crate) fn wants_renewal(&self, now: Now) -> bool {
        self.renewal_due(now).is_some_and(|at| at <= now.monotonic)
    }

    /// When to make the next temporary key.
    fn renewal_due(&self, now: Now) -> Option<Timestamp> {
        let (bound, temporary) =
            self.temporary().filter(|_| self.main.is_validated() && self.next.is_none())?;
        let left = temporary.renew_at().saturating_sub(bound.server_time(now));
        Some(self.renew_after.max(now.monotonic + Duration::from_secs(left)))
    }

    /// The preparation of the next key failed.
    pub(crate) fn lose_next(
        &mut self,
        now: Now,
        reason: &DisconnectReason,
        table: &PendingRequests,
        random: &mut dyn SecureRandom,
    ) {
        self.next = None;
        self.holding = None;
        self.renewal_failures = self.renewal_failures.saturating_add(1);
        self.renew_after = now.monotonic + pause(self.renewal_failures, reason, random);
        self.unpark(table);
    }

    /// What the end of the main connection says about keys. `true`: the permanent key is of no use any more.
    pub(crate) fn check(&mut self, reason: &DisconnectReason, table: &PendingRequests, now: Now) -> bool {
        if *reason == UNKNOWN_KEY {
            self.unknown_key = self.unknown_key.saturating_add(1);
        }
        let temporary = self.temporary();
        // Anybody on the way can say -404, so one alone changes nothing; who is asked twice and did not change the
        // answer is believed as far as a key goes that costs nothing.
        let drop = match (&self.main.bound, temporary) {
            (None, _) => false,
            (Some(_), None) => *reason == UNKNOWN_KEY && self.unknown_key >= policy::KEY_DENIALS,
            (Some(bound), Some((_, temporary))) => {
                let useless = !temporary.is_bound() || temporary.is_over(bound.server_time(now));
                matches!(reason, DisconnectReason::Binding(_))
                    || *reason == UNKNOWN_KEY && (useless || self.unknown_key >= policy::KEY_DENIALS)
            }
        };
        if drop {
            self.drop_session(table);
            self.unknown_key = 0;
            // A permanent key, with which somebody may be logged in, is not given up for that: a binding will show whether
            // the server knows it.
            self.pfs = true;
        }
        let DisconnectReason::Binding(error) = reason else { return false };
        let settled = self.key_made.is_none_or(|at| now.monotonic - at >= policy::KEY_PROPAGATION);
        if denies_permanent_key(error) && settled {
            self.bind_refusals = self.bind_refusals.saturating_add(1);
        }
        self.bind_refusals >= policy::KEY_DENIALS
    }

    /// The permanent key is gone.
    pub(crate) fn forget_key(&mut self, config: &Config, table: &PendingRequests) {
        self.pfs = config.pfs;
        (self.bind_refusals, self.unknown_key) = (0, 0);
        self.drop_session(table);
    }

    /// Works out when the next key is due; needed after all else was done.
    pub(crate) fn note_renewal(&mut self, now: Now) {
        self.renewal_at = self.renewal_due(now);
    }

    /// Whether the last session may still bring the answer to a request.
    pub(crate) fn is_owed(&self, tag: RequestTag) -> bool {
        self.draining.as_deref().is_some_and(|draining| draining.carries(tag))
    }

    /// Takes the requests of which nobody can tell whether the server executed them, oldest first.
    pub(crate) fn take_undecided(&mut self) -> Vec<RequestTag> {
        let mut undecided = self.unconfirmed.take_undecided();
        let connections =
            [Some(&mut self.main), self.draining.as_deref_mut().map(|draining| &mut draining.connection)];
        for bound in connections.into_iter().flatten().filter_map(|connection| connection.bound.as_mut()) {
            undecided.append(&mut bound.session.take_unsure());
        }
        undecided.sort_unstable();
        undecided.dedup();
        undecided
    }

    /// Sends such a request again: in this session, or in the next, which takes all that is owed by nobody.
    pub(crate) fn repeat(&mut self, tag: RequestTag, place: RequestOrdering) {
        if let Some(bound) =
            self.draining.as_deref_mut().and_then(|draining| draining.connection.bound.as_mut())
        {
            bound.session.drop_request(tag);
            self.owes_less = true;
        }
        if !self.session_is_filled() {
            return;
        }
        let may_leave = self.may_leave(place);
        match &mut self.main.bound {
            // What is to be executed after it may wait there already.
            Some(bound) if may_leave => bound.session.queue_again(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// Lets go of the last session: what it owes is unconfirmed from now on. Answers its connection.
    pub(crate) fn drop_draining(&mut self, table: &PendingRequests) -> Option<ConnId> {
        let draining = self.draining.take()?;
        self.owes_less = true;
        self.unconfirmed.add(&draining.connection, table.waiting(self.dc));
        draining.connection.conn()
    }

    /// Remembers what left under all sessions, which will bring no more answers. Answers the last one's connection.
    pub(crate) fn expose(&mut self, table: &PendingRequests) -> Option<ConnId> {
        self.unconfirmed.add(&self.main, table.waiting(self.dc));
        self.drop_draining(table)
    }

    /// Forgets the session, so that the next connection begins with a new one; remembers what left under it.
    pub(crate) fn drop_session(&mut self, table: &PendingRequests) {
        self.unconfirmed.add(&self.main, table.waiting(self.dc));
        self.main.bound = None;
        self.holding = None;
        self.parked.clear();
    }

    pub(crate) fn temporary(&self) -> Option<(&BoundSession, &TemporaryKey)> {
        let bound = self.main.bound.as_ref()?;
        Some((bound, bound.temporary.as_ref()?))
    }
}
