//! The table of pending requests.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::invoke_error::InvokeError;
use super::rpc_error::RpcError;
use crate::crypto::Secret;
use crate::dc::DcId;
use crate::policy;
use crate::sequence::{SequenceKey, SequenceMap};
use crate::session::{RequestBody, RequestTag};
use crate::time::Timestamp;
use crate::tl::gzip::{self, GzipError};
use crate::tl::{Constructor, Deserialize, Reader, ids, types, write};

/// `upload.saveFilePart` and `upload.saveBigFilePart`: their content is media, which does not compress.
const UPLOADS: [u32; 2] = [0xb304_a621, 0xde7b_673d];

/// The identifier of one request or login step, assigned by the client. Identifiers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

impl RequestId {
    /// Returns the tag by which a session refers to the request.
    #[must_use]
    pub const fn tag(self) -> RequestTag {
        RequestTag(self.0)
    }
}

impl SequenceKey for RequestId {
    fn distance(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Deadlines of requests, which may all have the same time.
impl SequenceKey for (Timestamp, RequestId) {
    fn distance(self, earlier: Self) -> u64 {
        self.1.distance(earlier.1)
    }
}

impl From<RequestTag> for RequestId {
    fn from(tag: RequestTag) -> Self {
        Self(tag.0)
    }
}

/// Who receives the result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// The application.
    Application,
    /// A login step.
    Step(RequestId),
    /// The client itself: it transfers a login to this DC.
    Transfer(DcId),
    /// The client itself: it queries the state of updates.
    Updates,
    /// The client itself: it queries the addresses of the DCs.
    Addresses,
}

/// The action if the outcome of a sent request is unknown, which is the case if:
///
/// - the key or the session that it was sent under is gone: its identifier has no meaning under another one;
/// - its connection was lost, and the server has since created a new session with the same id (`new_session_created`),
///   reports that it has forgotten the request, or does not report its state within 20 s;
/// - the server reported that it had received the request, and later that it had not, or it creates a new session;
/// - its connection was lost, and the server reported on the next one that it had received the request, but did not
///   send the answer within 30 s although it was asked for it twice.
///
/// To make this rare, a request that must not be executed twice is sent only on a connection on which the server was
/// heard in the last 75 s: in the second round trip of a connection, or in the first if the key was created on it. A
/// connection that fails before that costs only time.
///
/// A request that was sent only on the current connection, before the first message of a new session of the server, was
/// ignored by the server (`mtproto/service_messages`, "New Session Creation Notification") and is sent again in either
/// case. The same applies to requests that the server rejected (`bad_msg_notification`, `bad_server_salt`) or reports
/// as never received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknownOutcome {
    /// Ends it with [`InvokeError::OutcomeUnknown`]. A server that reports correctly never executes it twice.
    #[default]
    Fail,
    /// Sends it again until it is answered or its deadline passes. For requests that may be executed twice, or contain
    /// a number by which the server detects duplicates (`random_id`).
    Retry,
}

/// A new request, without its identifier.
#[derive(Debug)]
pub struct NewRequest {
    /// Who receives the result.
    pub owner: Requester,
    /// The DC it is sent to.
    pub dc: DcId,
    /// One boxed TL function.
    pub query: Secret<Vec<u8>>,
    /// The request after which the server must execute this one.
    pub after: Option<RequestId>,
    /// The time at which it fails without an answer.
    pub deadline: Option<Timestamp>,
    /// Whether the deadline may be [postponed](PendingRequests::postpone) while keys are created.
    pub is_deadline_extensible: bool,
    /// Whether the client repeats it at another DC if an error names one.
    pub follow: bool,
    /// The action if its outcome is unknown.
    pub on_unknown_outcome: OnUnknownOutcome,
    /// Whether to request a quick ack for its packet.
    pub quick_ack: bool,
}

/// The order of a request relative to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestOrdering {
    /// Who receives the result.
    pub owner: Requester,
    /// The request after which the server must execute it, while that one has no result.
    pub after: Option<RequestTag>,
}

/// The state of a request's quick ack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuickAck {
    Unwanted,
    Wanted,
    Received,
}

