//! What the session knows of a request: its name, its bytes at the moment of packing, and how far it has come.

use core::fmt;

use crate::sequence::SequenceKey;

/// The name of a request, chosen by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestTag(pub u64);

impl SequenceKey for RequestTag {
    fn distance(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The bytes of a request, in two parts that are written one after the other. Its `Debug` output shows their length,
/// not their content.
#[derive(Clone, Copy)]
pub struct RequestBody<'a> {
    /// A wrapper before the query (`invokeWithLayer(initConnection(…))`), or nothing.
    pub prefix: &'a [u8],
    /// The query.
    pub query: &'a [u8],
    /// The request after which the server must execute this one (`invokeAfterMsg`), if any.
    pub after: Option<RequestTag>,
    /// Whether the packet asks the server for a quick ack.
    pub quick_ack: bool,
    /// Whether the request may be executed twice. If so, it is sent before the connection has proved that it works
    /// ([`Session::decide_unrepeatable_hold`](super::Session::decide_unrepeatable_hold)).
    pub is_repeatable: bool,
}

impl<'a> RequestBody<'a> {
    /// Creates a body that has only a query, which must not be executed twice.
    #[must_use]
    pub const fn query(query: &'a [u8]) -> Self {
        Self { prefix: &[], query, after: None, quick_ack: false, is_repeatable: false }
    }
}

impl fmt::Debug for RequestBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold a login code or a password proof.
        f.debug_struct("RequestBody")
            .field("len", &(self.prefix.len() + self.query.len()))
            .finish_non_exhaustive()
    }
}

/// The owner of the bodies of queued requests.
pub trait RequestSource {
    /// Returns the bytes of a request as they are to be sent now, or `None` if it is no longer wanted.
    ///
    /// The length must be a multiple of 4, and must not change while one packet is packed.
    fn body(&self, tag: RequestTag) -> Option<RequestBody<'_>>;

    /// Returns whether a request waits elsewhere than in the session, so that those to be executed after it must wait
    /// too. Asked only about requests that [`RequestBody::after`] names and that the session does not await.
    fn is_held(&self, _tag: RequestTag) -> bool {
        false
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// It waits in the queue; the server has not received it.
    Queued,
    /// It is in a buffer that is not fully transmitted; the server may have received it.
    Packed,
    /// It was transmitted; the server may have executed it.
    Sent,
    /// The server has acknowledged it.
    Acknowledged,
    /// Its result has arrived.
    Answered,
}
