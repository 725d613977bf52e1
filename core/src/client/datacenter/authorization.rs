//! The state of a login's transfer to a DC.

use crate::rpc::RequestId;

/// Whether requests of the application may be sent to a DC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferState {
    /// They may.
    NotNeeded,
    /// The login must be transferred first.
    TransferNeeded,
    /// It is being transferred by this request: an export, or the import after it.
    Transferring(RequestId),
}

/// The transfer of an authorization to one DC.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Transfer {
    /// Number of exports so far.
    pub(crate) exports: u8,
    /// Whether the pending request is the import.
    pub(crate) importing: bool,
    /// Whether the key of the target DC was replaced, because it could not be used any more.
    pub(crate) key_replaced: bool,
}
