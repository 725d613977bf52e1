//! One DC: the connection that carries its requests, the one that prepares the next temporary key, and what
//! follows if either is lost.

mod attempts;
pub(crate) mod authorization;
pub(crate) mod draining;
pub(crate) mod key_destruction;
mod key_refusals;
mod key_rotation;
mod requests;

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use self::attempts::Attempts;
use self::authorization::TransferState;
use self::draining::{DrainingSession, OrphanedRequests};
use self::key_refusals::{KeyRefusals, UsedKey};
use self::key_rotation::{Action, KeyRotation, RotationInput};
use super::config::Config;
use super::connection::carried_session::CarriedSession;
use super::connection::incoming::ConnectionIncoming;
use super::connection::open_connection::OpenConnection;
use super::connection::{Connection, ConnectionProgress};
use super::context::Context;
use super::endpoints::{self, Attempt};
use super::io::{ConnId, Event, Output};
use super::stored_session::StoredSession;
use crate::crypto::SecureRandom;
use crate::dc::DcId;
use crate::rpc::{DisconnectReason, PendingRequests};
use crate::session::RequestTag;
use crate::time::{Now, Timestamp};

/// One DC: its connections, sessions and keys.
///
/// Its state is that of three parts, each a value with a table of its own transitions:
///
/// | part | states | table |
/// |---|---|---|
/// | `main` | idle, backoff, connecting, opening the tunnel, key exchange, binding, validating, ready | [`ConnectionState`](super::connection::open_connection::ConnectionState) |
/// | `rotation`, over `next` | idle, preparing, holding, binding | [`KeyRotation`] |
/// | `draining` | none, or the session under the key before | [`DrainingSession`] |
///
/// They meet in three transitions. A rotation that ends puts `next` in the place of `main`, which drains if it owes
/// answers. A `main` whose temporary key the server takes for unbound drains, and begins anew as idle. The session of
/// `main` is dropped if its key is expired or refused ([`KeyRefusals`]).
#[derive(Debug)]
pub(super) struct Datacenter {
    dc: DcId,
    /// The connection that carries requests.
    main: Connection,
    /// The connection over which the next key is made.
    next: Option<Box<Connection>>,
    rotation: KeyRotation,
    /// The session under the key before, while it owes answers.
    draining: Option<Box<DrainingSession>>,
    attempts: Attempts,
    key_refusals: KeyRefusals,
    /// Whether requests travel under temporary keys.
    pfs: bool,
    transfer_state: TransferState,
    /// Requests that may not leave yet.
    parked: BTreeSet<RequestTag>,
    /// The draining session owes fewer answers than before, so some of the parked requests may leave.
    needs_unpark: bool,
    /// Requests that left under a key which is gone.
    orphaned: OrphanedRequests,
    /// Whether the connection is kept open although no request waits.
    is_kept_open: bool,
    /// When a request was last queued or answered.
    last_used: Timestamp,
    /// What goes before a query until the server knows this client; then, if no updates are wanted,
    /// [`WITHOUT_UPDATES`](crate::rpc::WITHOUT_UPDATES).
    prefix: Vec<u8>,
}

/// Which of a DC's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that carries requests.
    Main,
    /// The one that prepares the next key.
    Next,
    /// The one of the draining session.
    Draining,
}

impl Datacenter {
    pub(super) fn new(dc: DcId, prefix: Vec<u8>, pfs: bool) -> Self {
        Self {
            dc,
            main: Connection::new(),
            next: None,
            rotation: KeyRotation::default(),
            draining: None,
            attempts: Attempts::default(),
            key_refusals: KeyRefusals::default(),
            pfs,
            transfer_state: TransferState::Unrestricted,
            parked: BTreeSet::new(),
            needs_unpark: false,
            orphaned: OrphanedRequests::default(),
            is_kept_open: false,
            last_used: Timestamp::ZERO,
            prefix,
        }
    }

