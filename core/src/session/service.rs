//! Service messages that we send, and what is remembered of those that want an answer.

use alloc::vec::Vec;

use super::ids::MsgId;
use crate::policy;
use crate::time::Timestamp;
use crate::tl::{Constructor, Serialize, functions, ids as tl_ids, types, write};

/// A service message that waits to be packed. None but the last is content-related.
#[derive(Debug)]
pub(super) enum Service {
    /// `ping_delay_disconnect` with this identifier.
    Ping(i64),
    /// `msg_resend_req`: the server is to send this message of its own, which it announced (`msg_detailed_info`).
    Resend(MsgId),
    /// `msg_resend_ans_req`: the answers to these requests.
    ResendAnswers(Vec<MsgId>),
    /// `msgs_state_req`: what became of these.
    StateRequest(Vec<MsgId>),
    /// `msgs_state_info`: what became of the server's messages.
    StateInfo {
        /// The server's request.
        request: MsgId,
        /// One byte for each identifier in it.
        info: Vec<u8>,
    },
    /// `rpc_drop_answer`: the answer to this is no longer wanted.
    DropAnswer(MsgId),
    /// `get_future_salts`.
    FutureSalts,
    /// `destroy_session`: a session of this key that we left.
    DestroySession(u64),
    /// `destroy_auth_key`: the key is no longer needed. It wants an acknowledgement, as the server answers it like a
    /// request.
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
            Self::Resend(id) => write_ids(types::MsgResendReq::ID, [*id].into_iter(), out),
            Self::ResendAnswers(ids) => write_ids(types::MsgResendAnsReq::ID, ids.iter().copied(), out),
            Self::StateRequest(ids) => write_ids(types::MsgsStateReq::ID, ids.iter().copied(), out),
            Self::StateInfo { request, info } => {
                out.extend_from_slice(&types::MsgsStateInfo::ID.to_le_bytes());
                out.extend_from_slice(&request.0.to_le_bytes());
                write::bytes(out, info);
            }
            Self::DropAnswer(id) => functions::RpcDropAnswer { req_msg_id: id.to_wire() }.serialize(out),
            Self::FutureSalts => functions::GetFutureSalts { num: policy::WANTED_SALTS }.serialize(out),
            Self::DestroyAuthKey => functions::DestroyAuthKey {}.serialize(out),
            Self::DestroySession(id) => {
                functions::DestroySession { session_id: id.cast_signed() }.serialize(out);
            }
        }
    }
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

/// A question to the server what became of the requests that left before the connection was lost.
#[derive(Debug)]
pub(super) struct StateInquiry {
    /// Only identifiers below this one are asked about.
    pub(super) boundary: MsgId,
    /// The msg_ids that the question names, oldest first.
    pub(super) asked: Vec<MsgId>,
    /// The msg_id of the `msgs_state_req`, once it is packed.
    pub(super) request: Option<MsgId>,
    /// When the outcome becomes unknown, unless there is an answer.
    pub(super) due: Timestamp,
}

impl StateInquiry {
    pub(super) fn new(boundary: MsgId, asked: Vec<MsgId>, now: Timestamp) -> Self {
        Self { boundary, asked, request: None, due: now + policy::STATE_TIMEOUT }
    }
}

/// The repeated question (`msg_resend_ans_req`) for the answers to requests of an earlier connection that the server has
/// acknowledged. It is asked at most twice more ([`policy::ANSWER_RESEND_AFTER`]).
#[derive(Debug)]
pub(super) struct Reminder {
    /// How often it was asked.
    times: usize,
    /// Newer requests have their turn later: one question has no room for them.
    pub(super) newest: MsgId,
    /// What was asked last, oldest first, until the server says what became of it.
    pub(super) asked: Vec<MsgId>,
    /// Under which identifier, once it is packed.
    pub(super) request: Option<MsgId>,
    /// When it is asked again, or given up.
    pub(super) due: Timestamp,
}

impl Reminder {
    /// For a connection that begins at `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        let [first, ..] = policy::ANSWER_RESEND_AFTER;
        Self { times: 0, newest: MsgId(u64::MAX), asked: Vec::new(), request: None, due: now + first }
    }

    /// The next one, which asks for these, and for none newer than `newest`; `None`: it was asked often enough.
    pub(super) fn next(self, asked: Vec<MsgId>, newest: MsgId, now: Timestamp) -> Option<Self> {
        let times = self.times + 1;
        policy::ANSWER_RESEND_AFTER.get(times).map(|wait| Self {
            times,
            newest,
            asked,
            request: None,
            due: now + *wait,
        })
    }
}

/// The status of a message: one byte of `msgs_state_info` (protocol documentation, "Informational Message regarding Status of
/// Messages").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageStatus {
    /// Nothing is known of it any more.
    Forgotten,
    /// It was not received: send it again.
    Lost,
    /// It was received; `answered`: a reply to it was made.
    Received {
        /// Whether the server made a reply.
        answered: bool,
    },
}

impl MessageStatus {
    /// Reads one byte; one that the documentation does not know says that the server has the message.
    pub(super) const fn of(byte: u8) -> Self {
        match byte & 7 {
            1 => Self::Forgotten,
            2 | 3 => Self::Lost,
            _ => Self::Received { answered: byte & 64 != 0 },
        }
    }
}
