//! The name of a connection.

/// The identifier of a connection, assigned by the client and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);
