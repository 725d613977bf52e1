//! The work after the calls since the last poll: timers, connections to open and close, transmits.

use alloc::vec::Vec;

use super::compute::ComputeTask;
use super::connection::active_connection::ActiveConnection;
use super::context::Context;
use super::datacenter::Role;
use super::endpoints::Attempt;
use super::io::{ConnId, Event, Output};
use super::machine::{Client, find};
use crate::dc::DcId;
use crate::rpc::{DisconnectReason, InvokeError, LogoutCause, RequestId, Requester, ServerProblem};
use crate::session::Delivery;
use crate::time::{Now, Timestamp};

impl Client {
    /// Transmits what is queued at a DC, if nothing else can be due: [`advance`](Self::advance) has done everything that was,
    /// no timer has expired since, and the calls since were [about this DC's main connection](super::machine::Due) alone.
    /// Returns whether that is so; otherwise `advance` must follow.
    ///
    /// Almost every call is such a one. It costs a fraction of `advance`, which looks at everything.
    pub(super) fn transmit_if_settled(&mut self, dc: DcId, now: Now) -> bool {
        let is_later = |at: Option<Timestamp>| at.is_none_or(|at| at > now.monotonic);
        let is_settled = self.settled_until().is_some_and(|until| until > now.monotonic)
            // Those of new requests.
            && is_later(self.requests.next_deadline())
            && self.completed_internal.is_empty()
            && !self.is_server_config_due(now);
        let Some(datacenter) = self.datacenters.get_mut(&dc).filter(|_| is_settled) else { return false };
        let mut cx = Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
        if !datacenter.is_settled(now.monotonic) {
            return false;
        }
        let transmit = datacenter.transmit(Role::Main, &self.requests, &mut cx);
        self.outputs.extend(transmit.map(|(conn, bytes)| Output::Transmit { conn, bytes }));
        true
    }

    /// Does everything that is due, in this order, so that each part sees the changes of those before it: deadlines of
    /// requests, requests that have waited, deadlines of connections, login steps, the client's own queries, idle
    /// connections, key rotations, requests of unknown outcome, new connections, and last the transmits.
    pub(super) fn advance(&mut self, now: Now) {
        for id in self.requests.expired(now.monotonic) {
            let key_exchange = self
                .requests
                .dc(id)
                .and_then(|dc| self.datacenters.get(&dc)?.ready_deadline_in_key_exchange());
            if key_exchange.is_some_and(|due| due > now.monotonic && self.requests.extend_deadline(id, due)) {
                continue;
            }
            let delivery = self.delivery(id).unwrap_or(Delivery::Queued);
            let datacenter = self.requests.dc(id).and_then(|dc| self.datacenters.get(&dc));
            let problem = datacenter
                .and_then(|datacenter| datacenter.last_failure().cloned())
                .map(ServerProblem::Disconnected);
            self.drop_request(id);
            self.fail(id, InvokeError::TimedOut { delivery, problem });
        }
        while let Some((id, dc)) = self.requests.end_wait(now.monotonic) {
            if let Some(datacenter) = self.datacenters.get_mut(&dc) {
                datacenter.on_wait_over(id.tag(), &self.requests);
            }
        }
        let overdue: Vec<(ConnId, DisconnectReason)> =
            self.datacenters.values().filter_map(|datacenter| datacenter.overdue(now.monotonic)).collect();
        for (conn, reason) in overdue {
            self.outputs.push_back(Output::Close { conn });
            self.on_disconnect(now, conn, &reason);
        }
        self.run_step_timers(now);
        while let Some((request, requester)) = self.completed_internal.pop_front() {
            match requester {
                Requester::Step(step) => self.on_step_answer(now, request, step),
                Requester::Transfer(dc) => self.on_transfer_answer(now, request, dc),
                Requester::UpdatesState => self.on_updates_state(now, request),
                Requester::ServerConfig => self.on_server_config(now, request),
                Requester::Application => {}
            }
        }
        self.query_updates_state(now);
        self.query_server_config(now);
        self.start_transfers(now);
        let qr_wait_dc = self.steps.awaits_scan().then(|| self.home());
        self.close_idle(now.monotonic);
        for datacenter in self.datacenters.values_mut() {
            let was_ready = datacenter.is_ready();
            let replaced = datacenter.tick(&self.requests, now);
            self.outputs.extend(replaced.map(|conn| Output::Close { conn }));
            if datacenter.is_ready() && !was_ready {
                self.outputs.push_back(datacenter.on_ready());
            }
        }
        self.resolve_unknown_outcomes();
        let mut cx = Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
        for datacenter in self.datacenters.values_mut() {
            let dc = datacenter.dc();
            let is_wanted =
                datacenter.is_kept_open() || qr_wait_dc == Some(dc) || self.requests.has_pending(dc);
            for role in datacenter.roles_to_open(is_wanted && !self.closed, now) {
                if self.closed && role != Role::Main {
                    continue;
                }
                let conn = next_conn(&mut self.next_conn);
                let Attempt { endpoints, framing, mode } = datacenter.attempt(&self.config, &self.stored);
                datacenter.open(
                    role,
                    ActiveConnection::new(conn, framing, mode, &self.config, now),
                    &self.requests,
                    now,
                );
                self.outputs.push_back(Output::Open { conn, dc: datacenter.dc(), endpoints });
            }
            datacenter.start_session_or_key_exchange(&mut cx);
            if datacenter.bind_or_queue_waiting(&self.requests)
                && let Some(timeout) = self.config.request_timeout
            {
                // No request could be sent without a key: their time limit begins now.
                let waiting: Vec<RequestId> = self.requests.pending(datacenter.dc()).collect();
                for id in waiting {
                    self.requests.extend_deadline(id, now.monotonic + timeout);
                }
            }
            for role in [Role::Main, Role::Next, Role::Draining] {
                let transmit = datacenter.transmit(role, &self.requests, &mut cx);
                self.outputs.extend(transmit.map(|(conn, bytes)| Output::Transmit { conn, bytes }));
                let task = datacenter.take_task(role);
                self.outputs.extend(task.map(|task| Output::Compute(ComputeTask::KeyExchange(task))));
            }
            datacenter.schedule_renewal(now);
        }
        // `open` may have dropped a session with an expired key.
        self.resolve_unknown_outcomes();
        self.advance_key_destructions(now);
    }