    pub(super) const fn dc(&self) -> DcId {
        self.dc
    }

    pub(super) const fn transfer_state(&self) -> TransferState {
        self.transfer_state
    }

    pub(super) const fn set_transfer_state(&mut self, state: TransferState) {
        self.transfer_state = state;
    }

    /// Whether the connection is kept open although no request waits.
    pub(super) const fn is_kept_open(&self) -> bool {
        self.is_kept_open
    }

    pub(super) const fn set_kept_open(&mut self, is_kept_open: bool) {
        self.is_kept_open = is_kept_open;
    }

    /// How the last connection ended, unless a request was answered since.
    pub(super) const fn last_failure(&self) -> Option<&DisconnectReason> {
        self.attempts.last_failure()
    }

    /// Failures in a row.
    pub(super) const fn failures(&self) -> u32 {
        self.attempts.failures()
    }

    /// Since when no request came or was answered.
    pub(super) const fn last_used(&self) -> Timestamp {
        self.last_used
    }

    pub(super) const fn set_last_used(&mut self, now: Timestamp) {
        self.last_used = now;
    }

    /// Whether requests may leave over the main connection.
    pub(super) const fn is_ready(&self) -> bool {
        self.main.is_ready()
    }

    /// Whether the main connection is open, or being opened.
    pub(super) const fn is_open(&self) -> bool {
        self.main.conn().is_some()
    }

    /// Whether the main connection has a stream.
    pub(super) fn has_stream(&self) -> bool {
        self.main.has_stream()
    }

    /// The part that has this connection.
    pub(super) fn role(&self, conn: ConnId) -> Option<Role> {
        [Role::Main, Role::Next, Role::Draining]
            .into_iter()
            .find(|role| self.connection(*role).is_some_and(|connection| connection.conn() == Some(conn)))
    }

    fn connection(&self, role: Role) -> Option<&Connection> {
        match role {
            Role::Main => Some(&self.main),
            Role::Next => self.next.as_deref(),
            Role::Draining => self.draining.as_deref().map(DrainingSession::connection),
        }
    }

    fn connection_mut(&mut self, role: Role) -> Option<&mut Connection> {
        match role {
            Role::Main => Some(&mut self.main),
            Role::Next => self.next.as_deref_mut(),
            Role::Draining => self.draining.as_deref_mut().map(DrainingSession::connection_mut),
        }
    }

    /// Whether this connection's session travels under a temporary key.
    pub(super) fn is_temporary(&self, role: Role) -> bool {
        self.connection(role).is_some_and(|connection| connection.temporary().is_some())
    }

