//! The ownership of one session: its saves and its release.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sansgram_session::{Lease, OwnedSession, StoreFuture, StoredSession};

use super::answer::received;
use super::database::{Database, Ownership};
use super::worker::Worker;

pub(super) struct Owned<D: Database> {
    worker: Arc<Worker<D>>,
    number: u64,
    ownership: Ownership,
    /// The version of the last content that may have been stored.
    version: AtomicU64,
    is_released: bool,
}

impl<D: Database> Owned<D> {
    pub(super) const fn new(worker: Arc<Worker<D>>, number: u64, ownership: Ownership, version: u64) -> Self {
        Self { worker, number, ownership, version: AtomicU64::new(version), is_released: false }
    }
}

impl<D: Database> OwnedSession for Owned<D> {
    fn lease(&self) -> &Lease {
        &self.ownership.lease
    }

    fn save(&self, session: &StoredSession) -> StoreFuture<()> {
        // A version is used once, even if its save fails: it may have been stored.
        let version = self.version.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let sealed = self.worker.keys.seal(self.ownership.lease.session(), version, session);
        let (worker, ownership) = (self.worker.clone(), self.ownership.clone());
        let saved = self.worker.run(async move { worker.save(&ownership, version, &sealed).await });
        Box::pin(received(saved))
    }

    fn release(mut self: Box<Self>) -> StoreFuture<()> {
        self.is_released = true;
        self.worker.remove(self.number);
        let (worker, ownership) = (self.worker.clone(), self.ownership.clone());
        let released = self.worker.run(async move { worker.release(&[ownership]).await });
        Box::pin(received(released))
    }
}

impl<D: Database> Drop for Owned<D> {
    fn drop(&mut self) {
        if self.is_released {
            return;
        }
        self.worker.remove(self.number);
        let (worker, ownership) = (self.worker.clone(), self.ownership.clone());
        // The answer is not waited for. After a loss, another owner is not disturbed: the statement names this
        // ownership.
        drop(self.worker.run(async move { worker.release(&[ownership]).await }));
    }
}

impl<D: Database> fmt::Debug for Owned<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").field("lease", &self.ownership.lease).finish_non_exhaustive()
    }
}
