//! Updates, as they arrive.

use sansgram_core::client::{LogoutCause, UpdatesState};

use super::Client;
use crate::Error;

/// What [`Client::next_update`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// What the server pushed: one boxed TL object, of type `Updates`.
    Object(Vec<u8>),
    /// The state of updates from now on: after a login, and if some may have been missed. An application that has kept
    /// an earlier state requests the difference (`updates.getDifference`).
    State(UpdatesState),
    /// More came than were taken, and the oldest were dropped: ask for the difference.
    Missed,
    /// The server no longer knows this login: no more updates come until a user logs in again.
    SessionRevoked(LogoutCause),
}

impl Client {
    /// Waits for the next update, in the order in which the server sent them. Each is returned once, to one caller. Of
    /// those that no caller has taken, the newest 1024 are kept, of 16 MiB at most. [`Update::Missed`] and
    /// [`Update::State`] come before the updates that are left, [`Update::SessionRevoked`] after them. The first call
    /// connects if a user is logged in; before it, no updates arrive.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn next_update(&self) -> Result<Update, Error> {
        self.shared().call(|state, now| {
            if state.machine.session().user.is_some() && !std::mem::replace(&mut state.listens, true) {
                state.machine.connect(now);
            }
        });
        let next = self.shared().until(|state| {
            if std::mem::take(&mut state.updates_missed) {
                return Some(Update::Missed);
            }
            let known = state.updates_state.take().map(Update::State);
            let known = known.or_else(|| state.machine.take_update().map(Update::Object));
            known.or_else(|| state.logout_unreported.take().map(Update::SessionRevoked))
        });
        Ok(next.await?)
    }
}
