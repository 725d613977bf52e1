//! How the connections of a DC are opened, replaced and lost.

use alloc::boxed::Box;
use core::time::Duration;

use super::draining::DrainingSession;
use super::key_refusals::UsedKey;
use super::key_rotation::{Action, RotationInput};
use super::{Datacenter, Role};
use crate::client::config::Config;
use crate::client::connection::active_connection::ActiveConnection;
use crate::client::connection::connection_session::ConnectionSession;
use crate::client::connection::{Connection, ConnectionProgress};
use crate::client::context::Context;
use crate::client::endpoints::{self, Attempt};
use crate::client::io::ConnId;
use crate::client::stored_session::StoredSession;
use crate::crypto::SecureRandom;
use crate::rpc::{DisconnectReason, RequestTable};
use crate::time::{Now, Timestamp};

impl Datacenter {
    // ---- Opening and closing ---------------------------------------------------------------------------------------

    /// Keeps the main connection open from now on. An attempt that waits begins at once.
    pub(crate) fn keep_open_and_retry(&mut self, now: Timestamp) {
        self.is_kept_open = true;
        self.attempt_history.forget_failures();
        self.main.retry_now(now);
    }

    /// Returns the connections that must be opened now. `is_needed`: the main connection is needed.
    pub(crate) fn roles_to_open(&self, is_needed: bool, now: Now) -> impl Iterator<Item = Role> + use<> {
        let monotonic = now.monotonic;
        let main = (self.main.is_idle() && is_needed) || self.main.is_retry_due(monotonic);
        let next = self.rotation.is_due(self.renewal_in(now), monotonic);
        let draining = self.draining.as_deref().is_some_and(|it| it.connection().is_retry_due(monotonic));
        [(Role::Main, main), (Role::Next, next), (Role::Draining, draining)]
            .into_iter()
            .filter_map(|(role, is_due)| is_due.then_some(role))
    }

    /// Returns the addresses and the transport of the next attempt.
    pub(crate) fn attempt(&self, config: &Config, stored: &StoredSession) -> Attempt {
        endpoints::attempt(config, stored, self.dc, self.attempt_history.total_failures())
    }

    /// Begins an attempt over a connection that is not up yet. If the temporary key of the session has expired, the session
    /// is dropped, so that the attempt makes another key.
    pub(crate) fn open(&mut self, role: Role, attempt: ActiveConnection, requests: &RequestTable, now: Now) {
        match role {
            Role::Main if self.main.is_key_expired(now) => self.drop_session(requests),
            Role::Next => {
                self.next = Some(Box::new(Connection::new()));
                self.rotation.start();
            }
            _ => {}
        }
        if let Some(connection) = self.connection_mut(role) {
            connection.open(attempt);
        }
    }

    /// Handles that the stream of a connection is up.
    pub(crate) fn on_opened(&mut self, role: Role, cx: &mut Context<'_>) {
        let (dc, tunnel_failures) = (self.dc, self.attempt_history.tunnel_failures());
        if let Some(connection) = self.connection_mut(role) {
            connection.on_opened(dc, tunnel_failures, cx);
        }
    }

    /// Begins a session or a key exchange on each connection whose tunnel has opened.
    pub(crate) fn start_session_or_key_exchange(&mut self, cx: &mut Context<'_>) {
        let (dc, pfs) = (self.dc, self.pfs);
        for role in [Role::Main, Role::Next, Role::Draining] {
            if let Some(connection) = self.connection_mut(role) {
                connection.start_session_or_key_exchange(dc, pfs, cx);
            }
        }
    }

    /// Forgets all connections. Returns those to close.
    pub(crate) fn close_all(&mut self, requests: &RequestTable) -> impl Iterator<Item = ConnId> + use<> {
        let draining = self.drop_draining(requests);
        let conns = [self.main.conn(), self.close_next(), draining];
        self.main.close();
        self.main.stop_draining();
        conns.into_iter().flatten()
    }

    /// Forgets the connection that prepares the next key. Returns it, to be closed.
    pub(crate) fn close_next(&mut self) -> Option<ConnId> {
        self.rotation.cancel();
        self.next.take()?.conn()
    }

    /// Returns the main connection with its session.
    pub(crate) fn into_main(self) -> Connection {
        self.main
    }

    // ---- Key rotation ----------------------------------------------------------------------------------------------

    /// Advances the key rotation. Returns connections to close.
    pub(super) fn advance_rotation(&mut self, requests: &RequestTable, now: Now) -> [Option<ConnId>; 2] {
        let Some(next) = &mut self.next else { return [None, None] };
        next.tick(now.monotonic);
        let input = RotationInput {
            is_made: next.session().is_some(),
            is_bound: next.session().is_some_and(ConnectionSession::is_key_usable),
            is_ready: self.main.is_ready(),
            is_busy: self.main.has_requests(),
        };
        match self.rotation.advance(input, now.monotonic) {
            Action::Nothing => {}
            // Once the next key is bound, the server may forget the session of this one.
            Action::AskForAnswers => self.main.start_draining(now),
            Action::Bind => next.bind(),
            Action::Switch => {
                if let Some(mut next) = self.next.take() {
                    next.clear_key_answer();
                    return self.replace_main(*next, requests, now);
                }
            }
        }
        [None, None]
    }

