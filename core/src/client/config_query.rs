//! The state of `help.getConfig`, which asks the home DC for the addresses of all DCs.

use crate::rpc::RequestId;
use crate::time::Timestamp;

/// The state of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConfigQuery {
    /// It may be sent from this time on, once the last answer has expired.
    Idle(Timestamp),
    /// It is under way as this request.
    Asked(RequestId),
}

impl Default for ConfigQuery {
    fn default() -> Self {
        Self::Idle(Timestamp::ZERO)
    }
}
