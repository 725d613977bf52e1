//! Which request travels under which identifier, so that a notification or a lost connection can send it again.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::ids::MsgId;
use crate::sequence::{SequenceKey, SequenceMap};

/// The name of a request, given by whoever queues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u64);

impl SequenceKey for Tag {
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
pub struct Body<'a> {
    /// A wrapper that goes before the query (`invokeWithLayer(initConnection(…))`), or nothing.
    pub prefix: &'a [u8],
    /// The query.
    pub query: &'a [u8],
    /// The request after which the server must execute this one (`invokeAfterMsg`), if any.
    pub after: Option<Tag>,
    /// Whether the server is asked to acknowledge the packet quickly.
    pub quick_ack: bool,
}

impl<'a> Body<'a> {
    /// A query alone.
    #[must_use]
    pub const fn query(query: &'a [u8]) -> Self {
        Self { prefix: &[], query, after: None, quick_ack: false }
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold a code or a password's proof.
        f.debug_struct("Body").field("len", &(self.prefix.len() + self.query.len())).finish_non_exhaustive()
    }
}

/// Whoever owns the bodies of the queued requests.
pub trait Outbox {
    /// The bytes of a request as they should leave now; `None`: it is not wanted any more.
    ///
    /// The length must be a multiple of 4, and must not change while one packet is packed.
    fn body(&self, tag: Tag) -> Option<Body<'_>>;
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

/// How many containers and service messages are remembered at least, for notifications about them; and two for each
/// request under way.
const REMEMBERED: usize = 256;
/// For how long they are, by the time in their identifiers. Notifications follow at once.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// How many identifiers that were sent again under another are remembered, for answers to the first.
const SUPERSEDED: usize = 1024;

#[derive(Clone, Copy, Debug)]
struct Sent {
    tag: Tag,
    container: Option<MsgId>,
    delivery: Delivery,
}

/// The queue of requests, and what is known of those that left.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Tag>,
    sent: SequenceMap<MsgId, Sent>,
    current: SequenceMap<Tag, MsgId>,
    /// Containers, pings and acknowledgements: they carry no request of their own, but the server may refuse them. Sorted.
    others: VecDeque<MsgId>,
    superseded: VecDeque<(MsgId, Tag)>,
    /// Requests that left and wait to leave again.
    again: BTreeSet<Tag>,
    /// Tags of the queue that nobody wants any more.
    gone: BTreeSet<Tag>,
    /// The requests of the buffer that is being written.
    in_buffer: Vec<MsgId>,
}

impl Outgoing {
    pub(super) fn queue(&mut self, tag: Tag) {
        self.revive(tag);
        self.queue.push_back(tag);
    }

    /// Queues a request before all that waits.
    pub(super) fn queue_first(&mut self, tag: Tag) {
        self.revive(tag);
        self.queue.push_front(tag);
    }

    /// A tag that is queued anew must not be there already.
    fn revive(&mut self, tag: Tag) {
        if self.gone.contains(&tag) {
            self.compact();
        }
    }

    /// Takes what nobody wants any more out of the queue. Costs grow with it, so many are taken at once.
    fn compact(&mut self) {
        let gone = core::mem::take(&mut self.gone);
        self.queue.retain(|tag| !gone.contains(tag));
    }

    pub(super) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn next_queued(&mut self) -> Option<Tag> {
        loop {
            let Some(tag) = self.queue.pop_front() else {
                self.gone.clear();
                return None;
            };
            if self.gone.is_empty() || !self.gone.remove(&tag) {
                return Some(tag);
            }
        }
    }

    /// Takes all that is queued, and forgets it.
    pub(super) fn take_queued(&mut self) -> Vec<Tag> {
        self.compact();
        let queued: Vec<Tag> = core::mem::take(&mut self.queue).into();
        for tag in &queued {
            self.forget(*tag);
        }
        queued
    }

    pub(super) fn put_back(&mut self, tag: Tag) {
        self.queue.push_front(tag);
    }

    /// The identifier under which a request travels now.
    pub(super) fn current(&self, tag: Tag) -> Option<MsgId> {
        self.current.get(tag).copied()
    }

    /// Notes that a request is packed.
    pub(super) fn note_packed(&mut self, id: MsgId, tag: Tag) {
        self.sent.insert(id, Sent { tag, container: None, delivery: Delivery::Packed });
        self.current.insert(tag, id);
        if !self.again.is_empty() {
            self.again.remove(&tag);
        }
        self.in_buffer.push(id);
    }

