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
    /// Where updates stand from now on: after a login, and wherever some may have been missed. Whoever kept an earlier
    /// state asks for what lies between (`updates.getDifference`).
    State(UpdatesState),
    /// More came than were taken, and the oldest were dropped: ask for the difference.
    Missed,
    /// The server no longer knows this login: nothing more comes until somebody logs in again.
    SessionRevoked(LogoutCause),
}

impl Client {
    /// Waits for the next update, in the order in which the server sent them. Each is answered once, to one caller. Of
    /// those that nobody takes, the newest 1024 are kept, of 16 MiB at most; that some were dropped, and where updates stand, is answered
    /// before any that is left, and the end of the login after them. The first call connects, where somebody is signed
    /// in; until then nobody listens.
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
            known.or_else(|| state.logout_untold.take().map(Update::SessionRevoked))
        });
        Ok(next.await?)
    }
}
