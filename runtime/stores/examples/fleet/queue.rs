//! Where the updates of a fleet go: a table of PostgreSQL that other programs take them from, and a notification for
//! each. The README of the crate says why it is one, and what a reader does.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use sansgram_tokio::Update;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Several processes may create it at once. A user who may only insert does not try.
const SCHEMA: &str = "\
DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('fleet_updates'));
    IF to_regclass('fleet_updates') IS NULL THEN
        CREATE TABLE fleet_updates (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            session text NOT NULL,
            kind text NOT NULL,
            data bytea NOT NULL
        );
    END IF;
END $$";
/// The notification has only the number: more than 8000 bytes would be refused, and who is away misses it.
const PUBLISH: &str = "\
WITH it AS (INSERT INTO fleet_updates (session, kind, data) VALUES ($1, $2, $3) RETURNING id)
SELECT pg_notify('fleet_updates', id::text) FROM it";
/// How long an attempt may take, with a new connection if there is none.
const ATTEMPT: Duration = Duration::from_secs(2);
/// The pause after an attempt that failed.
const PAUSE: Duration = Duration::from_millis(200);
/// How long statements that were given up are cancelled, before their connection is closed.
const CANCEL_WITHIN: Duration = Duration::from_secs(5);

/// The queue. All sessions of a process share one connection, which is opened again whenever it is lost.
pub(crate) struct Queue {
    config: Config,
    tls: MakeRustlsConnect,
    open: Mutex<Option<Open>>,
}

/// An open connection.
struct Open {
    client: Arc<Client>,
    /// It reads and writes, until the connection is lost.
    driver: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl Queue {
    /// Connects, and creates the table if it is missing. TLS is required, unless the URL says `sslmode=disable` or the
    /// host is this machine.
    pub(crate) async fn connect(url: &str) -> Result<Self, Box<dyn Error>> {
        let mut config: Config = url.parse().map_err(|_| "the URL of the queue cannot be read")?;
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(if is_this_machine(&config) { SslMode::Disable } else { SslMode::Require });
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = MakeRustlsConnect::new(tls.with_root_certificates(roots).with_no_client_auth());
        let this = Self { config, tls, open: Mutex::default() };
        timeout(ATTEMPT, async { this.client().await?.batch_execute(SCHEMA).await })
            .await
            .map_err(|_| "the queue does not answer")?
            .map_err(|error| format!("the queue cannot be used: {}", described(&error)))?;
        Ok(this)
    }

    /// Publishes an update, and tries again until that is done. If an answer is lost, the update is published twice.
    /// `failed` is called with the reason of the first failure.
    pub(crate) async fn publish(&self, session: &str, update: &Update, failed: impl FnOnce(String)) {
        let (kind, data) = encoded(update);
        let row = [(&session as _, Type::TEXT), (&kind as _, Type::TEXT), (&data as _, Type::BYTEA)];
        let mut failed = Some(failed);
        loop {
            let mut used = None;
            let attempt = async {
                let client = used.insert(self.client().await?);
                client.query_typed(PUBLISH, &row).await
            };
            let reason = match timeout(ATTEMPT, attempt).await {
                Ok(Ok(_)) => return,
                Ok(Err(error)) => described(&error),
                Err(_) => {
                    self.forget(used).await;
                    "it does not answer".into()
                }
            };
            if let Some(failed) = failed.take() {
                failed(reason);
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns the open connection, or opens one.
    async fn client(&self) -> Result<Arc<Client>, tokio_postgres::Error> {
        let mut slot = self.open.lock().await;
        if let Some(open) = slot.as_ref().filter(|it| !it.client.is_closed()) {
            return Ok(open.client.clone());
        }
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let open = Open { client: Arc::new(client), driver: tokio::spawn(connection) };
        Ok(slot.insert(open).client.clone())
    }

    /// Gives this connection up: the next attempt opens another one, unless one is open already. What waits in the server,
    /// such as for a lock, is cancelled. Otherwise it would be published later, too, and each attempt keep a connection.
    async fn forget(&self, used: Option<Arc<Client>>) {
        let is_used = |it: &mut Open| used.as_ref().is_some_and(|used| Arc::ptr_eq(&it.client, used));
        let Some(Open { client, driver }) = self.open.lock().await.take_if(is_used) else { return };
        let (token, tls) = (client.cancel_token(), self.tls.clone());
        tokio::spawn(async move {
            // The connection ends once nothing uses it and each statement has its answer.
            let cancelling = async {
                while !driver.is_finished() {
                    let _ = token.cancel_query(tls.clone()).await;
                    sleep(PAUSE).await;
                }
            };
            let _ = timeout(CANCEL_WITHIN, cancelling).await;
            driver.abort();
        });
    }
}

/// Returns the kind of an update and its bytes: those of the server, or a text.
fn encoded(update: &Update) -> (&'static str, Vec<u8>) {
    match update {
        Update::Object(bytes) => ("object", bytes.clone()),
        Update::State(it) => {
            let state = format!("pts={} qts={} date={} seq={}", it.pts, it.qts, it.date, it.seq);
            ("state", state.into())
        }
        Update::Lost => ("lost", Vec::new()),
        Update::LoggedOut(cause) => ("logged_out", format!("{cause:?}").into()),
        other => ("other", format!("{other:?}").into()),
    }
}

/// Returns whether all hosts are Unix sockets or loopback, also the addresses that take the place of their names.
fn is_this_machine(config: &Config) -> bool {
    let is_near = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|it: IpAddr| it.is_loopback()),
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_near) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// Returns the message of the server, or the cause: the driver's own words are general.
fn described(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return refusal.message().into();
    }
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_this_machine_only() {
        for (url, expected) in [
            ("postgres://me@localhost/db", true),
            ("postgres://me@127.0.0.1,[::1]/db", true),
            ("host=/run/postgresql user=me", true),
            ("postgres://me@db.example/db", false),
            ("postgres://me@localhost,db.example/db", false),
            ("host=localhost hostaddr=192.0.2.1 user=me", false),
            ("hostaddr=192.0.2.1 user=me", false),
        ] {
            assert_eq!(is_this_machine(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
