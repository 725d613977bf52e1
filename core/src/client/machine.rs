//! The client's state machine. It passes inputs to datacenters, and results to their requesters.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::config::Config;
use super::connection::Connection;
use super::context::Context;
use super::datacenter::authorization::Transfer;
use super::datacenter::key_destruction::KeyDestruction;
use super::datacenter::{Datacenter, Role};
use super::endpoints;
use super::io::{ConnId, Event, Input, Output};
use super::key_destructions::KeyDestructions;
use super::own_query_states::OwnQueryStates;
use super::session_servers::WrongServers;
use super::steps::Steps;
use super::stored_session::StoredSession;
use super::tracked_session::TrackedSession;
use super::update_queue::UpdateQueue;
use crate::crypto::SecureRandom;
use crate::dc::DcId;
use crate::rpc::{
    DisconnectReason, InvokeError, RequestId, RequestTable, Requester, ServerProblem, WITHOUT_UPDATES,
    init_prefix,
};
use crate::time::{Now, Timestamp};

/// The client: a state machine without I/O.
///
/// **After every call, poll with [`poll_output`](Self::poll_output) until [`Output::Timeout`].**
pub struct Client {
    pub(super) config: Config,
    pub(super) stored: TrackedSession,
    pub(super) random: Box<dyn SecureRandom + Send>,
    pub(super) requests: RequestTable,
    pub(super) steps: Steps,
    pub(super) outputs: VecDeque<Output>,
    /// Boxed: a node of the map reserves space for eleven values.
    pub(super) datacenters: BTreeMap<DcId, Box<Datacenter>>,
    /// Pending authorization transfers, by target DC.
    pub(super) transfers: BTreeMap<DcId, Transfer>,
    pub(super) key_destructions: KeyDestructions,
    pub(super) updates: UpdateQueue,
    /// Finished requests of the client itself and of login steps.
    pub(super) completed_internal: VecDeque<(RequestId, Requester)>,
    pub(super) rejections: BTreeMap<&'static str, u64>,
    pub(super) next_conn: u64,
    pub(super) next_request: u64,
    pub(super) own_query_states: OwnQueryStates,
    pub(super) closed: bool,
    /// The time of the last call and what the calls need, until [`advance`](Self::advance) follows.
    called: Option<(Now, Due)>,
    /// The time of the next timer, as of the last poll.
    settled_until: Option<Timestamp>,
    /// Whether memory that is kept for reuse may be freed if no request is pending.
    may_trim: bool,
}

