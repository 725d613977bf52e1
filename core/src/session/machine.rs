//! The session's state, and what its owner can ask of it. Packing is in `pack.rs`, receiving in `receive.rs`.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::acks::Acks;
use super::clock::ServerClock;
use super::draft::Draft;
use super::ids::{MsgId, MsgIdGenerator, SeqNoCounter};
use super::keep_alive::KeepAlive;
use super::outgoing::{Delivery, Outgoing, RequestTag};
use super::quick_acks::QuickAcks;
use super::replay::ReplayWindow;
use super::resend_limiter::ResendLimiter;
use super::salts::Salts;
use super::service::{Reminder, Service, StateInquiry};
use super::temp_key_binding::Binding;
use crate::crypto::{AuthKey, SecureRandom};
use crate::policy;
use crate::time::{Now, Timestamp};

/// One MTProto session: it outlives the connections that carry it.
#[derive(Debug)]
pub struct Session {
    pub(super) key: AuthKey,
    pub(super) id: u64,
    /// The session_id before [`restart`](Self::restart), if that was on this connection: late messages still carry it.
    pub(super) previous_id: Option<u64>,
    pub(super) salts: Salts,
    pub(super) clock: ServerClock,
    pub(super) ids: MsgIdGenerator,
    pub(super) seq_no: SeqNoCounter,
    pub(super) replay: ReplayWindow,
    pub(super) outgoing: Outgoing,
    pub(super) acks: Acks,
    pub(super) quick_acks: QuickAcks,
    /// Sent requests whose outcome is unknown, until [`take_unknown_outcomes`](Self::take_unknown_outcomes).
    pub(super) unknown_outcomes: Vec<RequestTag>,
    pub(super) service: VecDeque<Service>,
    pub(super) inquiry: Option<StateInquiry>,
    pub(super) reminder: Option<Reminder>,
    pub(super) keep_alive: KeepAlive,
    /// This session's key is temporary, and asks to be bound.
    pub(super) binding: Option<Binding>,
    /// `Some` once the key is to be destroyed; inside, the msg_id of the last `destroy_auth_key`, once one is packed.
    pub(super) destroying: Option<Option<MsgId>>,
    /// The `unique_id` of the last `new_session_created`, which the server may repeat.
    pub(super) last_unique_id: Option<i64>,
    pub(super) resends: ResendLimiter,
    /// The server refused a container (`bad_msg_notification` 64): each packet carries one message from now on.
    pub(super) one_per_packet: bool,
    /// The msg_id of the `get_future_salts` that has no answer yet.
    pub(super) future_salts_request: Option<MsgId>,
    /// Whether another session carries new requests.
    pub(super) is_draining: bool,
    /// Requests that must not be executed twice stay queued:
    /// [`hold_unrepeatable_requests`](Self::hold_unrepeatable_requests).
    pub(super) holds_requests: bool,
    /// How many bytes the messages of the received packet may still decompress to.
    pub(super) unpack_budget: usize,
    /// The packet under construction, kept for reuse.
    pub(super) draft: Draft,
}

impl Session {
    /// Creates a session under `key`, which begins with `salt` (0 if none is known).
    pub fn new(key: AuthKey, salt: i64, clock: ServerClock, random: &mut dyn SecureRandom, now: Now) -> Self {
        Self {
            key,
            id: fresh_id(random),
            previous_id: None,
            salts: Salts::new(salt),
            clock,
            ids: MsgIdGenerator::default(),
            seq_no: SeqNoCounter::default(),
            replay: ReplayWindow::default(),
            outgoing: Outgoing::default(),
            acks: Acks::default(),
            quick_acks: QuickAcks::default(),
            unknown_outcomes: Vec::new(),
            service: VecDeque::new(),
            inquiry: None,
            reminder: None,
            keep_alive: KeepAlive::new(now.monotonic),
            binding: None,
            destroying: None,
            last_unique_id: None,
            resends: ResendLimiter::default(),
            one_per_packet: false,
            future_salts_request: None,
            is_draining: false,
            holds_requests: false,
            unpack_budget: 0,
            draft: Draft::default(),
        }
    }

    /// The salt that is used now, to be kept for later runs.
    #[must_use]
    pub const fn salt(&self) -> i64 {
        self.salts.current()
    }