    /// Notes in which container a message travels; only of requests that is remembered.
    pub(super) fn note_container(&mut self, id: MsgId, container: MsgId) {
        if let Some(sent) = self.sent.get_mut(id) {
            sent.container = Some(container);
        }
    }

    /// Notes that a container or a service message is packed.
    pub(super) fn note_other(&mut self, id: MsgId) {
        let oldest = MsgId(id.0.saturating_sub(REMEMBERED_FOR.as_secs() << 32));
        let most = REMEMBERED.max(2 * self.sent.len());
        while self.others.len() >= most || self.others.front().is_some_and(|other| *other < oldest) {
            self.others.pop_front();
        }
        self.others.push_back(id);
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

    /// Gives back what memory is kept for reuse, as far as nothing is in it.
    pub(super) fn trim(&mut self) {
        self.others.shrink_to_fit();
        self.queue.shrink_to_fit();
        self.in_buffer.shrink_to_fit();
        self.superseded.shrink_to_fit();
        self.sent.trim();
        self.current.trim();
    }

    /// How far a request has come, as far as this session knows it.
    pub(super) fn delivery(&self, tag: Tag) -> Delivery {
        let sent = self.current.get(tag).and_then(|id| self.sent.get(*id));
        sent.map_or_else(
            // One that waits to be sent again may have been executed the first time.
            || {
                if self.again.contains(&tag) { Delivery::Sent } else { Delivery::Queued }
            },
            |sent| sent.delivery,
        )
    }

    /// Whether `id` names something that we sent in this session and still remember.
    pub(super) fn knows(&self, id: MsgId) -> bool {
        self.sent.get(id).is_some() || self.others.binary_search(&id).is_ok()
    }

    /// Notes that the server refused `id`; `false`: it names nothing that we sent, or what was refused before. The
    /// requests in it are still to be taken or queued.
    pub(super) fn note_refused(&mut self, id: MsgId) -> bool {
        let other = self.others.binary_search(&id).ok();
        other.and_then(|at| self.others.remove(at)).is_some() || self.sent.get(id).is_some()
    }

    /// The identifiers of requests below `boundary`, oldest first; if `only_unconfirmed`, those of which the server said
    /// nothing.
    pub(super) fn unanswered(
        &self,
        boundary: MsgId,
        only_unconfirmed: bool,
    ) -> impl Iterator<Item = MsgId> + '_ {
        let below = self.sent.iter().take_while(move |(id, _)| *id < boundary);
        let wanted = move |sent: &Sent| !only_unconfirmed || sent.delivery < Delivery::Acknowledged;
        below.filter(move |(_, sent)| wanted(sent)).map(|(id, _)| id)
    }

    /// The newest identifier of a request that has no answer.
    pub(super) fn newest(&self) -> Option<MsgId> {
        self.sent.last_key()
    }

    /// Takes the request that `id` names, now or before it was sent again. Each request is taken once: later answers to
    /// any of its identifiers name nothing.
    pub(super) fn answered(&mut self, id: MsgId) -> Option<Tag> {
        let tag = match self.sent.remove(id) {
            Some(sent) => sent.tag,
            None => self.superseded.iter().find(|(old, _)| *old == id)?.1,
        };
        self.forget(tag);
        Some(tag)
    }

    /// Forgets a request that is not wanted any more; answers the identifier under which it left.
    pub(super) fn forget(&mut self, tag: Tag) -> Option<MsgId> {
        self.superseded.retain(|(_, superseded)| *superseded != tag);
        self.again.remove(&tag);
        let Some(id) = self.current.remove(tag) else {
            if !self.queue.is_empty() {
                self.gone.insert(tag);
                if 2 * self.gone.len() > self.queue.len() {
                    self.compact();
                }
            }
            return None;
        };
        self.sent.remove(id);
        Some(id)
    }

    /// Queues again what `id` names: one request, or all of a container. Costs grow with what was sent, so it is only
    /// for what a peer cannot repeat.
    pub(super) fn requeue_refused(&mut self, id: MsgId) {
        self.requeue_where(|sent_id, sent| sent_id == id || sent.container == Some(id));
    }

