//! The table of what is pending.

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

/// `upload.saveFilePart` and `upload.saveBigFilePart`: what they carry is media, which does not shrink.
const UPLOADS: [u32; 2] = [0xb304_a621, 0xde7b_673d];

/// One request (or one step of a login), named by the machine. Identifiers are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

impl RequestId {
    /// The name under which a session carries the request.
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

/// Deadlines of requests that all may take the same time.
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

/// Who waits for a request's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// The application.
    Application,
    /// A step of a login.
    Step(RequestId),
    /// The client itself, which carries a login over to this DC.
    Transfer(DcId),
    /// The client itself, which asks where updates stand.
    Updates,
    /// The client itself, which asks where the DCs are.
    Addresses,
}

/// What becomes of a request that left, if its outcome is unknown. That is so if
///
/// - the key or the session that it left under is gone: its identifier means nothing under another;
/// - the connection that it left over was lost, and the server began a new session of the same name since
///   (`new_session_created`), or says that it has forgotten the request, or does not say within 20 s;
/// - the server said that it has the request, and says later that it has not, or begins a new session;
/// - the connection was lost, and the server said over the next that it has the request, but was asked twice for the
///   answer and did not send it within 30 s.
///
/// To make this rare, what must not be executed twice leaves only over a connection over which the server was heard in the
/// last 75 s: with the second round trip of a connection, or the first one if the key was made over it. A connection that
/// nothing came over has cost nothing but time.
///
/// A request that left over the present connection alone, before the first message of a new session of the server, was
/// ignored by it (`mtproto/service_messages`, "New Session Creation Notification"), and is sent again in either case. So is
/// what the server refused (`bad_msg_notification`, `bad_server_salt`), or says that it never got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknownOutcome {
    /// It ends with [`InvokeError::OutcomeUnknown`]: a server that says the truth about what it got never executes it twice.
    #[default]
    Fail,
    /// It is sent again, until it is answered or its time is over: for what may be executed twice, or carries a number by
    /// which the server notices (`random_id`).
    Retry,
}

/// What a request is, besides its name.
#[derive(Debug)]
pub struct NewRequest {
    /// Who waits for the result.
    pub owner: Requester,
    /// Where it goes.
    pub dc: DcId,
    /// One boxed TL function.
    pub query: Secret<Vec<u8>>,
    /// The request after which the server must execute this one.
    pub after: Option<RequestId>,
    /// When nobody waits any longer.
    pub deadline: Option<Timestamp>,
    /// Whether the deadline may be put off while keys are made.
    pub is_patient: bool,
    /// Whether the client itself repeats it where an error names another DC.
    pub follow: bool,
    /// What becomes of it where nobody can tell whether it was executed.
    pub on_unknown_outcome: OnUnknownOutcome,
    /// Whether the server is asked to acknowledge its packet quickly.
    pub quick_ack: bool,
}

/// Where a request stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestOrdering {
    /// Who waits for its result.
    pub owner: Requester,
    /// The request after which the server must execute it, while that has no result.
    pub after: Option<RequestTag>,
}

/// What is known of a request's quick acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuickAck {
    Unwanted,
    Wanted,
    Come,
}

#[derive(Debug)]
struct Pending {
    owner: Requester,
    dc: DcId,
    query: Secret<Vec<u8>>,
    /// The query as `gzip_packed`, where that is shorter.
    packed: Option<Secret<Vec<u8>>>,
    after: Option<RequestId>,
    deadline: Option<Timestamp>,
    is_patient: bool,
    /// How many more errors may send it to another DC.
    hops_left: u8,
    /// How many more errors may have it sent again.
    repeats_left: u8,
    on_unknown_outcome: OnUnknownOutcome,
    quick_ack: QuickAck,
    /// Boxed where it is rare, so that ten thousand requests do not carry the room for it.
    result: Option<Result<Secret<Vec<u8>>, Box<InvokeError>>>,
}

/// The requests without a taken result. Look-ups cost a constant where requests are answered about in order, the logarithm
/// of their number at worst.
#[derive(Debug, Default)]
pub struct PendingRequests {
    pending: SequenceMap<RequestId, Pending>,
    deadlines: SequenceMap<(Timestamp, RequestId), ()>,
    /// How many wait for a result, by DC: there are a handful.
    waiting: Vec<(DcId, usize)>,
    /// The bytes of all queries that wait for a result.
    bytes: usize,
}

