//! Which request was sent under which msg_id, so that a notification or a lost connection can send it again.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::ids::MsgId;
use super::queue::RequestQueue;
use super::request::{Delivery, RequestTag};
use crate::policy;
use crate::sequence::SequenceMap;

/// Stands for no message: no msg_id is 0.
const NONE: MsgId = MsgId(0);

#[derive(Clone, Copy, Debug)]
struct SentRequest {
    tag: RequestTag,
    /// The container around it, or [`NONE`].
    container: MsgId,
    /// The msg_id under which the request was sent before, or [`NONE`].
    earlier: MsgId,
    seq_no: i32,
    /// Whether the server has acknowledged it.
    is_acknowledged: bool,
}

impl SentRequest {
    /// Returns the packet of the message `id`: its container, or the message itself.
    const fn packet(&self, id: MsgId) -> MsgId {
        if self.container.0 == NONE.0 { id } else { self.container }
    }
}

/// A former msg_id of a request, kept for late answers.
#[derive(Clone, Copy, Debug)]
struct Superseded {
    tag: RequestTag,
    /// The msg_id before it, or [`NONE`].
    earlier: MsgId,
}

/// Requests that are sent more than once under one msg_id, so that the server executes one of the copies.
#[derive(Debug, Default)]
struct Repeats {
    /// Their msg_ids.
    all: BTreeSet<MsgId>,
    /// Those that are to be sent now.
    waiting: BTreeSet<MsgId>,
}

/// The effect of the server's report that it did not execute a message: it did not receive it, or refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequeueOutcome {
    /// No unanswered request has this msg_id.
    NoRequest,
    /// The request is queued again.
    Requeued,
    /// The server may have executed the request before: its outcome is unknown, and it was taken.
    OutcomeUnknown(RequestTag),
}

/// The queue of requests, and the requests that were sent and have no answer.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: RequestQueue,
    sent: SequenceMap<MsgId, SentRequest>,
    current_ids: SequenceMap<RequestTag, MsgId>,
    /// Rarely any.
    repeats: Option<Box<Repeats>>,
    /// Sent messages that are no requests (containers, pings, acks): the server may refuse them too.
    non_requests: SequenceMap<MsgId, ()>,
    superseded: BTreeMap<MsgId, Superseded>,
    /// Sent requests whose msg_id is no longer used, with that msg_id and how far they came. They are sent again, or their
    /// outcome is unknown.
    without_msg_id: BTreeMap<RequestTag, (MsgId, Delivery)>,
    /// The newest msg_id of a packed request.
    packed: MsgId,
    /// The newest msg_id of a request that was fully transmitted. Those above it are in the buffer that is being
    /// transmitted.
    transmitted: MsgId,
    /// The newest msg_id when the connection began. It and those below may have been sent over an earlier connection.
    last_before_reconnect: MsgId,
}

impl Outgoing {
    /// Queues a request. Those with lower tags leave before it.
    pub(super) fn queue(&mut self, tag: RequestTag) {
        self.queue.push(tag);
    }

    pub(super) fn has_queued(&self) -> bool {
        !self.queue.is_empty() || self.has_repeats()
    }

    pub(super) fn is_queued(&self, tag: RequestTag) -> bool {
        self.queue.contains(tag)
    }

    fn has_repeats(&self) -> bool {
        self.repeats.as_ref().is_some_and(|repeats| !repeats.waiting.is_empty())
    }

    /// Returns the first request that is to be repeated: its msg_id and seq_no.
    pub(super) fn first_repeat(&self) -> Option<(MsgId, i32, RequestTag)> {
        let repeats = self.repeats.as_ref()?;
        let id = *repeats.waiting.first()?;
        let sent = self.sent.get(id)?;
        Some((id, sent.seq_no, sent.tag))
    }

    /// Takes the request that [`first_repeat`](Self::first_repeat) has returned: it is sent now.
    pub(super) fn pop_repeat(&mut self) {
        if let Some(repeats) = &mut self.repeats {
            repeats.waiting.pop_first();
        }
    }

    /// Returns the first request of the queue.
    pub(super) fn first_queued(&mut self) -> Option<RequestTag> {
        self.queue.front()
    }

