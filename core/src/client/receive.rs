//! Received bytes: every message is matched here, once.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::compute::ComputeOutput;
use super::config::Config;
use super::connection::incoming::{ConnectionEvent, ConnectionIncoming, PacketEvents, Received};
use super::context::Context;
use super::datacenter::Role;
use super::datacenter::authorization::TransferState;
use super::dc_options::{self, AnnouncedOptions};
use super::endpoints;
use super::io::{ConnId, Event, Output};
use super::login::may_hold_login_token;
use super::machine::{Client, find};
use super::stored_session::{DcAuth, StoredSession};
use super::update_queue::UpdateQueue;
use crate::dc::DcId;
use crate::rpc::retry::{RetryDecision, SentAs};
use crate::rpc::{DisconnectReason, LogoutCause, RequestId, RequestTable, Requester, RpcError};
use crate::session::{MessageError, RequestTag};
use crate::time::{Now, Timestamp};

impl Client {
    /// Takes received bytes. Returns the DC if the bytes were those of its main connection, and left nothing to do but to
    /// transmit there.
    ///
    /// Results and updates are taken as they are read. Changes of what the datacenter's borrow excludes are deferred,
    /// and made in this order:
    ///
    /// 1. the datacenter: ready, a new key, a login to be transferred, ended requests;
    /// 2. any datacenter: requests that are sent again at this or another one, once this one no longer counts them;
    /// 3. the stored session: key, salt, clock, addresses;
    /// 4. the end of the login, after that, since it may forget the key;
    /// 5. the end of the connection, which decides by all of this whether to reconnect.
    pub(super) fn on_received(&mut self, now: Now, conn: ConnId, bytes: &mut [u8]) -> Option<DcId> {
        let home = self.home();
        let mut cx = Context { config: &self.config, stored: &self.stored, random: &mut *self.random, now };
        let Some((datacenter, role)) = find(&mut self.datacenters, conn) else {
            if let Some(destruction) = self.key_destructions.find(conn) {
                destruction.on_received(bytes, &mut cx);
            }
            return None;
        };
        let dc = datacenter.dc();
        let was_ready = datacenter.is_ready();
        let is_login_elsewhere = dc != home && self.stored.user.is_some();
        let mut dispatch = Dispatch {
            dc,
            now: now.monotonic,
            requests: &mut self.requests,
            outputs: &mut self.outputs,
            completed_internal: &mut self.completed_internal,
            updates: &mut self.updates,
            rejections: &mut self.rejections,
            is_login_elsewhere,
            is_under_temporary_key: datacenter.is_under_temporary_key(role),
            notes_ended: datacenter.awaits_ends(),
            config: &self.config,
            stored: &self.stored,
            deferred: Deferred::default(),
        };
        let result = datacenter
            .receive(role, bytes, &mut cx)
            .map_or(Ok(()), |incoming| dispatch.dispatch_frames(incoming));
        let deferred = dispatch.deferred;
        datacenter.finish_receive(role, now.monotonic);
        let settled =
            (was_ready && role == Role::Main && result.is_ok() && deferred.is_empty()).then_some(dc);
        if let Err(DisconnectReason::Rejected(error)) = &result {
            count(&mut self.rejections, error);
        }
        if datacenter.is_ready() && !was_ready {
            self.outputs.push_back(datacenter.on_ready());
        }
        if deferred.key.is_some() {
            datacenter.on_key_made(now.monotonic);
        }
        // No user is logged in under a new key.
        let is_unauthorized =
            !deferred.unauthorized.is_empty() || (is_login_elsewhere && deferred.key.is_some());
        if is_unauthorized && datacenter.transfer_state() == TransferState::NotNeeded {
            datacenter.set_transfer_state(TransferState::TransferNeeded);
        }
        deferred.unauthorized.into_iter().for_each(|tag| datacenter.park(tag));
        if deferred.has_success {
            datacenter.on_success(now.monotonic);
        }
        for tag in deferred.ended {
            datacenter.on_request_ended(tag, &self.requests);
        }
        let storable_salt_and_clock_offset = datacenter.storable_salt_and_clock_offset(now);
        for (id, to) in deferred.queued_at {
            self.queue_again(id, to, now);
        }
        if let Some(key) = deferred.key {
            self.stored.set_auth(dc, key);
        }
        if let Some((salt, clock_offset)) = storable_salt_and_clock_offset {
            if let Some(salt) = salt {
                self.stored.set_salt(dc, salt);
            }
            if dc == home {
                self.stored.set_clock_offset(clock_offset);
            }
        }
        if dc == home {
            if deferred.has_new_session && self.stored.user.is_some() {
                self.schedule_updates_query();
            }
            if let Some(announced) = deferred.addresses {
                self.stored.store_dc_options(&announced);
            }
        }
        if let Some(cause) = deferred.logged_out {
            self.on_logged_out(cause);
            // The next login needs another key.
            if cause.is_key_dead() {
                self.forget_key(dc);
            }
        }
        if dc == home && deferred.scan_is_reported {
            self.on_links_scanned(now);
        }
        if let Err(reason) = result {
            let drains = find(&mut self.datacenters, conn)
                .is_some_and(|(datacenter, role)| datacenter.drains_after(role, &reason));
            if !drains {
                self.outputs.push_back(Output::Close { conn });
            }
            self.on_disconnect(now, conn, &reason);
        }
        settled
    }

