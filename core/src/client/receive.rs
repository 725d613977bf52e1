//! What arrives over a datacenter: sorted by whom it is for, and remembered.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::config::Config;
use super::connection::temporary_key::error_of;
use super::connection::{Again, Receiver};
use super::context::Context;
use super::datacenter::authorization::AuthState;
use super::dc_options;
use super::io::{ConnId, Event, LogoutCause, Output};
use super::login::tells_of_a_scan;
use super::machine::{Client, find};
use super::stored_session::{DcAuth, StoredSession};
use super::update_queue::UpdateQueue;
use super::ways;
use crate::dc::DcId;
use crate::rpc::{PendingRequests, RequestId, Requester};
use crate::session::{MessageError, RequestTag, SessionEvent};
use crate::time::Now;
use crate::tl::enums;

impl Client {
    pub(super) fn received(&mut self, now: Now, conn: ConnId, bytes: &mut [u8]) {
        let mut cx = Context { config: &self.config, data: &self.data, random: &mut *self.random, now };
        let Some((datacenter, role)) = find(&mut self.datacenters, conn) else {
            if let Some(destruction) = self.key_destructions.iter_mut().find(|it| it.conn() == Some(conn)) {
                destruction.received(bytes, &mut cx);
            }
            return;
        };
        let dc = datacenter.dc();
        let was_ready = datacenter.is_ready();
        let away = dc != self.data.home_dc.unwrap_or(self.config.initial_dc) && self.data.user.is_some();
        let mut learned = Learned::default();
        let mut desk = Desk {
            dc,
            table: &mut self.table,
            outputs: &mut self.outputs,
            answered: &mut self.answered,
            updates: &mut self.updates,
            rejections: &mut self.rejections,
            is_away: away,
            is_temporary: datacenter.is_temporary(role),
            config: &self.config,
            data: &self.data,
            learned: &mut learned,
        };
        let result = datacenter.received(role, bytes, &mut desk, &mut cx);
        if datacenter.is_ready() && !was_ready {
            self.outputs.push_back(datacenter.connected());
        }
        if learned.key.is_some() {
            datacenter.key_made(now.monotonic);
        }
        // A new key is logged in nowhere.
        let signed_out = learned.unauthorized || (away && learned.key.is_some());
        if signed_out && datacenter.auth() == AuthState::Open {
            datacenter.set_auth(AuthState::Closed);
        }
        if learned.worked {
            datacenter.brought_result(now.monotonic);
        }
        let clock_and_salt = datacenter.salt_and_clock(now);
        for tag in core::mem::take(&mut learned.ended) {
            datacenter.answered(tag);
        }
        for (id, to) in core::mem::take(&mut learned.elsewhere) {
            if let Some(place) = self.table.place(id) {
                self.datacenter(to).queue(id.tag(), place, now.monotonic);
            }
        }
        if learned.new_session && dc == self.home() && self.data.user.is_some() {
            self.want_updates();
        }
        let addresses = learned.addresses.take().filter(|_| dc == self.home());
        let was_scanned = learned.login_token_scanned && dc == self.home();
        self.remember(dc, learned, clock_and_salt);
        if let Some(list) = addresses {
            self.addresses_told(&list);
        }
        if was_scanned {
            self.links_scanned(now);
        }
        if let Err(reason) = result {
            let goes_on = find(&mut self.datacenters, conn)
                .is_some_and(|(datacenter, role)| datacenter.is_only_unbound(role, &reason));
            if !goes_on {
                self.outputs.push_back(Output::Close { conn });
            }
            self.lose(now, conn, &reason);
        }
    }

    /// The server says that nobody is logged in any more.
    pub(super) fn logged_out_by_server(&mut self, cause: LogoutCause) {
        if self.data.user.take().is_some() {
            self.dirty = true;
            self.outputs.push_back(Output::Event(Event::SessionRevoked(cause)));
        }
    }

    /// Takes over what a datacenter learned into what is kept.
    fn remember(&mut self, dc: DcId, learned: Learned, clock_and_salt: Option<(Option<i64>, i64)>) {
        if let Some(key) = learned.key {
            self.data.keys.insert(dc, key);
            self.dirty = true;
        }
        if let Some((salt, offset)) = clock_and_salt {
            let key = self.data.keys.get_mut(&dc);
            if let Some((key, salt)) = key.zip(salt).filter(|(key, salt)| key.server_salt != *salt) {
                key.server_salt = salt;
                self.dirty = true;
            }
            // A second more or less is the network's, and not worth a save.
            if dc == self.home() && self.data.clock_offset.abs_diff(offset) > 2 {
                self.data.clock_offset = offset;
                self.dirty = true;
            }
        }
        let Some(cause) = learned.logged_out else { return };
        self.logged_out_by_server(cause);
        // A next login needs another key.
        if cause.is_key_dead() {
            self.forget_key(dc);
        }
    }

