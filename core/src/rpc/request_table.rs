//! The table of requests: those without a result, and results that were not taken.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::compression;
use super::deadlines::Deadlines;
use super::invoke_error::InvokeError;
use super::request::{NewRequest, OnUnknownOutcome, RequestConstraints, RequestId, Requester};
use super::retry::{self, RetryBudget, RetryDecision, SentAs};
use super::rpc_error::RpcError;
use crate::crypto::Wiped;
use crate::crypto::secret::wipe;
use crate::dc::DcId;
use crate::sequence::SequenceMap;
use crate::session::RequestBody;
use crate::time::Timestamp;
use crate::tl::gzip::{self, GzipError};
use crate::tl::{Reader, ids};

/// The state of a request's quick ack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuickAck {
    Unwanted,
    Wanted,
    Received,
}

#[derive(Debug)]
struct Entry {
    requester: Requester,
    dc: DcId,
    query: Wiped,
    /// The query as `gzip_packed`, if that is shorter.
    gzipped: Option<Box<Wiped>>,
    after: Option<RequestId>,
    deadline: Option<Timestamp>,
    is_deadline_extensible: bool,
    retries: RetryBudget,
    on_unknown_outcome: OnUnknownOutcome,
    quick_ack: QuickAck,
    /// Whether it waits because the server said so.
    is_waiting: bool,
    /// The end of its last wait, or of that of an earlier request for which it was refused; zero if there was none.
    last_wait: Timestamp,
    /// Errors are boxed, since they are rare and would enlarge every entry.
    result: Option<Result<Wiped, Box<InvokeError>>>,
}

/// The requests whose results have not been taken. Look-ups take constant time if requests are answered roughly in
/// order, and logarithmic time at worst.
#[derive(Debug, Default)]
pub struct RequestTable {
    entries: SequenceMap<RequestId, Entry>,
    deadlines: Deadlines,
    /// The requests that wait because the server said so. They are few.
    waiting: BTreeSet<(Timestamp, RequestId)>,
    /// Number of requests without a result per DC. There are few DCs.
    pending_per_dc: Vec<(DcId, usize)>,
    /// Total length in bytes of all queries without a result.
    bytes: usize,
}

impl RequestTable {
    /// Adds a request. A query of the application of at least 1024 bytes is compressed if a sample of it promises a
    /// gain and the result is shorter. Returns its constraints.
    pub fn insert(&mut self, id: RequestId, request: NewRequest) -> RequestConstraints {
        let NewRequest {
            requester,
            dc,
            query,
            after,
            deadline,
            is_deadline_extensible,
            follow_redirects,
            max_wait,
            on_unknown_outcome,
            quick_ack,
        } = request;
        let quick_ack = if quick_ack { QuickAck::Wanted } else { QuickAck::Unwanted };
        if let Some(at) = deadline {
            self.deadlines.add(at);
        }
        self.bytes += query.len();
        // Queries of a login are secret, and the memory of the compressor is not wiped.
        let gzipped = (requester == Requester::Application)
            .then(|| compression::compress(&query, gzip::compress))
            .flatten()
            .map(Box::new);
        let constraints = RequestConstraints { requester, is_waiting: false };
        let result = None;
        let entry = Entry {
            requester,
            dc,
            query,
            gzipped,
            after,
            deadline,
            is_deadline_extensible,
            retries: RetryBudget::new(follow_redirects, max_wait),
            on_unknown_outcome,
            quick_ack,
            is_waiting: false,
            last_wait: Timestamp::ZERO,
            result,
        };
        self.count(dc, 1);
        self.entries.insert(id, entry);
        constraints
    }

    /// Frees the memory that an empty table keeps for reuse.
    pub fn trim(&mut self) {
        self.entries.trim();
        self.deadlines.trim();
        self.pending_per_dc.retain(|(_, count)| *count > 0);
        self.pending_per_dc.shrink_to_fit();
    }

