//! The session's state and its owner's calls. Packing is in `pack.rs`, receiving in `receive.rs`.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::acks::Acks;
use super::clock::ServerClock;
use super::draft::Draft;
use super::ids::{MsgId, MsgIdGenerator, SeqNoCounter};
use super::keep_alive::KeepAlive;
use super::outgoing::Outgoing;
use super::quick_acks::QuickAcks;
use super::replay::ReplayWindow;
use super::request::{Delivery, RequestTag};
use super::resend_limiter::ResendLimiter;
use super::salts::Salts;
use super::service::{AnswerResendTimer, DestroyKeyState, PendingStateRequest, Service};
use super::temp_key_binding::Binding;
use crate::crypto::{AuthKey, SecureRandom};
use crate::policy;
use crate::time::{Now, Timestamp};

/// An MTProto session. It outlives the connections that carry it.
#[derive(Debug)]
pub struct Session {
    pub(super) key: AuthKey,
    pub(super) id: u64,
    /// The session_id before [`restart`](Self::restart), if that was on this connection: late messages still have it.
    pub(super) previous_id: Option<u64>,
    pub(super) salts: Salts,
    pub(super) clock: ServerClock,
    pub(super) ids: MsgIdGenerator,
    pub(super) seq_no: SeqNoCounter,
    pub(super) replay: ReplayWindow,
    pub(super) outgoing: Outgoing,
    pub(super) acks: Acks,
    pub(super) quick_acks: QuickAcks,
    /// Sent requests with an unknown outcome, for [`take_unknown_outcomes`](Self::take_unknown_outcomes).
    pub(super) unknown_outcomes: Vec<RequestTag>,
    pub(super) service: VecDeque<Service>,
    /// Boxed, like `answer_resend`, since it is rare.
    pub(super) state_request: Option<Box<PendingStateRequest>>,
    pub(super) answer_resend: Option<Box<AnswerResendTimer>>,
    pub(super) keep_alive: KeepAlive,
    /// The request that binds this session's key, a temporary one, until it is answered.
    pub(super) binding: Option<Binding>,
    pub(super) destroy_key: DestroyKeyState,
    /// The `unique_id` of the last `new_session_created`, which the server may repeat.
    pub(super) last_unique_id: Option<i64>,
    pub(super) resends: ResendLimiter,
    /// Each packet carries one message: the server has refused a container (`bad_msg_notification` 64).
    pub(super) one_per_packet: bool,
    /// The msg_id of the `get_future_salts` that awaits its answer.
    pub(super) future_salts_request: Option<MsgId>,
    /// Another session carries new requests.
    pub(super) is_draining: bool,
    /// Unrepeatable requests stay queued, see [`decide_unrepeatable_hold`](Self::decide_unrepeatable_hold).
    pub(super) holds_unrepeatable: bool,
    /// Number of bytes that the other messages of the received packet may decompress to.
    pub(super) decompression_budget: usize,
    /// The packets in progress. The memory is kept for reuse.
    pub(super) draft: Option<Box<Draft>>,
}

impl Session {
    /// Creates a session under `key`. `salt` is the server salt, or 0 if none is known.
    pub fn new(key: AuthKey, salt: i64, clock: ServerClock, random: &mut dyn SecureRandom, now: Now) -> Self {
        Self {
            key,
            id: new_session_id(random),
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
            state_request: None,
            answer_resend: None,
            keep_alive: KeepAlive::new(now.monotonic),
            binding: None,
            destroy_key: DestroyKeyState::NotRequested,
            last_unique_id: None,
            resends: ResendLimiter::default(),
            one_per_packet: false,
            future_salts_request: None,
            is_draining: false,
            holds_unrepeatable: false,
            decompression_budget: 0,
            draft: None,
        }
    }

    /// Returns the current server salt, to be stored for later runs.
    #[must_use]
    pub const fn salt(&self) -> i64 {
        self.salts.current()
    }

    /// Returns the server's clock as this session knows it.
    #[must_use]
    pub const fn clock(&self) -> &ServerClock {
        &self.clock
    }

    /// Queues a request, for the first time or to be sent again. The [`RequestSource`](super::RequestSource) provides its
    /// bytes when it is packed.
    ///
    /// Requests leave in the order of their tags, so that one stays behind those after which it must be executed.
    pub fn queue(&mut self, tag: RequestTag) {
        self.outgoing.queue(tag);
    }

    /// Returns how far a request has come. An unknown one counts as queued.
    #[must_use]
    pub fn delivery(&self, tag: RequestTag) -> Delivery {
        self.outgoing.delivery(tag)
    }