impl PendingRequests {
    /// Adds a request. A query of the application of 1024 bytes or more is packed if a sample of it promises to shrink, and
    /// if it does.
    pub fn insert(&mut self, id: RequestId, request: NewRequest) {
        let NewRequest {
            owner,
            dc,
            query,
            after,
            deadline,
            is_patient,
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
        // What a login asks is secret, and what a compressor saw is not wiped.
        let packed = (owner == Requester::Application).then(|| pack(query.expose(), gzip::pack)).flatten();
        let result = None;
        let pending = Pending {
            owner,
            dc,
            query,
            packed,
            after,
            deadline,
            is_patient,
            hops_left,
            repeats_left,
            on_unknown_outcome,
            quick_ack,
            result,
        };
        self.count(dc, 1);
        self.pending.insert(id, pending);
    }

    /// Gives back what memory an empty table keeps for reuse.
    pub fn trim(&mut self) {
        self.pending.trim();
        self.deadlines.trim();
        self.waiting.retain(|(_, count)| *count > 0);
        self.waiting.shrink_to_fit();
    }

    /// The bytes of a request that still waits for its result, as they leave after what `prefix` says for its owner.
    #[must_use]
    pub fn body<'a>(
        &'a self,
        id: RequestId,
        prefix: impl FnOnce(Requester) -> &'a [u8],
    ) -> Option<RequestBody<'a>> {
        let pending = self.pending.get(id).filter(|pending| pending.result.is_none())?;
        let prefix = prefix(pending.owner);
        // What is packed must be the whole message, so a wrapped query leaves as it is.
        let packed = pending.packed.as_ref().filter(|_| prefix.is_empty());
        let query = packed.unwrap_or(&pending.query).expose();
        let after = pending.after.map(RequestId::tag);
        let quick_ack = pending.quick_ack == QuickAck::Wanted;
        let is_repeatable = pending.on_unknown_outcome == OnUnknownOutcome::Retry;
        Some(RequestBody { prefix, query, after, quick_ack, is_repeatable })
    }

    /// Who waits for the result of a request that has none yet.
    #[must_use]
    pub fn owner(&self, id: RequestId) -> Option<Requester> {
        self.pending.get(id).filter(|pending| pending.result.is_none()).map(|pending| pending.owner)
    }

    /// Where a request that has no result yet stands among the others.
    #[must_use]
    pub fn place(&self, id: RequestId) -> Option<RequestOrdering> {
        let pending = self.pending.get(id).filter(|pending| pending.result.is_none())?;
        let after = pending.after.filter(|after| self.owner(*after).is_some());
        Some(RequestOrdering { owner: pending.owner, after: after.map(RequestId::tag) })
    }

    /// What becomes of a request without a result where nobody can tell whether it was executed.
    #[must_use]
    pub fn on_unknown_outcome(&self, id: RequestId) -> Option<OnUnknownOutcome> {
        self.pending
            .get(id)
            .filter(|pending| pending.result.is_none())
            .map(|pending| pending.on_unknown_outcome)
    }

    /// Sends a request elsewhere, as an error of the server wants it; `false`: it may not, or not again.
    pub fn redirect(&mut self, id: RequestId, dc: DcId) -> bool {
        let Some(pending) = self.pending.get_mut(id).filter(|pending| pending.result.is_none()) else {
            return false;
        };
        let Some(left) = pending.hops_left.checked_sub(1) else { return false };
        let from = core::mem::replace(&mut pending.dc, dc);
        pending.hops_left = left;
        self.count(from, -1);
        self.count(dc, 1);
        true
    }

    /// Whether a request may be sent again that the server did not execute, since something else must come first; each
    /// may three times.
    pub fn take_retry(&mut self, id: RequestId) -> bool {
        let Some(pending) = self.pending.get_mut(id).filter(|pending| pending.result.is_none()) else {
            return false;
        };
        let Some(left) = pending.repeats_left.checked_sub(1) else { return false };
        pending.repeats_left = left;
        true
    }

    /// Where a request goes that still waits for its result.
    #[must_use]
    pub fn dc(&self, id: RequestId) -> Option<DcId> {
        self.pending.get(id).filter(|pending| pending.result.is_none()).map(|pending| pending.dc)
    }

    /// Whether a request has an answer of the server, also a refusal, that was not taken.
    #[must_use]
    pub fn is_answered(&self, id: RequestId) -> bool {
        let result = self.pending.get(id).and_then(|pending| pending.result.as_ref());
        result.is_some_and(|result| match result {
            Ok(_) => true,
            Err(error) => matches!(**error, InvokeError::Rpc(_) | InvokeError::Decode(_)),
        })
    }

    /// Notes that the server quickly acknowledged a request that wanted it; `false`: nobody waits for that any more.
    pub fn note_quick_ack(&mut self, id: RequestId) -> bool {
        let pending = self.pending.get_mut(id).filter(|pending| pending.result.is_none());
        let wanted = pending.filter(|pending| pending.quick_ack == QuickAck::Wanted);
        wanted.map(|pending| pending.quick_ack = QuickAck::Come).is_some()
    }

    /// Whether the server quickly acknowledged a request.
    #[must_use]
    pub fn is_quickly_acknowledged(&self, id: RequestId) -> bool {
        self.pending.get(id).is_some_and(|pending| pending.quick_ack == QuickAck::Come)
    }

    /// How many requests are in the table, results that were not taken included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The bytes of all queries that wait for a result.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a request to `dc` waits for a result. Costs a constant.
    #[must_use]
    pub fn has_pending(&self, dc: DcId) -> bool {
        self.waiting.iter().any(|(of, count)| *of == dc && *count > 0)
    }

    /// The requests to `dc` that wait for a result, oldest first.
    pub fn waiting(&self, dc: DcId) -> impl Iterator<Item = RequestId> + '_ {
        self.pending
            .iter()
            .filter(move |(_, pending)| pending.dc == dc && pending.result.is_none())
            .map(|(id, _)| id)
    }

    /// Notes the answer in `body`: `rpc_error` or the result itself. Returns whose request it was, unless nobody
    /// waits for it any more.
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

    /// Ends a request without the server.
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

    /// Notes that one more or one less waits for a result of `dc`.
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

    /// Forgets a request, answered or not.
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

    /// The earliest deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first_key().map(|(at, _)| at)
    }

    /// A request whose deadline is over, if there is one.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Option<RequestId> {
        self.deadlines.first_key().filter(|(at, _)| *at <= now).map(|(_, id)| id)
    }

    /// Puts the deadline of a request off, if that is allowed and it is earlier; `false`: it stays.
    pub fn put_off(&mut self, id: RequestId, until: Timestamp) -> bool {
        let waiting = self.pending.get_mut(id).filter(|pending| pending.result.is_none());
        let Some(pending) = waiting.filter(|pending| pending.is_patient) else { return false };
        let Some(deadline) = pending.deadline.filter(|deadline| *deadline < until) else { return false };
        pending.deadline = Some(until);
        self.deadlines.remove((deadline, id));
        self.deadlines.insert((until, id), ());
        true
    }

    /// All that wait for a result.
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