    fn pending_request(&self, id: RequestId) -> Option<&Entry> {
        self.entries.get(id).filter(|entry| entry.result.is_none())
    }

    fn pending_request_mut(&mut self, id: RequestId) -> Option<&mut Entry> {
        self.entries.get_mut(id).filter(|entry| entry.result.is_none())
    }

    /// Returns the bytes to send for a request without a result, starting with the prefix that `prefix` returns for its
    /// requester.
    #[must_use]
    pub fn body<'a>(
        &'a self,
        id: RequestId,
        prefix: impl FnOnce(Requester) -> &'a [u8],
    ) -> Option<RequestBody<'a>> {
        let entry = self.pending_request(id)?;
        let prefix = prefix(entry.requester);
        // `gzip_packed` must be the whole message, so a wrapped query is sent uncompressed.
        let gzipped = entry.gzipped.as_deref().filter(|_| prefix.is_empty());
        let query = gzipped.unwrap_or(&entry.query);
        let after = entry.after.map(RequestId::tag);
        let quick_ack = entry.quick_ack == QuickAck::Wanted;
        let is_repeatable = entry.on_unknown_outcome == OnUnknownOutcome::Retry;
        Some(RequestBody { prefix, query, after, quick_ack, is_repeatable })
    }

    /// Returns the requester of a request without a result.
    #[must_use]
    pub fn requester(&self, id: RequestId) -> Option<Requester> {
        self.pending_request(id).map(|entry| entry.requester)
    }

    /// Returns the constraints of a request without a result.
    #[must_use]
    pub fn constraints(&self, id: RequestId) -> Option<RequestConstraints> {
        let entry = self.pending_request(id)?;
        Some(RequestConstraints { requester: entry.requester, is_waiting: entry.is_waiting })
    }

    /// Returns the action if the outcome of a request without a result is unknown.
    #[must_use]
    pub fn on_unknown_outcome(&self, id: RequestId) -> Option<OnUnknownOutcome> {
        self.pending_request(id).map(|entry| entry.on_unknown_outcome)
    }

    /// Decides by the [retry policy](super::retry) the consequence of an error with which the server answered a
    /// request. `is_known`: an address of this DC is known.
    pub(crate) fn on_rpc_error(
        &mut self,
        id: RequestId,
        error: &RpcError,
        sent: SentAs,
        is_known: impl FnOnce(DcId) -> bool,
    ) -> RetryDecision {
        if retry::follows_refused(error) && self.waits_again_with_earlier(id) {
            return RetryDecision::QueueAt(sent.dc);
        }
        let Some(entry) = self.pending_request_mut(id) else { return RetryDecision::Fail };
        let is_application = entry.requester == Requester::Application;
        let decision = entry.retries.decide(error, sent, is_application, is_known);
        if let RetryDecision::QueueAt(dc) = decision {
            let from = mem::replace(&mut entry.dc, dc);
            self.count(from, -1);
            self.count(dc, 1);
        }
        decision
    }

    /// Returns whether the request after which this one must be executed was told to wait since this one was last refused
    /// for that. Such a refusal uses up no attempt: there are no more of them than waits.
    fn waits_again_with_earlier(&mut self, id: RequestId) -> bool {
        let earlier = self.pending_request(id).and_then(|entry| self.pending_request(entry.after?));
        let Some(wait) = earlier.map(|earlier| earlier.last_wait) else { return false };
        let entry = self.pending_request_mut(id).filter(|entry| !entry.is_waiting && entry.last_wait < wait);
        entry.map(|entry| entry.last_wait = wait).is_some()
    }

    /// Returns the DC of a request without a result.
    #[must_use]
    pub fn dc(&self, id: RequestId) -> Option<DcId> {
        self.pending_request(id).map(|entry| entry.dc)
    }

    /// Returns whether a request has an answer of the server, even an error, that was not taken.
    #[must_use]
    pub fn has_server_answer(&self, id: RequestId) -> bool {
        let result = self.entries.get(id).and_then(|entry| entry.result.as_ref());
        result.is_some_and(|result| match result {
            Ok(_) => true,
            Err(error) => {
                matches!(**error, InvokeError::Rpc(_) | InvokeError::Decode(_) | InvokeError::Gzip(_))
            }
        })
    }

    /// Records the requested quick ack of a request. Returns `false` if none is pending.
    pub fn note_quick_ack(&mut self, id: RequestId) -> bool {
        let wanted = self.pending_request_mut(id).filter(|entry| entry.quick_ack == QuickAck::Wanted);
        wanted.map(|entry| entry.quick_ack = QuickAck::Received).is_some()
    }

    /// Returns whether the server sent a quick ack for a request.
    #[must_use]
    pub fn is_quickly_acknowledged(&self, id: RequestId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.quick_ack == QuickAck::Received)
    }

    /// Returns the number of requests in the table, including results that were not taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the total length in bytes of all queries without a result.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether a request to `dc` has no result yet. Takes constant time.
    #[must_use]
    pub fn has_pending(&self, dc: DcId) -> bool {
        self.pending_per_dc.iter().any(|(of, count)| *of == dc && *count > 0)
    }

    /// Lets a request without a result wait for `wait` before it is sent again. The wait does not count towards its
    /// deadline if that may be extended. Returns `false` if the deadline passes first: then it does not wait.
    pub fn wait(&mut self, id: RequestId, now: Timestamp, wait: Duration) -> bool {
        self.stop_waiting(id);
        let Some(entry) = self.pending_request_mut(id) else { return false };
        let until = now + wait;
        let deadline = entry.deadline;
        if deadline.is_some_and(|deadline| deadline <= until) && !entry.is_deadline_extensible {
            return false;
        }
        (entry.is_waiting, entry.last_wait) = (true, until);
        self.waiting.insert((until, id));
        if let Some(deadline) = deadline {
            self.extend_deadline(id, deadline + wait);
        }
        true
    }

    /// Returns when the next request has waited long enough.
    #[must_use]
    pub fn next_wait(&self) -> Option<Timestamp> {
        self.waiting.first().map(|(until, _)| *until)
    }

    /// Ends the wait of a request that has waited long enough, if there is one. Returns it with its DC.
    pub fn end_wait(&mut self, now: Timestamp) -> Option<(RequestId, DcId)> {
        let (_, id) = self.waiting.first().copied().filter(|(until, _)| *until <= now)?;
        self.stop_waiting(id);
        Some((id, self.dc(id)?))
    }

    fn stop_waiting(&mut self, id: RequestId) {
        if let Some(entry) = self.entries.get_mut(id)
            && mem::take(&mut entry.is_waiting)
        {
            self.waiting.remove(&(entry.last_wait, id));
        }
    }

    /// Returns the requests to `dc` without a result, oldest first.
    pub fn pending(&self, dc: DcId) -> impl Iterator<Item = RequestId> + '_ {
        self.entries
            .iter()
            .filter(move |(_, entry)| entry.dc == dc && entry.result.is_none())
            .map(|(id, _)| id)
    }

    /// Records the answer in `body`: `rpc_error` or the result itself. Returns the requester, or `None` if the request
    /// has a result or is gone.
    pub fn record_answer(&mut self, id: RequestId, body: &[u8]) -> Option<Requester> {
        let result = match RpcError::read(body) {
            Some(Ok(error)) => Err(InvokeError::Rpc(error)),
            Some(Err(broken)) => Err(InvokeError::Decode(broken)),
            None => match body.strip_prefix(&ids::GZIP_PACKED.to_le_bytes()) {
                Some(gzipped) => Err(InvokeError::Gzip(decompression_error(gzipped))),
                None => Ok(body),
            },
        };
        self.finish(id, result)
    }

    /// Ends a request with an error of the client.
    pub fn fail(&mut self, id: RequestId, error: InvokeError) -> Option<Requester> {
        self.finish(id, Err(error))
    }

    fn finish(&mut self, id: RequestId, result: Result<&[u8], InvokeError>) -> Option<Requester> {
        if !self.waiting.is_empty() {
            self.stop_waiting(id);
        }
        let entry = self.entries.get_mut(id).filter(|entry| entry.result.is_none())?;
        let query = mem::replace(&mut entry.query, Wiped(Vec::new()));
        self.bytes -= query.len();
        entry.result = Some(result.map(|body| Wiped(to_vec_in(query, body))).map_err(Box::new));
        entry.gzipped = None;
        if let Some(at) = entry.deadline.take() {
            self.deadlines.remove(at);
        }
        let (requester, dc) = (entry.requester, entry.dc);
        self.count(dc, -1);
        Some(requester)
    }

    /// Adds `change` to the number of requests to `dc` without a result.
    fn count(&mut self, dc: DcId, change: isize) {
        match self.pending_per_dc.iter_mut().find(|(of, _)| *of == dc) {
            Some((_, count)) => *count = count.saturating_add_signed(change),
            None => self.pending_per_dc.push((dc, 0_usize.saturating_add_signed(change))),
        }
    }

    /// Takes the result, once.
    pub fn take(&mut self, id: RequestId) -> Option<Result<Wiped, InvokeError>> {
        let result = self.entries.take(id, |entry| entry.result.take())?;
        Some(result.map_err(|error| *error))
    }

    /// Removes a request, answered or not.
    pub fn remove(&mut self, id: RequestId) {
        self.stop_waiting(id);
        let Some(entry) = self.entries.remove(id) else { return };
        self.bytes -= entry.query.len();
        if entry.result.is_none() {
            self.count(entry.dc, -1);
        }
        if let Some(at) = entry.deadline {
            self.deadlines.remove(at);
        }
    }

    /// Returns the earliest deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first()
    }

    /// Returns the requests whose deadline has passed, in the order of their deadlines. If there is one, the cost is
    /// linear in the number of requests.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Vec<RequestId> {
        if self.deadlines.first().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let deadlines = self.entries.iter().filter_map(|(id, entry)| Some((entry.deadline?, id)));
        let mut expired: Vec<_> = deadlines.filter(|(at, _)| *at <= now).collect();
        expired.sort_unstable();
        expired.into_iter().map(|(_, id)| id).collect()
    }

    /// Extends the deadline of a request, if that is allowed and it is earlier. Returns `false` if it is left
    /// unchanged.
    pub fn extend_deadline(&mut self, id: RequestId, until: Timestamp) -> bool {
        let unanswered = self.entries.get_mut(id).filter(|entry| entry.result.is_none());
        let Some(entry) = unanswered.filter(|entry| entry.is_deadline_extensible) else { return false };
        let Some(deadline) = entry.deadline.filter(|deadline| *deadline < until) else { return false };
        entry.deadline = Some(until);
        self.deadlines.remove(deadline);
        self.deadlines.add(until);
        true
    }

    /// Returns all requests without a result.
    #[must_use]
    pub fn all_unanswered(&self) -> Vec<RequestId> {
        self.entries.iter().filter(|(_, entry)| entry.result.is_none()).map(|(id, _)| id).collect()
    }
}

