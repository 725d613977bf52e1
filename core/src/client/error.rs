//! What a caller can do wrong.

use crate::dc::DcId;
use crate::rpc::MAX_QUERY_LEN;

/// The caller asked for what cannot be; nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiMisuse {
    /// The query is empty or longer than 1 MiB, or its length is no multiple of 4.
    #[error("a query has {0} bytes: it must be a multiple of 4, from 4 to {MAX_QUERY_LEN}")]
    QueryLength(usize),
    /// As many requests, or as many of their bytes, wait as the configuration allows: take results first.
    #[error("too many requests are waiting; take results before sending more")]
    QueueFull,
    /// The configuration has no address of this DC.
    #[error("the configuration has no address of {0}")]
    UnknownDc(DcId),
    /// The machine was closed.
    #[error("the client is closed")]
    Closed,
}