    /// Frees the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        [Role::Main, Role::Draining].into_iter().for_each(|role| {
            if let Some(connection) = self.connection_mut(role) {
                connection.trim();
            }
        });
    }

    // ---- Opening and closing -------------------------------------------------------------------------------------

    /// Keeps the connection open from now on, and tries at once.
    pub(super) fn keep_open(&mut self, now: Timestamp) {
        self.is_kept_open = true;
        self.attempts.forget_failures();
        self.main.retry_now(now);
    }

    /// Which connections must be opened now. `is_needed`: something waits for the main one.
    pub(super) fn roles_to_open(&self, is_needed: bool, now: Now) -> impl Iterator<Item = Role> + use<> {
        let monotonic = now.monotonic;
        let main = (self.main.is_idle() && is_needed) || self.main.is_retry_due(monotonic);
        let next = self.rotation.is_due(self.renewal_in(now), monotonic);
        let draining = self.draining.as_deref().is_some_and(|it| it.connection().is_retry_due(monotonic));
        [(Role::Main, main), (Role::Next, next), (Role::Draining, draining)]
            .into_iter()
            .filter_map(|(role, is_due)| is_due.then_some(role))
    }

    /// What the next attempt does.
    pub(super) fn attempt(&self, config: &Config, stored: &StoredSession) -> Attempt {
        endpoints::attempt(config, stored, self.dc, self.attempts.total_failures())
    }

    /// Begins an attempt over `stream`.
    pub(super) fn open(&mut self, role: Role, stream: OpenConnection, requests: &PendingRequests, now: Now) {
        match role {
            Role::Main if self.main.is_key_expired(now) => self.drop_session(requests),
            Role::Next => {
                self.next = Some(Box::new(Connection::new()));
                self.rotation.begin();
            }
            _ => {}
        }
        if let Some(connection) = self.connection_mut(role) {
            connection.open(stream);
        }
    }

    /// The stream is up.
    pub(super) fn on_opened(&mut self, role: Role, cx: &mut Context<'_>) {
        let (dc, tunnel_failures) = (self.dc, self.attempts.tunnel_failures());
        if let Some(connection) = self.connection_mut(role) {
            connection.on_opened(dc, tunnel_failures, cx);
        }
    }

    /// Begins a session or a key exchange on each connection whose tunnel has opened.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) {
        let (dc, pfs) = (self.dc, self.pfs);
        for role in [Role::Main, Role::Next, Role::Draining] {
            if let Some(connection) = self.connection_mut(role) {
                connection.begin(dc, pfs, cx);
            }
        }
    }

    /// Forgets all connections; returns those to close.
    pub(super) fn close_all(&mut self, requests: &PendingRequests) -> impl Iterator<Item = ConnId> + use<> {
        let draining = self.drop_draining(requests);
        let conns = [self.main.conn(), self.close_next(), draining];
        self.main.close();
        self.main.stop_draining();
        conns.into_iter().flatten()
    }

    /// Forgets the connection that prepares the next key; returns it.
    pub(super) fn close_next(&mut self) -> Option<ConnId> {
        self.rotation.cancel();
        self.next.take()?.conn()
    }

    /// Takes the main connection, with its session, out of a DC that is forgotten.
    pub(super) fn into_main(self) -> Connection {
        self.main
    }

    // ---- Received and written --------------------------------------------------------------------------------------

    /// Takes received bytes, in any chunking, in place; `None`: there is no stream.
    pub(super) fn receive<'a, 'c>(
        &'a mut self,
        role: Role,
        bytes: &'a mut [u8],
        cx: &'a mut Context<'c>,
    ) -> Option<ConnectionIncoming<'a, 'c>> {
        let (dc, pfs) = (self.dc, self.pfs);
        self.connection_mut(role)?.receive(bytes, dc, pfs, cx)
    }

    /// All received bytes were pulled, or pulling has failed.
    pub(super) fn finish_receive(&mut self, role: Role, now: Timestamp) {
        if let Some(connection) = self.connection_mut(role) {
            connection.finish_receive(now);
        }
    }

    pub(super) fn on_transmitted(&mut self, role: Role, buffer: Vec<u8>) {
        if let Some(connection) = self.connection_mut(role) {
            connection.on_transmitted(buffer);
        }
    }

    /// The next bytes to transmit over a connection.
    pub(super) fn transmit(
        &mut self,
        role: Role,
        requests: &PendingRequests,
        cx: &mut Context<'_>,
    ) -> Option<(ConnId, Vec<u8>)> {
        let connection = match role {
            Role::Main => &mut self.main,
            Role::Next => self.next.as_deref_mut()?,
            Role::Draining => self.draining.as_deref_mut()?.connection_mut(),
        };
        let bytes = connection.transmit(&self.prefix, requests, cx)?;
        Some((connection.conn()?, bytes))
    }

    /// The main connection has become ready.
    pub(super) fn on_ready(&mut self) -> Output {
        self.attempts.on_ready();
        self.key_refusals.on_key_confirmed();
        Output::Event(Event::Connected { dc: self.dc })
    }

    /// A permanent key was made.
    pub(super) const fn on_key_made(&mut self, now: Timestamp) {
        self.key_refusals.on_key_made(now);
    }

    /// A request was answered.
    pub(super) fn on_result(&mut self, now: Timestamp) {
        self.last_used = now;
        self.attempts.on_answer();
    }

    /// The salt to store and the clock's offset from the wall clock, as the session knows them now. Salts of temporary
    /// keys are not worth storing.
    pub(super) fn salt_and_clock(&self, now: Now) -> Option<(Option<i64>, i64)> {
        let carried = self.main.carried()?;
        let clock = carried.session.clock();
        let salt = carried.temporary.is_none().then(|| carried.session.salt());
        clock.is_trusted().then(|| (salt, clock.offset_from_wall(now)))
    }

    // ---- Time ------------------------------------------------------------------------------------------------------

    /// Takes note of the time. Returns connections to close: a rotation has ended, or nothing drains any more.
    pub(super) fn tick(
        &mut self,
        requests: &PendingRequests,
        now: Now,
    ) -> impl Iterator<Item = ConnId> + use<> {
        self.main.tick(now.monotonic);
        let drained = self.tick_draining(requests, now);
        self.unpark_if_needed(requests);
        drained.into_iter().chain(self.advance_rotation(requests, now).into_iter().flatten())
    }

    fn advance_rotation(&mut self, requests: &PendingRequests, now: Now) -> [Option<ConnId>; 2] {
        let Some(next) = &mut self.next else { return [None, None] };
        next.tick(now.monotonic);
        let view = RotationInput {
            is_made: next.carried().is_some(),
            is_bound: next.carried().is_some_and(CarriedSession::is_key_usable),
            is_ready: self.main.is_ready(),
            is_busy: self.main.has_requests(),
        };
        match self.rotation.advance(view, now.monotonic) {
            Action::Nothing => {}
            // Once the next key is bound, the server may have forgotten the session of this one.
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

    /// Puts a connection in the place of the main one, which drains if it owes answers. Returns connections to close.
    fn replace_main(
        &mut self,
        next: Connection,
        requests: &PendingRequests,
        now: Now,
    ) -> [Option<ConnId>; 2] {
        let unfinished = self.drop_draining(requests);
        let last = core::mem::replace(&mut self.main, next);
        self.rotation.stop_holding();
        let finished = if last.has_requests() {
            let mut draining = DrainingSession::new(last, now);
            // What never left is owed by no session: the next one takes it when it begins.
            draining.take_unsent();
            self.draining = Some(Box::new(draining));
            None
        } else {
            last.conn()
        };
        [unfinished, finished]
    }

    /// In how much time the present temporary key should be replaced; `None`: there is none, or it is not in use.
    fn renewal_in(&self, now: Now) -> Option<Duration> {
        let (carried, temporary) = self.main.temporary().filter(|_| self.main.is_ready())?;
        Some(Duration::from_secs(temporary.renew_at().saturating_sub(carried.server_time(now))))
    }

    /// Works out when the next key is due, after all else was done.
    pub(super) fn schedule_renewal(&mut self, now: Now) {
        self.rotation.schedule(self.renewal_in(now), now.monotonic);
    }

    /// A connection whose time is over, and why.
    pub(super) fn overdue(&self, now: Timestamp) -> Option<(ConnId, DisconnectReason)> {
        [Role::Main, Role::Next, Role::Draining].into_iter().find_map(|role| {
            let connection = self.connection(role)?;
            Some((connection.conn()?, connection.overdue(now)?))
        })
    }

    /// When to look again although nothing happened.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        let connections =
            [Role::Main, Role::Next, Role::Draining].map(|role| self.connection(role)?.timeout());
        let draining = self.draining.as_deref().map(DrainingSession::until);
        connections.into_iter().chain([draining, self.rotation.timeout()]).flatten().min()
    }

    /// Until when the first connection may go on to make its keys, if the server has answered a step of that.
    pub(super) fn key_exchange_deadline(&self) -> Option<Timestamp> {
        self.main
            .key_exchange_deadline()
            .filter(|_| !self.takes_requests() && !self.attempts.failed_in_key_exchange())
    }

    // ---- What is lost ----------------------------------------------------------------------------------------------

    /// Whether the connection drains after `reason` instead of being closed: the server treats its temporary key as unbound,
    /// although it was bound. Requests need another key, but the refusals of what is in flight still arrive.
    pub(super) fn drains_after(&self, role: Role, reason: &DisconnectReason) -> bool {
        let was_bound = self.main.temporary().is_some_and(|(_, temporary)| temporary.is_bound());
        role == Role::Main && was_bound && matches!(reason, DisconnectReason::BindRefused(_))
    }

    /// The key carries no requests any more. Returns connections to close.
    pub(super) fn drain_main(&mut self, requests: &PendingRequests, now: Now) -> [Option<ConnId>; 2] {
        self.parked.clear();
        self.replace_main(Connection::new(), requests, now)
    }

    /// The main connection ended, which was ready if `was_ready`. Returns whether the permanent key must be given up.
    pub(super) fn on_main_disconnect(
        &mut self,
        reason: &DisconnectReason,
        was_ready: bool,
        requests: &PendingRequests,
        now: Now,
    ) -> bool {
        self.attempts
            .on_disconnect(reason, ConnectionProgress { was_ready, ..self.main.progress(now.monotonic) });
        self.main.close();
        let key = match (self.main.carried(), self.main.temporary()) {
            (None, _) => UsedKey::None,
            (Some(_), None) => UsedKey::Permanent,
            (Some(carried), Some((_, temporary))) => UsedKey::Temporary {
                is_useless: !temporary.is_bound() || temporary.is_over(carried.server_time(now)),
            },
        };
        let verdict = self.key_refusals.on_disconnect(reason, key, now.monotonic);
        if verdict.gives_up_session {
            self.drop_session(requests);
            // A permanent key is not given up for that: a binding shows whether the server knows it.
            self.pfs = true;
        }
        verdict.gives_up_permanent_key
    }

    /// Whether no further attempt is made after `reason`.
    pub(super) fn is_given_up(&self, reason: &DisconnectReason, limit: u32) -> bool {
        self.attempts.is_given_up(reason, limit)
    }

    /// Waits before the next attempt; returns for how long.
    pub(super) fn back_off(
        &mut self,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
        now: Timestamp,
    ) -> Duration {
        let pause = self.attempts.pause(reason, random);
        self.main.back_off(now + pause);
        pause
    }

    /// Makes no further attempt before something needs the connection.
    pub(super) fn give_up(&mut self) {
        self.is_kept_open = false;
        self.attempts.forget_failures();
    }

    /// The preparation of the next key failed: what it held back leaves under the present one.
    pub(super) fn on_next_disconnect(
        &mut self,
        now: Now,
        reason: &DisconnectReason,
        requests: &PendingRequests,
        random: &mut dyn SecureRandom,
    ) {
        self.next = None;
        self.rotation.on_failure(reason, random, now.monotonic);
        self.unpark(requests);
    }

    /// The connection of the draining session ended.
    pub(super) fn on_draining_disconnect(
        &mut self,
        now: Now,
        reason: &DisconnectReason,
        random: &mut dyn SecureRandom,
    ) {
        if let Some(draining) = &mut self.draining {
            draining.on_disconnect(reason, random, now.monotonic);
        }
    }

    /// The permanent key is gone.
    pub(super) fn forget_key(&mut self, config: &Config, requests: &PendingRequests) {
        self.pfs = config.pfs;
        self.key_refusals.reset();
        self.drop_session(requests);
    }

    /// Forgets the session, so that the next connection begins with a new one; remembers what left under it.
    fn drop_session(&mut self, requests: &PendingRequests) {
        self.orphaned.add(&self.main, requests.unanswered(self.dc));
        self.main.take_carried();
        self.rotation.stop_holding();
        self.parked.clear();
    }
}