    /// Takes the request `first` that [`first_queued`](Self::first_queued) has returned. How far it came before is
    /// remembered.
    pub(super) fn pop_queued(&mut self, first: RequestTag) {
        self.queue.pop_front(first);
    }

    /// Takes all queued requests, with how far they came before, and forgets them.
    pub(super) fn take_queued(&mut self) -> Vec<(RequestTag, Delivery)> {
        let queued = self.queue.take();
        let with_delivery = |tag| {
            let delivery = self.delivery(tag);
            self.forget(tag);
            (tag, delivery)
        };
        queued.into_iter().map(with_delivery).collect()
    }

    /// Returns the msg_id under which a request was sent last, unless it is queued again.
    pub(super) fn current_id(&self, tag: RequestTag) -> Option<MsgId> {
        self.current_ids.get(tag).copied()
    }

    /// Records that a request is packed under the msg_id `id`.
    pub(super) fn on_packed(&mut self, id: MsgId, seq_no: i32, tag: RequestTag) {
        let earlier = if self.without_msg_id.is_empty() { None } else { self.without_msg_id.remove(&tag) };
        let earlier = earlier.map_or(NONE, |(earlier, _)| earlier);
        self.sent.insert(id, SentRequest { tag, container: NONE, earlier, seq_no, is_acknowledged: false });
        self.current_ids.insert(tag, id);
        self.packed = id;
    }

    /// Records the container of the packed messages from the msg_id `first` on. Only those of requests are kept.
    pub(super) fn set_container(&mut self, first: MsgId, container: MsgId) {
        self.sent.newest_mut(first).for_each(|sent| sent.container = container);
    }

    /// Records the container of a request that is repeated.
    pub(super) fn set_container_of_repeat(&mut self, id: MsgId, container: MsgId) {
        if let Some(sent) = self.sent.get_mut(id) {
            sent.container = container;
        }
    }

    /// Records that a container or a service message is packed. Old ones are forgotten.
    pub(super) fn on_non_request_packed(&mut self, id: MsgId) {
        let oldest = MsgId(id.0.saturating_sub(policy::REMEMBERED_FOR.as_secs() << 32));
        let most = policy::MIN_REMEMBERED_MESSAGES.max(2 * self.sent.len());
        while let Some(first) = self.non_requests.first_key()
            && (self.non_requests.len() >= most || first < oldest)
        {
            self.non_requests.remove(first);
        }
        self.non_requests.insert(id, ());
    }

    /// Records that a new connection carries the session. `newest` is the newest msg_id sent.
    pub(super) fn on_connected(&mut self, newest: MsgId) {
        // A buffer that was not fully transmitted may have arrived all the same.
        self.on_transmitted();
        self.last_before_reconnect = newest;
    }

    /// Records that the buffer is fully transmitted.
    pub(super) const fn on_transmitted(&mut self) {
        self.transmitted = self.packed;
    }

    /// Records that the server has received a request. Containers are never acknowledged themselves.
    pub(super) fn on_acknowledged(&mut self, id: MsgId) {
        if let Some(sent) = self.sent.get_mut(id) {
            sent.is_acknowledged = true;
        }
    }

    /// Records that the server refused the message `id`. Returns whether it is or contains requests, which the caller
    /// then takes or queues again. Returns `None` if the msg_id is unknown or was refused before.
    pub(super) fn on_refused(&mut self, id: MsgId) -> Option<bool> {
        let has_requests = self.requests_in(id).next().is_some();
        (self.non_requests.remove(id).is_some() || has_requests).then_some(has_requests)
    }

