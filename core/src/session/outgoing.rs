//! Which request travels under which identifier, so that a notification or a lost connection can send it again.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::fmt;

use super::ids::MsgId;
use crate::policy;
use crate::sequence::{SequenceKey, SequenceMap};

/// The name of a request, chosen by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestTag(pub u64);

impl SequenceKey for RequestTag {
    fn distance(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl SequenceKey for MsgId {
    /// Those of one packet follow each other without a gap.
    fn distance(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 4
    }
}

/// The bytes of a request: they are written one after the other.
#[derive(Clone, Copy)]
pub struct RequestBody<'a> {
    /// A wrapper that goes before the query (`invokeWithLayer(initConnection(…))`), or nothing.
    pub prefix: &'a [u8],
    /// The query.
    pub query: &'a [u8],
    /// The request after which the server must execute this one (`invokeAfterMsg`), if any.
    pub after: Option<RequestTag>,
    /// Whether the server is asked to acknowledge the packet quickly.
    pub quick_ack: bool,
    /// Whether it may be executed twice: then it need not wait until the connection has shown that it works
    /// ([`Session::hold_unrepeatable_requests`](super::Session::hold_unrepeatable_requests)).
    pub is_repeatable: bool,
}

impl<'a> RequestBody<'a> {
    /// A query alone.
    #[must_use]
    pub const fn query(query: &'a [u8]) -> Self {
        Self { prefix: &[], query, after: None, quick_ack: false, is_repeatable: false }
    }
}

impl fmt::Debug for RequestBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold a code or a password's proof.
        f.debug_struct("Body").field("len", &(self.prefix.len() + self.query.len())).finish_non_exhaustive()
    }
}

/// The owner of the bodies of queued requests.
pub trait RequestSource {
    /// The bytes of a request as they should leave now; `None`: it is not wanted any more.
    ///
    /// The length must be a multiple of 4, and must not change while one packet is packed.
    fn body(&self, tag: RequestTag) -> Option<RequestBody<'_>>;
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// It waits for its turn or for a connection; the server has not seen it.
    Queued,
    /// It is in a buffer that is not fully written yet; the server may have seen it.
    Packed,
    /// It left the machine; the server may have executed it.
    Sent,
    /// The server said that it has it.
    Acknowledged,
    /// Its result is there.
    Answered,
}

/// No identifier is 0.
const NONE: MsgId = MsgId(0);

#[derive(Clone, Copy, Debug)]
struct SentRequest {
    tag: RequestTag,
    /// The container around it, or [`NONE`].
    container: MsgId,
    /// The identifier under which the request travelled before, or [`NONE`].
    earlier: MsgId,
    delivery: Delivery,
}

impl SentRequest {
    /// The packet that carries `id`: the container, or the message itself.
    const fn packet(&self, id: MsgId) -> MsgId {
        if self.container.0 == NONE.0 { id } else { self.container }
    }
}

/// An identifier that no longer carries its request.
#[derive(Clone, Copy, Debug)]
struct Superseded {
    tag: RequestTag,
    /// The identifier before it, or [`NONE`].
    earlier: MsgId,
}

/// What becomes of a request that the server reports as not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The identifier names no request without an answer.
    Unknown,
    /// It leaves again.
    Queued,
    /// The server acknowledged it before, so its outcome is unknown and it was taken.
    OutcomeUnknown(RequestTag),
}

/// The queue of requests, and what is known of those that left.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<RequestTag>,
    sent: SequenceMap<MsgId, SentRequest>,
    current: SequenceMap<RequestTag, MsgId>,
    /// Sent messages without a request of their own (containers, pings, acks): the server may refuse them as well.
    non_requests: SequenceMap<MsgId, ()>,
    superseded: SequenceMap<MsgId, Superseded>,
    /// Requests that left and wait to leave again, with the identifier under which they left last, and how far they came.
    requeued: BTreeMap<RequestTag, (MsgId, Delivery)>,
    /// Tags that are still in the queue although their requests were forgotten.
    forgotten: BTreeSet<RequestTag>,
    /// The requests of the buffer that is being written.
    in_buffer: Vec<MsgId>,
    /// The newest msg_id when the connection began: it and those below may have left over an earlier one.
    last_before_reconnect: MsgId,
}

impl Outgoing {
    pub(super) fn queue(&mut self, tag: RequestTag) {
        self.revive(tag);
        self.queue.push_back(tag);
    }

    /// Queues a request before all others.
    pub(super) fn queue_first(&mut self, tag: RequestTag) {
        self.revive(tag);
        self.queue.push_front(tag);
    }

