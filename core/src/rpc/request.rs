//! One request: its identifier, its requester, and the rules it is sent by.

use core::time::Duration;

use crate::crypto::Wiped;
use crate::dc::DcId;
use crate::sequence::SequenceKey;
use crate::session::RequestTag;
use crate::time::Timestamp;

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
    UpdatesState,
    /// The client itself: it queries the addresses of the DCs.
    ServerConfig,
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
    /// Ends it with [`InvokeError::OutcomeUnknown`](super::InvokeError::OutcomeUnknown). A server that reports
    /// correctly never executes it twice. One that has executed it, then forgets its session without having sent the
    /// result and keeps the connection, reports falsely that it has ignored it, and executes it again.
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
    pub requester: Requester,
    /// The DC it is sent to.
    pub dc: DcId,
    /// One boxed TL function.
    pub query: Wiped,
    /// The request after which the server must execute this one.
    pub after: Option<RequestId>,
    /// The time at which it fails without an answer.
    pub deadline: Option<Timestamp>,
    /// Whether the deadline may be [extended](super::RequestTable::extend_deadline) while keys are created.
    pub is_deadline_extensible: bool,
    /// Whether the client sends it again to another DC if an error names one.
    pub follow_redirects: bool,
    /// The maximum total time that it waits and is sent again if the server demands a wait or has an internal error.
    pub max_wait: Duration,
    /// The action if its outcome is unknown.
    pub on_unknown_outcome: OnUnknownOutcome,
    /// Whether to request a quick ack for its packet.
    pub quick_ack: bool,
}

/// What decides in which session, and when, a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestConstraints {
    /// Who receives the result.
    pub requester: Requester,
    /// Whether it [waits](super::RequestTable::wait) because the server said so.
    pub is_waiting: bool,
}