    /// The server's clock as this session knows it.
    #[must_use]
    pub const fn clock(&self) -> &ServerClock {
        &self.clock
    }

    /// Queues a request; its bytes are asked from the [`RequestSource`](super::RequestSource) when it is packed.
    pub fn queue(&mut self, tag: RequestTag) {
        self.outgoing.queue(tag);
    }

    /// Queues a request that left already before all others, so that those to be executed after it stay behind it.
    pub fn requeue(&mut self, tag: RequestTag) {
        self.outgoing.queue_first(tag);
    }

    /// How far a request has come. One that this session does not know counts as queued.
    #[must_use]
    pub fn delivery(&self, tag: RequestTag) -> Delivery {
        self.outgoing.delivery(tag)
    }

    /// Forgets a request. If it left, the server is asked to drop its answer (`rpc_drop_answer`).
    ///
    /// The caller may still hold its bytes; a queued request is no longer asked from the
    /// [`RequestSource`](super::RequestSource).
    pub fn drop_request(&mut self, tag: RequestTag) {
        if let Some(id) = self.outgoing.forget(tag) {
            self.queue_service(Service::DropAnswer(id));
        }
    }

    /// Starts draining, since another session carries new requests. This one waits for the answers that it owes, and
    /// queries their state (`msgs_state_req`); [`take_queued`](Self::take_queued) returns what the server never got.
    pub fn start_draining(&mut self, now: Now) {
        self.is_draining = true;
        self.inquire(now.monotonic, MsgId(u64::MAX));
    }

    /// Ends the draining: the session carries requests again.
    pub const fn stop_draining(&mut self) {
        self.is_draining = false;
    }

    /// Whether it was [draining](Self::start_draining).
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Takes the requests that wait to leave; the session forgets them.
    pub fn take_queued(&mut self) -> Vec<RequestTag> {
        self.outgoing.take_queued()
    }

    /// Takes the requests that left and whose outcome is unknown: the caller decides whether to
    /// [queue](Self::requeue) one again. A late answer to it is still accepted.
    pub fn take_unknown_outcomes(&mut self) -> Vec<RequestTag> {
        core::mem::take(&mut self.unknown_outcomes)
    }

    /// Whether a request left and has no answer, or waits to leave.
    #[must_use]
    pub fn has_requests(&self) -> bool {
        self.outgoing.has_queued() || self.outgoing.newest().is_some()
    }

    /// Asks the server to let this session's key, a temporary one that ends at `expires_at` (seconds since 1970), stand
    /// for `permanent`. The answer comes as the result of `tag`; until then nothing else should be queued, since the
    /// server answers little to a key that is not bound.
    pub fn bind(&mut self, tag: RequestTag, permanent: AuthKey, expires_at: i32) {
        self.binding = Some(Binding { tag, permanent, expires_at });
        self.queue(tag);
    }

    /// Asks the server to forget the key (`destroy_auth_key`). [`SessionEvent::KeyDestroyed`](super::SessionEvent) is
    /// the answer.
    pub fn destroy_key(&mut self) {
        self.destroying = Some(None);
        self.queue_service(Service::DestroyAuthKey);
    }

    /// The last packet is fully written: its requests left the machine.
    pub fn on_transmitted(&mut self) {
        self.outgoing.note_written();
    }

    /// The server quickly acknowledged the packet that `token` names. Returns the requests of it that asked for that, each
    /// once. A quick ack says that the server could decrypt the packet, not that it has executed anything.
    pub fn quick_ack(&mut self, token: u32) -> Vec<RequestTag> {
        self.quick_acks.take(token)
    }

    /// A new connection carries the session. The server is asked what became of the requests that left and have no
    /// answer (`msgs_state_req`), so that none is executed twice; a ping proves the connection.
    pub fn on_connected(&mut self, now: Now) {
        self.outgoing.note_connected(self.ids.last());
        self.previous_id = None;
        self.quick_acks.clear();
        self.clock.distrust();
        self.resends.reset();
        self.keep_alive = KeepAlive::new(now.monotonic);
        self.service.retain(|service| !matches!(service, Service::Ping(_)));
        // Servers answer little to a key that is not bound, and a binding may be executed twice.
        if let Some(id) = self.binding.as_ref().and_then(|binding| self.outgoing.current(binding.tag)) {
            self.outgoing.requeue(id);
        }
        self.reminder = self.outgoing.newest().map(|_| Reminder::new(now.monotonic));
        self.inquire(now.monotonic, MsgId(u64::MAX));
    }