    /// Closes the connections to other DCs that were idle for [`Config::idle_timeout`](super::Config::idle_timeout).
    fn close_idle(&mut self, now: Timestamp) {
        let home = self.home();
        for datacenter in self
            .datacenters
            .values_mut()
            .filter(|datacenter| datacenter.dc() != home && !datacenter.is_kept_open())
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

    /// Advances the destruction of keys, and ends the logouts that waited for it.
    fn advance_key_destructions(&mut self, now: Now) {
        let mut cx = Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
        let mut next_conn = || next_conn(&mut self.next_conn);
        for (id, result) in self.key_destructions.advance(&mut next_conn, &mut cx, &mut self.outputs) {
            self.steps.results.insert(id, result);
            self.outputs.push_back(Output::Event(Event::Completed(id)));
        }
    }

    /// Returns the time of the next [`Input::Tick`](super::Input::Tick), or `None` if no timer is running. After a call
    /// that was not followed by a poll, it is the time of that call.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        if let Some(now) = self.called_at() {
            return Some(now.monotonic);
        }
        let home = self.home();
        let idle = self.datacenters.values().filter(|datacenter| {
            datacenter.dc() != home && !datacenter.is_kept_open() && datacenter.is_ready()
        });
        let idle = idle.map(|datacenter| datacenter.last_used() + self.config.idle_timeout);
        let key_destructions = self.key_destructions.timeout();
        let datacenters = self.datacenters.values().filter_map(|datacenter| datacenter.timeout());
        let timers = datacenters.chain(idle).chain(key_destructions).chain(self.requests.next_deadline());
        let timers = timers.chain(self.requests.next_wait());
        timers.chain(self.steps.next_timer()).chain(self.updates_query_due()).min()
    }

    /// Handles the end of a connection: schedules the next attempt, or gives up.
    pub(super) fn on_disconnect(&mut self, now: Now, conn: ConnId, reason: &DisconnectReason) {
        let Some((datacenter, role)) = find(&mut self.datacenters, conn) else { return };
        let dc = datacenter.dc();
        match role {
            Role::Main => {}
            Role::Next => {
                return datacenter.on_next_disconnect(now, reason, &self.requests, &mut *self.random);
            }
            Role::Draining => return datacenter.on_draining_disconnect(now, reason, &mut *self.random),
        }
        let was_ready = datacenter.is_ready();
        if datacenter.drains_after(role, reason) {
            let closed = datacenter.drain_main(&self.requests, now);
            self.outputs.extend(closed.into_iter().flatten().map(|conn| Output::Close { conn }));
        }
        if datacenter.on_main_disconnect(reason, was_ready, &self.requests, now) {
            self.forget_key(dc);
            if dc == self.home() {
                self.on_logged_out(LogoutCause::KeyInvalid);
            }
        }
        self.resolve_unknown_outcomes();
        if dc == self.home() {
            self.restart_updates_query();
            self.restart_server_config_query();
        }
        let awaits_scan_here = dc == self.home() && self.steps.awaits_scan();
        let Some(datacenter) = self.datacenters.get_mut(&dc) else { return };
        let wanted =
            !self.closed && (datacenter.is_kept_open() || awaits_scan_here || self.requests.has_pending(dc));
        // A transport error on a connection that was ready may be an on-path attacker's.
        let is_permanent_failure =
            (reason.is_permanent() && !was_ready) || datacenter.is_given_up(reason, self.config.max_attempts);
        let retry_in = (wanted && !is_permanent_failure)
            .then(|| datacenter.back_off(reason, &mut *self.random, now.monotonic));
        if retry_in.is_none() {
            datacenter.give_up();
        }
        self.outputs.push_back(Output::Event(Event::Disconnected { dc, reason: reason.clone(), retry_in }));
        if wanted && retry_in.is_none() {
            let waiting: Vec<RequestId> = self.requests.pending(dc).collect();
            for id in waiting {
                let delivery = self.delivery(id).unwrap_or(Delivery::Queued);
                self.drop_request(id);
                self.fail(id, InvokeError::Unreachable { dc, reason: reason.clone(), delivery });
            }
            // A QR login waits for a scan, not for an answer, so it must be failed here too.
            if awaits_scan_here {
                let (reason, delivery) = (reason.clone(), Delivery::Queued);
                self.fail_idle_steps(now, &InvokeError::Unreachable { dc, reason, delivery });
            }
        }
    }
}

/// Returns the identifier of a new connection.
fn next_conn(next: &mut u64) -> ConnId {
    let conn = ConnId(*next);
    *next += 1;
    conn
}