/// Why a result is packed still: what unpacks by itself was too much together with the rest of its packet.
fn why_packed(packed: &[u8]) -> GzipError {
    let Ok(data) = Reader::new(packed).bytes() else { return GzipError::Truncated };
    match gzip::unpack(data, gzip::GZIP_LIMIT) {
        Ok(unpacked) => GzipError::TooLong { length: Secret::new(unpacked).expose().len() },
        Err(error) => error,
    }
}

/// The query as `gzip_packed`, if that is shorter.
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

/// Whether a sample of the query is worth packing: in random bytes two are the same once in 256 times, in prose once in 16.
/// Twice as often as in random bytes, which promises an eighth of the length, is enough.
fn shrinks(query: &[u8]) -> bool {
    let mut counts = [0_u32; 256];
    let mut sampled = 0;
    // An odd step does not meet the same fields of each record again.
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
            is_patient: false,
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
        // What is packed begins with the mark of gzip.
        assert!(!shown.contains("251") && !shown.contains("31, 139"), "{shown}");
        assert_eq!(table.take(RequestId(3)).unwrap().unwrap().expose(), &[251; 8]);
        assert!(table.take(RequestId(3)).is_none());
    }

    /// Bytes without any order, by a generator of Marsaglia.
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
        // How many bytes are deflated, and whether that is taken.
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
        // A head that shrinks does not promise it of the rest, nor the other way round.
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
