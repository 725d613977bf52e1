//! Events, as they happen.

use super::Client;
use crate::Error;
use crate::event::ClientEvent;

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
