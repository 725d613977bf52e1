//! Whether the account's login is known at a DC, and how it gets there.

use crate::rpc::RequestId;

/// Whether the requests of the application may go to a DC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferState {
    /// They may, as far as the client knows.
    Unrestricted,
    /// The authorization must be transferred first.
    ImportNeeded,
    /// It is being transferred by this request: an export, or the import after it.
    Importing(RequestId),
}

/// The transfer of an authorization to one DC.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Transfer {
    pub(crate) exports: u8,
    pub(crate) importing: bool,
    /// Whether the key there was replaced, because it is dead.
    pub(crate) renewed: bool,
}