#[derive(Debug)]
struct Pending {
    owner: Requester,
    dc: DcId,
    query: Secret<Vec<u8>>,
    /// The query as `gzip_packed`, if that is shorter.
    packed: Option<Secret<Vec<u8>>>,
    after: Option<RequestId>,
    deadline: Option<Timestamp>,
    is_deadline_extensible: bool,
    /// Number of further errors that may redirect it to another DC.
    hops_left: u8,
    /// Number of further errors after which it may be sent again.
    repeats_left: u8,
    on_unknown_outcome: OnUnknownOutcome,
    quick_ack: QuickAck,
    /// Errors are boxed, since they are rare and would enlarge every entry.
    result: Option<Result<Secret<Vec<u8>>, Box<InvokeError>>>,
}

/// The requests whose results have not been taken. Look-ups take constant time if requests are answered roughly in
/// order, and logarithmic time at worst.
#[derive(Debug, Default)]
pub struct PendingRequests {
    pending: SequenceMap<RequestId, Pending>,
    deadlines: SequenceMap<(Timestamp, RequestId), ()>,
    /// Number of requests without a result per DC. There are few DCs.
    waiting: Vec<(DcId, usize)>,
    /// Total length in bytes of all queries without a result.
    bytes: usize,
}

impl PendingRequests {
    /// Adds a request. A query of the application of at least 1024 bytes is compressed if a sample of it promises a
    /// gain and the result is shorter.
    pub fn insert(&mut self, id: RequestId, request: NewRequest) {
        let NewRequest {
            owner,
            dc,
            query,
            after,
            deadline,
            is_deadline_extensible,
            follow,
            on_unknown_outcome,
            quick_ack,
        } = request;
        let quick_ack = if quick_ack { QuickAck::Wanted } else { QuickAck::Unwanted };
        let (hops_left, repeats_left) = (if follow { policy::MAX_REDIRECTS } else { 0 }, policy::MAX_RETRIES);
        if let Some(at) = deadline {
            self.deadlines.insert((at, id), ());
        }
        self.bytes += query.expose().len();
        // Queries of a login are secret, and the memory of the compressor is not wiped.
        let packed = (owner == Requester::Application).then(|| pack(query.expose(), gzip::pack)).flatten();
        let result = None;
        let pending = Pending {
            owner,
            dc,
            query,
            packed,
            after,
            deadline,
            is_deadline_extensible,
            hops_left,
            repeats_left,
            on_unknown_outcome,
            quick_ack,
            result,
        };
        self.count(dc, 1);
        self.pending.insert(id, pending);
    }

    /// Frees the memory that an empty table keeps for reuse.
    pub fn trim(&mut self) {
        self.pending.trim();
        self.deadlines.trim();
        self.waiting.retain(|(_, count)| *count > 0);
        self.waiting.shrink_to_fit();
    }

    fn unanswered(&self, id: RequestId) -> Option<&Pending> {
        self.pending.get(id).filter(|pending| pending.result.is_none())
    }

    fn unanswered_mut(&mut self, id: RequestId) -> Option<&mut Pending> {
        self.pending.get_mut(id).filter(|pending| pending.result.is_none())
    }