    /// A tag that is queued anew must not be there already.
    fn revive(&mut self, tag: RequestTag) {
        if self.forgotten.contains(&tag) {
            self.compact();
        }
    }

    /// Removes forgotten requests from the queue. Costs grow with the queue, so many are removed at once.
    fn compact(&mut self) {
        let forgotten = core::mem::take(&mut self.forgotten);
        self.queue.retain(|tag| !forgotten.contains(tag));
    }

    pub(super) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn next_queued(&mut self) -> Option<RequestTag> {
        loop {
            let Some(tag) = self.queue.pop_front() else {
                self.forgotten.clear();
                return None;
            };
            if self.forgotten.is_empty() || !self.forgotten.remove(&tag) {
                return Some(tag);
            }
        }
    }

    /// Takes all that is queued, and forgets it.
    pub(super) fn take_queued(&mut self) -> Vec<RequestTag> {
        self.compact();
        let queued: Vec<RequestTag> = core::mem::take(&mut self.queue).into();
        for tag in &queued {
            self.forget(*tag);
        }
        queued
    }

    pub(super) fn put_back(&mut self, tag: RequestTag) {
        self.queue.push_front(tag);
    }

    /// The identifier under which a request travels now.
    pub(super) fn current(&self, tag: RequestTag) -> Option<MsgId> {
        self.current.get(tag).copied()
    }

    /// Notes that a request is packed.
    pub(super) fn note_packed(&mut self, id: MsgId, tag: RequestTag) {
        let earlier = if self.requeued.is_empty() { None } else { self.requeued.remove(&tag) };
        let earlier = earlier.map_or(NONE, |(earlier, _)| earlier);
        self.sent.insert(id, SentRequest { tag, container: NONE, earlier, delivery: Delivery::Packed });
        self.current.insert(tag, id);
        self.in_buffer.push(id);
    }

    /// Notes in which container a message travels; only of requests that is remembered.
    pub(super) fn note_container(&mut self, id: MsgId, container: MsgId) {
        if let Some(sent) = self.sent.get_mut(id) {
            sent.container = container;
        }
    }

    /// Notes that a container or a service message is packed.
    pub(super) fn note_non_request(&mut self, id: MsgId) {
        let oldest = MsgId(id.0.saturating_sub(policy::REMEMBERED_FOR.as_secs() << 32));
        let most = policy::MIN_REMEMBERED_MESSAGES.max(2 * self.sent.len());
        while let Some(first) = self.non_requests.first_key()
            && (self.non_requests.len() >= most || first < oldest)
        {
            self.non_requests.remove(first);
        }
        self.non_requests.insert(id, ());
    }

    /// Another connection carries the session; `newest` is the newest identifier so far.
    pub(super) fn note_connected(&mut self, newest: MsgId) {
        // What was not fully written may have arrived all the same.
        self.note_written();
        self.last_before_reconnect = newest;
    }

    /// Notes that the buffer is fully written.
    pub(super) fn note_written(&mut self) {
        for id in self.in_buffer.drain(..) {
            if let Some(sent) = self.sent.get_mut(id) {
                sent.delivery = sent.delivery.max(Delivery::Sent);
            }
        }
    }

    /// Notes that the server has a request. Containers are never acknowledged themselves.
    pub(super) fn note_acknowledged(&mut self, id: MsgId) {
        if let Some(sent) = self.sent.get_mut(id) {
            sent.delivery = Delivery::Acknowledged;
        }
    }

    /// Frees the memory that is kept for reuse.
    pub(super) fn trim(&mut self) {
        self.non_requests.trim();
        self.queue.shrink_to_fit();
        self.in_buffer.shrink_to_fit();
        self.superseded.trim();
        self.sent.trim();
        self.current.trim();
    }

    /// How far a request has come, as far as this session knows it.
    pub(super) fn delivery(&self, tag: RequestTag) -> Delivery {
        let sent = self.current.get(tag).and_then(|id| self.sent.get(*id));
        sent.map_or_else(
            // One that waits to be sent again may have been executed the first time.
            || self.requeued.get(&tag).map_or(Delivery::Queued, |(_, delivery)| *delivery),
            |sent| sent.delivery,
        )
    }

    /// Whether `id` names something that we sent in this session and still remember.
    pub(super) fn knows(&self, id: MsgId) -> bool {
        self.sent.get(id).is_some() || self.non_requests.get(id).is_some()
    }

    /// Notes that the server refused `id`: returns whether requests travelled in it, which are still to be taken or
    /// queued; `None` if it names nothing that we sent, or what was refused before.
    pub(super) fn note_refused(&mut self, id: MsgId) -> Option<bool> {
        let carries = self.requests_in(id).next().is_some();
        (self.non_requests.remove(id).is_some() || carries).then_some(carries)
    }