    /// Forgets a request. If it was sent, tells the server that its answer is not wanted (`rpc_drop_answer`). If it is
    /// queued, it is removed, and its bytes are no longer needed.
    pub fn drop_request(&mut self, tag: RequestTag) {
        if let Some(id) = self.outgoing.forget(tag) {
            self.queue_service(Service::DropAnswer(id));
        }
    }

    /// Starts draining, since another session carries new requests. This one waits for pending answers and requests
    /// their status (`msgs_state_req`). [`take_queued`](Self::take_queued) then returns requests that the server did
    /// not receive.
    pub fn start_draining(&mut self, now: Now) {
        self.is_draining = true;
        self.request_state(now.monotonic, MsgId(u64::MAX));
    }

    /// Stops draining: the session carries new requests again.
    pub const fn stop_draining(&mut self) {
        self.is_draining = false;
    }

    /// Returns whether the session is [draining](Self::start_draining).
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Takes the requests that the last [`pack`](Self::pack) left out, since they must be executed after one that
    /// [is held](super::RequestSource::is_held), each with that one. The caller queues them later; the session does not
    /// forget them.
    pub fn take_held(&mut self) -> Vec<(RequestTag, RequestTag)> {
        self.draft.as_mut().map(|draft| core::mem::take(&mut draft.held)).unwrap_or_default()
    }

    /// Takes the queued requests, each with how far it came before. The session forgets them.
    pub fn take_queued(&mut self) -> Vec<(RequestTag, Delivery)> {
        self.outgoing.take_queued()
    }

    /// Takes the sent requests with an unknown outcome. The caller decides which of them to [send
    /// again](Self::queue). A late answer to one is still accepted.
    pub fn take_unknown_outcomes(&mut self) -> Vec<RequestTag> {
        core::mem::take(&mut self.unknown_outcomes)
    }

    /// Returns whether [`take_unknown_outcomes`](Self::take_unknown_outcomes) returns any.
    #[must_use]
    pub const fn has_unknown_outcomes(&self) -> bool {
        !self.unknown_outcomes.is_empty()
    }

    /// Returns whether a request is queued or awaits its answer.
    #[must_use]
    pub fn has_requests(&self) -> bool {
        self.outgoing.has_queued() || self.outgoing.newest_unanswered().is_some()
    }

    /// Queues the request `tag`, which binds this session's key to the key `permanent` (`auth.bindTempAuthKey`). This
    /// session's key is a temporary one that expires at `expires_at`, a Unix time in seconds.
    ///
    /// Queue no other requests before the result: the server does not execute them under a key that is not bound.
    pub fn bind(&mut self, tag: RequestTag, permanent: AuthKey, expires_at: i32) {
        self.binding = Some(Binding { tag, permanent, expires_at });
        self.queue(tag);
    }

    /// Queues a request to the server to forget the key (`destroy_auth_key`). The answer is
    /// [`SessionEvent::DestroyKeyAnswered`](super::SessionEvent::DestroyKeyAnswered).
    pub fn destroy_key(&mut self) {
        self.destroy_key = DestroyKeyState::Queued;
        self.queue_service(Service::DestroyAuthKey);
    }

    /// Records that the last packet is fully transmitted.
    pub fn on_transmitted(&mut self) {
        self.outgoing.on_transmitted();
    }

    /// Handles a quick ack with this token. Returns the requests of its packet that asked for one. Returns none if the
    /// token is unknown or has come before.
    ///
    /// A quick ack means that the server has decrypted the packet, not that it has executed anything.
    pub fn on_quick_ack(&mut self, token: u32) -> Vec<RequestTag> {
        self.quick_acks.take(token)
    }

    /// Records that a new connection carries the session. Queues a request for the status of the unanswered requests
    /// (`msgs_state_req`), so that none is executed twice, and a ping, whose answer proves the connection.
    pub fn on_connected(&mut self, now: Now) {
        self.outgoing.on_connected(self.ids.last());
        self.previous_id = None;
        self.quick_acks.clear();
        self.clock.distrust();
        self.resends.reset();
        self.keep_alive = KeepAlive::new(now.monotonic);
        self.service.retain(|service| !matches!(service, Service::Ping(_)));
        // The server executes nothing else before the binding, which may be executed twice.
        if let Some(id) = self.binding.as_ref().and_then(|binding| self.outgoing.current_id(binding.tag)) {
            self.outgoing.requeue_by_msg_id(id);
        }
        self.answer_resend =
            self.outgoing.newest_unanswered().map(|_| Box::new(AnswerResendTimer::new(now.monotonic)));
        self.request_state(now.monotonic, MsgId(u64::MAX));
    }

