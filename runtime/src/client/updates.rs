//! The updates that the server sends.

use sansgram_core::client::{LogoutCause, UpdatesState};
#[cfg(feature = "full-api")]
use sansgram_core::tl::{DecodeError, Deserialize, enums};

use super::Client;
use crate::Error;

/// An update that [`Client::next_update`] returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// An update of the server: one boxed TL object of the type `Updates`. `Update::typed` (feature `full-api`) decodes it.
    Object(Vec<u8>),
    /// The current state of the updates, returned after a login and whenever updates may have been missed. An application
    /// that has stored an earlier state requests the difference (`updates.getDifference`).
    State(UpdatesState),
    /// Updates arrived faster than they were taken, and the oldest were dropped. The application requests the
    /// difference.
    Lost,
    /// The server ended the login. No update arrives until a user logs in again.
    LoggedOut(LogoutCause),
}

#[cfg(feature = "full-api")]
impl Update {
    /// Returns the [`Object`](Self::Object) as a value of its type, or `None` for the other kinds.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the object is of a layer that this version does not know. Its bytes are in the update.
    pub fn typed(&self) -> Option<Result<enums::Updates, DecodeError>> {
        let Self::Object(bytes) = self else { return None };
        Some(enums::Updates::from_bytes(bytes))
    }
}

impl Client {
    /// Waits for the next update, in the order in which the server sent them. Each update is returned once, to one
    /// caller. The newest 1024 that no caller has taken are kept, up to 16 MiB. [`Update::Lost`] and
    /// [`Update::State`] are returned before the remaining updates, [`Update::LoggedOut`] after them. The first
    /// call connects if a user is logged in; no updates arrive before that call.
    ///
    /// What a request of this client changes is in its result, such as the `Updates` of `messages.sendMessage`: servers
    /// send it as an update only to the other sessions of the user. A message to oneself is never returned here.
    ///
    /// # Errors
    /// Returns [`Error::Stopped`] if the client has stopped.
    pub async fn next_update(&self) -> Result<Update, Error> {
        self.shared().with_state(|state, now| {
            if state.machine.stored_session().user.is_some()
                && !std::mem::replace(&mut state.wants_updates, true)
            {
                state.machine.connect(now);
            }
        });
        let next = self.shared().until(|state| {
            if std::mem::take(&mut state.updates_lost) {
                return Some(Update::Lost);
            }
            let update = state.updates_state.take().map(Update::State);
            let update = update.or_else(|| state.machine.take_update().map(Update::Object));
            update.or_else(|| state.logout_unreported.take().map(Update::LoggedOut))
        });
        Ok(next.await?)
    }
}
