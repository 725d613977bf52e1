//! The inputs and outputs of the state machine.

use sansgram_core::time::Timestamp;

use super::options::Tolerance;
use super::refusal::Refusal;
use crate::accounts::AccountEvent;

/// What an event loop tells the DCs.
#[derive(Clone, Copy, Debug)]
pub enum ServerInput<'a> {
    /// A client connected to a DC. `conn` is the caller's name for it, never used twice.
    Accepted {
        /// The connection.
        conn: u64,
        /// The DC.
        dc: i32,
    },
    /// Bytes arrived, in any chunking.
    Received {
        /// The connection.
        conn: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The connection is gone. Unknown names are ignored.
    Lost {
        /// The connection.
        conn: u64,
    },
    /// Time has passed.
    Tick,
}

/// What the DCs ask of an event loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOutput {
    /// Write these bytes.
    Transmit {
        /// The connection.
        conn: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close the connection, once all that was transmitted before is written. No answer is wanted.
    Close {
        /// The connection.
        conn: u64,
    },
    /// Something that a person in front of the sandbox wants to see.
    Account(AccountEvent),
    /// A client did something that was not accepted. It was answered already; this is for tests and logs.
    Refused {
        /// The connection.
        conn: u64,
        /// What it was.
        refusal: Refusal,
    },
    /// A client did for the first time what only lenient options take; told once for all DCs.
    Tolerated {
        /// The connection.
        conn: u64,
        /// What it was.
        tolerance: Tolerance,
    },
    /// Nothing else is pending. Come back with an input, or with [`ServerInput::Tick`] at this time.
    Timeout(Option<Timestamp>),
}
