//! The question to the home DC where all DCs are, as far as it has come.

use crate::rpc::RequestId;
use crate::time::Timestamp;

/// The question, as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inquiry {
    /// It is asked from this time on, if the last answer has expired by then.
    Rests(Timestamp),
    /// It is this request.
    Asked(RequestId),
}

impl Default for Inquiry {
    fn default() -> Self {
        Self::Rests(Timestamp::ZERO)
    }
}
