//! The way to one DC: the connection that carries its requests, the one that prepares the next temporary key, and what
//! follows when either is lost.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use super::config::Config;
use super::connection::{Connection, Context, Receiver};
use super::draining::{DrainingSession, UnconfirmedRequests};
use super::io::{ConnId, Event, Output};
use super::pfs::Temporary;
use super::stored_session::StoredSession;
use super::stream::{Phase, Stream};
use super::ways::{self, Attempt};
use crate::crypto::SecureRandom;
use crate::dc::DcId;
use crate::rpc::{DisconnectReason, PendingRequests, RequestId, RequestOrdering, Requester};
use crate::session::{Delivery, RequestTag};
use crate::time::{Now, Timestamp};

/// The first pause before a new attempt; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A connection that has worked for so long was worth its attempt, also where it brought no results: pauses begin anew.
const STEADY: Duration = Duration::from_secs(5);
/// The shortest pause after -429, the server's plea for fewer connections.
const FLOOD_PAUSE: Duration = Duration::from_secs(5);
/// Whether the requests of the application may go to a DC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthState {
    /// They may, as far as we know.
    Open,
    /// The login must be carried over first.
    Closed,
    /// It is being carried over by this request: an export, or the import after it.
    Importing(RequestId),
}

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
    pub(super) old: Option<Box<DrainingSession>>,
    /// Requests that left under a key which is gone.
    pub(super) exposed: UnconfirmedRequests,
    pub(super) gate: AuthState,
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

