//! The way to one DC: the connection that carries its requests, the one that prepares the next temporary key, and what
//! follows when either is lost.

pub(crate) mod authorization;
pub(crate) mod draining;
pub(crate) mod key_destruction;
mod key_rotation;

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use self::authorization::AuthState;
use self::draining::{DrainingSession, UnconfirmedRequests};
use super::backoff;
use super::config::Config;
use super::connection::stream::{Phase, Stream};
use super::connection::temporary_key::TemporaryKey;
use super::connection::{Connection, Receiver};
use super::context::Context;
use super::io::{ConnId, Event, Output};
use super::stored_session::StoredSession;
use super::ways::{self, Attempt};
use crate::crypto::SecureRandom;
use crate::dc::DcId;
use crate::policy;
use crate::rpc::{DisconnectReason, PendingRequests, RequestId, RequestOrdering, Requester};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

/// The way to one DC.
#[derive(Debug)]
pub(super) struct Datacenter {
    pub(super) dc: DcId,
    pub(super) main: Connection,
    /// Where the next temporary key is made.
    pub(super) next: Option<Box<Connection>>,
    /// Until when requests are held back, so that none is under way while the keys change.
    pub(super) holding: Option<Timestamp>,
    /// Not before this time another temporary key is tried.
    pub(super) renew_after: Timestamp,
    /// When the next temporary key is due, as of the last call.
    pub(super) renewal_at: Option<Timestamp>,
    pub(super) renewal_failures: u32,
    /// Requests that the session was not given yet.
    pub(super) parked: BTreeSet<RequestTag>,
    /// The last session owes less than before, so that some of these may leave.
    pub(super) owes_less: bool,
    /// The last session, while it owes answers.
    pub(super) draining: Option<Box<DrainingSession>>,
    /// Requests that left under a key which is gone.
    pub(super) unconfirmed: UnconfirmedRequests,
    pub(super) auth: AuthState,
    /// Whether the connection is wanted although no request waits.
    pub(super) keep: bool,
    /// Attempts that failed, and connections that did not last, in a row.
    pub(super) failures: u32,
    /// Connections that came up, but whose disguise did not: they decide what the next one says first.
    hello_failures: u32,
    /// Whether a connection ever worked.
    pub(super) ever_worked: bool,
    /// Whether one was lost over which keys were being made, since one worked.
    failed_at_key: bool,
    /// How the last connection ended, if no request was answered since.
    pub(super) trouble: Option<DisconnectReason>,
    /// Attempts that failed since the last that did not: they decide which way, address and transport is tried.
    route: usize,
    /// Whether requests travel under temporary keys.
    pub(super) pfs: bool,
    /// Consecutive connections that ended in -404.
    pub(super) unknown_key: u8,
    /// Consecutive bindings that the server refused as if it did not know the permanent key.
    pub(super) bind_refusals: u8,
    /// When the permanent key was made, if in this run.
    pub(super) key_made: Option<Timestamp>,
    /// When a request came or was answered last.
    pub(super) last_used: Timestamp,
    /// What goes before a query until the server knows this client; then, where no updates are wanted,
    /// [`WITHOUT_UPDATES`](crate::rpc::WITHOUT_UPDATES).
    prefix: Vec<u8>,
}

/// Which of a datacenter's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that carries requests.
    Main,
    /// The one that prepares the next key.
    Next,
    /// The one that waits for answers under the last key.
    Draining,
}

impl Datacenter {
    pub(super) fn new(dc: DcId, prefix: Vec<u8>, pfs: bool) -> Self {
        Self {
            dc,
            main: Connection::new(),
            next: None,
            holding: None,
            renew_after: Timestamp::ZERO,
            renewal_at: None,
            renewal_failures: 0,
            parked: BTreeSet::new(),
            owes_less: false,
            draining: None,
            unconfirmed: UnconfirmedRequests::default(),
            auth: AuthState::Open,
            keep: false,
            failures: 0,
            hello_failures: 0,
            ever_worked: false,
            failed_at_key: false,
            trouble: None,
            route: 0,
            pfs,
            unknown_key: 0,
            bind_refusals: 0,
            key_made: None,
            last_used: Timestamp::ZERO,
            prefix,
        }
    }