    /// Returns the bytes to send for a request without a result, starting with the prefix that `prefix` returns for its
    /// owner.
    #[must_use]
    pub fn body<'a>(
        &'a self,
        id: RequestId,
        prefix: impl FnOnce(Requester) -> &'a [u8],
    ) -> Option<RequestBody<'a>> {
        let pending = self.unanswered(id)?;
        let prefix = prefix(pending.owner);
        // `gzip_packed` must be the whole message, so a wrapped query is sent uncompressed.
        let packed = pending.packed.as_ref().filter(|_| prefix.is_empty());
        let query = packed.unwrap_or(&pending.query).expose();
        let after = pending.after.map(RequestId::tag);
        let quick_ack = pending.quick_ack == QuickAck::Wanted;
        let is_repeatable = pending.on_unknown_outcome == OnUnknownOutcome::Retry;
        Some(RequestBody { prefix, query, after, quick_ack, is_repeatable })
    }

    /// Returns the owner of a request without a result.
    #[must_use]
    pub fn owner(&self, id: RequestId) -> Option<Requester> {
        self.unanswered(id).map(|pending| pending.owner)
    }

    /// Returns the order of a request without a result.
    #[must_use]
    pub fn ordering(&self, id: RequestId) -> Option<RequestOrdering> {
        let pending = self.unanswered(id)?;
        let after = pending.after.filter(|after| self.owner(*after).is_some());
        Some(RequestOrdering { owner: pending.owner, after: after.map(RequestId::tag) })
    }

    /// Returns the action if the outcome of a request without a result is unknown.
    #[must_use]
    pub fn on_unknown_outcome(&self, id: RequestId) -> Option<OnUnknownOutcome> {
        self.unanswered(id).map(|pending| pending.on_unknown_outcome)
    }

    /// Redirects a request to another DC after an error of the server. Returns `false` if this is not allowed, or not
    /// again.
    pub fn redirect(&mut self, id: RequestId, dc: DcId) -> bool {
        let Some(pending) = self.unanswered_mut(id) else { return false };
        let Some(left) = pending.hops_left.checked_sub(1) else { return false };
        let from = core::mem::replace(&mut pending.dc, dc);
        pending.hops_left = left;
        self.count(from, -1);
        self.count(dc, 1);
        true
    }

    /// Uses up one of three attempts to send a request again that the server did not execute because something else
    /// must come first. Returns `false` if none is left.
    pub fn take_retry(&mut self, id: RequestId) -> bool {
        let Some(pending) = self.unanswered_mut(id) else { return false };
        let Some(left) = pending.repeats_left.checked_sub(1) else { return false };
        pending.repeats_left = left;
        true
    }

    /// Returns the DC of a request without a result.
    #[must_use]
    pub fn dc(&self, id: RequestId) -> Option<DcId> {
        self.unanswered(id).map(|pending| pending.dc)
    }

    /// Returns whether a request has an answer of the server, even an error, that was not taken.
    #[must_use]
    pub fn is_answered(&self, id: RequestId) -> bool {
        let result = self.pending.get(id).and_then(|pending| pending.result.as_ref());
        result.is_some_and(|result| match result {
            Ok(_) => true,
            Err(error) => matches!(**error, InvokeError::Rpc(_) | InvokeError::Decode(_)),
        })
    }

    /// Records the requested quick ack of a request. Returns `false` if none is pending.
    pub fn note_quick_ack(&mut self, id: RequestId) -> bool {
        let wanted = self.unanswered_mut(id).filter(|pending| pending.quick_ack == QuickAck::Wanted);
        wanted.map(|pending| pending.quick_ack = QuickAck::Received).is_some()
    }

    /// Returns whether the server sent a quick ack for a request.
    #[must_use]
    pub fn is_quickly_acknowledged(&self, id: RequestId) -> bool {
        self.pending.get(id).is_some_and(|pending| pending.quick_ack == QuickAck::Received)
    }

    /// Returns the number of requests in the table, including results that were not taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns the total length in bytes of all queries without a result.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether a request to `dc` has no result yet. Takes constant time.
    #[must_use]
    pub fn has_pending(&self, dc: DcId) -> bool {
        self.waiting.iter().any(|(of, count)| *of == dc && *count > 0)
    }

    /// Returns the requests to `dc` without a result, oldest first.
    pub fn waiting(&self, dc: DcId) -> impl Iterator<Item = RequestId> + '_ {
        self.pending
            .iter()
            .filter(move |(_, pending)| pending.dc == dc && pending.result.is_none())
            .map(|(id, _)| id)
    }

    /// Records the answer in `body`: `rpc_error` or the result itself. Returns the owner of the request, or `None` if
    /// it has a result or is gone.
    pub fn answer(&mut self, id: RequestId, body: &[u8]) -> Option<Requester> {
        let result = if body.starts_with(&types::RpcError::ID.to_le_bytes()) {
            Err(parse_error(body))
        } else if let Some(packed) = body.strip_prefix(&ids::GZIP_PACKED.to_le_bytes()) {
            Err(InvokeError::Packed(why_packed(packed)))
        } else {
            Ok(Secret::new(body.to_vec()))
        };
        self.finish(id, result)
    }

    /// Ends a request with an error of the client.
    pub fn fail(&mut self, id: RequestId, error: InvokeError) -> Option<Requester> {
        self.finish(id, Err(error))
    }

    fn finish(&mut self, id: RequestId, result: Result<Secret<Vec<u8>>, InvokeError>) -> Option<Requester> {
        let pending = self.pending.get_mut(id).filter(|pending| pending.result.is_none())?;
        pending.result = Some(result.map_err(Box::new));
        self.bytes -= pending.query.expose().len();
        pending.query = Secret::new(Vec::new());
        pending.packed = None;
        if let Some(at) = pending.deadline.take() {
            self.deadlines.remove((at, id));
        }
        let (owner, dc) = (pending.owner, pending.dc);
        self.count(dc, -1);
        Some(owner)
    }

    /// Adds `change` to the number of requests to `dc` without a result.
    fn count(&mut self, dc: DcId, change: isize) {
        match self.waiting.iter_mut().find(|(of, _)| *of == dc) {
            Some((_, count)) => *count = count.saturating_add_signed(change),
            None => self.waiting.push((dc, 0_usize.saturating_add_signed(change))),
        }
    }

    /// Takes the result, once.
    pub fn take(&mut self, id: RequestId) -> Option<Result<Secret<Vec<u8>>, InvokeError>> {
        self.pending.get(id)?.result.as_ref()?;
        Some(self.pending.remove(id)?.result?.map_err(|error| *error))
    }

    /// Removes a request, answered or not.
    pub fn remove(&mut self, id: RequestId) {
        let Some(pending) = self.pending.remove(id) else { return };
        self.bytes -= pending.query.expose().len();
        if pending.result.is_none() {
            self.count(pending.dc, -1);
        }
        if let Some(at) = pending.deadline {
            self.deadlines.remove((at, id));
        }
    }

    /// Returns the earliest deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first_key().map(|(at, _)| at)
    }

    /// Returns a request whose deadline has passed, if there is one.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Option<RequestId> {
        self.deadlines.first_key().filter(|(at, _)| *at <= now).map(|(_, id)| id)
    }

    /// Extends the deadline of a request, if that is allowed and it is earlier. Returns `false` if it is left
    /// unchanged.
    pub fn postpone(&mut self, id: RequestId, until: Timestamp) -> bool {
        let waiting = self.pending.get_mut(id).filter(|pending| pending.result.is_none());
        let Some(pending) = waiting.filter(|pending| pending.is_deadline_extensible) else { return false };
        let Some(deadline) = pending.deadline.filter(|deadline| *deadline < until) else { return false };
        pending.deadline = Some(until);
        self.deadlines.remove((deadline, id));
        self.deadlines.insert((until, id), ());
        true
    }

    /// Returns all requests without a result.
    #[must_use]
    pub fn all_waiting(&self) -> Vec<RequestId> {
        self.pending.iter().filter(|(_, pending)| pending.result.is_none()).map(|(id, _)| id).collect()
    }
}