    /// Lets go of a DC's key, which is dead: the next connection makes another one.
    pub(super) fn forget_key(&mut self, dc: DcId) {
        if dc == self.home() {
            self.postpone_addresses();
        }
        let Some(datacenter) = self.datacenters.get_mut(&dc) else { return };
        self.outputs.extend(datacenter.close_all(&self.table).map(|conn| Output::Close { conn }));
        datacenter.forget_key(&self.config, &self.table);
        self.data.keys.remove(&dc);
        self.dirty = true;
    }
}

/// What a datacenter's received bytes changed.
#[derive(Default)]
struct Learned {
    key: Option<DcAuth>,
    logged_out: Option<LogoutCause>,
    /// Nobody is logged in at this DC.
    unauthorized: bool,
    /// A request was answered otherwise.
    worked: bool,
    /// Requests that are over.
    ended: Vec<RequestTag>,
    /// Requests that are to be sent again, mostly to another DC.
    elsewhere: Vec<(RequestId, DcId)>,
    login_token_scanned: bool,
    /// Addresses that an update told of.
    addresses: Option<Vec<enums::DcOption>>,
    /// The server made a session.
    new_session: bool,
}

/// Takes what a datacenter receives, and sorts it by whom it is for.
struct Desk<'a> {
    dc: DcId,
    table: &'a mut PendingRequests,
    outputs: &'a mut VecDeque<Output>,
    answered: &'a mut VecDeque<(RequestId, Requester)>,
    updates: &'a mut UpdateQueue,
    rejections: &'a mut BTreeMap<&'static str, u64>,
    /// Whether the account lives elsewhere: a request that finds nobody logged in here waits until the login was
    /// carried over, and says nothing about the login as a whole.
    is_away: bool,
    /// Whether it travelled under a temporary key.
    is_temporary: bool,
    config: &'a Config,
    data: &'a StoredSession,
    learned: &'a mut Learned,
}

impl Receiver for Desk<'_> {
    fn new_key(&mut self, key: &DcAuth) {
        self.learned.key = Some(key.clone());
    }

    fn session_event(&mut self, event: SessionEvent<'_>) -> Again {
        match event {
            SessionEvent::Result { tag, body } => return self.result(tag, body),
            SessionEvent::Other { body } => {
                self.learned.login_token_scanned |= tells_of_a_scan(body);
                self.learned.addresses = dc_options::told_by(body).or(self.learned.addresses.take());
                if !self.updates.push(body) {
                    self.outputs.push_back(Output::Event(Event::UpdatesLost));
                }
                self.outputs.push_back(Output::Event(Event::Update));
            }
            SessionEvent::NewSession => self.learned.new_session = true,
            SessionEvent::Pong | SessionEvent::KeyDestroyed => {}
        }
        Again::No
    }

    fn quick_ack(&mut self, tag: RequestTag) {
        let id = RequestId::from(tag);
        if self.table.note_quick_ack(id) {
            self.outputs.push_back(Output::Event(Event::QuickAck(id)));
        }
    }

    fn rejected(&mut self, reject: &MessageError) {
        *self.rejections.entry(reject.name()).or_default() += 1;
    }
}

impl Desk<'_> {
    fn result(&mut self, tag: RequestTag, body: &[u8]) -> Again {
        let id = RequestId::from(tag);
        if let Some(error) = error_of(body) {
            let uninited = error.is("CONNECTION_NOT_INITED") || error.is("CONNECTION_LAYER_INVALID");
            if uninited && self.table.take_retry(id) {
                return Again::WithInit(tag);
            }
            // Both say nothing of the permanent key; its next binding will.
            let is_unbound = error.is("AUTH_KEY_PERM_EMPTY") || error.is("AUTH_KEY_INVALID");
            if self.is_temporary && error.code == 401 && is_unbound && self.table.take_retry(id) {
                return Again::WithNewKey(tag, error);
            }
            if let Some(cause) = LogoutCause::of(&error) {
                if !self.is_away {
                    self.learned.logged_out = Some(cause);
                } else if self.table.owner(id) == Some(Requester::Application) && self.table.take_retry(id) {
                    self.learned.unauthorized = true;
                    return Again::WhenAuthorized(tag);
                }
            }
            // It was not executed. What it was to come after is over by now, or travels under another identifier.
            let waited = error.is("MSG_WAIT_FAILED") || error.is("MSG_WAIT_TIMEOUT");
            if waited && self.table.take_retry(id) {
                self.learned.ended.push(tag);
                self.learned.elsewhere.push((id, self.dc));
                return Again::No;
            }
            let to = error.redirect_dc().and_then(|number| DcId::new(number).ok());
            if let Some(to) = to.filter(|to| *to != self.dc && ways::is_known(self.config, self.data, *to))
                && self.table.redirect(id, to)
            {
                self.learned.ended.push(tag);
                self.learned.elsewhere.push((id, to));
                return Again::No;
            }
        } else if !matches!(
            self.table.owner(id),
            Some(Requester::Transfer(_) | Requester::Updates | Requester::Addresses)
        ) {
            self.learned.worked = true;
        }
        self.learned.ended.push(tag);
        match self.table.answer(id, body) {
            Some(Requester::Application) => self.outputs.push_back(Output::Event(Event::Completed(id))),
            Some(owner) => self.answered.push_back((id, owner)),
            None => {}
        }
        Again::No
    }
}
