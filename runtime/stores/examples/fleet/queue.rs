//! Where the updates of a fleet go: a table of PostgreSQL that other programs take them from, and a notification for
//! each. The README of the crate says why it is one, and what a reader does.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use sansgram_tokio::Update;
use tokio::sync::Mutex;
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

/// The queue. All sessions of a process share one connection, which is opened again whenever it is lost.
pub(crate) struct Queue {
    config: Config,
    tls: MakeRustlsConnect,
    client: Mutex<Option<Arc<Client>>>,
}

impl Queue {
    /// Connects, and creates the table if it is missing. TLS is required, unless the URL says `sslmode=disable` or the
    /// host is this machine.
    pub(crate) async fn connect(url: &str) -> Result<Self, Box<dyn Error>> {
        let mut config: Config = url.parse().map_err(|_| "the URL of the queue cannot be read")?;
        if config.get_ssl_mode() == SslMode::Prefer {
            let is_near = config.get_hosts().iter().all(is_this_machine);
            config.ssl_mode(if is_near { SslMode::Disable } else { SslMode::Require });
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = MakeRustlsConnect::new(tls.with_root_certificates(roots).with_no_client_auth());
        let this = Self { config, tls, client: Mutex::default() };
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
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref().filter(|it| !it.is_closed()) {
            return Ok(client.clone());
        }
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        tokio::spawn(connection);
        Ok(slot.insert(Arc::new(client)).clone())
    }

    /// The next attempt opens another connection, unless one is open already.
    async fn forget(&self, used: Option<Arc<Client>>) {
        let is_used = |it: &mut Arc<Client>| used.as_ref().is_some_and(|used| Arc::ptr_eq(it, used));
        drop(self.client.lock().await.take_if(is_used));
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

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|it: IpAddr| it.is_loopback()),
        Host::Unix(_) => true,
    }
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