    /// Takes the output of a task. That of a step that has ended, or of a connection that is closed, is ignored.
    pub(super) fn on_computed(&mut self, now: Now, output: ComputeOutput) {
        match output {
            ComputeOutput::Password(output) => self.on_step_computed(now, &output),
            ComputeOutput::KeyExchange(output) => {
                let conn = output.conn();
                let found = find(&mut self.datacenters, conn);
                if found.is_some_and(|(datacenter, role)| datacenter.set_computed(role, output)) {
                    // The rest is that of the packet whose task this was.
                    let _ = self.on_received(now, conn, &mut []);
                }
            }
        }
    }

    /// Handles that the server has ended the login.
    pub(super) fn on_logged_out(&mut self, cause: LogoutCause) {
        if self.stored.remove_user() {
            self.outputs.push_back(Output::Event(Event::LoggedOut(cause)));
        }
    }

    /// Forgets a DC's key, which cannot be used any more. The next connection makes another.
    pub(super) fn forget_key(&mut self, dc: DcId) {
        if dc == self.home() {
            self.restart_server_config_query();
        }
        let Some(datacenter) = self.datacenters.get_mut(&dc) else { return };
        self.outputs.extend(datacenter.close_all(&self.requests).map(|conn| Output::Close { conn }));
        datacenter.forget_key(&self.config, &self.requests);
        self.stored.edit().keys.remove(&dc);
    }
}

fn count(rejections: &mut BTreeMap<&'static str, u64>, error: &MessageError) {
    *rejections.entry(error.name()).or_default() += 1;
}

/// The parts of the client that received messages change while the datacenter is borrowed.
struct Dispatch<'a> {
    dc: DcId,
    now: Timestamp,
    requests: &'a mut RequestTable,
    outputs: &'a mut VecDeque<Output>,
    completed_internal: &'a mut VecDeque<(RequestId, Requester)>,
    updates: &'a mut UpdateQueue,
    rejections: &'a mut BTreeMap<&'static str, u64>,
    /// Whether the account's home is another DC. A request that finds no user logged in here waits for the transfer of
    /// the login, and says nothing about the login at home.
    is_login_elsewhere: bool,
    /// Whether the session is under a temporary key.
    is_under_temporary_key: bool,
    /// Whether the datacenter must know of the requests that end.
    notes_ended: bool,
    config: &'a Config,
    stored: &'a StoredSession,
    deferred: Deferred,
}

/// Changes that are made once the datacenter is no longer borrowed.
#[derive(Default)]
struct Deferred {
    key: Option<DcAuth>,
    logged_out: Option<LogoutCause>,
    /// Requests that wait until the login is transferred to this DC.
    unauthorized: Vec<RequestTag>,
    /// Whether a request of the application or of a login step has a result other than an error.
    has_success: bool,
    /// Requests that have ended at this DC.
    ended: Vec<RequestTag>,
    /// Requests that are queued again at a DC.
    queued_at: Vec<(RequestId, DcId)>,
    /// Whether an update may report that the QR code was scanned.
    scan_is_reported: bool,
    /// What an update announces of the addresses of DCs.
    addresses: Option<AnnouncedOptions>,
    has_new_session: bool,
}

impl Deferred {
    /// Returns whether there is none, but for the results of requests.
    const fn is_empty(&self) -> bool {
        let Self {
            key: None,
            logged_out: None,
            unauthorized,
            has_success: _,
            ended,
            queued_at,
            scan_is_reported: false,
            addresses: None,
            has_new_session: false,
        } = self
        else {
            return false;
        };
        unauthorized.is_empty() && ended.is_empty() && queued_at.is_empty()
    }
}

