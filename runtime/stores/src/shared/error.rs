//! The errors that do not depend on the kind of database, each with what to do.

use std::error::Error;
use std::time::Duration;

use sansgram_session::StoreError;
use sansgram_session::text::printable;

use crate::sealing::SealError;

/// Why a store or a session of it cannot be used, whatever the database: [`StoreError::Other`] contains it. Nothing is
/// overwritten.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedStoreError {
    /// The lease of the options is too short or too long.
    #[error("a lease of {} ms is not possible; choose 2 s to 1 h", .0.as_millis())]
    Lease(Duration),
    /// The name of a session is not possible.
    #[error("{0:?} cannot be the name of a session; take 1 to 200 bytes without control characters")]
    Name(String),
    /// The sealed session cannot be opened.
    #[error("the session {session} is left as it is: {error}")]
    Sealed {
        /// The name of the session.
        session: String,
        /// The reason.
        error: SealError,
    },
    /// There is a session of this name.
    #[error("there is a session {0} already; import under another name")]
    Exists(String),
    /// The thread of the store cannot be started or has ended.
    #[error("the thread of the store has ended; start the process again")]
    WorkerEnded,
}

impl From<SharedStoreError> for StoreError {
    fn from(error: SharedStoreError) -> Self {
        Self::Other(Box::new(error))
    }
}

/// Returns what happened: the words of a driver are general, those of the last cause are not. They can be printed.
pub(crate) fn last_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    printable(&cause.to_string())
}
