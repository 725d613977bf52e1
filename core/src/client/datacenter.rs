//! One DC: its connections, sessions and keys. `lifecycle.rs` opens, replaces and loses connections, `requests.rs`
//! decides which session a request is sent in.

mod attempt_history;
pub(crate) mod authorization;
pub(crate) mod draining;
pub(crate) mod key_destruction;
mod key_refusals;
mod key_rotation;
mod lifecycle;
mod parked;
mod requests;

use alloc::boxed::Box;
use alloc::vec::Vec;

use self::attempt_history::AttemptHistory;
use self::authorization::TransferState;
use self::draining::{DrainingSession, OrphanedRequests};
use self::key_refusals::KeyRefusals;
use self::key_rotation::KeyRotation;
use self::parked::ParkedRequests;
use super::connection::Connection;
use super::connection::incoming::ConnectionIncoming;
use super::connection::key_exchange::{KeyExchangeOutput, KeyExchangeTask};
use super::context::Context;
use super::io::{ConnId, Event, Output};
use crate::dc::DcId;
use crate::rpc::{DisconnectReason, RequestTable};
use crate::time::{Now, Timestamp};

/// One DC: its connections, sessions and keys.
///
/// Its state is that of three parts, each a value with a table of its own transitions:
///
/// | part | states | table |
/// |---|---|---|
/// | `main` | idle, backoff, connecting, opening the tunnel, key exchange, binding, validating, ready | [`ConnectionState`](super::connection::active_connection::ConnectionState) |
/// | `rotation`, over `next` | idle, preparing, holding, binding | [`KeyRotation`] |
/// | `draining` | none, or the session under the key before | [`DrainingSession`] |
///
/// Three transitions involve more than one part. A rotation that succeeds replaces `main` by `next`; the old `main`
/// drains if it still awaits answers. A `main` whose temporary key the server treats as unbound drains, and an idle one
/// replaces it. The session of `main` is dropped if its key has expired or is refused ([`KeyRefusals`]).
#[derive(Debug)]
pub(super) struct Datacenter {
    dc: DcId,
    /// The connection that carries requests.
    main: Connection,
    /// The connection on which the next key is made.
    next: Option<Box<Connection>>,
    rotation: KeyRotation,
    /// The session under the previous key, while it still awaits answers.
    draining: Option<Box<DrainingSession>>,
    attempt_history: AttemptHistory,
    key_refusals: KeyRefusals,
    /// Whether requests are sent under temporary keys.
    pfs: bool,
    transfer_state: TransferState,
    /// Requests that may not be sent yet. There are some only if the session has taken the pending requests.
    parked: ParkedRequests,
    /// Whether requests were queued by a call that transmits nothing.
    is_tick_due: bool,
    /// Requests that were sent under a key that is gone or replaced.
    orphaned: OrphanedRequests,
    /// Whether the main connection is kept open although no request is pending.
    is_kept_open: bool,
    /// Time at which a request was last queued or answered.
    last_used: Timestamp,
    /// The prefix of queries: `initConnection`, until the server knows this client, then
    /// [`WITHOUT_UPDATES`](crate::rpc::WITHOUT_UPDATES) if no updates are wanted.
    query_prefix: Vec<u8>,
}

/// The role of a connection in its DC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It carries requests.
    Main,
    /// It prepares the next key.
    Next,
    /// It carries the draining session.
    Draining,
}

