//! The events of the connections.

use super::Client;
use crate::Error;
use crate::event::ClientEvent;

impl Client {
    /// Waits for the next event of the connections, which explains why a call takes longer. No event requires a
    /// reaction. Each event is returned once, to one caller; the newest 64 that no caller has taken are kept.
    ///
    /// # Errors
    /// Returns [`Error::Stopped`] if the client has stopped.
    pub async fn next_event(&self) -> Result<ClientEvent, Error> {
        Ok(self.shared().until(|state| state.events.pop_front()).await?)
    }
}
