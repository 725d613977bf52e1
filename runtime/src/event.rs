//! Events of the connections, which explain why a call takes longer.

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
    /// A connection was lost, or could not be opened. Requests wait for the next attempt, and fail if all attempts fail.
    Disconnected {
        /// The DC.
        dc: DcId,
        /// The reason.
        reason: DisconnectReason,
        /// The time until the next attempt, or `None` if only another request starts one.
        retry_in: Option<Duration>,
    },
    /// The server demanded a wait (`FLOOD_WAIT_X`) for a request or a login step, which is then sent again automatically:
    /// [`Config::flood_sleep_threshold`](crate::core::client::Config::flood_sleep_threshold) limits it.
    FloodWait {
        /// The duration of the wait.
        wait: Duration,
    },
    /// The session could not be saved. The client retries automatically, unless it ends.
    SaveFailed {
        /// The reason, in a sentence; [`Client::save_error`](crate::Client::save_error) returns the error.
        reason: String,
        /// The time until the next attempt: 1 second, then twice as long after each failure, up to 60 seconds. `None`
        /// if the client ends: it is disconnected, and may try once more at once, or has lost its session.
        retry_in: Option<Duration>,
    },
    /// The session was saved after an attempt had failed.
    Saved,
}