fn parse_error(body: &[u8]) -> InvokeError {
    let mut reader = Reader::new(body);
    let parsed = reader.u32().and_then(|_| types::RpcError::deserialize(&mut reader));
    match parsed {
        Ok(error) => InvokeError::Rpc(RpcError::parse(error.error_code, &error.error_message)),
        Err(broken) => InvokeError::Decode(broken),
    }
}

/// Returns why a result is still packed: the error of its decompression, or the total limit of its packet.
fn why_packed(packed: &[u8]) -> GzipError {
    let Ok(data) = Reader::new(packed).bytes() else { return GzipError::Truncated };
    match gzip::unpack(data, gzip::GZIP_LIMIT) {
        Ok(unpacked) => GzipError::TooLong { length: Secret::new(unpacked).expose().len() },
        Err(error) => error,
    }
}

/// Returns the query as `gzip_packed`, if that is shorter.
fn pack(query: &[u8], deflate: impl FnOnce(&[u8]) -> Vec<u8>) -> Option<Secret<Vec<u8>>> {
    let is_upload = UPLOADS.iter().any(|id| query.starts_with(&id.to_le_bytes()));
    if query.len() < policy::MIN_PACKED_QUERY || is_upload || !shrinks(query) {
        return None;
    }
    let packed = Secret::new(deflate(query));
    let mut out = Vec::with_capacity(packed.expose().len() + 12);
    out.extend_from_slice(&ids::GZIP_PACKED.to_le_bytes());
    write::bytes(&mut out, packed.expose());
    let out = Secret::new(out);
    (out.expose().len() < query.len()).then_some(out)
}