    /// Queues again what the server cannot have got, because its session began with `first`. What travelled in a
    /// container is judged by the container's identifier. Answers the newest that was taken.
    pub(super) fn requeue_before(&mut self, first: MsgId) -> Option<MsgId> {
        self.requeue_where(|id, sent| sent.container.unwrap_or(id) < first)
    }

    /// The packet in which a request travels: the container's identifier, or its own.
    pub(super) fn packet_of(&self, id: MsgId) -> MsgId {
        self.sent.get(id).and_then(|sent| sent.container).unwrap_or(id)
    }

    /// Takes what is below `boundary` and not confirmed by the server, oldest first.
    pub(super) fn take_unconfirmed(&mut self, boundary: MsgId) -> Vec<Tag> {
        self.take_where(|id, sent| id < boundary && sent.delivery < Delivery::Acknowledged)
    }

    /// Takes what `id` names, oldest first: one request, or all of a container.
    pub(super) fn take_refused(&mut self, id: MsgId) -> Vec<Tag> {
        self.take_where(|sent_id, sent| sent_id == id || sent.container == Some(id))
    }

    /// Queues again what `first` names and all that left after it.
    pub(super) fn requeue_from(&mut self, first: MsgId) {
        self.requeue_where(|id, sent| sent.container.unwrap_or(id) >= first || id == first);
    }

    /// Forgets all that left, since identifiers begin again; takes the requests that have no answer, oldest first.
    pub(super) fn take_all(&mut self) -> Vec<Tag> {
        self.others.clear();
        self.take_where(|_, _| true)
    }

    /// Answers the newest identifier that was taken.
    fn requeue_where(&mut self, matches: impl Fn(MsgId, &Sent) -> bool) -> Option<MsgId> {
        let ids = self.ids_where(matches);
        for id in ids.iter().rev() {
            self.requeue(*id);
        }
        ids.last().copied()
    }

    fn take_where(&mut self, matches: impl Fn(MsgId, &Sent) -> bool) -> Vec<Tag> {
        self.ids_where(matches).into_iter().filter_map(|id| self.detach(id)).collect()
    }

    fn ids_where(&self, matches: impl Fn(MsgId, &Sent) -> bool) -> Vec<MsgId> {
        self.sent.iter().filter(|(id, sent)| matches(*id, sent)).map(|(id, _)| id).collect()
    }

    /// Queues one request again, before all that waits; `false`: there is none of that name.
    pub(super) fn requeue(&mut self, id: MsgId) -> bool {
        let Some(tag) = self.detach(id) else { return false };
        self.queue_first(tag);
        true
    }

    /// Takes one request, which travels no more; a late answer still names it.
    pub(super) fn detach(&mut self, id: MsgId) -> Option<Tag> {
        let sent = self.sent.remove(id)?;
        self.current.remove(sent.tag);
        if self.superseded.len() == SUPERSEDED {
            self.superseded.pop_front();
        }
        self.superseded.push_back((id, sent.tag));
        self.again.insert(sent.tag);
        Some(sent.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request that left as 4, and again as 8.
    fn sent_twice() -> Outgoing {
        let mut outgoing = Outgoing::default();
        outgoing.note_packed(MsgId(4), Tag(1));
        outgoing.requeue(MsgId(4));
        assert_eq!(outgoing.delivery(Tag(1)), Delivery::Sent, "the server may have executed it");
        assert_eq!(outgoing.next_queued(), Some(Tag(1)));
        outgoing.note_packed(MsgId(8), Tag(1));
        outgoing
    }

    #[test]
    fn a_request_that_was_sent_again_is_answered_once() {
        for (first, second) in [(MsgId(4), MsgId(8)), (MsgId(8), MsgId(4))] {
            let mut outgoing = sent_twice();
            assert_eq!(outgoing.answered(first), Some(Tag(1)));
            assert_eq!(outgoing.answered(second), None);
            assert_eq!(outgoing.delivery(Tag(1)), Delivery::Queued, "it is unknown now");
        }
    }

    #[test]
    fn a_dropped_request_has_no_answer_under_any_of_its_identifiers() {
        let mut outgoing = sent_twice();
        assert_eq!(outgoing.forget(Tag(1)), Some(MsgId(8)));
        assert_eq!([outgoing.answered(MsgId(4)), outgoing.answered(MsgId(8))], [None, None]);
    }
}
