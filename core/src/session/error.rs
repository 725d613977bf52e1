//! Why a packet of the server was rejected.

use super::clock::OutsideTimeWindow;
use super::resend_reason::ResendReason;
use crate::crypto::message::OpenError;
use crate::tl::DecodeError;
use crate::tl::gzip::GzipError;

/// Why a packet, or a message in one, was rejected (`mtproto/security_guidelines`). Its content is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The packet is too short, belongs to another key, or does not match its `msg_key`.
    #[error("an encrypted packet was rejected: {0}")]
    Cipher(#[from] OpenError),
    /// The length field is negative, is not a multiple of 4, or exceeds the packet.
    #[error("a message's length field is wrong")]
    Length,
    /// The padding does not have 12 to 1024 bytes.
    #[error("a message's padding is {0} bytes long, not 12 to 1024")]
    Padding(usize),
    /// The packet belongs to another session of the same key.
    #[error("a message belongs to another session")]
    WrongSessionId,
    /// The packet belongs to the previous session of this connection. It is ignored.
    #[error("a message belongs to the previous session")]
    PreviousSession,
    /// The msg_id is even: a client created it.
    #[error("a message has an even msg_id, which no server creates")]
    InvalidMsgId,
    /// The message was received before. It is acknowledged again and otherwise ignored.
    #[error("a message was received before")]
    Duplicate,
    /// The message is below the replay window. It is acknowledged and otherwise ignored.
    #[error("a message is too old to tell whether it was received before")]
    TooOld,
    /// The message is more than 300 s old, or more than 30 s ahead of the server's clock.
    #[error(transparent)]
    TimeWindow(#[from] OutsideTimeWindow),
    /// A container is malformed, see [`Container::parse`](super::Container::parse).
    #[error("a container is malformed: {0}")]
    Container(&'static str),
    /// A service message is malformed.
    #[error("a service message is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// Compressed data is malformed, or its output exceeds the limit.
    #[error("compressed data was rejected: {0}")]
    Gzip(#[from] GzipError),
    /// A state info does not have one byte per message. It is ignored.
    #[error("a state info does not match its request")]
    StateInfo,
    /// `rpc_result` has the `req_msg_id` 0.
    #[error("an rpc_result has the req_msg_id 0")]
    ResultWithoutRequest,
    /// The server refused a message with this code of `bad_msg_notification`. Another connection is needed.
    #[error("the server refused a message with code {0}")]
    BadMessage(i32),
    /// The server made the client send messages again and again, and answered no request in between.
    #[error("the server refuses our messages again and again: {0}")]
    EndlessResends(ResendReason),
}

impl MessageError {
    /// Returns whether the connection must be closed. It need not be for messages that are harmless once they are
    /// ignored: replays and possible replays, messages of the previous session, and state infos of another length.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        !matches!(self, Self::PreviousSession | Self::Duplicate | Self::TooOld | Self::StateInfo)
    }

    /// Returns whether the server refused the client's messages, so that another connection may not help.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::BadMessage(_) | Self::EndlessResends(_))
    }

    /// Returns a short name for counters, one per variant.
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
            Self::ResultWithoutRequest => "result_without_request",
            Self::BadMessage(_) => "bad_message",
            Self::EndlessResends(_) => "endless_resends",
        }
    }
}
