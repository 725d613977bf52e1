//! What a command asks of a database, and what it gets.

use std::time::Duration;

use sansgram_runtime::core::client::StoredSession;

/// Whether a command must open sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    /// It fails without a sealing key.
    Always,
    /// Without a key, it shows less.
    IfPossible,
}

/// A session of a list.
pub(crate) struct Listed {
    pub(crate) name: String,
    /// Who uses it, and how long its lease lasts if it is not renewed.
    pub(crate) owner: Option<(String, Duration)>,
    pub(crate) content: Content,
}

/// What a list says about the content of a session.
pub(crate) enum Content {
    Session(Box<StoredSession>),
    /// Its first owner has it and has not saved it yet.
    Empty,
    /// It cannot be opened: the kind for `--json`, and why.
    Closed(&'static str, String),
}
