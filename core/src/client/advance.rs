//! What happens after every input: timers, connections that are opened, lost and closed, transmits.

use alloc::vec::Vec;

use super::connection::stream::Stream;
use super::context::Context;
use super::datacenter::Role;
use super::datacenter::key_destruction::KeyDestruction;
use super::endpoints::{self, Attempt};
use super::io::{ConnId, Event, Output};
use super::machine::{Client, find};
use crate::rpc::{DisconnectReason, InvokeError, LogoutCause, RequestId, Requester, Trouble};
use crate::session::Delivery;
use crate::time::{Now, Timestamp};

impl Client {
    /// Does everything that is due: timers, steps of logins, connections, transmits.
    pub(super) fn advance(&mut self, now: Now) {
        while let Some(id) = self.requests.expired(now.monotonic) {
            let key_exchange =
                self.requests.dc(id).and_then(|dc| self.datacenters.get(&dc)?.key_exchange_due());
            if key_exchange.is_some_and(|due| due > now.monotonic && self.requests.postpone(id, due)) {
                continue;
            }
            let delivery = self.delivery(id).unwrap_or(Delivery::Queued);
            let datacenter = self.requests.dc(id).and_then(|dc| self.datacenters.get(&dc));
            let trouble = datacenter.and_then(|datacenter| datacenter.trouble().cloned()).map(Trouble::Lost);
            self.drop_request(id);
            self.fail(id, InvokeError::TimedOut { delivery, trouble });
        }
        let overdue: Vec<(ConnId, DisconnectReason)> =
            self.datacenters.values().filter_map(|datacenter| datacenter.expired(now.monotonic)).collect();
        for (conn, reason) in overdue {
            self.outputs.push_back(Output::Close { conn });
            self.connection_ended(now, conn, &reason);
        }
        self.run_step_alarms(now);
        while let Some((query, requester)) = self.answered.pop_front() {
            match requester {
                Requester::Step(step) => self.step_answered(now, query, step),
                Requester::Transfer(dc) => self.transfer_answered(now, query, dc),
                Requester::Updates => self.updates_answered(now, query),
                Requester::Addresses => self.addresses_answered(now, query),
                Requester::Application => {}
            }
        }
        self.ask_updates_state(now);
        self.ask_addresses(now);
        self.begin_transfers(now);
        let scanned_at = self.steps.wait_for_scan().then(|| self.home());
        self.close_idle(now.monotonic);
        for datacenter in self.datacenters.values_mut() {
            let was_ready = datacenter.is_ready();
            let replaced = datacenter.tick(&self.requests, now);
            self.outputs.extend(replaced.map(|conn| Output::Close { conn }));
            if datacenter.is_ready() && !was_ready {
                self.outputs.push_back(datacenter.connected());
            }
        }
        self.resolve_unknown_outcomes();
        let mut cx = Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
        for datacenter in self.datacenters.values_mut() {
            let dc = datacenter.dc();
            let is_wanted = datacenter.is_kept() || scanned_at == Some(dc) || self.requests.has_pending(dc);
            for role in datacenter.due(is_wanted && !self.closed, now) {
                if self.closed && role != Role::Main {
                    continue;
                }
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                let Attempt { endpoints, transport, mode } = datacenter.attempt(&self.config, &self.stored);
                datacenter.open(
                    role,
                    Stream::new(conn, transport, mode, &self.config, now),
                    &self.requests,
                    now,
                );
                self.outputs.push_back(Output::Open { conn, dc: datacenter.dc(), endpoints });
            }
            datacenter.begin(&mut cx);
            if datacenter.queue_waiting(&self.requests)
                && let Some(timeout) = self.config.request_timeout
            {
                // Nothing has left yet for want of a key: the limit of what waits begins now.
                let waiting: Vec<RequestId> = self.requests.waiting(datacenter.dc()).collect();
                for id in waiting {
                    self.requests.postpone(id, now.monotonic + timeout);
                }
            }
            for role in [Role::Main, Role::Next, Role::Draining] {
                let transmit = datacenter.transmit(role, &self.requests, &mut cx);
                self.outputs.extend(transmit.map(|(conn, bytes)| Output::Transmit { conn, bytes }));
            }
            datacenter.schedule_renewal(now);
        }
        // A key may have been found expired.
        self.resolve_unknown_outcomes();
        self.advance_key_destructions(now);
    }

    /// Closes connections to other DCs that were idle for [`Config::idle_timeout`](super::Config::idle_timeout).
    fn close_idle(&mut self, now: Timestamp) {
        let home = self.home();
        for datacenter in self
            .datacenters
            .values_mut()
            .filter(|datacenter| datacenter.dc() != home && !datacenter.is_kept())
        {
            if datacenter.last_used() + self.config.idle_timeout > now || !datacenter.is_ready() {
                continue;
            }
            if self.requests.has_pending(datacenter.dc()) {
                datacenter.set_last_used(now);
                continue;
            }
            let dc = datacenter.dc();
            self.outputs.extend(datacenter.close_all(&self.requests).map(|conn| Output::Close { conn }));
            let reason = DisconnectReason::ClosedByUs;
            self.outputs.push_back(Output::Event(Event::Disconnected { dc, reason, retry_in: None }));
        }
    }

