//! Events, as they happen.

use super::Client;
use crate::Error;
use crate::event::ClientEvent;

impl Client {
    /// Waits for the next event of the connections, which says why a call takes longer. No event needs a reaction. Each
    /// is returned once, to one caller; of those that no caller has taken, the newest 64 are kept.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn next_event(&self) -> Result<ClientEvent, Error> {
        Ok(self.shared().until(|state| state.events.pop_front()).await?)
    }
}