    /// Decides whether requests that must not be executed twice may be sent now. They stay queued, and a ping is sent
    /// within 1 s of the last one, while the connection may be dead:
    ///
    /// - No message has arrived over it, or none for 75 s, after which servers close a connection.
    /// - The computer was suspended after the last message.
    /// - `is_key_trusted` is `false`: the server may not know the key.
    ///
    /// Repeatable requests are sent all the same, unless an unrepeatable one is queued before them.
    ///
    /// Without this, a request sent over a dead connection would have an unknown outcome if the server created a new
    /// session over the next one: the earlier session might have executed it.
    pub fn decide_unrepeatable_hold(&mut self, now: Now, is_key_trusted: bool) {
        self.clock.detect_clock_jump(now);
        self.holds_unrepeatable = !(is_key_trusted
            && self.keep_alive.has_recent_activity(now.monotonic)
            && self.clock.is_trusted());
        if self.holds_unrepeatable {
            self.keep_alive.ping_soon();
        }
    }

    /// Records a sign of life of the server other than a message of this session.
    pub const fn on_activity(&mut self, now: Now) {
        self.keep_alive.on_activity(now.monotonic);
    }

    /// Returns whether [`pack`](Self::pack) may have something to send now.
    #[must_use]
    pub fn wants_to_send(&self, now: Timestamp) -> bool {
        self.outgoing.has_queued()
            || !self.service.is_empty()
            || self.keep_alive.is_ping_due(now)
            || self.acks.due().is_some_and(|due| due <= now)
    }

    /// Advances the timers. Call it at [`timeout`](Self::timeout), but only while a [connection](Self::on_connected)
    /// carries the session.
    ///
    /// - 20 s after a state request (`msgs_state_req`) without an answer, the outcome of its requests is
    ///   [unknown](Self::take_unknown_outcomes). A draining session repeats the state request instead.
    /// - 5 s and 15 s after a connection began, answers that the server owes from an earlier one are requested again
    ///   (`msg_resend_ans_req`). 30 s after it began, the outcome of their requests is unknown.
    /// - If answers are awaited and nothing has arrived for 10 s, a ping is due.
    pub fn tick(&mut self, now: Timestamp) {
        self.keep_alive.check_silence(now, self.outgoing.newest_unanswered().is_some());
        if let Some(timer) = self.answer_resend.take_if(|timer| timer.due <= now) {
            self.request_owed_answers(*timer, now);
        }
        if let Some(pending) = self.state_request.take_if(|pending| pending.due <= now) {
            if self.is_draining {
                return self.request_state(now, pending.boundary);
            }
            let unknown = self.outgoing.take_unacknowledged(pending.boundary);
            self.add_unknown_outcomes(unknown);
        }
    }

    /// Returns the next deadline: the time for [`tick`](Self::tick) and [`pack`](Self::pack) if nothing else happens
    /// before.
    #[must_use]
    pub fn timeout(&self) -> Timestamp {
        let others = self.acks.due().into_iter().chain(self.recovery_deadlines());
        others.fold(self.keep_alive.timeout(), Timestamp::min)
    }

    /// Like [`timeout`](Self::timeout), while nothing can be packed: without the deadlines of messages to send.
    pub fn timeout_while_writing(&self) -> Option<Timestamp> {
        self.recovery_deadlines().chain(self.keep_alive.answer_due()).min()
    }

    /// Returns the deadlines of the state request and of the owed answers.
    fn recovery_deadlines(&self) -> impl Iterator<Item = Timestamp> {
        let state_request = self.state_request.as_ref().map(|pending| pending.due);
        state_request.into_iter().chain(self.answer_resend.as_ref().map(|timer| timer.due))
    }

