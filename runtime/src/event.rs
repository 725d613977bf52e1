//! What happens to the connections while calls wait.

use std::time::Duration;

use sansgram_core::client::{DcId, DisconnectReason};

/// What [`Client::next_event`](crate::Client::next_event) answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// An encrypted session with this DC works.
    Connected {
        /// The DC.
        dc: DcId,
    },
    /// A connection ended, or could not be made. Requests keep waiting for the next attempt, and fail if all attempts do.
    Disconnected {
        /// The DC.
        dc: DcId,
        /// Why.
        reason: DisconnectReason,
        /// When the next attempt starts; `None` if only another request starts one.
        retry_in: Option<Duration>,
    },
    /// The server asked a step of a login to wait; it goes on by itself then.
    FloodWait {
        /// For how long.
        wait: Duration,
    },
    /// The session could not be saved. It is tried again by itself.
    SaveFailed {
        /// Why, in a sentence; [`Client::save_error`](crate::Client::save_error) has the error.
        reason: String,
        /// When the next try begins: after 1 second, then twice as long each time, up to 60 seconds.
        retry_in: Duration,
    },
    /// The session was saved, after that had failed.
    Saved,
}
