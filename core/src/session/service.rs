//! The service messages that the client sends, and the state of those that await an answer.

use alloc::vec::Vec;

use super::ids::MsgId;
use crate::policy;
use crate::time::Timestamp;
use crate::tl::{Constructor, Serialize, functions, ids as tl_ids, types, write};

/// A queued service message. Only [`DestroyAuthKey`](Self::DestroyAuthKey) is content-related.
#[derive(Debug)]
pub(super) enum Service {
    /// `ping_delay_disconnect` with this `ping_id`.
    Ping(i64),
    /// `msg_resend_req`: requests a message that the server has announced (`msg_detailed_info`).
    ResendRequest(MsgId),
    /// `msg_resend_ans_req`: requests the answers to these requests.
    AnswerResendRequest(Vec<MsgId>),
    /// `msgs_state_req`: requests the status of these messages.
    StateRequest(Vec<MsgId>),
    /// `msgs_state_info`: the status of the server's messages.
    StateInfo {
        /// The msg_id of the server's `msgs_state_req`.
        request: MsgId,
        /// One byte per msg_id in it.
        info: Vec<u8>,
    },
    /// `rpc_drop_answer`: the answer to this request is no longer wanted.
    DropAnswer(MsgId),
    /// `get_future_salts`.
    FutureSaltsRequest,
    /// `destroy_session`: a session of this key that the client no longer uses.
    DestroySession(u64),
    /// `destroy_auth_key`: the key is no longer needed. The server answers it like a request, so it is content-related.
    DestroyAuthKey,
}

impl Service {
    /// Appends the message's body.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ping(ping_id) => {
                let ping_id = *ping_id;
                functions::PingDelayDisconnect {
                    ping_id,
                    disconnect_delay: policy::DISCONNECT_DELAY_SECONDS,
                }
                .serialize(out);
            }
            Self::ResendRequest(id) => write_ids(types::MsgResendReq::ID, [*id].into_iter(), out),
            Self::AnswerResendRequest(ids) => write_ids(types::MsgResendAnsReq::ID, ids.iter().copied(), out),
            Self::StateRequest(ids) => write_ids(types::MsgsStateReq::ID, ids.iter().copied(), out),
            Self::StateInfo { request, info } => {
                out.extend_from_slice(&types::MsgsStateInfo::ID.to_le_bytes());
                out.extend_from_slice(&request.0.to_le_bytes());
                write::bytes(out, info);
            }
            Self::DropAnswer(id) => functions::RpcDropAnswer { req_msg_id: id.to_wire() }.serialize(out),
            Self::FutureSaltsRequest => {
                functions::GetFutureSalts { num: policy::WANTED_SALTS }.serialize(out);
            }
            Self::DestroyAuthKey => functions::DestroyAuthKey {}.serialize(out),
            Self::DestroySession(id) => {
                functions::DestroySession { session_id: id.cast_signed() }.serialize(out);
            }
        }
    }
}

/// What only the client itself sends. The server answers none of them with the result of a request, except
/// `rpc_drop_answer` and `destroy_auth_key`, which change what the client relies on.
const PROTOCOL_MESSAGES: [u32; 20] = [
    functions::ReqPq::ID,
    functions::ReqPqMulti::ID,
    functions::ReqDhParams::ID,
    functions::SetClientDhParams::ID,
    functions::Ping::ID,
    functions::PingDelayDisconnect::ID,
    functions::GetFutureSalts::ID,
    functions::RpcDropAnswer::ID,
    functions::DestroySession::ID,
    functions::DestroyAuthKey::ID,
    types::MsgsAck::ID,
    types::MsgsStateReq::ID,
    types::MsgsStateInfo::ID,
    types::MsgsAllInfo::ID,
    types::MsgResendReq::ID,
    types::MsgResendAnsReq::ID,
    types::HttpWait::ID,
    tl_ids::MSG_CONTAINER,
    tl_ids::MSG_COPY,
    tl_ids::RPC_RESULT,
];

/// Returns the constructor of a query that is a message of the protocol instead of a function of the API.
pub(crate) fn protocol_message(query: &[u8]) -> Option<u32> {
    let constructor = u32::from_le_bytes(*query.first_chunk()?);
    PROTOCOL_MESSAGES.contains(&constructor).then_some(constructor)
}