impl Datacenter {
    pub(super) fn new(dc: DcId, query_prefix: Vec<u8>, pfs: bool) -> Self {
        Self {
            dc,
            main: Connection::new(),
            next: None,
            rotation: KeyRotation::default(),
            draining: None,
            attempt_history: AttemptHistory::default(),
            key_refusals: KeyRefusals::default(),
            pfs,
            transfer_state: TransferState::NotNeeded,
            parked: ParkedRequests::default(),
            is_tick_due: false,
            orphaned: OrphanedRequests::default(),
            is_kept_open: false,
            last_used: Timestamp::ZERO,
            query_prefix,
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

    /// Returns whether the main connection is kept open although no request is pending.
    pub(super) const fn is_kept_open(&self) -> bool {
        self.is_kept_open
    }

    pub(super) const fn set_kept_open(&mut self, is_kept_open: bool) {
        self.is_kept_open = is_kept_open;
    }

    /// Returns why the last connection ended, or `None` if a request succeeded since.
    pub(super) fn last_failure(&self) -> Option<&DisconnectReason> {
        self.attempt_history.last_failure()
    }

    /// Returns the number of consecutive failures.
    pub(super) const fn failures(&self) -> u32 {
        self.attempt_history.failures()
    }

    /// Returns the time at which a request was last queued or answered.
    pub(super) const fn last_used(&self) -> Timestamp {
        self.last_used
    }

    pub(super) const fn set_last_used(&mut self, now: Timestamp) {
        self.last_used = now;
    }

    /// Returns whether requests may be sent on the main connection.
    pub(super) const fn is_ready(&self) -> bool {
        self.main.is_ready()
    }

    /// Returns whether the main connection is open or being opened.
    pub(super) const fn is_open(&self) -> bool {
        self.main.conn().is_some()
    }

    /// Returns whether the main connection has a stream.
    pub(super) fn has_stream(&self) -> bool {
        self.main.has_stream()
    }

    /// Returns the role of a connection, or `None` if it is not of this DC.
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

    /// Returns whether a connection's session is under a temporary key.
    pub(super) fn is_under_temporary_key(&self, role: Role) -> bool {
        self.connection(role).is_some_and(|connection| connection.temporary().is_some())
    }

    /// Frees the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        self.parked.trim();
        [Role::Main, Role::Draining].into_iter().for_each(|role| {
            if let Some(connection) = self.connection_mut(role) {
                connection.trim();
            }
        });
    }

    // ---- Received and written --------------------------------------------------------------------------------------

    /// Takes received bytes, in any chunking, in place. Returns `None` if there is no stream.
    pub(super) fn receive<'a, 'c>(
        &'a mut self,
        role: Role,
        bytes: &'a mut [u8],
        cx: &'a mut Context<'c>,
    ) -> Option<ConnectionIncoming<'a, 'c>> {
        let (dc, pfs) = (self.dc, self.pfs);
        self.connection_mut(role)?.receive(bytes, dc, pfs, cx)
    }

    /// Ends a [`receive`](Self::receive), once all bytes were pulled or pulling has failed.
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

    /// Returns the task of a connection's key exchange, once.
    pub(super) fn take_task(&mut self, role: Role) -> Option<KeyExchangeTask> {
        self.connection_mut(role)?.key_exchange_mut()?.take_task()
    }

    /// Takes the output of a task. Returns whether the key exchange of this connection waited for it.
    pub(super) fn set_computed(&mut self, role: Role, output: KeyExchangeOutput) -> bool {
        let exchange = self.connection_mut(role).and_then(Connection::key_exchange_mut);
        exchange.is_some_and(|exchange| exchange.set_computed(output))
    }

    /// Returns the next bytes to transmit on a connection.
    pub(super) fn transmit(
        &mut self,
        role: Role,
        requests: &RequestTable,
        cx: &mut Context<'_>,
    ) -> Option<(ConnId, Vec<u8>)> {
        let connection = match role {
            Role::Main => return self.transmit_main(requests, cx),
            Role::Next => self.next.as_deref_mut()?,
            Role::Draining => self.draining.as_deref_mut()?.connection_mut(),
        };
        let bytes = connection.transmit(&self.query_prefix, requests, &|_| false, cx)?;
        Some((connection.conn()?, bytes))
    }

    /// Handles that the main connection has become ready. Returns the event for it.
    pub(super) fn on_ready(&mut self) -> Output {
        self.attempt_history.on_ready();
        self.key_refusals.on_key_confirmed();
        Output::Event(Event::Connected { dc: self.dc })
    }

    /// Records that a permanent key was made.
    pub(super) const fn on_key_made(&mut self, now: Timestamp) {
        self.key_refusals.on_key_made(now);
    }

    /// Records that a request of the application or of a login step succeeded.
    pub(super) fn on_success(&mut self, now: Timestamp) {
        self.last_used = now;
        self.attempt_history.on_success();
    }

    /// Returns the salt to store and the clock's offset from the wall clock in seconds, or `None` if nothing is known
    /// to be right. There is no salt to store under a temporary key: it ends with the session.
    ///
    /// Called after received bytes. A future salt that came into use since
    /// ([`Session::pack`](crate::session::Session::pack)) is stored with the next received bytes. A process that ends
    /// before that loses nothing: the next one begins with the previous salt, which the server accepts for half an hour
    /// more (`mtproto/description`, "Server Salt"). After that it answers `bad_server_salt` without executing anything,
    /// which costs a round trip, as it does after any longer pause.
    pub(super) fn storable_salt_and_clock_offset(&self, now: Now) -> Option<(Option<i64>, i64)> {
        let session = self.main.session()?;
        let clock = session.session.clock();
        let salt = session.temporary.is_none().then(|| session.session.salt());
        clock.is_trusted().then(|| (salt, clock.offset_from_wall(now)))
    }

    // ---- Time ------------------------------------------------------------------------------------------------------

    /// Advances the timers. Returns connections to close: a rotation has ended, or the draining is over.
    pub(super) fn tick(&mut self, requests: &RequestTable, now: Now) -> impl Iterator<Item = ConnId> + use<> {
        self.is_tick_due = false;
        self.main.tick(now.monotonic);
        let drained = self.tick_draining(requests, now);
        drained.into_iter().chain(self.advance_rotation(requests, now).into_iter().flatten())
    }

    /// Advances the timers of the main connection's session. Returns whether this DC needs nothing but to
    /// [transmit](Self::transmit) on its main connection.
    pub(super) fn is_settled(&mut self, now: Timestamp) -> bool {
        // Its timers do not count while a transmit is in flight, so some may have expired.
        self.main.tick(now);
        self.main.is_settled()
            && self.next.is_none()
            && self.draining.is_none()
            && self.transfer_state == TransferState::NotNeeded
            && !self.is_tick_due
            && !self.orphaned.has_undecided()
    }

    /// Returns when [`tick`](Self::tick) must be called next.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        let connections =
            [Role::Main, Role::Next, Role::Draining].map(|role| self.connection(role)?.timeout());
        let draining = self.draining.as_deref().map(DrainingSession::until);
        let overdue = self.is_tick_due.then_some(Timestamp::ZERO);
        connections.into_iter().chain([draining, self.rotation.timeout(), overdue]).flatten().min()
    }

    /// Returns the deadline of the first connection's key exchange, if the server has answered a step of it.
    pub(super) fn ready_deadline_in_key_exchange(&self) -> Option<Timestamp> {
        self.main
            .ready_deadline_in_key_exchange()
            .filter(|_| !self.has_queued_pending() && !self.attempt_history.failed_in_key_exchange())
    }
}
