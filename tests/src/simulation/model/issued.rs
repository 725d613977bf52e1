//! A request as the application made it.

use std::time::Duration;

use sansgram_core::client::OnUnknownOutcome;

/// A request that the application made and the client took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedRequest {
    /// Its number, by which the servers count it.
    pub number: i64,
    /// The client's identifier of it.
    pub id: u64,
    /// Its policy.
    pub policy: OnUnknownOutcome,
    /// The request after which it must be executed.
    pub after: Option<i64>,
    /// When it must have ended, if the application gave it a time limit.
    pub end_by: Option<Duration>,
    /// Whether a quick ack was requested.
    pub quick_ack: bool,
}
