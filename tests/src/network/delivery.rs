//! Events that the network delivers to an end.

use sansgram_core::client::{ConnId, IoFailure};

/// Why no address of a race answered, the most telling reason last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConnectFailure {
    Unreachable,
    Refused,
    Silent,
}

/// An event for one of the ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Opened {
        conn: ConnId,
        dc: i32,
    },
    ToServer {
        conn: ConnId,
        bytes: Vec<u8>,
    },
    ToClient {
        conn: ConnId,
        bytes: Vec<u8>,
    },
    /// The client's write is done; its buffer comes back.
    Written {
        conn: ConnId,
        buffer: Vec<u8>,
    },
    LostByClient {
        conn: ConnId,
        cause: IoFailure,
    },
    LostByServer {
        conn: ConnId,
    },
}
