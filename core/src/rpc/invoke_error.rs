//! Why a request has no result.

use alloc::format;
use alloc::string::String;

use super::disconnect::{DisconnectReason, ServerProblem};
use super::rpc_error::RpcError;
use crate::dc::DcId;
use crate::session::Delivery;
use crate::tl::DecodeError;
use crate::tl::gzip::GzipError;

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The server answered with an error.
    #[error("the server answered {0}")]
    Rpc(RpcError),
    /// The server's answer does not match the schema.
    #[error("the server's answer cannot be read: {0}")]
    Decode(DecodeError),
    /// The server's answer cannot be decompressed.
    #[error("the server's answer cannot be decompressed: {0}")]
    Gzip(GzipError),
    /// The DC could not be reached, or every connection to it was lost.
    #[error("{dc} cannot be reached: {reason}")]
    Unreachable {
        /// The DC.
        dc: DcId,
        /// The end of the last attempt.
        reason: DisconnectReason,
        /// The progress of the request. From [`Delivery::Packed`] on, the server may have executed it.
        delivery: Delivery,
    },
    /// The DC table has no address of this DC.
    #[error("no address of {0} is known")]
    UnknownDc(DcId),
    /// No answer arrived in time.
    #[error("the server did not answer in time{}", problem_suffix(.problem.as_ref()))]
    TimedOut {
        /// The progress of the request. From [`Delivery::Packed`] on, the server may have executed it.
        delivery: Delivery,
        /// What the server did instead of answering, or `None` if it was silent or answered other requests.
        problem: Option<ServerProblem>,
    },
    /// The request was sent, and its outcome is unknown for one of the reasons at
    /// [`OnUnknownOutcome`](super::OnUnknownOutcome).
    /// [`RequestOptions::on_unknown_outcome`](crate::client::RequestOptions::on_unknown_outcome) can select to send it
    /// again instead.
    #[error("it is unknown whether the server executed the request")]
    OutcomeUnknown {
        /// The progress of the request.
        delivery: Delivery,
    },
    /// The request was cancelled, or the client was closed.
    #[error("the request was cancelled")]
    Cancelled,
}

fn problem_suffix(problem: Option<&ServerProblem>) -> String {
    problem.map(|problem| format!(": {problem}")).unwrap_or_default()
}

// Not by `#[from]`: the error's text already contains the inner error, which must not be its source as well.
impl From<DecodeError> for InvokeError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}
