//! What happens by itself: timers, connections that are opened, lost and closed, transmits.

use alloc::vec::Vec;

use super::connection::Context;
use super::datacenter::Role;
use super::io::{ConnId, Event, LogoutCause, Output};
use super::key_destruction::KeyDestruction;
use super::machine::{Client, find};
use super::stream::{Phase, Stream};
use super::ways::{self, Attempt};
use crate::rpc::{DisconnectReason, InvokeError, IoFailure, RequestId, Requester, Trouble};
use crate::session::Delivery;
use crate::time::{Now, Timestamp};

impl Client {
    /// Brings everything to rest: timers, steps of logins, connections, transmits.
    pub(super) fn advance(&mut self, now: Now) {
        while let Some(id) = self.table.expired(now.monotonic) {
            let makes_key = self.table.dc(id).and_then(|dc| self.links.get(&dc)?.makes_key());
            if makes_key.is_some_and(|due| due > now.monotonic && self.table.put_off(id, due)) {
                continue;
            }
            let delivery = self.delivery(id).unwrap_or(Delivery::Queued);
            let link = self.table.dc(id).and_then(|dc| self.links.get(&dc));
            let trouble = link.and_then(|link| link.trouble.clone()).map(Trouble::Lost);
            self.drop_request(id);
            self.fail(id, InvokeError::TimedOut { delivery, trouble });
        }
        let overdue: Vec<(ConnId, DisconnectReason)> =
            self.links.values().filter_map(|link| link.expired(now.monotonic)).collect();
        for (conn, reason) in overdue {
            self.outputs.push_back(Output::Close { conn });
            self.lose(now, conn, &reason);
        }
        self.run_timers(now);
        while let Some((query, owner)) = self.answered.pop_front() {
            match owner {
                Requester::Step(step) => self.step_answered(now, query, step),
                Requester::Transfer(dc) => self.transfer_answered(now, query, dc),
                Requester::Updates => self.updates_answered(now, query),
                Requester::Addresses => self.addresses_answered(now, query),
                Requester::Application => {}
            }
        }
        self.subscribe(now);
        self.ask_addresses(now);
        self.begin_transfers(now);
        let scanned_at = self.steps.wait_for_scan().then(|| self.home());
        self.close_idle(now.monotonic);
        for link in self.links.values_mut() {
            let was_validated = link.is_validated();
            let replaced = link.tick(&self.table, now);
            self.outputs.extend(replaced.map(|conn| Output::Close { conn }));
            if link.is_validated() && !was_validated {
                self.outputs.push_back(link.works());
            }
        }
        self.decide_exposed();
        let mut cx = Context { config: &self.config, data: &self.data, random: &mut *self.random, now };
        for link in self.links.values_mut() {
            let due = match link.main.phase {
                Phase::Idle => {
                    let is_wanted = link.keep || scanned_at == Some(link.dc);
                    !self.closed && (is_wanted || self.table.has_pending(link.dc))
                }
                Phase::Waiting(at) => at <= now.monotonic,
                Phase::Open(_) => false,
            };
            let renewal = link.wants_renewal(now) && !self.closed;
            let old = link.wants_old(now.monotonic) && !self.closed;
            for (side, _) in [(Role::Main, due), (Role::Next, renewal), (Role::Old, old)]
                .into_iter()
                .filter(|(_, due)| *due)
            {
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                let Attempt { endpoints, transport, disguise } = link.attempt(&self.config, &self.data);
                link.open(side, Stream::new(conn, transport, disguise, &self.config, now), &self.table, now);
                self.outputs.push_back(Output::Open { conn, dc: link.dc, endpoints });
            }
            link.begin(&mut cx);
            if link.fill(&self.table)
                && let Some(timeout) = self.config.request_timeout
            {
                // Nothing has left yet for want of a key: the limit of what waits begins now.
                let waiting: Vec<RequestId> = self.table.waiting(link.dc).collect();
                for id in waiting {
                    self.table.put_off(id, now.monotonic + timeout);
                }
            }
            for side in [Role::Main, Role::Next, Role::Old] {
                let transmit = link.transmit(side, &self.table, &mut cx);
                self.outputs.extend(transmit.map(|(conn, bytes)| Output::Transmit { conn, bytes }));
            }
            link.note_renewal(now);
        }
        // A key may have been found expired.
        self.decide_exposed();
        self.say_farewell(now);
    }

    /// Closes connections to other DCs that nobody needed for a while.
    fn close_idle(&mut self, now: Timestamp) {
        let home = self.home();
        for link in self.links.values_mut().filter(|link| link.dc != home && !link.keep) {
            if link.idle_since() + self.config.idle_timeout > now || !link.is_validated() {
                continue;
            }
            if self.table.has_pending(link.dc) {
                link.last_used = now;
                continue;
            }
            let dc = link.dc;
            self.outputs.extend(link.hang_up(&self.table).map(|conn| Output::Close { conn }));
            let reason = DisconnectReason::ClosedByUs;
            self.outputs.push_back(Output::Event(Event::Disconnected { dc, reason, retry_in: None }));
        }
    }