/// What the calls since the last poll need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Transmits on the main connection of this DC, if nothing else is due there: see
    /// [`transmit_if_settled`](Client::transmit_if_settled).
    Transmit(DcId),
    /// Everything that is due.
    All,
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client")
            .field("home", &self.home())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Creates a client for a stored session. In the default session no user is logged in. The client does nothing
    /// before the first request or [`connect`](Self::connect).
    ///
    /// # Errors
    /// [`WrongServers`] if the session has keys for other servers than those of `config`: keys are never offered to
    /// other servers. A session without keys is assigned to the servers of `config`, and loses what belongs to others.
    pub fn new(
        config: Config,
        mut session: StoredSession,
        random: Box<dyn SecureRandom + Send>,
    ) -> Result<Self, WrongServers> {
        session.assign_servers(&config)?;
        let mut client = Self {
            config,
            stored: TrackedSession::new(session),
            random,
            requests: RequestTable::default(),
            steps: Steps::default(),
            outputs: VecDeque::new(),
            datacenters: BTreeMap::new(),
            transfers: BTreeMap::new(),
            key_destructions: KeyDestructions::default(),
            updates: UpdateQueue::default(),
            completed_internal: VecDeque::new(),
            rejections: BTreeMap::new(),
            next_conn: 1,
            next_request: 1,
            own_query_states: OwnQueryStates::default(),
            closed: false,
            called: None,
            settled_until: None,
            may_trim: false,
        };
        client.schedule_updates_query();
        Ok(client)
    }

    /// Handles one input. A peer that violates the protocol loses its connection, and [`Event::Disconnected`] has the
    /// reason.
    ///
    /// The cost grows with the length of the input.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        let updates = self.updates.len();
        // The DC whose main connection the input was about, if it left nothing to do but to transmit there.
        let mut settled = None;
        match input {
            Input::Tick => {}
            Input::Opened { conn } => {
                let mut cx =
                    Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
                if let Some((datacenter, role)) = find(&mut self.datacenters, conn) {
                    datacenter.on_opened(role, &mut cx);
                } else if let Some(destruction) = self.key_destructions.find(conn) {
                    destruction.on_opened(&mut cx);
                }
            }
            Input::Received { conn, bytes } => settled = self.on_received(now, conn, bytes),
            Input::Transmitted { conn, buffer } => {
                if let Some((datacenter, role)) = find(&mut self.datacenters, conn) {
                    datacenter.on_transmitted(role, buffer);
                    settled = (role == Role::Main).then(|| datacenter.dc());
                } else if let Some(destruction) = self.key_destructions.find(conn) {
                    destruction.on_transmitted(buffer);
                }
            }
            Input::Lost { conn, cause } => {
                if let Some(destruction) = self.key_destructions.find(conn) {
                    destruction.on_lost();
                } else {
                    self.on_disconnect(now, conn, &DisconnectReason::Network(cause));
                }
            }
            Input::Computed(output) => self.on_computed(now, output),
        }
        match settled {
            Some(dc) => self.transmit_later(dc, now),
            None => self.advance_later(now),
        }
        // After an update, more are likely to follow.
        self.may_trim = self.updates.len() == updates;
    }

    /// Returns the next output. Call it until it returns [`Output::Timeout`].
    ///
    /// The first call does what the calls since the last poll have made due, once for all of them: so requests that are
    /// queued together leave in one transmit.
    pub fn poll_output(&mut self) -> Output {
        if let Some((now, due)) = self.called.take()
            && !matches!(due, Due::Transmit(dc) if self.transmit_if_settled(dc, now))
        {
            self.advance(now);
        }
        if self.stored.take_changed() {
            return Output::Event(Event::StoredSessionChanged);
        }
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if core::mem::take(&mut self.may_trim) && self.requests.is_empty() {
            self.trim();
        }
        self.settled_until = self.next_timeout();
        Output::Timeout(self.settled_until)
    }

    /// Lets the next [`poll_output`](Self::poll_output) do what is due.
    pub(super) const fn advance_later(&mut self, now: Now) {
        self.called = Some((now, Due::All));
    }

    /// Lets the next [`poll_output`](Self::poll_output) transmit what is queued at a DC.
    pub(super) fn transmit_later(&mut self, dc: DcId, now: Now) {
        let due = Due::Transmit(dc);
        let is_same = self.called.is_none_or(|(_, before)| before == due);
        self.called = Some((now, if is_same { due } else { Due::All }));
    }

    /// Returns the time of the last call that was not followed by a poll.
    pub(super) fn called_at(&self) -> Option<Now> {
        self.called.map(|(now, _)| now)
    }

    /// Returns the time of the next timer, as of the last poll.
    pub(super) const fn settled_until(&self) -> Option<Timestamp> {
        self.settled_until
    }

    /// Frees the memory that is kept for reuse, since most clients are idle most of the time.
    fn trim(&mut self) {
        self.outputs = VecDeque::new();
        self.completed_internal = VecDeque::new();
        self.requests.trim();
        self.steps.trim();
        self.datacenters.values_mut().for_each(|datacenter| datacenter.trim());
    }

    /// Opens the connection to the home DC, and keeps it open. [`Event::Connected`] follows, or [`Event::Disconnected`]
    /// without `retry_in` if the client gives up. A backoff ends now.
    pub fn connect(&mut self, now: Now) {
        let home = self.home();
        if !self.knows_address(home) {
            let reason = DisconnectReason::UnknownDc;
            self.outputs.push_back(Output::Event(Event::Disconnected { dc: home, reason, retry_in: None }));
        } else if !self.closed {
            self.datacenter(home).keep_open_and_retry(now.monotonic);
            self.advance_later(now);
        }
    }

    /// Returns the number of rejected packets and messages, by
    /// [`MessageError::name`](crate::session::MessageError::name).
    #[must_use]
    pub const fn rejected_counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.rejections
    }

    /// Takes the oldest update: one boxed TL object.
    pub fn take_update(&mut self) -> Option<Vec<u8>> {
        self.updates.take()
    }

    /// Returns the session to store between runs. [`Event::StoredSessionChanged`] follows each change.
    #[must_use]
    pub fn stored_session(&self) -> &StoredSession {
        &self.stored
    }

    /// Returns the home DC, or the configured initial DC if it is not known yet.
    #[must_use]
    pub fn home(&self) -> DcId {
        self.stored.home_dc.unwrap_or(self.config.initial_dc)
    }

    /// Returns whether the connection to the home DC is ready.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.datacenters.get(&self.home()).is_some_and(|datacenter| datacenter.is_ready())
    }

    /// Returns whether a stream to any DC is up, ready or not.
    #[must_use]
    pub fn has_stream(&self) -> bool {
        self.datacenters.values().any(|datacenter| datacenter.has_stream())
    }

    /// Returns a DC that answers no request, and what it does instead: it repeatedly makes a login step wait, or its
    /// last connection ended and no request was answered since.
    #[must_use]
    pub fn server_problem(&self) -> Option<(DcId, ServerProblem)> {
        let home = self.home();
        let waits = self.steps.running.values().find_map(|step| step.last_retry_error.clone());
        let lost = || {
            // One failure says little if the next connection is open.
            let is_reported = |datacenter: &Datacenter| datacenter.failures() > 1 || !datacenter.is_open();
            let datacenter =
                self.datacenters.get(&home).filter(|datacenter| datacenter.last_failure().is_some());
            datacenter
                .into_iter()
                .chain(self.datacenters.values())
                .filter(|datacenter| is_reported(datacenter))
                .find_map(|datacenter| Some((datacenter.dc(), datacenter.last_failure().cloned()?)))
        };
        waits
            .map(|error| (home, ServerProblem::RepeatedRpcError(error)))
            .or_else(|| lost().map(|(dc, reason)| (dc, ServerProblem::Disconnected(reason))))
    }

    /// Closes all connections, and ends all pending requests and login steps with [`InvokeError::Cancelled`]. The
    /// client accepts no further requests.
    pub fn close(&mut self, now: Now) {
        self.closed = true;
        for id in self.requests.all_unanswered() {
            self.fail(id, InvokeError::Cancelled);
        }
        self.fail_idle_steps(now, &InvokeError::Cancelled);
        for datacenter in self.datacenters.values_mut() {
            datacenter.set_kept_open(false);
            self.outputs.extend(datacenter.close_all(&self.requests).map(|conn| Output::Close { conn }));
        }
        self.key_destructions.give_up();
        self.advance_later(now);
    }

    /// Makes `dc` the home DC. Closes the connection to the previous one if nothing needs it.
    pub(super) fn move_home(&mut self, dc: DcId) {
        let old = self.home();
        self.stored.edit().home_dc = Some(dc);
        if old != dc {
            self.restart_server_config_query();
        }
        let was_kept = self.datacenters.get(&old).is_some_and(|datacenter| datacenter.is_kept_open());
        if let Some(datacenter) = self.datacenters.get_mut(&old) {
            datacenter.set_kept_open(false);
        }
        let datacenter = self.datacenter(dc);
        datacenter.set_kept_open(datacenter.is_kept_open() || was_kept);
        let unused = old != dc && !self.requests.has_pending(old);
        if let Some(datacenter) = self.datacenters.get_mut(&old).filter(|_| unused) {
            self.outputs.extend(datacenter.close_all(&self.requests).map(|conn| Output::Close { conn }));
        }
    }

    /// Forgets the login and its keys, and starts to destroy them on the servers.
    pub(super) fn forget_login(&mut self, now: Now) {
        self.stored.edit().user = None;
        self.cancel_updates_query();
        self.restart_server_config_query();
        let keys = core::mem::take(&mut self.stored.edit().keys);
        self.transfers.clear();
        for datacenter in self.datacenters.values_mut() {
            let old = datacenter.abandon_answers(&self.requests);
            self.outputs.extend(old.map(|conn| Output::Close { conn }));
        }
        self.resolve_unknown_outcomes();
        for (dc, mut datacenter) in core::mem::take(&mut self.datacenters) {
            let wanted = self.requests.has_pending(dc);
            if datacenter.is_kept_open() && !wanted {
                let reason = DisconnectReason::ClosedByUs;
                self.outputs.push_back(Output::Event(Event::Disconnected { dc, reason, retry_in: None }));
            }
            let is_kept_open = datacenter.is_kept_open() && wanted;
            let next = datacenter.close_next();
            self.outputs.extend(next.map(|conn| Output::Close { conn }));
            if let Some(key) = keys.get(&dc) {
                let mut cx =
                    Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
                self.key_destructions.push(KeyDestruction::new(
                    dc,
                    key,
                    datacenter.into_main(),
                    &mut cx,
                    &mut self.outputs,
                ));
            } else {
                self.outputs.extend(datacenter.close_all(&self.requests).map(|conn| Output::Close { conn }));
            }
            if wanted {
                self.datacenter(dc).set_kept_open(is_kept_open);
            }
        }
        for (dc, key) in &keys {
            let is_reachable = self.knows_address(*dc);
            if is_reachable && !self.key_destructions.has_dc(*dc) {
                let mut cx =
                    Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
                let connection = Connection::new();
                self.key_destructions.push(KeyDestruction::new(
                    *dc,
                    key,
                    connection,
                    &mut cx,
                    &mut self.outputs,
                ));
            }
        }
    }

    /// Returns whether an address of `dc` is known, from the configuration or from the server.
    pub(super) fn knows_address(&self, dc: DcId) -> bool {
        endpoints::is_known(&self.config, &self.stored, dc)
    }

    pub(super) fn datacenter(&mut self, dc: DcId) -> &mut Datacenter {
        let config = &self.config;
        let stored_api_id = self.stored.api_id;
        self.datacenters.entry(dc).or_insert_with(|| {
            let api_id = config.api.as_ref().map(|api| api.id).or(stored_api_id).unwrap_or(0);
            let mut prefix = init_prefix(api_id, &config.device);
            if !config.updates {
                prefix.extend(WITHOUT_UPDATES);
            }
            Box::new(Datacenter::new(dc, prefix, config.pfs))
        })
    }
}

/// Returns the DC that has this connection.
pub(super) fn find(
    datacenters: &mut BTreeMap<DcId, Box<Datacenter>>,
    conn: ConnId,
) -> Option<(&mut Datacenter, Role)> {
    datacenters
        .values_mut()
        .find_map(|datacenter| datacenter.role(conn).map(|role| (&mut **datacenter, role)))
}