    /// Decides whether requests that must not be executed twice leave now. They stay queued, and a ping is sent, while the
    /// connection may be dead:
    ///
    /// - no message has arrived over it, or none for 75 s, after which servers close a connection;
    /// - the computer has slept since the last message;
    /// - `is_validated` is `false`: the server has not shown yet that it knows the key.
    ///
    /// A repeatable request leaves all the same, unless an unrepeatable one is queued before it.
    ///
    /// If a request left over a dead connection, and the server began a new session over the next one, its outcome would be
    /// unknown: it might have been executed in the earlier session.
    pub fn hold_unrepeatable_requests(&mut self, now: Now, is_validated: bool) {
        self.clock.observe_local(now);
        self.holds_requests =
            !(is_validated && self.keep_alive.is_heard_recently(now.monotonic) && self.clock.is_trusted());
        if self.holds_requests {
            self.keep_alive.ping_soon();
        }
    }

    /// The server was heard in another way than by a message of this session.
    pub const fn on_activity(&mut self, now: Now) {
        self.keep_alive.heard(now.monotonic);
    }

    /// Whether [`pack`](Self::pack) may have something to send now.
    #[must_use]
    pub fn wants_to_send(&self, now: Timestamp) -> bool {
        self.outgoing.has_queued()
            || !self.service.is_empty()
            || self.keep_alive.wants_ping(now)
            || self.acks.due().is_some_and(|due| due <= now)
    }

    /// Advances the timers. Call it at [`timeout`](Self::timeout), only while a [connection](Self::on_connected) carries the
    /// session.
    ///
    /// - A state query (`msgs_state_req`) without an answer for 20 s: the outcome of the requests that it asked about is
    ///   [unknown](Self::take_unknown_outcomes). A draining session repeats the query instead.
    /// - Answers that the server owes from an earlier connection are requested again 5 s and 15 s after this one began; 30 s
    ///   after it began, the outcome of their requests is unknown.
    pub fn tick(&mut self, now: Timestamp) {
        if let Some(reminder) = self.reminder.take_if(|reminder| reminder.due <= now) {
            self.remind(reminder, now);
        }
        if let Some(inquiry) = self.inquiry.take_if(|inquiry| inquiry.due <= now) {
            if self.is_draining {
                return self.inquire(now, inquiry.boundary);
            }
            let unconfirmed = self.outgoing.take_unconfirmed(inquiry.boundary);
            self.note_unknown_outcomes(unconfirmed);
        }
    }

    /// When to call [`tick`](Self::tick) and [`pack`](Self::pack) again although nothing happened.
    #[must_use]
    pub fn timeout(&self) -> Timestamp {
        let others = self.acks.due().into_iter().chain(self.questions_due());
        others.fold(self.keep_alive.timeout(), Timestamp::min)
    }

    /// As [`timeout`](Self::timeout), while nothing can be packed: what only waits to be sent does not count.
    pub fn timeout_while_writing(&self) -> Option<Timestamp> {
        self.questions_due().chain(self.keep_alive.answer_due()).min()
    }

    /// When the questions about requests that left before are asked again, or given up.
    fn questions_due(&self) -> impl Iterator<Item = Timestamp> {
        let inquiry = self.inquiry.as_ref().map(|inquiry| inquiry.due);
        inquiry.into_iter().chain(self.reminder.as_ref().map(|reminder| reminder.due))
    }

