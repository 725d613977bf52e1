//! What the DCs report of their connections.

use std::net::SocketAddr;

use crate::server::{Refusal, Tolerance};

/// What the DCs tell of one connection.
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
    /// A report, such as a test may need one.
    #[must_use]
    pub const fn new(dc: Option<i32>, client: Option<SocketAddr>, what: ReportKind) -> Self {
        Self { dc, client, what }
    }
}

/// What happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportKind {
    /// The client did something that was not accepted.
    Refused(Refusal),
    /// The client did, as the first of all, something that only lenient options take.
    Tolerated(Tolerance),
    /// The connection was closed at once, since as many as [`TestServerOptions::max_connections`] are open.
    TooManyConnections(usize),
    /// The client left more than so many bytes unread, and was disconnected.
    TooMuchUnread(usize),
    /// The operating system refuses what the connection needs, in its words: a file descriptor or a thread.
    OutOfResources(String),
    /// The state cannot be saved, in the operating system's words. It is tried again at the next change.
    SaveFailed(String),
}
