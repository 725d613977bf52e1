//! Why a request has no result.

use alloc::format;
use alloc::string::String;

use super::disconnect::{DisconnectReason, Trouble};
use super::rpc_error::RpcError;
use crate::dc::DcId;
use crate::session::Delivery;
use crate::tl::DecodeError;
use crate::tl::gzip::GzipError;

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The server refused it.
    #[error("the server answered {0}")]
    Rpc(RpcError),
    /// The answer is not what the schema promises.
    #[error("the server's answer cannot be read: {0}")]
    Decode(DecodeError),
    /// The answer came packed, and does not unpack.
    #[error("the server's answer cannot be unpacked: {0}")]
    Packed(GzipError),
    /// The DC could not be reached, or no connection to it held.
    #[error("{dc} cannot be reached: {reason}")]
    Unreachable {
        /// The DC.
        dc: DcId,
        /// What ended the last attempt.
        reason: DisconnectReason,
        /// How far the request had come: from [`Delivery::Packed`] on the server may have executed it.
        delivery: Delivery,
    },
    /// The table of DCs has no address for it.
    #[error("no address of {0} is known")]
    UnknownDc(DcId),
    /// No answer came in time.
    #[error("the server gave no answer in time{}", behind(.trouble.as_ref()))]
    TimedOut {
        /// How far the request had come: from [`Delivery::Packed`] on the server may have executed it.
        delivery: Delivery,
        /// What the server did in place of answering; `None` if it was silent, or answered other requests.
        trouble: Option<Trouble>,
    },
    /// It left, and its outcome is unknown: [`OnUnknownOutcome`](super::OnUnknownOutcome) says when that is.
    /// [`RequestOptions::on_unknown_outcome`](crate::client::RequestOptions::on_unknown_outcome) can have it sent again instead.
    #[error("the server cannot be asked any more whether it executed the request")]
    OutcomeUnknown {
        /// How far the request had come.
        delivery: Delivery,
    },
    /// It was cancelled, or the machine was closed.
    #[error("the request was cancelled")]
    Cancelled,
}

fn behind(trouble: Option<&Trouble>) -> String {
    trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default()
}

// Not by `#[from]`: what a text says already is no source of it.
impl From<DecodeError> for InvokeError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}
