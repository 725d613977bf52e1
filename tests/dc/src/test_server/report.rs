//! What the DCs report of their connections.

use std::net::SocketAddr;

use crate::server::{Refusal, Tolerance};

/// A report on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The DC whose port the client is connected to; `None` if it concerns all of them.
    pub dc: Option<i32>,
    /// The client's address; `None` if the connection could not be accepted.
    pub client: Option<SocketAddr>,
    /// What happened.
    pub what: ReportKind,
}

impl Report {
    /// Makes a report, for tests.
    #[must_use]
    pub const fn new(dc: Option<i32>, client: Option<SocketAddr>, what: ReportKind) -> Self {
        Self { dc, client, what }
    }
}

/// What happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportKind {
    /// The client's bytes were refused.
    Refused(Refusal),
    /// The client is the first that relied on this tolerance.
    Tolerated(Tolerance),
    /// The connection was closed at once, since this many are open:
    /// [`TestServerOptions::max_connections`](super::TestServerOptions::max_connections).
    TooManyConnections(usize),
    /// The client left more than this many bytes unread and was disconnected.
    TooMuchUnread(usize),
    /// The operating system refused a file descriptor or a thread; the field is its message.
    OutOfResources(String),
    /// The state could not be saved; the field is the operating system's message. The next change tries again.
    SaveFailed(String),
}
