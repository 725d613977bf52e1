//! The limits of DCs on sockets.

use std::time::Duration;

/// The most bytes that a peer may leave unread before it is disconnected.
pub(super) const MAX_UNREAD_BYTES: usize = 64 << 20;
/// How long a write may make no progress.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a closed connection is still read, so that a reset does not lose the last answer.
pub(super) const LINGER: Duration = Duration::from_secs(2);
/// How many entries are kept for [`super::TestServer::take_refusals`], and as many for [`super::TestServer::take_reports`].
pub(super) const MAX_REPORTS: usize = 1000;

/// The largest state file, in bytes.
pub(super) const MAX_STATE_BYTES: u64 = 1 << 30;
