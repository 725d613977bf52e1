//! Why a packet of the server was refused.

use super::clock::OutsideTimeWindow;
use super::resend_reason::ResendReason;
use crate::crypto::message::OpenError;
use crate::tl::DecodeError;
use crate::tl::gzip::GzipError;

/// Why a packet, or a message within one, was refused (`mtproto/security_guidelines`). Nothing of what was refused is
/// used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The packet is too short, belongs to another key, or does not match its `msg_key`.
    #[error("an encrypted packet was refused: {0}")]
    Cipher(#[from] OpenError),
    /// The length field is negative, no multiple of 4, or points past the packet's end.
    #[error("a message's length field is wrong")]
    Length,
    /// The padding is shorter than 12 or longer than 1024 bytes.
    #[error("a message's padding is {0} bytes long, not 12 to 1024")]
    Padding(usize),
    /// The packet belongs to another session of the same key.
    #[error("a message belongs to another session")]
    WrongSessionId,
    /// The packet belongs to the session that this connection carried before; it is ignored.
    #[error("a message belongs to a session that was left")]
    PreviousSession,
    /// The identifier is even: a client made it.
    #[error("a message carries an identifier that no server makes")]
    InvalidMsgId,
    /// The message was received before; it is acknowledged again and otherwise ignored.
    #[error("a message was received before")]
    Duplicate,
    /// The message is older than all that the replay window remembers; it is acknowledged and otherwise ignored.
    #[error("a message is too old to tell whether it was received before")]
    TooOld,
    /// The message is more than 300 s old, or more than 30 s ahead of the server's clock.
    #[error(transparent)]
    TimeWindow(#[from] OutsideTimeWindow),
    /// A container is nested, counts wrong, or holds an identifier that is not below its own.
    #[error("a container is malformed: {0}")]
    Container(&'static str),
    /// A service message does not decode.
    #[error("a service message is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// Packed data does not unpack, or unpacks to more than the limit.
    #[error("packed data was refused: {0}")]
    Gzip(#[from] GzipError),
    /// A state info has not one byte for each message that was asked about; it is ignored.
    #[error("a state info does not fit what was asked")]
    StateInfo,
    /// `rpc_result` names no request.
    #[error("an rpc_result names the message 0")]
    ResultForNothing,
    /// The server calls our messages malformed in a way that resending cannot mend; the code of
    /// `bad_msg_notification`.
    #[error("the server refused a message with code {0}")]
    BadMessage(i32),
    /// The server asked for one correction after another, and answered no request in between.
    #[error("the server refuses our messages again and again: {0}")]
    EndlessResends(ResendReason),
}

impl MessageError {
    /// Whether the connection must be closed: true for all but a replay, what may be one, a message of the session before
    /// and a state info that does not fit, which are harmless once they are ignored.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        !matches!(self, Self::PreviousSession | Self::Duplicate | Self::TooOld | Self::StateInfo)
    }

    /// Whether the server took our messages for wrong, so that another connection may fare no better.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::BadMessage(_) | Self::EndlessResends(_))
    }

    /// A short name for counters, the same for all rejects of a kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cipher(_) => "cipher",
            Self::Length => "length",
            Self::Padding(_) => "padding",
            Self::WrongSessionId => "wrong_session_id",
            Self::PreviousSession => "previous_session",
            Self::InvalidMsgId => "invalid_msg_id",
            Self::Duplicate => "duplicate",
            Self::TooOld => "too_old",
            Self::TimeWindow(_) => "time_window",
            Self::Container(_) => "container",
            Self::Malformed(_) => "malformed",
            Self::Gzip(_) => "gzip",
            Self::StateInfo => "state_info",
            Self::ResultForNothing => "result_for_nothing",
            Self::BadMessage(_) => "bad_message",
            Self::EndlessResends(_) => "endless_resends",
        }
    }
}
