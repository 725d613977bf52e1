//! The one connection to a database, opened again whenever it is lost.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::database::DatabaseError;
use crate::policy::{CONNECT_TIMEOUT, MIN_CONNECT_TIMEOUT, STATEMENT_TIMEOUT};

/// A server that can be connected to.
pub(crate) trait Server: Send + Sync {
    /// An open connection.
    type Client: Send + Sync;
    type Error: DatabaseError;

    /// Connects, and checks that the database can be used.
    fn open(&self) -> impl Future<Output = Result<Self::Client, Self::Error>> + Send;

    fn is_closed(client: &Self::Client) -> bool;

    /// Ends what the server still does for a connection that is given up. Its other statements fail, too.
    fn abandon(_client: &Self::Client) {}

    /// Returns the error of a server that cannot be reached for this reason.
    fn unreachable(&self, reason: &str) -> Self::Error;
}

pub(crate) struct Link<S: Server> {
    pub(crate) server: S,
    slot: Mutex<Slot<S>>,
    /// The number of attempts to connect that have failed.
    failures: AtomicU64,
    connect_timeout: Duration,
    statement_timeout: Duration,
}

struct Slot<S: Server> {
    client: Option<Arc<S::Client>>,
    /// Why the last attempt to connect has failed.
    error: Option<S::Error>,
}

/// Returns how long all attempts to connect may take together.
pub(crate) fn connect_timeout(renewal_period: Duration) -> Duration {
    renewal_period.clamp(MIN_CONNECT_TIMEOUT, CONNECT_TIMEOUT)
}

impl<S: Server> Link<S> {
    pub(crate) fn new(server: S, renewal_period: Duration) -> Self {
        Self {
            server,
            slot: Mutex::new(Slot { client: None, error: None }),
            failures: AtomicU64::new(0),
            connect_timeout: connect_timeout(renewal_period),
            // A renewal that waits in vain leaves time for another one over a new connection.
            statement_timeout: STATEMENT_TIMEOUT.min(renewal_period / 2),
        }
    }

    /// Runs a statement, over a new connection if the one that is there is lost. The statement must be one that may be
    /// executed twice.
    pub(crate) async fn run<T, F>(&self, statement: impl Fn(Arc<S::Client>) -> F) -> Result<T, S::Error>
    where
        F: Future<Output = Result<T, S::Error>>,
    {
        let mut result = self.run_once(&statement).await;
        if matches!(&result, Err((error, is_old)) if *is_old && error.ends_connection()) {
            result = self.run_once(&statement).await;
        }
        result.map_err(|(error, _)| error)
    }

    /// Runs a statement. The error says whether the connection was there before.
    async fn run_once<T, F>(&self, statement: &impl Fn(Arc<S::Client>) -> F) -> Result<T, (S::Error, bool)>
    where
        F: Future<Output = Result<T, S::Error>>,
    {
        let (client, is_old) = self.client().await.map_err(|error| (error, false))?;
        let (error, is_late) = match timeout(self.statement_timeout, statement(client.clone())).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => (error, false),
            Err(_) => (self.server.unreachable("it does not answer"), true),
        };
        if (error.ends_connection() || S::is_closed(&client)) && self.forget(&client).await && is_late {
            S::abandon(&client);
        }
        Err((error, is_old))
    }

    /// Returns the open connection, or opens one. The flag says whether it was open.
    async fn client(&self) -> Result<(Arc<S::Client>, bool), S::Error> {
        let failures = self.failures.load(Ordering::Relaxed);
        let mut slot = self.slot.lock().await;
        if let Some(client) = slot.client.as_ref().filter(|client| !S::is_closed(client)) {
            return Ok((client.clone(), true));
        }
        // All who wait for one attempt share its failure: an attempt for each would make the last one wait for all.
        if failures != self.failures.load(Ordering::Relaxed)
            && let Some(error) = &slot.error
        {
            return Err(error.clone());
        }
        let opened = timeout(self.connect_timeout, self.server.open()).await;
        match opened.unwrap_or_else(|_| Err(self.server.unreachable("it does not answer"))) {
            Ok(client) => {
                let client = Arc::new(client);
                slot.client = Some(client.clone());
                Ok((client, false))
            }
            Err(error) => {
                slot.error = Some(error.clone());
                self.failures.fetch_add(1, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    /// Returns whether it was not forgotten before.
    async fn forget(&self, client: &Arc<S::Client>) -> bool {
        let mut slot = self.slot.lock().await;
        slot.client.take_if(|it| Arc::ptr_eq(it, client)).is_some()
    }
}