    /// Handles that the server did not execute the request `id`, as it says: `is_conclusive` if it refused the request or
    /// answered our state request. Queues the request again, or takes it if the server may have executed it:
    ///
    /// - The server has acknowledged it before, so it received and forgot it.
    /// - It may have been sent over an earlier connection, and the report is not conclusive: such a report covers only
    ///   the server's present session.
    ///
    /// What was sent over an earlier connection may still arrive, out of the buffer of a proxy or of the server itself. So
    /// it is repeated under its msg_id, if that is `repeatable_from` or newer, and the server executes one of the copies.
    pub(super) fn requeue_unexecuted(
        &mut self,
        id: MsgId,
        is_conclusive: bool,
        repeatable_from: MsgId,
    ) -> RequeueOutcome {
        let may_be_executed = self
            .sent
            .get(id)
            .map(|sent| sent.is_acknowledged || !is_conclusive && self.may_be_executed(id, sent));
        match may_be_executed {
            None => RequeueOutcome::NoRequest,
            Some(true) => {
                self.retire_msg_id(id).map_or(RequeueOutcome::NoRequest, RequeueOutcome::OutcomeUnknown)
            }
            Some(false) if id <= self.last_before_reconnect && id >= repeatable_from => {
                let repeats = self.repeats.get_or_insert_default();
                repeats.all.insert(id);
                repeats.waiting.insert(id);
                RequeueOutcome::Requeued
            }
            Some(false) => {
                self.requeue_by_msg_id(id);
                RequeueOutcome::Requeued
            }
        }
    }

    /// Handles a new session of the server, which knows no packet with a msg_id below `first`.
    ///
    /// It ignored requests in such packets that were sent only over this connection: queues them again. Takes the
    /// others, which an earlier session of the server may have executed. If this session `is_another` than an earlier one,
    /// that may have executed newer ones, too: `first` may have arrived late, over a lost connection.
    ///
    /// Returns the newest msg_id that is queued again, and the requests taken, oldest first.
    pub(super) fn on_new_session(
        &mut self,
        first: MsgId,
        is_another: bool,
    ) -> (Option<MsgId>, Vec<RequestTag>) {
        let is_ambiguous = |id: MsgId| is_another && id <= self.last_before_reconnect;
        let below = self.sent.iter().take_while(|(id, _)| *id < first || is_ambiguous(*id));
        let (unknown, ignored): (Vec<_>, Vec<_>) = below
            .filter(|(id, sent)| sent.packet(*id) < first || is_ambiguous(*id))
            .map(|(id, sent)| (id, self.may_be_executed(id, sent)))
            .partition(|(_, may_be_executed)| *may_be_executed);
        let unknown = unknown.into_iter().filter_map(|(id, _)| self.retire_msg_id(id)).collect();
        for (id, _) in &ignored {
            self.requeue_by_msg_id(*id);
        }
        (ignored.last().map(|(id, _)| *id), unknown)
    }

    /// Frees the memory kept for reuse.
    pub(super) fn trim(&mut self) {
        self.non_requests.trim();
        self.queue.trim();
        if self.superseded.is_empty() {
            // An emptied map keeps a node.
            self.superseded = BTreeMap::new();
        }
        self.sent.trim();
        self.current_ids.trim();
    }

    /// Returns how far a request has come. An unknown one counts as queued.
    pub(super) fn delivery(&self, tag: RequestTag) -> Delivery {
        let sent = self.current_ids.get(tag).and_then(|id| Some((*id, self.sent.get(*id)?)));
        sent.map_or_else(
            // One that is queued again may have been executed the first time.
            || self.without_msg_id.get(&tag).map_or(Delivery::Queued, |(_, delivery)| *delivery),
            |(id, sent)| self.delivery_of_sent(id, sent),
        )
    }

    fn delivery_of_sent(&self, id: MsgId, sent: &SentRequest) -> Delivery {
        if sent.is_acknowledged {
            Delivery::Acknowledged
        } else if id <= self.transmitted {
            Delivery::Sent
        } else {
            Delivery::Packed
        }
    }

    /// Returns whether `id` is a message that was sent in this session and is still remembered.
    pub(super) fn is_known(&self, id: MsgId) -> bool {
        self.sent.get(id).is_some() || self.non_requests.get(id).is_some()
    }

    /// Returns whether the request `id` was sent in a container.
    pub(super) fn is_in_container(&self, id: MsgId) -> bool {
        self.sent.get(id).is_some_and(|sent| sent.container != NONE)
    }

    /// Returns the packet of a request: its container, or the request itself.
    pub(super) fn packet_of(&self, id: MsgId) -> MsgId {
        self.sent.get(id).map_or(id, |sent| sent.packet(id))
    }

    /// Returns the newest msg_id of an unanswered request.
    pub(super) fn newest_unanswered(&self) -> Option<MsgId> {
        self.sent.last_key()
    }