    /// Whether the connection gave no sign of life within 15 s of a ping: then it must be replaced.
    #[must_use]
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.keep_alive.check(now).is_err()
    }

    /// Frees the memory that is kept for reuse, and forgets messages that are too old to arrive again. Call it while the
    /// session is idle: the next packet allocates again.
    pub fn trim(&mut self) {
        self.replay.trim();
        self.outgoing.trim();
        self.acks.trim();
        self.quick_acks.trim();
        self.service.shrink_to_fit();
        self.draft = Draft::default();
    }

    /// Queues a service message, unless too many wait already.
    pub(super) fn queue_service(&mut self, service: Service) {
        if self.service.len() < policy::MAX_SERVICE_MESSAGES {
            self.service.push_back(service);
        }
    }

    /// Asks what became of the unanswered requests below `boundary` that the server did not confirm; of all of them in a
    /// draining session, whose time is short.
    pub(super) fn inquire(&mut self, now: Timestamp, boundary: MsgId) {
        let asked: Vec<MsgId> =
            self.outgoing.unanswered(boundary, !self.is_draining).take(policy::MAX_IDS_PER_MESSAGE).collect();
        self.inquiry = None;
        self.service.retain(|service| !matches!(service, Service::StateRequest(_)));
        if let Some(newest) = asked.last() {
            // What is sent from now on is not asked about.
            let boundary = boundary.min(MsgId(self.outgoing.newest().unwrap_or(*newest).0.saturating_add(1)));
            self.service.push_back(Service::StateRequest(asked.clone()));
            self.inquiry = Some(StateInquiry::new(boundary, asked, now));
        }
    }

    /// Asks for the answers that the server owes from an earlier connection, or gives up those that it was asked for twice.
    /// What one question has no room for has its turn after that.
    fn remind(&mut self, reminder: Reminder, now: Timestamp) {
        let mut owed: Vec<MsgId> = self.outgoing.owed().collect();
        if owed.is_empty() && self.inquiry.is_none() {
            return;
        }
        owed.retain(|id| *id <= reminder.newest);
        let newest = owed
            .get(policy::MAX_IDS_PER_MESSAGE)
            .map_or(reminder.newest, |first_of_others| MsgId(first_of_others.0 - 1));
        owed.truncate(policy::MAX_IDS_PER_MESSAGE);
        if let Some(next) = reminder.next(owed.clone(), newest, now) {
            self.reminder = Some(next);
            if !owed.is_empty() {
                self.service.retain(|service| !matches!(service, Service::ResendAnswers(_)));
                self.queue_service(Service::ResendAnswers(owed));
            }
            return;
        }
        let unanswered: Vec<RequestTag> =
            owed.into_iter().filter_map(|id| self.outgoing.detach(id)).collect();
        self.note_unknown_outcomes(unanswered);
        let owes_more = self.inquiry.is_some() || self.outgoing.owed().next().is_some();
        self.reminder = owes_more.then(|| Reminder::new(now));
    }

    /// Notes requests whose outcome is unknown. A binding may be executed twice, so it is sent again.
    pub(super) fn note_unknown_outcomes(&mut self, tags: impl IntoIterator<Item = RequestTag>) {
        for tag in tags {
            if self.binding.as_ref().is_some_and(|binding| binding.tag == tag) {
                self.outgoing.queue(tag);
            } else {
                self.unknown_outcomes.push(tag);
            }
        }
    }

    /// Begins a new session on the same connection, and has the old one destroyed: what left under it will have no
    /// answer.
    pub(super) fn restart(&mut self, now: Now, random: &mut dyn SecureRandom) {
        self.queue_service(Service::DestroySession(self.id));
        self.previous_id = Some(self.id);
        self.id = fresh_id(random);
        self.ids = MsgIdGenerator::default();
        self.seq_no = SeqNoCounter::default();
        self.replay = ReplayWindow::default();
        self.acks = Acks::default();
        self.resends.on_new_session_id();
        self.inquiry = None;
        self.reminder = None;
        let all = self.outgoing.take_all();
        self.note_unknown_outcomes(all);
        self.queue_service_again(now);
    }

    /// Queues again what was in flight besides requests: the ping, `destroy_auth_key` and `msgs_state_req`.
    pub(super) fn queue_service_again(&mut self, now: Now) {
        self.keep_alive.ping_again(now.monotonic);
        if self.destroying.is_some() && !self.service.iter().any(|it| matches!(it, Service::DestroyAuthKey)) {
            self.queue_service(Service::DestroyAuthKey);
        }
        if let Some(inquiry) = self.inquiry.take() {
            self.inquire(now.monotonic, inquiry.boundary);
        }
    }
}

fn fresh_id(random: &mut dyn SecureRandom) -> u64 {
    loop {
        let id = u64::from_le_bytes(crate::crypto::random::array(random));
        // 0 stands for no session: servers answer it with -404.
        if id != 0 {
            return id;
        }
    }
}