    /// Brings the last words out; the steps that wait for them end with the last.
    fn say_farewell(&mut self, now: Now) {
        let mut cx = Context { config: &self.config, data: &self.data, random: &mut *self.random, now };
        for farewell in &mut self.farewells {
            if farewell.is_over(now.monotonic) {
                self.outputs.extend(farewell.conn().map(|conn| Output::Close { conn }));
                continue;
            }
            if farewell.wants_connection() {
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                let attempt = ways::attempt(&self.config, &self.data, farewell.dc, 0);
                let Attempt { endpoints, transport, disguise } = attempt;
                farewell.open(Stream::new(conn, transport, disguise, &self.config, now));
                self.outputs.push_back(Output::Open { conn, dc: farewell.dc, endpoints });
            }
            let transmit = farewell.transmit(&mut cx);
            self.outputs.extend(transmit.map(|(conn, bytes)| Output::Transmit { conn, bytes }));
        }
        self.farewells.retain(|farewell| !farewell.is_over(now.monotonic));
        if self.farewells.is_empty() {
            for (id, result) in core::mem::take(&mut self.leaving) {
                self.steps.results.insert(id, result);
                self.outputs.push_back(Output::Event(Event::Completed(id)));
            }
        }
    }

    /// The earliest time at which the machine wants a [`Input::Tick`](super::Input::Tick).
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let home = self.home();
        let idle = self.links.values().filter(|link| link.dc != home && !link.keep && link.is_validated());
        let idle = idle.map(|link| link.idle_since() + self.config.idle_timeout);
        let farewells = self.farewells.iter().map(KeyDestruction::timeout);
        let links = self.links.values().filter_map(|link| link.timeout());
        let timers = links.chain(idle).chain(farewells).chain(self.table.next_deadline());
        timers.chain(self.steps.next_alarm()).chain(self.subscription_due()).min()
    }

    /// A connection is gone: pauses, tries again, or gives up.
    pub(super) fn lose(&mut self, now: Now, conn: ConnId, reason: &DisconnectReason) {
        let Some((link, side)) = find(&mut self.links, conn) else { return };
        let dc = link.dc;
        match side {
            Role::Main => {}
            Role::Next => return link.lose_next(now, reason, &self.table, &mut *self.random),
            Role::Old => return link.lose_old(now, reason, &mut *self.random),
        }
        let was_validated = link.is_validated();
        if !was_validated {
            link.next_route();
        }
        if link.is_only_unbound(side, reason) {
            let closed = link.retire(&self.table, now);
            self.outputs.extend(closed.into_iter().flatten().map(|conn| Output::Close { conn }));
        }
        link.count_failure(reason, now.monotonic);
        link.main.phase = Phase::Idle;
        if link.check(reason, &self.table, now) {
            self.forget_key(dc);
            if dc == self.home() {
                self.signed_out_by_server(LogoutCause::KeyInvalid);
            }
        }
        self.decide_exposed();
        if dc == self.home() {
            self.postpone_updates();
            self.postpone_addresses();
        }
        let scanned_here = dc == self.home() && self.steps.wait_for_scan();
        let Some(link) = self.links.get_mut(&dc) else { return };
        let wanted = !self.closed && (link.keep || scanned_here || self.table.has_pending(dc));
        let limit = self.config.max_attempts;
        let needs_person =
            matches!(reason, DisconnectReason::Network(IoFailure::Proxy(fault)) if fault.needs_credentials());
        // A connection that once worked is worth waiting for; requests have deadlines of their own.
        let given_up = !link.ever_worked && (needs_person || (limit > 0 && link.failures >= limit));
        // Anybody on the way can say so in the middle of a connection that works; the next one will tell.
        let hopeless = (reason.is_permanent() && !was_validated) || given_up;
        let retry_in = (wanted && !hopeless).then(|| link.pause(reason, &mut *self.random));
        if let Some(pause) = retry_in {
            link.main.phase = Phase::Waiting(now.monotonic + pause);
        } else {
            link.keep = false;
            link.failures = 0;
        }
        self.outputs.push_back(Output::Event(Event::Disconnected { dc, reason: reason.clone(), retry_in }));
        if wanted && retry_in.is_none() {
            let waiting: Vec<RequestId> = self.table.waiting(dc).collect();
            for id in waiting {
                let delivery = self.delivery(id).unwrap_or(Delivery::Queued);
                self.drop_request(id);
                self.fail(id, InvokeError::Unreachable { dc, reason: reason.clone(), delivery });
            }
            // What waits for more than an answer waits for this connection: for a link to be scanned.
            if scanned_here {
                let (reason, delivery) = (reason.clone(), Delivery::Queued);
                self.end_steps(now, &InvokeError::Unreachable { dc, reason, delivery });
            }
        }
    }
}
