//! The handle of a client: what an application calls.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use sansgram_core::OsRandom;
use sansgram_core::client::{self as sansio, Config, DcId, DisconnectReason, LogoutCause, Trouble};

use crate::clock::Clock;
use crate::driver::Driver;
use crate::oneshot::oneshot;
use crate::policy::DEFAULT_MAX_ATTEMPTS;
use crate::shared::{Shared, Stopped};
use crate::{ClientOptions, Error, Runtime, SessionStore, StoreError};

mod events;
mod login;
mod request;
mod updates;

pub use request::RequestHandle;
pub use updates::Update;

/// A client of Telegram. Clones are cheap and share everything; when the last one is dropped, the connections are
/// closed and the driver ends.
///
/// Every future may be dropped at any `await`: the request is then forgotten, though the server may still have
/// carried it out. Calls may be made from any number of tasks at once.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// Tells the driver to end when the last [`Client`] goes.
struct Handle {
    shared: Arc<Shared<sansio::Client>>,
    /// After how many lost connections `connect` gives up.
    max_attempts: u64,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.call(|state, _| state.close_requested = true);
    }
}

impl Client {
    /// Loads the session from `store` and starts the client's driver on `runtime`. Nothing is sent before the first
    /// call.
    ///
    /// A session belongs to one client at a time: two with one key would have Telegram revoke it. A
    /// [`FileStore`](crate::FileStore) prevents that by a lock, but clones of one store share it.
    ///
    /// # Errors
    /// [`Error::Store`] if the session cannot be loaded, [`Error::WrongServers`] if it has keys of other servers than
    /// those of `config` ([`Config::for_session`] makes one that fits); what is stored is left as it is.
    pub async fn start<R: Runtime>(
        runtime: R,
        config: Config,
        store: impl SessionStore,
    ) -> Result<Self, Error> {
        Self::start_with(runtime, config, store, ClientOptions::default()).await
    }

