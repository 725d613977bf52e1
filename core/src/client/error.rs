//! Errors of the caller.

use crate::dc::DcId;
use crate::rpc::MAX_QUERY_LEN;

/// The caller misused the client. The call had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiMisuse {
    /// The query is empty or longer than 1 MiB, or its length is not a multiple of 4.
    #[error("a query has {0} bytes: it must be a multiple of 4, from 4 to {MAX_QUERY_LEN}")]
    QueryLength(usize),
    /// The query is a message of the protocol, such as `ping`, instead of a function of the API: the client sends these
    /// by itself. The value is its constructor.
    #[error(
        "{0:#010x} is a message of the protocol, which the client sends by itself: send functions of the API"
    )]
    ProtocolMessage(u32),
    /// The configured maximum number of requests or bytes is pending: take results first.
    #[error("too many requests are pending: take results before sending more")]
    QueueFull,
    /// The configuration has no address of this DC.
    #[error("the configuration has no address of {0}")]
    UnknownDc(DcId),
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}
