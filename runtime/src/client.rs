//! The handle of a client, with the methods that an application calls.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use sansgram_core::OsRandom;
use sansgram_core::client::{self as sansio, Config, DcId, DisconnectReason, LogoutCause, ServerProblem};

use crate::clock::Clock;
use crate::driver::Driver;
use crate::ownership::Ownership;
use crate::policy::DEFAULT_MAX_ATTEMPTS;
use crate::shared::Shared;
use crate::stopped::Stopped;
use crate::{ClientOptions, Error, Runtime, SessionStore};

mod events;
mod login;
mod request;
mod updates;

pub use request::RequestHandle;
pub use updates::Update;

/// A handle of a Telegram client. Clones are cheap and share one client; when the last clone is dropped, the client
/// closes its connections and its driver ends.
///
/// Every future may be dropped at any `await`. Its request is then cancelled, but the server may have executed it.
/// Methods may be called from any number of tasks at once.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// Stops the driver when the last [`Client`] is dropped.
struct Handle {
    shared: Arc<Shared<sansio::Client>>,
    /// The number of lost connections after which `connect` returns an error.
    max_attempts: u64,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.with_state(|state, _| state.close_requested = true);
    }
}

impl Client {
    /// Loads the session from `store` and starts the client's driver on `runtime`. Nothing is sent before the first
    /// call.
    ///
    /// Only one client may use a session at a time: Telegram revokes a key that two clients use. The lock of a
    /// [`FileStore`](crate::FileStore) prevents that, but clones of one store share the lock. A store with leases
    /// ([`SessionStore::leased`]) prevents it among all processes that share it: a client whose lease is over resets its
    /// connections and ends, and all calls return [`Error::Store`] with [`StoreError::LeaseLost`].
    ///
    /// [`StoreError::LeaseLost`]: crate::StoreError::LeaseLost
    ///
    /// # Errors
    /// Returns [`Error::Store`] if the session cannot be loaded or has another owner, and [`Error::WrongServers`] if it has keys of other
    /// servers than those of `config` ([`Config::for_session`] returns a matching configuration). The stored session is
    /// left unchanged.
    pub async fn start<R: Runtime>(
        runtime: R,
        config: Config,
        store: impl SessionStore,
    ) -> Result<Self, Error> {
        Self::start_with(runtime, config, store, ClientOptions::default()).await
    }

    /// Like [`start`](Self::start), with [`ClientOptions`], such as a proxy.
    ///
    /// # Errors
    /// Returns the same errors as [`start`](Self::start).
    pub async fn start_with<R: Runtime>(
        runtime: R,
        mut config: Config,
        store: impl SessionStore,
        options: ClientOptions,
    ) -> Result<Self, Error> {
        let runtime = Arc::new(runtime);
        let (session, ownership) = Ownership::take(&*runtime, store).await?;

        let clock = Clock::of(&runtime);
        // Without a limit in the configuration, an unreachable server must still be reported.
        let max_attempts =
            if config.max_attempts == 0 { DEFAULT_MAX_ATTEMPTS } else { config.max_attempts.into() };
        config.through_proxy |= options.proxy.is_some();
        let machine = sansio::Client::new(config, session, Box::new(OsRandom::default()))?;
        let shared = Arc::new(Shared::new(machine, clock));
        let proxy = options.proxy.map(Arc::new);
        runtime.spawn(Driver::new(runtime.clone(), shared.clone(), ownership, proxy));
        Ok(Self { handle: Arc::new(Handle { shared, max_attempts }) })
    }

