//! The thread of a store: it runs all statements, and renews all leases of the process together.

use std::collections::{BTreeMap, BTreeSet};
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
use tokio_postgres::types::Type;

use super::answer::Answer;
use super::connection::Connection;
use super::error::{PostgresError, column};
use super::info::SessionInfo;
use super::options::PostgresOptions;
use crate::policy::{MARGIN_PART, MAX_NAME_LEN, RENEWAL_RETRY, RENEWALS_PER_LEASE, RESET_TIMEOUT};
use crate::sealing::SealingKeys;

/// Renews what is still owned, and returns it.
const RENEW: &str = "\
UPDATE sansgram_sessions AS it SET expires_at = clock_timestamp() + make_interval(secs => $4)
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mine (name, owner, fence)
WHERE it.name = mine.name AND it.owner = mine.owner AND it.fence = mine.fence
RETURNING it.owner";
/// A statement of an earlier save that arrives late, over a connection that was given up, changes nothing.
const SAVE: &str = "\
UPDATE sansgram_sessions SET version = $4, data = $5
WHERE name = $1 AND owner = $2 AND fence = $3 AND version <= $4 RETURNING name";
const RELEASE: &str = "\
UPDATE sansgram_sessions AS it SET owner = NULL, expires_at = NULL
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mine (name, owner, fence)
WHERE it.name = mine.name AND it.owner = mine.owner AND it.fence = mine.fence";
const LIST: &str = "\
SELECT name, owner, fence, version, extract(epoch FROM expires_at - clock_timestamp())::float8
FROM sansgram_sessions ORDER BY name";
const EXPORT: &str = "SELECT version, data FROM sansgram_sessions WHERE name = $1 AND data IS NOT NULL";

pub(super) struct Worker {
    pub(super) connection: Connection,
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

/// What names an ownership in the table.
#[derive(Clone, Debug)]
pub(super) struct Ownership {
    /// The owner's name with a random number for each ownership.
    pub(super) owner: String,
    /// It has the session's name and the number of the ownership.
    pub(super) lease: Lease,
}

impl Ownership {
    fn fence(&self) -> i64 {
        self.lease.fence().cast_signed()
    }

    pub(super) fn lost(&self) -> StoreError {
        const REASON: &str = "another client has taken it, or its row was removed";
        self.lease.lose(REASON);
        let session = self.lease.session().into();
        self.lease.lost().unwrap_or(StoreError::LeaseLost { session, reason: REASON.into() })
    }
}

impl Worker {
    /// Starts the thread. Nothing is sent yet.
    pub(super) fn start(
        url: &str,
        keys: SealingKeys,
        options: &PostgresOptions,
    ) -> Result<Arc<Self>, PostgresError> {
        let connection = Connection::new(url, options, options.lease / RENEWALS_PER_LEASE)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| PostgresError::WorkerEnded)?;
        let (ends_thread, ended) = oneshot::channel();
        let worker = Arc::new(Self {
            connection,
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
        let thread = thread::Builder::new().name("sansgram-postgres".into());
        let started = thread.spawn(move || runtime.block_on(renew_all(renewed, ended)));
        started.map_err(|_| PostgresError::WorkerEnded)?;
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

    pub(super) fn place(&self) -> &str {
        &self.connection.place
    }

    /// Connects, if that is not done yet.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        self.connection.query("SELECT 1", &[]).await?;
        Ok(())
    }

    pub(super) async fn list(&self) -> Result<Vec<SessionInfo>, StoreError> {
        let rows = self.connection.query(LIST, &[]).await?;
        let info = |row: &tokio_postgres::Row| {
            let remaining = seconds_of(column(row, 4, self.place())?);
            let owner: Option<&str> = column(row, 1, self.place())?;
            Ok(SessionInfo {
                name: column(row, 0, self.place())?,
                owner: owner.filter(|_| !remaining.is_zero()).map(|owner| (shown_owner(owner), remaining)),
                fence: column::<i64>(row, 2, self.place())?.cast_unsigned(),
                version: column::<i64>(row, 3, self.place())?.cast_unsigned(),
            })
        };
        let list: Result<Vec<_>, StoreError> = rows.iter().map(info).collect();
        // Another program may have written such a row.
        Ok(list?.into_iter().filter(|it| is_possible_name(&it.name)).collect())
    }

    pub(super) async fn export(&self, name: &str) -> Result<Option<StoredSession>, StoreError> {
        let rows = self.connection.query(EXPORT, &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(self.open(name, column(row, 0, self.place())?, column(row, 1, self.place())?)?))
    }

    pub(super) fn open(
        &self,
        name: &str,
        version: i64,
        sealed: &[u8],
    ) -> Result<StoredSession, PostgresError> {
        let opened = self.keys.open(name, version.cast_unsigned(), sealed);
        opened.map_err(|error| PostgresError::Sealed { session: name.into(), error })
    }

    pub(super) async fn save(&self, of: &Ownership, version: i64, sealed: &[u8]) -> Result<(), StoreError> {
        if let Some(lost) = of.lease.lost() {
            return Err(lost);
        }
        let rows = self
            .connection
            .query(
                SAVE,
                &[
                    (&of.lease.session(), Type::TEXT),
                    (&of.owner, Type::TEXT),
                    (&of.fence(), Type::INT8),
                    (&version, Type::INT8),
                    (&sealed, Type::BYTEA),
                ],
            )
            .await?;
        if rows.is_empty() { Err(of.lost()) } else { Ok(()) }
    }

    pub(super) async fn release(&self, all: &[Ownership]) -> Result<(), StoreError> {
        let (names, owners, fences) = columns(all);
        let mine = [
            (&names as _, Type::TEXT_ARRAY),
            (&owners as _, Type::TEXT_ARRAY),
            (&fences as _, Type::INT8_ARRAY),
        ];
        self.connection.query(RELEASE, &mine).await?;
        Ok(())
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

    /// Returns whether an ownership of this store calls itself so in the table.
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
    async fn renew(&self) -> Result<(), PostgresError> {
        let alive: Vec<Ownership> =
            self.owned().values().filter(|it| !it.lease.remaining().is_zero()).cloned().collect();
        if alive.is_empty() {
            return Ok(());
        }
        let (names, owners, fences) = columns(&alive);
        let seconds = self.lease.as_secs_f64();
        let before = Lease::clock();
        let rows = self
            .connection
            .query(
                RENEW,
                &[
                    (&names, Type::TEXT_ARRAY),
                    (&owners, Type::TEXT_ARRAY),
                    (&fences, Type::INT8_ARRAY),
                    (&seconds, Type::FLOAT8),
                ],
            )
            .await?;
        let kept: Result<BTreeSet<&str>, _> = rows.iter().map(|row| column(row, 0, self.place())).collect();
        let kept = kept?;
        let mut released = Vec::new();
        for ownership in &alive {
            if kept.contains(ownership.owner.as_str()) {
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

/// Returns the names, the owners and the numbers of ownerships.
fn columns(of: &[Ownership]) -> (Vec<&str>, Vec<&str>, Vec<i64>) {
    of.iter().map(|it| (it.lease.session(), it.owner.as_str(), it.fence())).collect()
}

/// Renews the leases of a worker until it is dropped.
async fn renew_all(worker: Weak<Worker>, mut ended: oneshot::Receiver<()>) {
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

pub(super) fn seconds_of(seconds: Option<f64>) -> Duration {
    Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default()
}