    /// Which connection bears the name `conn`, if one of these does.
    pub(super) fn role(&self, conn: ConnId) -> Option<Role> {
        if self.main.conn() == Some(conn) {
            Some(Role::Main)
        } else {
            let next = self.next.as_deref().map(|connection| (Role::Next, connection));
            let old = self.draining.as_deref().map(|old| (Role::Draining, &old.connection));
            next.into_iter()
                .chain(old)
                .find(|(_, connection)| connection.conn() == Some(conn))
                .map(|(role, _)| role)
        }
    }

    /// Lets go of all connections; answers them.
    pub(super) fn hang_up(&mut self, table: &PendingRequests) -> impl Iterator<Item = ConnId> + use<> {
        let old = self.drop_draining(table);
        let conns = [self.main.conn(), self.next.take().and_then(|connection| connection.conn()), old];
        self.main.phase = Phase::Idle;
        self.holding = None;
        if let Some(bound) = &mut self.main.bound {
            bound.session.stop_draining();
        }
        conns.into_iter().flatten()
    }

    fn connection(&mut self, role: Role) -> Option<&mut Connection> {
        match role {
            Role::Main => Some(&mut self.main),
            Role::Next => self.next.as_deref_mut(),
            Role::Draining => self.draining.as_deref_mut().map(|draining| &mut draining.connection),
        }
    }

    /// Whether this connection's session travels under a temporary key.
    pub(super) fn is_temporary(&mut self, role: Role) -> bool {
        self.connection(role)
            .and_then(|connection| connection.bound.as_ref())
            .is_some_and(|bound| bound.temporary.is_some())
    }