    /// The msg_ids of the requests in the message `id`, newest first: itself, or all that the container holds. Costs grow with
    /// their number only.
    fn requests_in(&self, id: MsgId) -> impl Iterator<Item = MsgId> + '_ {
        let itself = self.sent.get(id).map(|_| id);
        // Those of a container lie directly below its own identifier.
        let within = self.sent.below(id).take_while(move |(_, sent)| sent.container == id);
        itself.into_iter().chain(within.map(|(id, _)| id))
    }

    /// The identifiers of requests below `boundary`, oldest first; if `only_unconfirmed`, those of which the server said
    /// nothing.
    pub(super) fn unanswered(
        &self,
        boundary: MsgId,
        only_unconfirmed: bool,
    ) -> impl Iterator<Item = MsgId> + '_ {
        let below = self.sent.iter().take_while(move |(id, _)| *id < boundary);
        let wanted = move |sent: &SentRequest| !only_unconfirmed || sent.delivery < Delivery::Acknowledged;
        below.filter(move |(_, sent)| wanted(sent)).map(|(id, _)| id)
    }

    /// The newest identifier of a request that has no answer.
    pub(super) fn newest(&self) -> Option<MsgId> {
        self.sent.last_key()
    }

    /// Whether `id` left over an earlier connection, or the server said that it has it: then the server may have executed
    /// it, whatever it remembers now.
    fn may_be_executed(&self, id: MsgId, sent: &SentRequest) -> bool {
        id <= self.last_before_reconnect || sent.delivery >= Delivery::Acknowledged
    }

    /// The server says that it has not got the request `id`: queues it again, or takes it if the server said before that
    /// it has it, since it may be executed and forgotten then. If we did not ask, the server does not say it of all that it
    /// ever knew, so what an earlier connection may have carried is taken as well.
    pub(super) fn lost(&mut self, id: MsgId, was_asked: bool) -> Lost {
        let sent = self.sent.get(id);
        let is_unknown = sent.map(|sent| {
            sent.delivery >= Delivery::Acknowledged || !was_asked && self.may_be_executed(id, sent)
        });
        match is_unknown {
            None => Lost::Unknown,
            Some(true) => self.detach(id).map_or(Lost::Unknown, Lost::OutcomeUnknown),
            Some(false) => {
                self.requeue(id);
                Lost::Queued
            }
        }
    }

    /// The requests that the server has, but did not answer before the connection was replaced, oldest first.
    pub(super) fn owed(&self) -> impl Iterator<Item = MsgId> + '_ {
        let before = self.sent.iter().take_while(|(id, _)| *id <= self.last_before_reconnect);
        before.filter(|(_, sent)| sent.delivery >= Delivery::Acknowledged).map(|(id, _)| id)
    }

    /// Takes the request that `id` names, now or before it was sent again. Each request is taken once: later answers to
    /// any of its identifiers name nothing.
    pub(super) fn answered(&mut self, id: MsgId) -> Option<RequestTag> {
        if let Some(sent) = self.sent.remove(id) {
            self.current.remove(sent.tag);
            self.forget_superseded(sent.earlier);
            return Some(sent.tag);
        }
        let tag = self.superseded.get(id)?.tag;
        self.forget(tag);
        Some(tag)
    }

    /// Forgets a request; returns the msg_id under which it left.
    pub(super) fn forget(&mut self, tag: RequestTag) -> Option<MsgId> {
        if let Some((earlier, _)) = self.requeued.remove(&tag) {
            self.forget_superseded(earlier);
        }
        let Some(id) = self.current.remove(tag) else {
            if !self.queue.is_empty() {
                self.forgotten.insert(tag);
                if 2 * self.forgotten.len() > self.queue.len() {
                    self.compact();
                }
            }
            return None;
        };
        if let Some(sent) = self.sent.remove(id) {
            self.forget_superseded(sent.earlier);
        }
        Some(id)
    }

    /// Forgets an identifier that was sent again under another, and those before it.
    fn forget_superseded(&mut self, mut id: MsgId) {
        while id != NONE
            && let Some(superseded) = self.superseded.remove(id)
        {
            id = superseded.earlier;
        }
    }

    /// Queues again what `id` names: one request, or all of a container. Takes what the server said before that it has,
    /// oldest first: it may be executed all the same.
    pub(super) fn requeue_refused(&mut self, id: MsgId) -> Vec<RequestTag> {
        let named: Vec<MsgId> = self.requests_in(id).collect();
        let mut unknown = Vec::new();
        for id in named {
            if let Lost::OutcomeUnknown(tag) = self.lost(id, true) {
                unknown.push(tag);
            }
        }
        unknown.reverse();
        unknown
    }

    /// Whether a request travels in a container.
    pub(super) fn is_contained(&self, id: MsgId) -> bool {
        self.sent.get(id).is_some_and(|sent| sent.container != NONE)
    }

    /// The server's session began with `first`, so it does not know what came before. What travelled in a container is
    /// judged by the container's identifier.
    ///
    /// Queues again what left over this connection alone, since the server ignored it; returns the newest of that. Takes
    /// what an earlier session of the server may have executed, oldest first.
    pub(super) fn forgotten_before(&mut self, first: MsgId) -> (Option<MsgId>, Vec<RequestTag>) {
        let below = self.sent.iter().take_while(|(id, sent)| sent.packet(*id) < first);
        let (unknown, lost): (Vec<_>, Vec<_>) = below
            .map(|(id, sent)| (id, self.may_be_executed(id, sent)))
            .partition(|(_, may_be_executed)| *may_be_executed);
        let unknown = unknown.into_iter().filter_map(|(id, _)| self.detach(id)).collect();
        for (id, _) in lost.iter().rev() {
            self.requeue(*id);
        }
        (lost.last().map(|(id, _)| *id), unknown)
    }

    /// The packet in which a request travels: the container's identifier, or its own.
    pub(super) fn packet_of(&self, id: MsgId) -> MsgId {
        self.sent.get(id).map_or(id, |sent| sent.packet(id))
    }

    /// Takes what is below `boundary` and not confirmed by the server, oldest first. Costs grow with what is below it.
    pub(super) fn take_unconfirmed(&mut self, boundary: MsgId) -> Vec<RequestTag> {
        let ids: Vec<MsgId> = self.unanswered(boundary, true).collect();
        ids.into_iter().filter_map(|id| self.detach(id)).collect()
    }

    /// Takes what `id` names, oldest first: one request, or all of a container.
    pub(super) fn take_refused(&mut self, id: MsgId) -> Vec<RequestTag> {
        let named: Vec<MsgId> = self.requests_in(id).collect();
        named.into_iter().rev().filter_map(|id| self.detach(id)).collect()
    }

    /// Queues again the request or the container `first`, and the later requests that left over this connection alone and
    /// are not acknowledged: the server refuses those for the same reason. The others may be executed, so they stay: those
    /// that are acknowledged, those before `first` in its container, and those that left over an earlier connection, if
    /// `first` did. The cost grows with the number of later requests.
    pub(super) fn requeue_unconfirmed_from(&mut self, first: MsgId) {
        let has_followers = first > self.last_before_reconnect;
        let later = self.sent.below(MsgId(u64::MAX)).take_while(|(id, sent)| sent.packet(*id) >= first);
        let refused = later.filter(|(id, sent)| {
            let is_named = *id == first || sent.container == first;
            let follows = has_followers && *id > first && !self.may_be_executed(*id, sent);
            is_named && sent.delivery < Delivery::Acknowledged || follows
        });
        let refused: Vec<MsgId> = refused.map(|(id, _)| id).collect();
        refused.into_iter().for_each(|id| _ = self.requeue(id));
    }

    /// Forgets all that left, since identifiers begin again; takes the requests that have no answer, oldest first.
    pub(super) fn take_all(&mut self) -> Vec<RequestTag> {
        self.non_requests = SequenceMap::default();
        self.last_before_reconnect = NONE;
        let ids: Vec<MsgId> = self.sent.iter().map(|(id, _)| id).collect();
        let tags = ids.into_iter().filter_map(|id| self.detach(id)).collect();
        // Late answers of the previous session are ignored.
        self.superseded = SequenceMap::default();
        self.requeued.values_mut().for_each(|(earlier, _)| *earlier = NONE);
        tags
    }

    /// Queues one request again, before all others. Returns `false` if `id` names none.
    pub(super) fn requeue(&mut self, id: MsgId) -> bool {
        let Some(tag) = self.detach(id) else { return false };
        self.queue_first(tag);
        true
    }

    /// Takes one request, so that `id` no longer carries it; a late answer to `id` still names it.
    pub(super) fn detach(&mut self, id: MsgId) -> Option<RequestTag> {
        let SentRequest { tag, earlier, delivery, .. } = self.sent.remove(id)?;
        self.current.remove(tag);
        if self.superseded.len() == policy::MAX_SUPERSEDED
            && let Some(oldest) = self.superseded.first_key()
        {
            self.superseded.remove(oldest);
        }
        self.superseded.insert(id, Superseded { tag, earlier });
        self.requeued.insert(tag, (id, delivery.max(Delivery::Sent)));
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::steps;

    /// A request that left as 4, and again as 8.
    fn sent_twice() -> Outgoing {
        let mut outgoing = Outgoing::default();
        outgoing.note_packed(MsgId(4), RequestTag(1));
        outgoing.requeue(MsgId(4));
        assert_eq!(outgoing.delivery(RequestTag(1)), Delivery::Sent, "the server may have executed it");
        assert_eq!(outgoing.next_queued(), Some(RequestTag(1)));
        outgoing.note_packed(MsgId(8), RequestTag(1));
        outgoing
    }

    #[test]
    fn a_request_that_was_sent_again_is_answered_once() {
        for (first, second) in [(MsgId(4), MsgId(8)), (MsgId(8), MsgId(4))] {
            let mut outgoing = sent_twice();
            assert_eq!(outgoing.answered(first), Some(RequestTag(1)));
            assert_eq!(outgoing.answered(second), None);
            assert_eq!(outgoing.delivery(RequestTag(1)), Delivery::Queued, "it is unknown now");
        }
    }

    /// What the session does with a notification that names `id`.
    fn refuse(outgoing: &mut Outgoing, id: MsgId) {
        assert!(outgoing.note_refused(id).is_some(), "{id:?}");
        let packet = outgoing.packet_of(id);
        outgoing.take_refused(packet);
    }

    #[test]
    fn f4_refusals_are_looked_up_in_linear_time() {
        // Requests alone, in containers of 100, and refused in any order, by their own name or by the container's.
        const COUNT: u64 = 32_000;
        for (packed, by_container, step) in
            [(1, false, 1), (1, false, 7919), (100, true, 1), (100, true, 77), (100, false, 1)]
        {
            let mut outgoing = Outgoing::default();
            let mut names = Vec::new();
            for packet in 0..COUNT / packed {
                let first = 4 * packet * (packed + 1) + 4;
                for place in 0..packed {
                    outgoing.note_packed(MsgId(first + 4 * place), RequestTag(packet * packed + place));
                }
                names.push(MsgId(first));
                if packed > 1 {
                    let container = MsgId(first + 4 * packed);
                    (0..packed)
                        .for_each(|place| outgoing.note_container(MsgId(first + 4 * place), container));
                    outgoing.note_non_request(container);
                    if by_container {
                        names.pop();
                        names.push(container);
                    }
                }
            }
            let before = steps::so_far();
            let count = names.len() as u64;
            for place in 0..count {
                refuse(&mut outgoing, names[(place * step % count) as usize]);
            }
            assert_eq!(outgoing.newest(), None, "all were refused");
            let steps = steps::so_far() - before;
            assert!(steps <= 4 * COUNT, "{packed} in a packet, step {step}: {steps} steps");
        }
    }

    #[test]
    fn f4_new_sessions_and_late_answers_are_looked_up_in_linear_time() {
        const COUNT: u64 = 32_000;
        let mut outgoing = Outgoing::default();
        (1..=COUNT).for_each(|id| outgoing.note_packed(MsgId(4 * id), RequestTag(id)));
        let before = steps::so_far();
        // Sessions that begin before all that left name nothing, as often as they are announced.
        for _ in 0..COUNT {
            assert_eq!(outgoing.forgotten_before(MsgId(1)), (None, Vec::new()));
        }
        // All is sent again, a thousand at a time; then the answers come to what left first, or to nothing.
        for round in 0..COUNT / 1000 {
            (1..=1000).for_each(|id| assert!(outgoing.requeue(MsgId(4 * (1000 * round + id)))));
            for id in 1..=1000 {
                let tag = outgoing.next_queued().unwrap();
                outgoing.note_packed(MsgId(4 * (COUNT + 1000 * round + id)), tag);
            }
            (1..=1000).for_each(|id| assert!(outgoing.answered(MsgId(4 * (1000 * round + id))).is_some()));
            (1..=1000).for_each(|id| assert_eq!(outgoing.answered(MsgId(4 * id)), None));
        }
        assert_eq!(outgoing.newest(), None);
        let steps = steps::so_far() - before;
        assert!(steps <= 4 * COUNT, "{steps} steps");
    }

    #[test]
    fn a_dropped_request_has_no_answer_under_any_of_its_identifiers() {
        let mut outgoing = sent_twice();
        assert_eq!(outgoing.forget(RequestTag(1)), Some(MsgId(8)));
        assert_eq!([outgoing.answered(MsgId(4)), outgoing.answered(MsgId(8))], [None, None]);
    }
}