    /// As [`start`](Self::start), with settings of the runtime's half, such as a proxy.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with<R: Runtime>(
        runtime: R,
        mut config: Config,
        store: impl SessionStore,
        options: ClientOptions,
    ) -> Result<Self, Error> {
        let runtime = Arc::new(runtime);
        let store: Arc<dyn SessionStore> = Arc::new(store);
        let (sender, loaded) = oneshot();
        let loading = store.clone();
        runtime.spawn_blocking(move || {
            let result = loading.load();
            drop(loading);
            sender.send(result);
        });
        let loaded = loaded.await.unwrap_or_else(|| Err(StoreError::Other("loading did not finish".into())));
        let session = loaded?.unwrap_or_default();

        let clock = Clock::of(&runtime);
        // If the configuration has no limit, a dead server is still reported.
        let max_attempts =
            if config.max_attempts == 0 { DEFAULT_MAX_ATTEMPTS } else { config.max_attempts.into() };
        config.through_proxy |= options.proxy.is_some();
        let machine = sansio::Client::new(config, session, Box::new(OsRandom::default()), clock.now())?;
        let shared = Arc::new(Shared::new(machine, clock));
        let proxy = options.proxy.map(Arc::new);
        runtime.spawn(Driver::new(runtime.clone(), shared.clone(), store, proxy));
        Ok(Self { handle: Arc::new(Handle { shared, max_attempts }) })
    }

    /// Opens the connection to the home DC and keeps it open; an auth key is created if there is none. Every other
    /// call connects by itself; this one reports early whether that works.
    ///
    /// # Errors
    /// [`Error::Unreachable`] after as many lost connections in a row as the configuration allows (5 if it sets
    /// no limit).
    pub async fn connect(&self) -> Result<(), Error> {
        let before = self.shared().call(|state, now| {
            state.machine.connect(now);
            state.disconnects.get(&state.machine.home()).map_or(0, |it| it.count)
        });
        let max_attempts = self.handle.max_attempts;
        self.shared()
            .until(move |state| {
                if state.machine.is_connected() {
                    return Some(Ok(()));
                }
                let dc = state.machine.home();
                let disconnects = state.disconnects.get(&dc).filter(|it| it.count > before)?;
                let given_up = !disconnects.retries || disconnects.count - before >= max_attempts;
                given_up.then(|| Err(Error::Unreachable { dc, reason: disconnects.reason.clone() }))
            })
            .await?
    }

    /// Closes the connections, saves the session if it changed or could not be saved before, drops the store, and
    /// stops the driver, for all handles of this client; returns when that is done. Pending calls end with
    /// [`Error::Stopped`]. Whether the save succeeded is told by [`save_error`](Self::save_error).
    pub async fn disconnect(&self) {
        self.shared().call(|state, _| state.close_requested = true);
        // It never answers: that the driver ended is what is waited for.
        let Err(Stopped) = self.shared().until(|_| None::<Infallible>).await;
    }

    /// Returns the home DC of the account, as far as it is known.
    #[must_use]
    pub fn home(&self) -> DcId {
        self.shared().lock().machine.home()
    }

    /// Returns whether the connection to the home DC is open and validated: the server has proved that it has the key.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared().lock().machine.is_connected()
    }

    /// Returns the DC whose connection was lost last, or could not be opened, and why; `None` once it is up again. A
    /// proxy that has accepted a connection and not answered yet is reported as silent ([`ProxyFault::Silent`]).
    ///
    /// [`ProxyFault::Silent`]: sansgram_core::client::ProxyFault::Silent
    #[must_use]
    pub fn last_disconnect(&self) -> Option<(DcId, DisconnectReason)> {
        self.shared().lock().last_disconnect()
    }

    /// Whether a stream to any DC is up now, however far what travels over it has come. Without one there is no server
    /// yet that could be silent.
    #[must_use]
    pub fn has_stream(&self) -> bool {
        self.shared().lock().machine.has_stream()
    }

    /// What a server keeps doing in place of answering: closing connections, refusing messages, asking to wait. `None` once a
    /// request is answered.
    #[must_use]
    pub fn trouble(&self) -> Option<(DcId, Trouble)> {
        self.shared().lock().machine.trouble()
    }

    /// Why the server no longer knows this login, from the moment it said so until a user logs in again.
    /// [`Update::SessionRevoked`] tells when it does.
    #[must_use]
    pub fn logout_cause(&self) -> Option<LogoutCause> {
        self.shared().lock().logged_out
    }

    /// How many packets and messages of the server were refused so far, by the name of the reason
    /// ([`MessageError::name`](sansgram_core::client::MessageError::name)).
    #[must_use]
    pub fn rejected_counts(&self) -> BTreeMap<&'static str, u64> {
        self.shared().lock().machine.rejected_counts().clone()
    }

    /// What is to be kept between runs, as it is now. It contains the keys: guard it like a password.
    #[must_use]
    pub fn session(&self) -> sansio::StoredSession {
        self.shared().lock().machine.session().clone()
    }

    /// Saves the session again after a save failed, without waiting for the next attempt
    /// ([`SaveFailed`](crate::ClientEvent::SaveFailed)). Every change of the session is saved without this call.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn save(&self) -> Result<(), Error> {
        self.shared().call(|state, _| state.saves.wanted += 1);
        self.wait_saved().await
    }

    /// Why the session was not saved the last time; `None` if it was. After [`disconnect`](Self::disconnect): what is
    /// missing on the disk for good.
    #[must_use]
    pub fn save_error(&self) -> Option<Error> {
        self.shared().lock().saves.error.clone().map(Error::Store)
    }

    /// Waits until the save of all changes so far is over. Errors if it failed.
    pub(crate) async fn wait_saved(&self) -> Result<(), Error> {
        let shared = self.shared();
        let wanted = shared.lock().saves.wanted;
        let error =
            shared.until(|state| (state.saves.done >= wanted).then(|| state.saves.error.clone())).await?;
        error.map_or(Ok(()), |error| Err(Error::Store(error)))
    }

    /// As [`wait_saved`](Self::wait_saved); if the last save failed, it is tried again first.
    pub(crate) async fn wait_all_saved(&self) -> Result<(), Error> {
        self.shared().call(|state, _| {
            if state.saves.error.is_some() {
                state.saves.wanted += 1;
            }
        });
        self.wait_saved().await
    }

    pub(crate) fn shared(&self) -> &Shared<sansio::Client> {
        &self.handle.shared
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("home", &self.home()).finish_non_exhaustive()
    }
}

impl From<Stopped> for Error {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}