    /// Opens the connection to the home DC and keeps it open. Creates an auth key if there is none. Every other method
    /// connects automatically; this one reports early whether the server can be reached.
    ///
    /// # Errors
    /// Returns [`Error::Unreachable`] after the number of lost connections that the configuration allows (5 if it sets
    /// no limit), and [`Error::Stopped`] if the client has stopped.
    pub async fn connect(&self) -> Result<(), Error> {
        let before = self.shared().with_state(|state, now| {
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

    /// Stops the client for all its handles: closes the connections, saves the session if it has changed or the last
    /// save failed, and drops the store or releases the lease. Returns when that is done. Pending calls return
    /// [`Error::Stopped`];
    /// [`save_error`](Self::save_error) returns whether the save succeeded.
    pub async fn disconnect(&self) {
        self.shared().with_state(|state, _| state.close_requested = true);
        // The condition is never met, so this waits until the driver ends.
        let Err(_) = self.shared().until(|_| None::<Infallible>).await;
    }

    /// Returns the home DC of the account, or the initial DC of the configuration if it is not known yet.
    #[must_use]
    pub fn home(&self) -> DcId {
        self.shared().lock().machine.home()
    }

    /// Returns whether the connection to the home DC is open and validated: the server has proved that it has the key.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let state = self.shared().lock();
        !state.ended && state.machine.is_connected()
    }

    /// Returns the DC whose connection was lost last, or could not be opened, and why; `None` once it is up again. A
    /// proxy that has accepted a connection and not answered yet is reported as silent ([`ProxyFault::Silent`]).
    ///
    /// [`ProxyFault::Silent`]: sansgram_core::client::ProxyFault::Silent
    #[must_use]
    pub fn last_disconnect(&self) -> Option<(DcId, DisconnectReason)> {
        self.shared().lock().last_disconnect()
    }

    /// Returns whether a stream to any DC is open, even if the server has not proved yet that it has the key. If there
    /// is none, the network is at fault rather than a server.
    #[must_use]
    pub fn has_stream(&self) -> bool {
        let state = self.shared().lock();
        !state.ended && state.machine.has_stream()
    }

    /// Returns what a server repeatedly does instead of answering, such as closing connections, refusing messages or
    /// demanding a wait. Returns `None` once a request is answered.
    #[must_use]
    pub fn server_problem(&self) -> Option<(DcId, ServerProblem)> {
        self.shared().lock().machine.server_problem()
    }

    /// Returns the reason why the server ended the login, until a user logs in again. [`Update::LoggedOut`]
    /// reports the moment.
    #[must_use]
    pub fn logout_cause(&self) -> Option<LogoutCause> {
        self.shared().lock().logged_out
    }

    /// Returns the number of packets and messages from the server that were rejected so far, by the name of the reason
    /// ([`MessageError::name`](sansgram_core::client::MessageError::name)).
    #[must_use]
    pub fn rejected_counts(&self) -> BTreeMap<&'static str, u64> {
        self.shared().lock().machine.rejected_counts().clone()
    }

    /// Returns the current session. It contains the auth keys: protect it like a password.
    #[must_use]
    pub fn stored_session(&self) -> sansio::StoredSession {
        self.shared().lock().machine.stored_session().clone()
    }

    /// Saves the session now, without waiting for the next attempt after a failed save
    /// ([`SaveFailed`](crate::ClientEvent::SaveFailed)). Every change of the session is saved without this call.
    ///
    /// # Errors
    /// Returns [`Error::Store`] if the session cannot be saved, and [`Error::Stopped`] if the client has stopped.
    pub async fn save(&self) -> Result<(), Error> {
        self.shared().with_state(|state, _| state.saves.requested_version += 1);
        self.wait_saved().await
    }

    /// Returns the error of the last save, or `None` if it succeeded. After [`disconnect`](Self::disconnect), an error
    /// means that the last changes are lost.
    #[must_use]
    pub fn save_error(&self) -> Option<Error> {
        self.shared().lock().saves.error.clone().map(Error::Store)
    }

    /// Waits until all changes so far are saved. Errors if the save failed.
    pub(crate) async fn wait_saved(&self) -> Result<(), Error> {
        let shared = self.shared();
        let wanted = shared.lock().saves.requested_version;
        let error = shared
            .until(|state| (state.saves.finished_version >= wanted).then(|| state.saves.error.clone()))
            .await?;
        error.map_or(Ok(()), |error| Err(Error::Store(error)))
    }

    /// Like [`wait_saved`](Self::wait_saved), but tries again if the last save failed.
    pub(crate) async fn wait_saved_or_retry(&self) -> Result<(), Error> {
        self.shared().with_state(|state, _| {
            if state.saves.error.is_some() {
                state.saves.requested_version += 1;
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
    fn from(stopped: Stopped) -> Self {
        stopped.0.map_or(Self::Stopped, Self::Store)
    }
}