    /// Replaces the main connection, which drains if it still awaits answers. Returns connections to close.
    fn replace_main(&mut self, next: Connection, requests: &RequestTable, now: Now) -> [Option<ConnId>; 2] {
        self.forget_unsent();
        let unfinished = self.drop_draining(requests);
        let last = core::mem::replace(&mut self.main, next);
        self.rotation.stop_holding();
        let finished = if last.has_requests() {
            self.draining = Some(Box::new(DrainingSession::new(last, now)));
            None
        } else {
            // It awaits nothing, but the outcome of some requests may have become unknown just now.
            self.orphaned.add(&last, requests.pending(self.dc));
            last.conn()
        };
        [unfinished, finished]
    }

    /// Returns the time until the current temporary key should be replaced, or `None` if there is none or it is not in
    /// use.
    fn renewal_in(&self, now: Now) -> Option<Duration> {
        let (session, temporary) = self.main.temporary().filter(|_| self.main.is_ready())?;
        Some(Duration::from_secs(temporary.renew_at().saturating_sub(session.server_time(now))))
    }

    /// Schedules the next key rotation. Called last, since all else may change when it is due.
    pub(crate) fn schedule_renewal(&mut self, now: Now) {
        self.rotation.schedule(self.renewal_in(now), now.monotonic);
    }

    // ---- Disconnects -----------------------------------------------------------------------------------------------

    /// Returns a connection whose deadline has passed, with the reason to close it.
    pub(crate) fn overdue(&self, now: Timestamp) -> Option<(ConnId, DisconnectReason)> {
        [Role::Main, Role::Next, Role::Draining].into_iter().find_map(|role| {
            let connection = self.connection(role)?;
            Some((connection.conn()?, connection.overdue(now)?))
        })
    }

    /// Returns whether a connection drains after `reason` instead of being closed: the server treats its temporary key
    /// as unbound, although it was bound. Requests need another key, but the refusals of those in flight still arrive.
    pub(crate) fn drains_after(&self, role: Role, reason: &DisconnectReason) -> bool {
        let was_bound = self.main.temporary().is_some_and(|(_, temporary)| temporary.is_bound());
        role == Role::Main && was_bound && matches!(reason, DisconnectReason::TemporaryKeyRefused(_))
    }

    /// Starts draining the main connection; an idle one takes its place. Returns connections to close.
    pub(crate) fn drain_main(&mut self, requests: &RequestTable, now: Now) -> [Option<ConnId>; 2] {
        self.replace_main(Connection::new(), requests, now)
    }

    /// Handles the end of the main connection, which was ready if `was_ready`. Returns whether the permanent key must
    /// be given up.
    pub(crate) fn on_main_disconnect(
        &mut self,
        reason: &DisconnectReason,
        was_ready: bool,
        requests: &RequestTable,
        now: Now,
    ) -> bool {
        self.attempt_history
            .on_disconnect(reason, ConnectionProgress { was_ready, ..self.main.progress(now.monotonic) });
        self.main.close();
        let key = match (self.main.session(), self.main.temporary()) {
            (None, _) => UsedKey::None,
            (Some(_), None) => UsedKey::Permanent,
            (Some(session), Some((_, temporary))) => UsedKey::Temporary {
                is_useless: !temporary.is_bound() || temporary.is_over(session.server_time(now)),
            },
        };
        let verdict = self.key_refusals.on_disconnect(reason, key, now.monotonic);
        if verdict.gives_up_session {
            self.drop_session(requests);
            // Not the permanent key: binding a temporary key to it shows whether the server knows it.
            self.pfs = true;
        }
        verdict.gives_up_permanent_key
    }

    /// Returns whether no further attempt is made after `reason`. `limit`: the maximum number of failures; 0 means
    /// none.
    pub(crate) fn is_given_up(&self, reason: &DisconnectReason, limit: u32) -> bool {
        self.attempt_history.is_given_up(reason, limit)
    }

    /// Starts the backoff before the next attempt. Returns its length.
    pub(crate) fn back_off(
        &mut self,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
        now: Timestamp,
    ) -> Duration {
        let pause = self.attempt_history.pause(reason, random);
        self.main.back_off(now + pause);
        pause
    }

    /// Makes no further attempt until something needs the connection.
    pub(crate) fn give_up(&mut self) {
        self.is_kept_open = false;
        self.attempt_history.forget_failures();
    }

    /// Handles the end of the connection that prepares the next key. Requests that were held back are sent under the
    /// present key.
    pub(crate) fn on_next_disconnect(
        &mut self,
        now: Now,
        reason: &DisconnectReason,
        requests: &RequestTable,
        random: &mut dyn SecureRandom,
    ) {
        self.next = None;
        self.rotation.on_failure(reason, random, now.monotonic);
        self.main.stop_draining();
        self.unpark(requests);
    }

    /// Handles the end of the draining session's connection.
    pub(crate) fn on_draining_disconnect(
        &mut self,
        now: Now,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
    ) {
        if let Some(draining) = &mut self.draining {
            draining.on_disconnect(reason, random, now.monotonic);
        }
    }

    /// Handles that the permanent key is gone.
    pub(crate) fn forget_key(&mut self, config: &Config, requests: &RequestTable) {
        self.pfs = config.pfs;
        self.key_refusals.reset();
        self.drop_session(requests);
    }

    /// Drops the session, so that the next connection begins a new one. The outcome of its sent requests is unknown.
    fn drop_session(&mut self, requests: &RequestTable) {
        self.forget_unsent();
        self.orphaned.add(&self.main, requests.pending(self.dc));
        self.main.take_session();
        self.rotation.stop_holding();
    }
}
