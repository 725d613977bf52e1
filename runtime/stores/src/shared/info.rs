//! What a list says.

use std::time::Duration;

/// What a list says about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The name. Those whose names [`session`](super::SharedStore::session) refuses are not listed.
    pub name: String,
    /// The owner, as it calls itself, and how long its lease still lasts; `None`: the session is free.
    pub owner: Option<(String, Duration)>,
    /// How many owners the session had.
    pub fence: u64,
    /// The number of the content, which rises with each save; 0: there is none yet.
    pub version: u64,
}