impl Dispatch<'_> {
    /// Dispatches all messages of all frames.
    fn dispatch_frames(&mut self, mut incoming: ConnectionIncoming<'_, '_>) -> Result<(), DisconnectReason> {
        while let Some(received) = incoming.next()? {
            match received {
                Received::Packet(packet) => self.dispatch_packet(packet)?,
                Received::QuickAck(tags) => self.on_quick_ack(tags),
                Received::NewKey(key) => self.deferred.key = Some(key),
                Received::Rejected(error) => count(self.rejections, &error),
                Received::Handled => {}
            }
        }
        Ok(())
    }

    fn dispatch_packet(&mut self, mut packet: PacketEvents<'_>) -> Result<(), DisconnectReason> {
        while let Some(event) = packet.next()? {
            match event {
                ConnectionEvent::Result { tag, body } => match self.on_result(tag, body) {
                    AfterResult::LeavesSession => packet.mark_inited(),
                    AfterResult::RetryWithInit => packet.retry_with_init(tag),
                    AfterResult::RetryWithNewKey(error) => packet.retry_with_new_key(tag, error),
                    AfterResult::AwaitsTransfer => self.deferred.unauthorized.push(tag),
                },
                ConnectionEvent::Update { body } => self.on_update(body),
                ConnectionEvent::NewSession => self.deferred.has_new_session = true,
                ConnectionEvent::Rejected(error) => count(self.rejections, &error),
                ConnectionEvent::DestroyKeyAnswered | ConnectionEvent::Handled => {}
            }
        }
        Ok(())
    }

    fn on_update(&mut self, body: &[u8]) {
        self.deferred.scan_is_reported |= may_hold_login_token(body);
        if let Some(addresses) = dc_options::dc_options_in_update(body) {
            self.deferred.addresses = Some(addresses);
        }
        if !self.updates.push(body) {
            self.outputs.push_back(Output::Event(Event::UpdatesLost));
        }
        self.outputs.push_back(Output::Event(Event::Update));
    }

    fn on_quick_ack(&mut self, tags: Vec<RequestTag>) {
        for id in tags.into_iter().map(RequestId::from) {
            if self.requests.note_quick_ack(id) {
                self.outputs.push_back(Output::Event(Event::QuickAck(id)));
            }
        }
    }

    /// Takes the answer to a request.
    fn on_result(&mut self, tag: RequestTag, body: &[u8]) -> AfterResult {
        let id = RequestId::from(tag);
        if let Some(Ok(error)) = RpcError::read(body) {
            let sent = SentAs {
                dc: self.dc,
                is_under_temporary_key: self.is_under_temporary_key,
                is_login_elsewhere: self.is_login_elsewhere,
            };
            let is_known = |dc| endpoints::is_known(self.config, self.stored, dc);
            match self.requests.on_rpc_error(id, &error, sent, is_known) {
                RetryDecision::RetryWithInit => return AfterResult::RetryWithInit,
                RetryDecision::RetryWithNewKey => return AfterResult::RetryWithNewKey(error),
                RetryDecision::RetryAfterTransfer => return AfterResult::AwaitsTransfer,
                RetryDecision::QueueAt(dc) => {
                    self.deferred.queued_at.push((id, dc));
                    self.note_ended(tag);
                    return AfterResult::LeavesSession;
                }
                RetryDecision::RetryAfter(wait) if self.requests.wait(id, self.now, wait) => {
                    if error.wait().is_some() {
                        self.outputs.push_back(Output::Event(Event::FloodWait { id, wait }));
                    }
                    self.deferred.queued_at.push((id, self.dc));
                    self.note_ended(tag);
                    return AfterResult::LeavesSession;
                }
                RetryDecision::Fail | RetryDecision::RetryAfter(_) => {}
            }
            let cause = LogoutCause::of(&error).filter(|_| !self.is_login_elsewhere);
            self.deferred.logged_out = cause.or(self.deferred.logged_out);
            self.complete(id, body);
        } else {
            let requester = self.complete(id, body);
            self.deferred.has_success |= !matches!(
                requester,
                Some(Requester::Transfer(_) | Requester::UpdatesState | Requester::ServerConfig)
            );
        }
        AfterResult::LeavesSession
    }

    /// Records the answer to a request, and informs its requester, which it returns.
    fn complete(&mut self, id: RequestId, body: &[u8]) -> Option<Requester> {
        self.note_ended(id.tag());
        let requester = self.requests.record_answer(id, body);
        match requester {
            Some(Requester::Application) => self.outputs.push_back(Output::Event(Event::Completed(id))),
            Some(requester) => self.completed_internal.push_back((id, requester)),
            None => {}
        }
        requester
    }

    fn note_ended(&mut self, tag: RequestTag) {
        if self.notes_ended {
            self.deferred.ended.push(tag);
        }
    }
}

/// The consequence of a request's result.
enum AfterResult {
    /// The session no longer awaits it: the request has its result, or is queued again as a new one, at this or another
    /// DC, at once or after a wait.
    LeavesSession,
    /// It is sent again inside `initConnection`.
    RetryWithInit,
    /// It is sent again under another temporary key.
    RetryWithNewKey(RpcError),
    /// It is sent again once the login is transferred to this DC.
    AwaitsTransfer,
}