    /// Returns whether nothing has arrived within 15 s of a ping: the connection is dead and must be replaced.
    #[must_use]
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.keep_alive.is_silent(now)
    }

    /// Frees the memory kept for reuse, and forgets received messages that are too old to arrive again. Call it while
    /// the session is idle: the next packet allocates again.
    pub fn trim(&mut self) {
        self.replay.trim();
        self.outgoing.trim();
        self.acks.trim();
        self.quick_acks.trim();
        self.service.shrink_to_fit();
        self.draft = None;
    }

    /// Queues a service message, unless too many are queued.
    pub(super) fn queue_service(&mut self, service: Service) {
        if self.service.len() < policy::MAX_SERVICE_MESSAGES {
            self.service.push_back(service);
        }
    }

    /// Requests the status of the unanswered requests below `boundary` that the server has not acknowledged (all, in a
    /// draining session, which soon ends). It replaces an earlier state request.
    pub(super) fn request_state(&mut self, now: Timestamp, boundary: MsgId) {
        let msg_ids: Vec<MsgId> =
            self.outgoing.unanswered(boundary, !self.is_draining).take(policy::MAX_IDS_PER_MESSAGE).collect();
        self.state_request = None;
        self.service.retain(|service| !matches!(service, Service::StateRequest(_)));
        if let Some(newest) = msg_ids.last() {
            // Requests that are sent later are not included.
            let newest = self.outgoing.newest_unanswered().unwrap_or(*newest);
            let boundary = boundary.min(MsgId(newest.0.saturating_add(1)));
            self.service.push_back(Service::StateRequest(msg_ids.clone()));
            self.state_request = Some(Box::new(PendingStateRequest::new(boundary, msg_ids, now)));
        }
    }

    /// Requests the answers that the server owes from an earlier connection, or gives up those requested twice. Ids
    /// beyond the limit of one message are requested after that.
    fn request_owed_answers(&mut self, timer: AnswerResendTimer, now: Timestamp) {
        let mut owed: Vec<MsgId> = self.outgoing.owed().collect();
        if owed.is_empty() && self.state_request.is_none() {
            return;
        }
        owed.retain(|id| *id <= timer.newest);
        let newest = owed
            .get(policy::MAX_IDS_PER_MESSAGE)
            .map_or(timer.newest, |first_of_others| MsgId(first_of_others.0 - 1));
        owed.truncate(policy::MAX_IDS_PER_MESSAGE);
        if let Some(next) = timer.next(owed.clone(), newest, now) {
            self.answer_resend = Some(Box::new(next));
            if !owed.is_empty() {
                self.service.retain(|service| !matches!(service, Service::AnswerResendRequest(_)));
                self.queue_service(Service::AnswerResendRequest(owed));
            }
            return;
        }
        let unanswered: Vec<RequestTag> =
            owed.into_iter().filter_map(|id| self.outgoing.retire_msg_id(id)).collect();
        self.add_unknown_outcomes(unanswered);
        let owes_more = self.state_request.is_some() || self.outgoing.owed().next().is_some();
        self.answer_resend = owes_more.then(|| Box::new(AnswerResendTimer::new(now)));
    }

    /// Adds requests with an unknown outcome. A binding may be executed twice, so it is sent again instead.
    pub(super) fn add_unknown_outcomes(&mut self, tags: impl IntoIterator<Item = RequestTag>) {
        for tag in tags {
            if self.binding.as_ref().is_some_and(|binding| binding.tag == tag) {
                self.outgoing.queue(tag);
            } else {
                self.unknown_outcomes.push(tag);
            }
        }
    }

    /// Starts over with a new session_id on the same connection, and destroys the old session of the server. Requests
    /// sent in it get no answer.
    pub(super) fn restart(&mut self, now: Now, random: &mut dyn SecureRandom) {
        self.queue_service(Service::DestroySession(self.id));
        self.previous_id = Some(self.id);
        self.last_unique_id = None;
        self.id = new_session_id(random);
        self.ids = MsgIdGenerator::default();
        self.seq_no = SeqNoCounter::default();
        self.replay = ReplayWindow::default();
        self.acks = Acks::default();
        self.resends.on_new_session_id();
        self.state_request = None;
        self.answer_resend = None;
        let sent = self.outgoing.take_all_sent();
        self.add_unknown_outcomes(sent);
        self.requeue_service(now);
    }

    /// Queues the service messages in flight again: ping, `destroy_auth_key` and `msgs_state_req`.
    pub(super) fn requeue_service(&mut self, now: Now) {
        self.keep_alive.ping_again(now.monotonic);
        if self.destroy_key != DestroyKeyState::NotRequested
            && !self.service.iter().any(|service| matches!(service, Service::DestroyAuthKey))
        {
            self.queue_service(Service::DestroyAuthKey);
        }
        if let Some(pending) = self.state_request.take() {
            self.request_state(now.monotonic, pending.boundary);
        }
    }
}

fn new_session_id(random: &mut dyn SecureRandom) -> u64 {
    loop {
        let id = u64::from_le_bytes(crate::crypto::random::array(random));
        // Servers answer the session_id 0 with -404.
        if id != 0 {
            return id;
        }
    }
}