    /// Advances the destruction of keys. The logouts that wait for it end with the last one.
    fn advance_key_destructions(&mut self, now: Now) {
        let mut cx = Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
        for destruction in &mut self.key_destructions {
            if destruction.is_over(now.monotonic) {
                self.outputs.extend(destruction.conn().map(|conn| Output::Close { conn }));
                continue;
            }
            if destruction.wants_connection() {
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                let attempt = endpoints::attempt(&self.config, &self.stored, destruction.dc(), 0);
                let Attempt { endpoints, transport, mode } = attempt;
                destruction.open(Stream::new(conn, transport, mode, &self.config, now));
                self.outputs.push_back(Output::Open { conn, dc: destruction.dc(), endpoints });
            }
            let transmit = destruction.transmit(&mut cx);
            self.outputs.extend(transmit.map(|(conn, bytes)| Output::Transmit { conn, bytes }));
        }
        self.key_destructions.retain(|destruction| !destruction.is_over(now.monotonic));
        if self.key_destructions.is_empty() {
            for (id, result) in core::mem::take(&mut self.pending_logouts) {
                self.steps.results.insert(id, result);
                self.outputs.push_back(Output::Event(Event::Completed(id)));
            }
        }
    }

    /// The earliest time at which the machine wants a [`Input::Tick`](super::Input::Tick).
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let home = self.home();
        let idle = self
            .datacenters
            .values()
            .filter(|datacenter| datacenter.dc() != home && !datacenter.is_kept() && datacenter.is_ready());
        let idle = idle.map(|datacenter| datacenter.last_used() + self.config.idle_timeout);
        let key_destructions = self.key_destructions.iter().map(KeyDestruction::timeout);
        let datacenters = self.datacenters.values().filter_map(|datacenter| datacenter.timeout());
        let timers = datacenters.chain(idle).chain(key_destructions).chain(self.requests.next_deadline());
        timers.chain(self.steps.next_alarm()).chain(self.subscription_due()).min()
    }

    /// A connection ended: backs off, tries again, or gives up.
    pub(super) fn connection_ended(&mut self, now: Now, conn: ConnId, reason: &DisconnectReason) {
        let Some((datacenter, role)) = find(&mut self.datacenters, conn) else { return };
        let dc = datacenter.dc();
        match role {
            Role::Main => {}
            Role::Next => return datacenter.next_ended(now, reason, &self.requests, &mut *self.random),
            Role::Draining => return datacenter.draining_ended(now, reason, &mut *self.random),
        }
        let was_ready = datacenter.is_ready();
        if datacenter.drains_after(role, reason) {
            let closed = datacenter.drain_main(&self.requests, now);
            self.outputs.extend(closed.into_iter().flatten().map(|conn| Output::Close { conn }));
        }
        if datacenter.main_ended(reason, was_ready, &self.requests, now) {
            self.forget_key(dc);
            if dc == self.home() {
                self.logged_out_by_server(LogoutCause::KeyInvalid);
            }
        }
        self.resolve_unknown_outcomes();
        if dc == self.home() {
            self.postpone_updates();
            self.postpone_addresses();
        }
        let scanned_here = dc == self.home() && self.steps.wait_for_scan();
        let Some(datacenter) = self.datacenters.get_mut(&dc) else { return };
        let wanted = !self.closed && (datacenter.is_kept() || scanned_here || self.requests.has_pending(dc));
        // A transport error in the middle of a connection that works may come from anyone on the way.
        let is_hopeless =
            (reason.is_permanent() && !was_ready) || datacenter.is_given_up(reason, self.config.max_attempts);
        let retry_in =
            (wanted && !is_hopeless).then(|| datacenter.back_off(reason, &mut *self.random, now.monotonic));
        if retry_in.is_none() {
            datacenter.give_up();
        }
        self.outputs.push_back(Output::Event(Event::Disconnected { dc, reason: reason.clone(), retry_in }));
        if wanted && retry_in.is_none() {
            let waiting: Vec<RequestId> = self.requests.waiting(dc).collect();
            for id in waiting {
                let delivery = self.delivery(id).unwrap_or(Delivery::Queued);
                self.drop_request(id);
                self.fail(id, InvokeError::Unreachable { dc, reason: reason.clone(), delivery });
            }
            // What waits for more than an answer waits for this connection: for a datacenter to be scanned.
            if scanned_here {
                let (reason, delivery) = (reason.clone(), Delivery::Queued);
                self.end_steps(now, &InvokeError::Unreachable { dc, reason, delivery });
            }
        }
    }
}
