//! What befalls the connections while calls go on by themselves.

use std::time::Duration;

use sansgram_core::client::{DcId, DisconnectReason};

use super::Client;
use crate::Error;

/// What [`Client::next_event`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// An encrypted session with this DC works.
    Connected {
        /// The DC.
        dc: DcId,
    },
    /// A connection ended, or could not be made. What waits for it goes on waiting, and fails where all attempts do.
    Disconnected {
        /// The DC.
        dc: DcId,
        /// Why.
        reason: DisconnectReason,
        /// When the next attempt begins; `None`: not before the next request.
        retry_in: Option<Duration>,
    },
    /// The server asked a step of a login to wait; it goes on by itself then.
    FloodWait {
        /// For how long.
        wait: Duration,
    },
    /// The session could not be saved. It is tried again by itself.
    SaveFailed {
        /// Why, in a sentence; [`Client::save_error`] has the error.
        reason: String,
        /// When the next try begins: after 1 second, then twice as long each time, up to 60 seconds.
        retry_in: Duration,
    },
    /// The session was saved, after that had failed.
    Saved,
}

impl Client {
    /// Waits for the next thing that befalls the connections: to show that a call takes longer, and why. Nothing needs
    /// to be done about it. Each is answered once, to one caller; of those that nobody takes, the newest 64 are kept.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn next_event(&self) -> Result<ClientEvent, Error> {
        Ok(self.shared().until(|state| state.events.pop_front()).await?)
    }
}
