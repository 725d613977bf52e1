//! The options of a store.

use std::path::PathBuf;
use std::time::Duration;

use crate::policy::DEFAULT_LEASE;

/// Options of a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreOptions {
    /// How long a session is owned without a renewal, 2 s to 1 h; default 30 s. If a process dies, its sessions are
    /// free after that time. A client whose lease was not renewed for nine tenths of it ends.
    pub lease: Duration,
    /// How this process calls itself in errors and lists; default: the host's name and the process ID.
    pub owner: String,
    /// A file with certificates in PEM that the database's certificate may be signed by, besides those of the system.
    pub root_certificates: Option<PathBuf>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { lease: DEFAULT_LEASE, owner: default_owner(), root_certificates: None }
    }
}

impl StoreOptions {
    /// Sets [`lease`](Self::lease).
    #[must_use]
    pub const fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets [`owner`](Self::owner).
    #[must_use]
    pub fn with_owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into();
        self
    }

    /// Sets [`root_certificates`](Self::root_certificates).
    #[must_use]
    pub fn with_root_certificates(mut self, file: impl Into<PathBuf>) -> Self {
        self.root_certificates = Some(file.into());
        self
    }
}

fn default_owner() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = std::env::var("COMPUTERNAME").unwrap_or_else(|_| "a host".into());
    format!("process {} on {host}", std::process::id())
}
