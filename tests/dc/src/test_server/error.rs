//! Why the DCs cannot be started.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::state_file::StateFileError;
use crate::accounts::UnknownMethod;
use crate::server::RestoreError;

/// Why the DCs cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestServerError {
    /// There are fewer ports from the first one on than DCs.
    #[error("{dcs} DCs do not fit into the ports from {first} to 65535")]
    Ports {
        /// The port of the first DC.
        first: u16,
        /// The number of DCs.
        dcs: usize,
    },
    /// The operating system refuses an address.
    #[error("DC {dc} cannot listen at {address}: {source}")]
    Bind {
        /// The DC.
        dc: i32,
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A fault of the options names a method that does not exist.
    #[error("a fault cannot be injected: {0}")]
    Fault(#[from] UnknownMethod),
    /// The state file cannot be used.
    #[error("the state file {} cannot be used: {reason}", file.display())]
    StateFile {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: StateFileError,
    },
    /// The state file cannot be restored; it is left as it is.
    #[error("the state file {} cannot be read: {reason}", file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: RestoreError,
    },
    /// The operating system refuses a thread.
    #[error("no thread can be started: {0}")]
    Thread(#[source] io::Error),
}
