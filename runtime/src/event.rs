//! Events of the connections while calls wait.

use std::time::Duration;

use sansgram_core::client::{DcId, DisconnectReason};

/// An event that [`Client::next_event`](crate::Client::next_event) returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// An encrypted session with this DC was established.
    Connected {
        /// The DC.
        dc: DcId,
    },
    /// A connection ended, or could not be made. Requests wait for the next attempt, and fail if all attempts fail.
    Disconnected {
        /// The DC.
        dc: DcId,
        /// The reason.
        reason: DisconnectReason,
        /// The time of the next attempt, or `None` if only another request starts one.
        retry_in: Option<Duration>,
    },
    /// The server asked a step of a login to wait; the login then continues by itself.
    FloodWait {
        /// The duration of the wait.
        wait: Duration,
    },
    /// The session could not be saved. The client tries again by itself.
    SaveFailed {
        /// The reason, in a sentence; [`Client::save_error`](crate::Client::save_error) returns the error.
        reason: String,
        /// The time of the next attempt: after 1 second, then after twice as long each time, up to 60 seconds.
        retry_in: Duration,
    },
    /// The session was saved after an attempt had failed.
    Saved,
}
