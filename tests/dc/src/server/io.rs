//! The inputs and outputs of the state machine.

use std::net::IpAddr;

use sansgram_core::time::Timestamp;

use super::options::Tolerance;
use super::refusal::Refusal;
use crate::accounts::AccountEvent;

/// The inputs of an event loop.
#[derive(Clone, Copy, Debug)]
pub enum ServerInput<'a> {
    /// A client connected to a DC. The caller chooses `conn` and never uses it twice.
    Accepted {
        /// The connection.
        conn: u64,
        /// The DC.
        dc: i32,
        /// The client's address, by which [`ServerOptions::end_shared_keys`] tells two owners of a key apart; `None`: it
        /// is unknown, and the connection counts as the owner's.
        ///
        /// [`ServerOptions::end_shared_keys`]: super::ServerOptions::end_shared_keys
        client: Option<IpAddr>,
    },
    /// Bytes arrived, in any chunking.
    Received {
        /// The connection.
        conn: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The connection was lost. An unknown one is ignored.
    Lost {
        /// The connection.
        conn: u64,
    },
    /// Time has passed.
    Tick,
}

/// The outputs for an event loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOutput {
    /// Write these bytes.
    Transmit {
        /// The connection.
        conn: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close the connection once everything transmitted before is written. No input follows.
    Close {
        /// The connection.
        conn: u64,
    },
    /// An event for the operator of the test DCs.
    Account(AccountEvent),
    /// A client's bytes were refused. They have been answered; this is for tests and logs.
    Refused {
        /// The connection.
        conn: u64,
        /// The reason.
        refusal: Refusal,
    },
    /// A client relied on a [`Tolerance`]; reported once for all DCs.
    Tolerated {
        /// The connection.
        conn: u64,
        /// The reason.
        tolerance: Tolerance,
    },
    /// Nothing else is pending. Call again with an input, or with [`ServerInput::Tick`] at this time.
    Timeout(Option<Timestamp>),
}