/// Returns a vector of these bytes: in the memory of the query, of which nothing is left, if that has about their length,
/// and else in memory of their own.
fn to_vec_in(mut query: Wiped, bytes: &[u8]) -> Vec<u8> {
    if !(bytes.len()..=2 * bytes.len()).contains(&query.0.capacity()) {
        return bytes.to_vec();
    }
    wipe(query.0.get_mut(bytes.len()..).unwrap_or_default());
    let mut memory = query.take();
    memory.clear();
    memory.extend_from_slice(bytes);
    memory
}

/// Returns why a result was not decompressed: an error, or the limit of its whole packet.
fn decompression_error(gzipped: &[u8]) -> GzipError {
    let Ok(data) = Reader::new(gzipped).bytes() else { return GzipError::Truncated };
    match gzip::decompress(data, gzip::MAX_DECOMPRESSED) {
        Ok(decompressed) => GzipError::TooLong { length: Wiped(decompressed).len() },
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;
    use crate::tl::write;

    fn request(requester: Requester, query: Vec<u8>) -> NewRequest {
        NewRequest {
            requester,
            dc: DcId::new(2).unwrap(),
            query: query.into(),
            after: None,
            deadline: None,
            is_deadline_extensible: false,
            follow_redirects: false,
            max_wait: Duration::ZERO,
            on_unknown_outcome: OnUnknownOutcome::Fail,
            quick_ack: false,
        }
    }

    #[test]
    fn debug_shows_neither_queries_nor_results() {
        let shown = format!("{:?}", request(Requester::Application, vec![251; 8]));
        assert!(!shown.contains("251"), "{shown}");
        let mut requests = RequestTable::default();
        for (id, length) in [(1, 8), (2, 4096), (3, 8)] {
            requests.insert(RequestId(id), request(Requester::Application, vec![251; length]));
        }
        requests.record_answer(RequestId(3), &[251; 8]);
        let shown = format!("{requests:?}");
        // Compressed data starts with the gzip magic number.
        assert!(!shown.contains("251") && !shown.contains("31, 139"), "{shown}");
        assert_eq!(*requests.take(RequestId(3)).unwrap().unwrap(), [251; 8]);
        assert!(requests.take(RequestId(3)).is_none());
    }

    #[test]
    fn a_result_takes_the_memory_of_a_query_of_about_its_length() {
        for (query, reply, is_shared) in
            [(100, 100, true), (100, 60, true), (100, 101, false), (4096, 64, false)]
        {
            let query = vec![251; query];
            let memory = query.as_ptr();
            let mut requests = RequestTable::default();
            requests.insert(RequestId(1), request(Requester::Transfer(DcId::new(2).unwrap()), query));
            requests.record_answer(RequestId(1), &vec![7; reply]);
            let result = requests.take(RequestId(1)).unwrap().unwrap();
            assert_eq!(*result, vec![7; reply]);
            assert_eq!(result.as_ptr() == memory, is_shared, "{reply}");
            assert_eq!((requests.len(), requests.bytes()), (0, 0));
        }
    }

    #[test]
    fn f14_an_answer_that_cannot_be_decompressed_says_so() {
        for (data, expected) in [
            (&b"this is no gzip"[..], GzipError::BadHeader),
            (&gzip::compress(&[7; 64])[..12], GzipError::Truncated),
            (&[&gzip::compress(&[7; 64])[..], &[0]].concat(), GzipError::BadLength),
        ] {
            let mut requests = RequestTable::default();
            requests.insert(RequestId(1), request(Requester::Application, vec![251; 8]));
            let mut body = ids::GZIP_PACKED.to_le_bytes().to_vec();
            write::bytes(&mut body, data);
            requests.record_answer(RequestId(1), &body);
            assert!(requests.has_server_answer(RequestId(1)));
            let error = requests.take(RequestId(1)).unwrap().unwrap_err();
            assert!(error.to_string().starts_with("the server's answer cannot be decompressed: "), "{error}");
            assert_eq!(error, InvokeError::Gzip(expected));
        }
    }

    #[test]
    fn only_queries_of_the_application_are_compressed() {
        for (requester, is_compressed) in
            [(Requester::Application, true), (Requester::Step(RequestId(1)), false)]
        {
            let mut requests = RequestTable::default();
            requests.insert(RequestId(2), request(requester, vec![251; 4096]));
            let body = requests.body(RequestId(2), |_| &[]).unwrap();
            assert_eq!(body.query.len() < 4096, is_compressed, "{requester:?}");
        }
    }
}