/// Writes a boxed object whose only field is a `Vector<long>`.
pub(super) fn write_ids(constructor: u32, ids: impl ExactSizeIterator<Item = MsgId>, out: &mut Vec<u8>) {
    out.extend_from_slice(&constructor.to_le_bytes());
    out.extend_from_slice(&tl_ids::VECTOR.to_le_bytes());
    // At most 8192.
    out.extend_from_slice(&(ids.len() as u32).to_le_bytes());
    for id in ids {
        out.extend_from_slice(&id.0.to_le_bytes());
    }
}

/// A `msgs_state_req` that has no answer yet: it asks for the status of requests sent before the connection was lost.
#[derive(Debug)]
pub(super) struct PendingStateRequest {
    /// Only the status of requests below this msg_id is requested.
    pub(super) boundary: MsgId,
    /// The msg_ids in the `msgs_state_req`, oldest first.
    pub(super) msg_ids: Vec<MsgId>,
    /// The msg_id of the `msgs_state_req`, once it is packed.
    pub(super) request_id: Option<MsgId>,
    /// The time at which the outcome of the requests becomes unknown, unless an answer arrives.
    pub(super) due: Timestamp,
}

impl PendingStateRequest {
    pub(super) fn new(boundary: MsgId, msg_ids: Vec<MsgId>, now: Timestamp) -> Self {
        Self { boundary, msg_ids, request_id: None, due: now + policy::STATE_TIMEOUT }
    }
}

/// Repeats `msg_resend_ans_req` for the answers that the server owes from an earlier connection: twice
/// ([`policy::ANSWER_RESEND_AFTER`]), before they are given up.
#[derive(Debug)]
pub(super) struct AnswerResendTimer {
    /// Number of `msg_resend_ans_req` so far.
    attempts: usize,
    /// The newest msg_id to include. Newer ones exceed the limit of one message and follow later.
    pub(super) newest: MsgId,
    /// The msg_ids in the last `msg_resend_ans_req`, oldest first.
    pub(super) msg_ids: Vec<MsgId>,
    /// The msg_id of the last `msg_resend_ans_req`, once it is packed.
    pub(super) request_id: Option<MsgId>,
    /// The time at which it is repeated, or the answers are given up.
    pub(super) due: Timestamp,
}

impl AnswerResendTimer {
    /// Creates the timer of a connection that begins at `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        let [first, ..] = policy::ANSWER_RESEND_AFTER;
        Self { attempts: 0, newest: MsgId(u64::MAX), msg_ids: Vec::new(), request_id: None, due: now + first }
    }

    /// Returns the timer after another `msg_resend_ans_req` with these msg_ids, all that are owed up to `newest`, or
    /// `None` if there were enough.
    pub(super) fn next(self, msg_ids: Vec<MsgId>, newest: MsgId, now: Timestamp) -> Option<Self> {
        let attempts = self.attempts + 1;
        policy::ANSWER_RESEND_AFTER.get(attempts).map(|wait| Self {
            attempts,
            newest,
            msg_ids,
            request_id: None,
            due: now + *wait,
        })
    }
}

/// The destruction of the session's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DestroyKeyState {
    NotRequested,
    /// `destroy_auth_key` is queued.
    Queued,
    /// `destroy_auth_key` was packed under this msg_id, and is possibly queued again.
    Packed(MsgId),
}

/// The status of a message: one byte of `msgs_state_info` (`mtproto/service_messages_about_messages`, "Informational
/// Message regarding Status of Messages").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageStatus {
    /// The server no longer knows anything of it.
    Forgotten,
    /// The server did not receive it: it must be sent again.
    Lost,
    /// The server received it.
    Received {
        /// Whether the server has created an answer.
        answered: bool,
    },
}

impl MessageStatus {
    /// Parses one byte. Values that are not documented count as received.
    pub(super) const fn from_byte(byte: u8) -> Self {
        match byte & 7 {
            1 => Self::Forgotten,
            2 | 3 => Self::Lost,
            _ => Self::Received { answered: byte & 64 != 0 },
        }
    }
}
