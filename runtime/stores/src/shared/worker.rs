//! The thread of a store: it runs all statements, and renews all leases of the process together.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use sansgram_session::text::{printable, printable_unlimited};
use sansgram_session::{Lease, StoreError, StoredSession};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::answer::Answer;
use super::database::{Database, Ownership};
use super::error::SharedStoreError;
use super::info::SessionInfo;
use super::options::StoreOptions;
use crate::policy::{MARGIN_PART, MAX_NAME_LEN, RENEWAL_RETRY, RENEWALS_PER_LEASE, RESET_TIMEOUT};
use crate::sealing::SealingKeys;

pub(super) struct Worker<D> {
    pub(super) database: D,
    pub(super) keys: SealingKeys,
    pub(super) lease: Duration,
    pub(super) owner: String,
    runtime: Handle,
    /// The owned sessions, whose leases are renewed.
    owned: Mutex<BTreeMap<u64, Ownership>>,
    /// Notified whenever one is removed from them.
    removed: Notify,
    next: AtomicU64,
    /// The thread ends when this is dropped.
    _ends_thread: oneshot::Sender<()>,
}

impl<D: Database> Worker<D> {
    /// Starts the thread. Nothing is sent yet.
    pub(super) fn start(
        database: D,
        keys: SealingKeys,
        options: &StoreOptions,
    ) -> Result<Arc<Self>, SharedStoreError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| SharedStoreError::WorkerEnded)?;
        let (ends_thread, ended) = oneshot::channel();
        let worker = Arc::new(Self {
            database,
            keys,
            lease: options.lease,
            owner: printable(&options.owner),
            runtime: runtime.handle().clone(),
            owned: Mutex::default(),
            removed: Notify::new(),
            next: AtomicU64::new(0),
            _ends_thread: ends_thread,
        });
        let renewed = Arc::downgrade(&worker);
        let thread = thread::Builder::new().name(format!("sansgram-{}", D::NAME));
        let started = thread.spawn(move || runtime.block_on(renew_all(renewed, ended)));
        started.map_err(|_| SharedStoreError::WorkerEnded)?;
        Ok(worker)
    }

    /// Runs the work on the thread of the store; it goes on if the answer is dropped. An answer that arrives too late
    /// is dropped there, which releases what was taken.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Answer<T> {
        let (sender, answer) = oneshot::channel();
        self.runtime.spawn(async move {
            let _ = sender.send(work.await);
        });
        answer
    }

    pub(super) async fn list(&self) -> Result<Vec<SessionInfo>, StoreError> {
        let mut list = self.database.list().await.map_err(Into::into)?;
        // Another program may have written such a name.
        list.retain(|it| is_possible_name(&it.name));
        let info = list.into_iter().map(|it| {
            let owner = it.owner.filter(|_| !it.remaining.is_zero());
            SessionInfo {
                name: it.name,
                owner: owner.map(|owner| (shown_owner(&owner), it.remaining)),
                fence: it.fence,
                version: it.version,
            }
        });
        Ok(info.collect())
    }

    pub(super) async fn export(&self, name: &str) -> Result<Option<StoredSession>, StoreError> {
        let content = self.database.export(name).await.map_err(Into::into)?;
        content.map(|(version, sealed)| self.open(name, version, &sealed)).transpose()
    }

    pub(super) fn open(&self, name: &str, version: u64, sealed: &[u8]) -> Result<StoredSession, StoreError> {
        let opened = self.keys.open(name, version, sealed);
        opened.map_err(|error| SharedStoreError::Sealed { session: name.into(), error }.into())
    }

    pub(super) async fn save(&self, of: &Ownership, version: u64, sealed: &[u8]) -> Result<(), StoreError> {
        if let Some(lost) = of.lease.lost() {
            return Err(lost);
        }
        let is_saved = self.database.save(of, version, sealed).await.map_err(Into::into)?;
        if is_saved { Ok(()) } else { Err(of.lost()) }
    }

    pub(super) async fn release(&self, all: &[Ownership]) -> Result<(), StoreError> {
        self.database.release(all).await.map_err(Into::into)
    }

    /// Ends all leases and releases the sessions. What was dropped before is released, too, when this completes.
    pub(super) async fn release_all(&self) -> Result<(), StoreError> {
        let all: Vec<Ownership> = self.owned().values().cloned().collect();
        // From here on, their clients send nothing, and reset their connections before they drop the ownership.
        all.iter().for_each(|it| it.lease.lose("it was given up"));
        let dropped = async {
            loop {
                let removed = self.removed.notified();
                if self.owned().is_empty() {
                    return;
                }
                removed.await;
            }
        };
        // A client whose runtime no longer runs does not.
        let _ = timeout(RESET_TIMEOUT, dropped).await;
        self.release(&all).await
    }

    /// Adds an ownership to those that are renewed.
    pub(super) fn add(&self, ownership: Ownership) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.owned().insert(number, ownership);
        number
    }

    /// Removes an ownership from those that are renewed.
    pub(super) fn remove(&self, number: u64) {
        self.owned().remove(&number);
        self.removed.notify_waiters();
    }

    /// Returns whether an ownership of this store calls itself so in the database.
    pub(super) fn owns(&self, owner: &str) -> bool {
        self.owned().values().any(|it| it.owner == owner)
    }

    fn owned(&self) -> MutexGuard<'_, BTreeMap<u64, Ownership>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns until when a client may send if the lease was requested at `before`.
    pub(super) fn usable_until(&self, before: Duration) -> Duration {
        before + self.lease - self.lease / MARGIN_PART
    }

    /// Renews all leases by one statement. A lease that is over is not renewed.
    async fn renew(&self) -> Result<(), D::Error> {
        let alive: Vec<Ownership> =
            self.owned().values().filter(|it| !it.lease.remaining().is_zero()).cloned().collect();
        if alive.is_empty() {
            return Ok(());
        }
        let before = Lease::clock();
        let kept = self.database.renew(&alive, self.lease).await?;
        let mut released = Vec::new();
        for ownership in &alive {
            if kept.contains(&ownership.owner) {
                ownership.lease.renew(self.usable_until(before));
            } else {
                released.push(ownership);
            }
        }
        // What was released while the statement ran is not lost.
        let owned: Vec<String> = self.owned().values().map(|it| it.owner.clone()).collect();
        for ownership in released.into_iter().filter(|it| owned.contains(&it.owner)) {
            ownership.lost();
        }
        Ok(())
    }
}

/// Renews the leases of a worker until it is dropped.
async fn renew_all<D: Database>(worker: Weak<Worker<D>>, mut ended: oneshot::Receiver<()>) {
    loop {
        let Some(worker) = worker.upgrade() else { return };
        let mut pause = worker.lease / RENEWALS_PER_LEASE;
        if let Err(error) = worker.renew().await {
            tracing::warn!(%error, "the leases could not be renewed");
            pause = RENEWAL_RETRY.min(pause);
        }
        drop(worker);
        if timeout(pause, &mut ended).await.is_ok() {
            return;
        }
    }
}

/// Returns the owner's name without the number of the ownership.
pub(super) fn shown_owner(owner: &str) -> String {
    printable(owner.rsplit_once('#').map_or(owner, |(name, _)| name))
}

/// Returns whether a session may have this name. It is printed, so it has no characters that a terminal obeys.
pub(super) fn is_possible_name(name: &str) -> bool {
    (1..=MAX_NAME_LEN).contains(&name.len()) && printable_unlimited(name) == name
}