/// Which of a link's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that carries requests.
    Main,
    /// The one that prepares the next key.
    Next,
    /// The one that waits for answers under the last key.
    Old,
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
            old: None,
            exposed: UnconfirmedRequests::default(),
            gate: AuthState::Open,
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
    pub(super) fn side(&self, conn: ConnId) -> Option<Role> {
        if self.main.conn() == Some(conn) {
            Some(Role::Main)
        } else {
            let next = self.next.as_deref().map(|lane| (Role::Next, lane));
            let old = self.old.as_deref().map(|old| (Role::Old, &old.lane));
            next.into_iter().chain(old).find(|(_, lane)| lane.conn() == Some(conn)).map(|(side, _)| side)
        }
    }

    /// Lets go of all connections; answers them.
    pub(super) fn hang_up(&mut self, table: &PendingRequests) -> impl Iterator<Item = ConnId> + use<> {
        let old = self.drop_old(table);
        let conns = [self.main.conn(), self.next.take().and_then(|lane| lane.conn()), old];
        self.main.phase = Phase::Idle;
        self.holding = None;
        if let Some(keyed) = &mut self.main.keyed {
            keyed.session.stop_draining();
        }
        conns.into_iter().flatten()
    }

    fn lane(&mut self, side: Role) -> Option<&mut Connection> {
        match side {
            Role::Main => Some(&mut self.main),
            Role::Next => self.next.as_deref_mut(),
            Role::Old => self.old.as_deref_mut().map(|old| &mut old.lane),
        }
    }

    /// Whether this connection's session travels under a temporary key.
    pub(super) fn is_temporary(&mut self, side: Role) -> bool {
        self.lane(side).and_then(|lane| lane.keyed.as_ref()).is_some_and(|keyed| keyed.temporary.is_some())
    }

    /// Gives back the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        self.main.trim();
        if let Some(old) = &mut self.old {
            old.lane.trim();
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

    /// Begins an attempt over `wire`.
    pub(super) fn open(&mut self, side: Role, wire: Stream, table: &PendingRequests, now: Now) {
        match side {
            Role::Main => {
                let over = self
                    .temporary()
                    .is_some_and(|(keyed, temporary)| temporary.is_over(keyed.server_time(now)));
                if over {
                    self.drop_session(table);
                }
                self.main.open(wire);
            }
            Role::Next => {
                self.next.get_or_insert_with(|| Box::new(Connection::new())).open(wire);
            }
            Role::Old => {
                if let Some(old) = &mut self.old {
                    old.lane.open(wire);
                }
            }
        }
    }

    /// The stream is up.
    pub(super) fn opened(&mut self, side: Role, cx: &mut Context<'_>) {
        let (dc, hello_failures) = (self.dc, self.hello_failures);
        if let Some(lane) = self.lane(side) {
            lane.opened(dc, hello_failures, cx);
        }
    }

    /// Begins on each connection that has become fit for frames.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) {
        let (dc, pfs) = (self.dc, self.pfs);
        self.main.begin(dc, pfs, cx);
        if let Some(next) = &mut self.next {
            next.begin(dc, pfs, cx);
        }
        if let Some(old) = &mut self.old {
            old.lane.begin(dc, pfs, cx);
        }
    }

    /// Takes received bytes, in any chunking, in place.
    pub(super) fn received(
        &mut self,
        side: Role,
        bytes: &mut [u8],
        receiver: &mut dyn Receiver,
        cx: &mut Context<'_>,
    ) -> Result<(), DisconnectReason> {
        let (dc, pfs) = (self.dc, self.pfs);
        let mut parked = core::mem::take(&mut self.parked);
        let result =
            self.lane(side).map_or(Ok(()), |lane| lane.received(bytes, dc, pfs, receiver, &mut parked, cx));
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

    pub(super) fn sent(&mut self, side: Role, buffer: Vec<u8>) {
        if let Some(lane) = self.lane(side) {
            lane.sent(buffer);
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
        self.main.keyed.as_ref().is_some_and(|keyed| keyed.filled)
    }

    /// Whether a request may leave in the session that there is now. What is to be executed after something that the last
    /// session owes must wait: the server cannot tell them apart by an identifier of another session.
    pub(super) fn may_leave(&self, place: RequestOrdering) -> bool {
        let passes = self.gate == AuthState::Open || matches!(place.owner, Requester::Transfer(_));
        let waits = place.after.is_some_and(|after| self.parked.contains(&after) || self.is_owed(after));
        passes && !waits && self.holding.is_none()
    }

    /// Queues a request, or parks it.
    pub(super) fn route_request(&mut self, tag: RequestTag, place: RequestOrdering) {
        let may_leave = self.may_leave(place);
        match &mut self.main.keyed {
            Some(keyed) if may_leave => keyed.session.queue(tag),
            _ => _ = self.parked.insert(tag),
        }
    }

    /// Until when the first connection to the DC may go on to make its keys, of which the server has answered a step.
    pub(super) fn makes_key(&self) -> Option<Timestamp> {
        match &self.main.phase {
            Phase::Open(wire) if wire.makes_key && !self.session_is_filled() && !self.failed_at_key => {
                Some(wire.due.at)
            }
            _ => None,
        }
    }

    /// Gives the session what waited for it, if it has become fit to carry requests; `true`: for want of a key, all
    /// had to wait until now.
    pub(super) fn fill(&mut self, table: &PendingRequests) -> bool {
        let waited = self.makes_key().is_some();
        let Some(keyed) = &mut self.main.keyed else { return false };
        if let Some(temporary) = &keyed.temporary
            && !temporary.is_bound()
        {
            keyed.bind();
        } else if !keyed.filled {
            keyed.filled = true;
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
        if let Some(keyed) = self.main.keyed.as_mut().filter(|_| self.holding.is_none()) {
            keyed.session.stop_draining();
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
        let lanes = [Some(&mut self.main), self.old.as_deref_mut().map(|old| &mut old.lane)];
        for keyed in lanes.into_iter().flatten().filter_map(|lane| lane.keyed.as_mut()) {
            keyed.session.drop_request(tag);
        }
    }

    /// A request is over.
    pub(super) fn answered(&mut self, tag: RequestTag) {
        self.exposed.forget(tag);
        self.owes_less |= self.old.is_some();
    }

    /// How far a request has come.
    pub(super) fn delivery(&self, tag: RequestTag) -> Delivery {
        let lanes = [Some(&self.main), self.old.as_deref().map(|old| &old.lane)];
        let keyed = lanes.into_iter().flatten().filter_map(|lane| lane.keyed.as_ref());
        let known = keyed.map(|keyed| keyed.session.delivery(tag)).chain(self.exposed.delivery(tag));
        known.max().unwrap_or(Delivery::Queued)
    }

    /// The salt to keep and the clock's offset from the wall clock, as the session knows them now. Salts of temporary
    /// keys are not worth keeping.
    pub(super) fn learned(&self, now: Now) -> Option<(Option<i64>, i64)> {
        let keyed = self.main.keyed.as_ref()?;
        let clock = keyed.session.clock();
        let salt = keyed.temporary.is_none().then(|| keyed.session.salt());
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
        let was_steady =
            !reason.is_refusal() && self.main.validated_since().is_some_and(|since| now - since >= STEADY);
        self.failures = if was_steady { 1 } else { self.failures.saturating_add(1) };
        if let Phase::Open(wire) = &self.main.phase {
            self.failed_at_key |= wire.makes_key && wire.validated.is_none();
            if wire.layers.as_ref().is_some_and(|layers| !layers.is_open()) {
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
        side: Role,
        table: &PendingRequests,
        cx: &mut Context<'_>,
    ) -> Option<(ConnId, Vec<u8>)> {
        let lane = match side {
            Role::Main => &mut self.main,
            Role::Next => self.next.as_deref_mut()?,
            Role::Old => &mut self.old.as_deref_mut()?.lane,
        };
        let bytes = lane.transmit(&self.prefix, table, cx)?;
        Some((lane.conn()?, bytes))
    }

    /// Which connection must be replaced now, and why.
    pub(super) fn expired(&self, now: Timestamp) -> Option<(ConnId, DisconnectReason)> {
        let old = self.old.as_deref().map(|old| &old.lane);
        let lanes = [Some(&self.main), self.next.as_deref(), old];
        lanes.into_iter().flatten().find_map(|lane| Some((lane.conn()?, lane.expired(now)?)))
    }

    /// When to look again although nothing happened.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        let next = self.next.as_deref();
        let holding = self.holding.filter(|_| {
            next.and_then(|lane| lane.keyed.as_ref())
                .is_some_and(|keyed| keyed.temporary.as_ref().is_some_and(Temporary::is_due))
        });
        let old = self.old.as_deref();
        let timers = [
            self.main.timeout(),
            next.and_then(Connection::timeout),
            old.and_then(|old| old.lane.timeout()),
            old.map(|old| old.until),
            self.renewal_at,
            holding,
        ];
        timers.into_iter().flatten().min()
    }

    /// How long to pause after the failures so far.
    pub(super) fn pause(&self, reason: &DisconnectReason, random: &mut dyn SecureRandom) -> Duration {
        pause(self.failures, reason, random)
    }
}

/// How long to pause after so many failures in a row.
///
/// Up to half of it is left to chance, so that clients which a server lost together do not come back together.
pub(super) fn pause(failures: u32, reason: &DisconnectReason, random: &mut dyn SecureRandom) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    let full = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    let [chance] = crate::crypto::random::array(random);
    let pause = full / 2 + full / 2 * u32::from(chance) / 255;
    if matches!(reason, DisconnectReason::TransportError(-429)) { pause.max(FLOOD_PAUSE) } else { pause }
}