    /// Gives back the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        self.main.trim();
        if let Some(draining) = &mut self.draining {
            draining.connection.trim();
        }
    }

    /// Lets go of the connection that prepares the next key.
    pub(super) fn take_next(&mut self) -> Option<ConnId> {
        self.holding = None;
        self.next.take()?.conn()
    }

    /// Since when nobody asked anything of this DC.
    pub(super) const fn idle_since(&self) -> Timestamp {
        self.last_used
    }

    /// What the next attempt does.
    pub(super) fn attempt(&self, config: &Config, data: &StoredSession) -> Attempt {
        ways::attempt(config, data, self.dc, self.route)
    }

    /// Begins an attempt over `stream`.
    pub(super) fn open(&mut self, role: Role, stream: Stream, table: &PendingRequests, now: Now) {
        match role {
            Role::Main => {
                let over = self
                    .temporary()
                    .is_some_and(|(bound, temporary)| temporary.is_over(bound.server_time(now)));
                if over {
                    self.drop_session(table);
                }
                self.main.open(stream);
            }
            Role::Next => {
                self.next.get_or_insert_with(|| Box::new(Connection::new())).open(stream);
            }
            Role::Draining => {
                if let Some(draining) = &mut self.draining {
                    draining.connection.open(stream);
                }
            }
        }
    }

    /// The stream is up.
    pub(super) fn opened(&mut self, role: Role, cx: &mut Context<'_>) {
        let (dc, hello_failures) = (self.dc, self.hello_failures);
        if let Some(connection) = self.connection(role) {
            connection.opened(dc, hello_failures, cx);
        }
    }

    /// Begins on each connection that has become fit for frames.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) {
        let (dc, pfs) = (self.dc, self.pfs);
        self.main.begin(dc, pfs, cx);
        if let Some(next) = &mut self.next {
            next.begin(dc, pfs, cx);
        }
        if let Some(draining) = &mut self.draining {
            draining.connection.begin(dc, pfs, cx);
        }
    }

    /// Takes received bytes, in any chunking, in place.
    pub(super) fn received(
        &mut self,
        role: Role,
        bytes: &mut [u8],
        receiver: &mut dyn Receiver,
        cx: &mut Context<'_>,
    ) -> Result<(), DisconnectReason> {
        let (dc, pfs) = (self.dc, self.pfs);
        let mut parked = core::mem::take(&mut self.parked);
        let result = self
            .connection(role)
            .map_or(Ok(()), |connection| connection.received(bytes, dc, pfs, receiver, &mut parked, cx));
        self.parked = parked;
        if self.main.is_validated() {
            self.unknown_key = 0;
        }
        result
    }

    /// A permanent key was made just now.
    pub(super) fn key_made(&mut self, now: Timestamp) {
        self.key_made = Some(now);
        self.bind_refusals = 0;
    }

    pub(super) fn transmitted(&mut self, role: Role, buffer: Vec<u8>) {
        if let Some(connection) = self.connection(role) {
            connection.transmitted(buffer);
        }
    }

    /// A new request. Without a session that may carry it, it waits in the table.
    pub(super) fn queue(&mut self, tag: RequestTag, place: RequestOrdering, now: Timestamp) {
        self.last_used = now;
        if self.session_is_filled() {
            self.route_request(tag, place);
        }
    }

    pub(super) fn session_is_filled(&self) -> bool {
        self.main.bound.as_ref().is_some_and(|bound| bound.filled)
    }

    /// Whether a request may leave in the session that there is now. What is to be executed after something that the last
    /// session owes must wait: the server cannot tell them apart by an identifier of another session.
    pub(super) fn may_leave(&self, place: RequestOrdering) -> bool {
        let passes = self.auth == AuthState::Open || matches!(place.owner, Requester::Transfer(_));
        let waits = place.after.is_some_and(|after| self.parked.contains(&after) || self.is_owed(after));
        passes && !waits && self.holding.is_none()
    }

    /// Queues a request, or parks it.
    pub(super) fn route_request(&mut self, tag: RequestTag, place: RequestOrdering) {
        let may_leave = self.may_leave(place);
        match &mut self.main.bound {
            Some(bound) if may_leave => bound.session.queue(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// Until when the first connection to the DC may go on to make its keys, of which the server has answered a step.
    pub(super) fn makes_key(&self) -> Option<Timestamp> {
        match &self.main.phase {
            Phase::Open(stream) if stream.makes_key && !self.session_is_filled() && !self.failed_at_key => {
                Some(stream.due.at)
            }
            _ => None,
        }
    }

    /// Gives the session what waited for it, if it has become fit to carry requests; `true`: for want of a key, all
    /// had to wait until now.
    pub(super) fn fill(&mut self, table: &PendingRequests) -> bool {
        let waited = self.makes_key().is_some();
        let Some(bound) = &mut self.main.bound else { return false };
        if let Some(temporary) = &bound.temporary
            && !temporary.is_bound()
        {
            bound.bind();
        } else if !bound.filled {
            bound.filled = true;
            self.bind_refusals = 0;
            self.parked.clear();
            // What the last session may still have answers to stays there.
            let waiting: Vec<RequestId> =
                table.waiting(self.dc).filter(|id| !self.is_owed(id.tag())).collect();
            for id in waiting {
                self.route_waiting(id.tag(), table);
            }
            return waited;
        }
        false
    }

    /// Queues what was parked, where it may leave now.
    pub(super) fn unpark(&mut self, table: &PendingRequests) {
        if let Some(bound) = self.main.bound.as_mut().filter(|_| self.holding.is_none()) {
            bound.session.stop_draining();
        }
        for tag in core::mem::take(&mut self.parked) {
            self.route_waiting(tag, table);
        }
    }

    /// Queues a request, or parks it, unless nobody waits for it any more.
    pub(super) fn route_waiting(&mut self, tag: RequestTag, table: &PendingRequests) {
        if let Some(place) = table.place(tag.into()) {
            self.route_request(tag, place);
        }
    }

    /// Nobody waits for a request any more.
    pub(super) fn drop_request(&mut self, tag: RequestTag) {
        self.answered(tag);
        self.parked.remove(&tag);
        let connections =
            [Some(&mut self.main), self.draining.as_deref_mut().map(|draining| &mut draining.connection)];
        for bound in connections.into_iter().flatten().filter_map(|connection| connection.bound.as_mut()) {
            bound.session.drop_request(tag);
        }
    }

    /// A request is over.
    pub(super) fn answered(&mut self, tag: RequestTag) {
        self.unconfirmed.forget(tag);
        self.owes_less |= self.draining.is_some();
    }

    /// How far a request has come.
    pub(super) fn delivery(&self, tag: RequestTag) -> Delivery {
        let connections = [Some(&self.main), self.draining.as_deref().map(|draining| &draining.connection)];
        let bound = connections.into_iter().flatten().filter_map(|connection| connection.bound.as_ref());
        let known = bound.map(|bound| bound.session.delivery(tag)).chain(self.unconfirmed.delivery(tag));
        known.max().unwrap_or(Delivery::Queued)
    }

    /// The salt to keep and the clock's offset from the wall clock, as the session knows them now. Salts of temporary
    /// keys are not worth keeping.
    pub(super) fn learned(&self, now: Now) -> Option<(Option<i64>, i64)> {
        let bound = self.main.bound.as_ref()?;
        let clock = bound.session.clock();
        let salt = bound.temporary.is_none().then(|| bound.session.salt());
        clock.is_trusted().then(|| (salt, clock.offset_from_wall(now)))
    }

    /// The main connection has proved that it works: says so.
    pub(super) fn works(&mut self) -> Output {
        self.ever_worked = true;
        self.failed_at_key = false;
        Output::Event(Event::Connected { dc: self.dc })
    }

    /// Counts a failed attempt, or the main connection that is being lost.
    pub(super) fn count_failure(&mut self, reason: &DisconnectReason, now: Timestamp) {
        // A server that refuses everything does so over a connection that works.
        let was_steady = !reason.is_refusal()
            && self.main.validated_since().is_some_and(|since| now - since >= policy::STEADY_AFTER);
        self.failures = if was_steady { 1 } else { self.failures.saturating_add(1) };
        if let Phase::Open(stream) = &self.main.phase {
            self.failed_at_key |= stream.makes_key && stream.validated.is_none();
            if stream.layers.as_ref().is_some_and(|layers| !layers.is_open()) {
                self.hello_failures = self.hello_failures.wrapping_add(1);
            }
        }
        if !matches!(reason, DisconnectReason::ClosedByUs) {
            self.trouble = Some(reason.clone());
        }
    }

    /// A request was answered at `now`: the connection was worth its attempt, however soon it ends.
    pub(super) fn brought_result(&mut self, now: Timestamp) {
        self.last_used = now;
        self.failures = 0;
        self.trouble = None;
    }

    /// Whether the main connection works.
    pub(super) const fn is_validated(&self) -> bool {
        self.main.is_validated()
    }

    /// After a failed attempt it is the next address's or transport's turn.
    pub(super) fn next_route(&mut self) {
        self.route = self.route.wrapping_add(1);
    }

    /// The next bytes to transmit on each connection.
    pub(super) fn transmit(
        &mut self,
        role: Role,
        table: &PendingRequests,
        cx: &mut Context<'_>,
    ) -> Option<(ConnId, Vec<u8>)> {
        let connection = match role {
            Role::Main => &mut self.main,
            Role::Next => self.next.as_deref_mut()?,
            Role::Draining => &mut self.draining.as_deref_mut()?.connection,
        };
        let bytes = connection.transmit(&self.prefix, table, cx)?;
        Some((connection.conn()?, bytes))
    }

    /// Which connection must be replaced now, and why.
    pub(super) fn expired(&self, now: Timestamp) -> Option<(ConnId, DisconnectReason)> {
        let old = self.draining.as_deref().map(|draining| &draining.connection);
        let connections = [Some(&self.main), self.next.as_deref(), old];
        connections
            .into_iter()
            .flatten()
            .find_map(|connection| Some((connection.conn()?, connection.expired(now)?)))
    }

    /// When to look again although nothing happened.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        let next = self.next.as_deref();
        let holding = self.holding.filter(|_| {
            next.and_then(|connection| connection.bound.as_ref())
                .is_some_and(|bound| bound.temporary.as_ref().is_some_and(TemporaryKey::is_due))
        });
        let old = self.draining.as_deref();
        let timers = [
            self.main.timeout(),
            next.and_then(Connection::timeout),
            old.and_then(|draining| draining.connection.timeout()),
            old.map(|draining| draining.until),
            self.renewal_at,
            holding,
        ];
        timers.into_iter().flatten().min()
    }

    /// How long to pause after the failures so far.
    pub(super) fn pause(&self, reason: &DisconnectReason, random: &mut dyn SecureRandom) -> Duration {
        backoff::pause(self.failures, reason, random)
    }
}