/// Returns whether a sample of the query promises a gain. Two random bytes are equal once in 256 times, two bytes of
/// prose once in 16. Twice the rate of random bytes, which promises an eighth less length, is enough.
fn shrinks(query: &[u8]) -> bool {
    let mut counts = [0_u32; 256];
    let mut sampled = 0;
    // With an odd stride, samples do not hit the same fields of every record.
    let stride = (query.len() / policy::SAMPLES) | 1;
    for sample in query.chunks(stride).take(policy::SAMPLES) {
        for byte in sample.iter().take(policy::SAMPLED_BYTES / policy::SAMPLES) {
            if let Some(count) = counts.get_mut(usize::from(*byte)) {
                *count += 1;
            }
            sampled += 1;
        }
    }
    let same: u32 = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
    same >= 2 * sampled * sampled / 256
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    fn request(owner: Requester, query: Vec<u8>) -> NewRequest {
        NewRequest {
            owner,
            dc: DcId::new(2).unwrap(),
            query: Secret::new(query),
            after: None,
            deadline: None,
            is_deadline_extensible: false,
            follow: false,
            on_unknown_outcome: OnUnknownOutcome::Fail,
            quick_ack: false,
        }
    }

    #[test]
    fn debug_shows_neither_queries_nor_results() {
        let shown = format!("{:?}", request(Requester::Application, vec![251; 8]));
        assert!(!shown.contains("251"), "{shown}");
        let mut table = PendingRequests::default();
        for (id, length) in [(1, 8), (2, 4096), (3, 8)] {
            table.insert(RequestId(id), request(Requester::Application, vec![251; length]));
        }
        table.answer(RequestId(3), &[251; 8]);
        let shown = format!("{table:?}");
        // Compressed data starts with the gzip magic number.
        assert!(!shown.contains("251") && !shown.contains("31, 139"), "{shown}");
        assert_eq!(table.take(RequestId(3)).unwrap().unwrap().expose(), &[251; 8]);
        assert!(table.take(RequestId(3)).is_none());
    }

    /// Returns noise from one of Marsaglia's generators.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 88_172_645_463_325_252_u64;
        core::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .take(len)
        .collect()
    }

    #[test]
    fn f11_what_does_not_shrink_is_not_deflated() {
        // Returns how many bytes are compressed, and whether the result is used.
        let deflated = |query: &[u8]| {
            let mut seen = 0;
            let packed = pack(query, |whole| {
                seen += whole.len();
                gzip::pack(whole)
            });
            (seen, packed.is_some())
        };
        for len in [16, 512, 1020, 1024, 16 << 10, 512 << 10, 1 << 20] {
            assert_eq!(deflated(&noise(len)), (0, false), "{len}");
        }
        let text: Vec<u8> = b"Nothing in particular was said to a friend. ".repeat(30_000);
        let base64: Vec<u8> = noise(1 << 20).iter().map(|byte| b'0' + byte % 64).collect();
        let peers: Vec<u8> =
            noise(1 << 20).chunks(16).flat_map(|ids| [&[0xb8, 0x6e, 0x59, 0xdd], ids].concat()).collect();
        for (name, query) in [("text", text), ("base64", base64), ("peers", peers)] {
            for len in [1024, 4096, 16 << 10, 1 << 20] {
                assert_eq!(deflated(&query[..len]), (len, true), "{name} {len}");
            }
            assert_eq!(deflated(&query[..1020]), (0, false), "what fits one segment leaves as it is");
        }
        // A head that compresses does not predict the rest, and vice versa.
        let mixed = |head: &[u8], rest: &[u8]| [head, rest].concat();
        assert_eq!(deflated(&mixed(&[0; 512], &noise(15 << 10))), (0, false));
        assert!(deflated(&mixed(&noise(512), &[7; 15 << 10])).1);
    }

    #[test]
    fn f14_an_answer_that_does_not_unpack_says_so() {
        for (data, expected) in [
            (&b"no gzip"[..], GzipError::BadHeader),
            (&gzip::pack(&[7; 64])[..20], GzipError::Truncated),
            (&[&gzip::pack(&[7; 64])[..], &[0]].concat(), GzipError::BadLength),
        ] {
            let mut table = PendingRequests::default();
            table.insert(RequestId(1), request(Requester::Application, vec![251; 8]));
            let mut body = ids::GZIP_PACKED.to_le_bytes().to_vec();
            write::bytes(&mut body, data);
            table.answer(RequestId(1), &body);
            let error = table.take(RequestId(1)).unwrap().unwrap_err();
            assert!(error.to_string().starts_with("the server's answer cannot be unpacked: "), "{error}");
            assert!(matches!(error, InvokeError::Packed(_)), "{error:?} for {expected:?}");
        }
    }

    #[test]
    fn only_what_the_application_asks_is_packed() {
        for (owner, is_packed) in [(Requester::Application, true), (Requester::Step(RequestId(1)), false)] {
            let mut table = PendingRequests::default();
            table.insert(RequestId(2), request(owner, vec![251; 4096]));
            let body = table.body(RequestId(2), |_| &[]).unwrap();
            assert_eq!(body.query.len() < 4096, is_packed, "{owner:?}");
        }
    }
}