    /// Returns the msg_ids of unanswered requests below `boundary`, oldest first. Those that the server has
    /// acknowledged are left out if `only_unacknowledged`.
    pub(super) fn unanswered(
        &self,
        boundary: MsgId,
        only_unacknowledged: bool,
    ) -> impl Iterator<Item = MsgId> + '_ {
        let below = self.sent.iter().take_while(move |(id, _)| *id < boundary);
        let is_wanted = move |sent: &SentRequest| !only_unacknowledged || !sent.is_acknowledged;
        below.filter(move |(_, sent)| is_wanted(sent)).map(|(id, _)| id)
    }

    /// Returns the msg_ids of requests whose answers the server owes from an earlier connection, oldest first: it has
    /// acknowledged them.
    pub(super) fn owed(&self) -> impl Iterator<Item = MsgId> + '_ {
        let before = self.sent.iter().take_while(|(id, _)| *id <= self.last_before_reconnect);
        before.filter(|(_, sent)| sent.is_acknowledged).map(|(id, _)| id)
    }

    /// Returns the msg_ids of the requests in the message `id`, newest first: its own, or all in the container. The
    /// cost is linear in their number.
    fn requests_in(&self, id: MsgId) -> impl Iterator<Item = MsgId> + '_ {
        let itself = self.sent.get(id).map(|_| id);
        // Those in a container are directly below the container's own msg_id, unless they are repeated.
        let contained = self.sent.below(id).take_while(move |(_, sent)| sent.container == id);
        let contained = contained.map(|(id, _)| id).filter(|id| !self.is_repeated(*id));
        let repeated = self.repeats.iter().flat_map(|repeats| repeats.all.iter().rev().copied());
        let repeated = repeated.filter(move |at| self.sent.get(*at).is_some_and(|sent| sent.container == id));
        itself.into_iter().chain(contained).chain(repeated)
    }

    fn is_repeated(&self, id: MsgId) -> bool {
        self.repeats.as_ref().is_some_and(|repeats| repeats.all.contains(&id))
    }

    /// Forgets that a request is repeated, since it is no longer sent under this msg_id.
    fn forget_repeat(&mut self, id: MsgId) {
        if let Some(repeats) = &mut self.repeats {
            repeats.all.remove(&id);
            repeats.waiting.remove(&id);
            if repeats.all.is_empty() {
                self.repeats = None;
            }
        }
    }

    /// Returns whether the server may have executed a request although it no longer knows it: it has acknowledged it,
    /// or the request may have been sent over an earlier connection.
    fn may_be_executed(&self, id: MsgId, sent: &SentRequest) -> bool {
        id <= self.last_before_reconnect || sent.is_acknowledged
    }

    /// Takes the request with the current or former msg_id `id`. Each request is taken once: later answers to any of its
    /// msg_ids are ignored.
    pub(super) fn take_answered(&mut self, id: MsgId) -> Option<RequestTag> {
        if let Some(sent) = self.sent.remove(id) {
            self.forget_repeat(id);
            self.current_ids.remove(sent.tag);
            self.forget_superseded(sent.earlier);
            return Some(sent.tag);
        }
        let tag = self.superseded.get(&id)?.tag;
        self.forget(tag);
        Some(tag)
    }

    /// Takes the unacknowledged requests below `boundary`, oldest first. The cost is linear in the number of requests
    /// below it.
    pub(super) fn take_unacknowledged(&mut self, boundary: MsgId) -> Vec<RequestTag> {
        let ids: Vec<MsgId> = self.unanswered(boundary, true).collect();
        ids.into_iter().filter_map(|id| self.retire_msg_id(id)).collect()
    }

    /// Takes the requests in the message `id`, oldest first: itself, or all in the container.
    pub(super) fn take_refused(&mut self, id: MsgId) -> Vec<RequestTag> {
        let ids: Vec<MsgId> = self.requests_in(id).collect();
        ids.into_iter().rev().filter_map(|id| self.retire_msg_id(id)).collect()
    }

    /// Takes all unanswered requests, oldest first, and forgets all msg_ids, since a new sequence begins.
    pub(super) fn take_all_sent(&mut self) -> Vec<RequestTag> {
        self.non_requests = SequenceMap::default();
        self.last_before_reconnect = NONE;
        let ids: Vec<MsgId> = self.sent.iter().map(|(id, _)| id).collect();
        let tags = ids.into_iter().filter_map(|id| self.retire_msg_id(id)).collect();
        (self.packed, self.transmitted) = (NONE, NONE);
        // Late answers of the previous session are ignored.
        self.superseded = BTreeMap::new();
        self.without_msg_id.values_mut().for_each(|(earlier, _)| *earlier = NONE);
        tags
    }

    /// Queues the requests in the message `id` again: itself, or all in the container. Takes those that the server has
    /// acknowledged, since it may execute them all the same, and returns them, oldest first.
    ///
    /// Of a refused container, what may still arrive over an earlier connection is repeated, see
    /// [`requeue_unexecuted`](Self::requeue_unexecuted).
    pub(super) fn requeue_refused(&mut self, id: MsgId, repeatable_from: MsgId) -> Vec<RequestTag> {
        let ids: Vec<MsgId> = self.requests_in(id).collect();
        let mut unknown = Vec::new();
        for inner in ids {
            let repeatable_from = if inner == id { MsgId(u64::MAX) } else { repeatable_from };
            if let RequeueOutcome::OutcomeUnknown(tag) = self.requeue_unexecuted(inner, true, repeatable_from)
            {
                unknown.push(tag);
            }
        }
        unknown.reverse();
        unknown
    }

    /// Queues again the request or the container `first`, and the later requests, which the server refuses for the same
    /// reason. The cost is linear in the number of later requests.
    ///
    /// Requests that the server may execute stay as they are: acknowledged ones, those before `first` in its container,
    /// and those sent over an earlier connection, if `first` was.
    pub(super) fn requeue_unacknowledged_from(&mut self, first: MsgId) {
        let has_followers = first > self.last_before_reconnect;
        let later = self.sent.below(MsgId(u64::MAX)).take_while(|(id, sent)| sent.packet(*id) >= first);
        let refused = later.filter(|(id, sent)| {
            let is_named = *id == first || sent.container == first;
            let follows = has_followers && *id > first && !self.may_be_executed(*id, sent);
            is_named && !sent.is_acknowledged || follows
        });
        let refused: Vec<MsgId> = refused.map(|(id, _)| id).collect();
        refused.into_iter().for_each(|id| _ = self.requeue_by_msg_id(id));
    }

    /// Queues one request again. Returns `false` if none has this msg_id.
    pub(super) fn requeue_by_msg_id(&mut self, id: MsgId) -> bool {
        let Some(tag) = self.retire_msg_id(id) else { return false };
        self.queue(tag);
        true
    }

    /// Takes one request. Its msg_id becomes a former one, so that a late answer to it is still accepted.
    pub(super) fn retire_msg_id(&mut self, id: MsgId) -> Option<RequestTag> {
        let sent = self.sent.remove(id)?;
        self.forget_repeat(id);
        let delivery = self.delivery_of_sent(id, &sent).max(Delivery::Sent);
        let SentRequest { tag, earlier, .. } = sent;
        self.current_ids.remove(tag);
        if self.superseded.len() == policy::MAX_SUPERSEDED {
            self.superseded.pop_first();
        }
        self.superseded.insert(id, Superseded { tag, earlier });
        self.without_msg_id.insert(tag, (id, delivery));
        Some(tag)
    }

    /// Forgets a request. Returns the msg_id under which it was sent, if it is not queued.
    pub(super) fn forget(&mut self, tag: RequestTag) -> Option<MsgId> {
        if let Some((earlier, _)) = self.without_msg_id.remove(&tag) {
            self.forget_superseded(earlier);
        }
        let Some(id) = self.current_ids.remove(tag) else {
            self.queue.remove(tag);
            return None;
        };
        if let Some(sent) = self.sent.remove(id) {
            self.forget_repeat(id);
            self.forget_superseded(sent.earlier);
        }
        Some(id)
    }

    /// Forgets a former msg_id, and those before it.
    fn forget_superseded(&mut self, mut id: MsgId) {
        while id != NONE
            && let Some(superseded) = self.superseded.remove(&id)
        {
            id = superseded.earlier;
        }
    }
}

#[cfg(test)]
mod tests;
