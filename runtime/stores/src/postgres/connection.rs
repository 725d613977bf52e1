//! The one connection to the database, opened again whenever it is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sansgram_session::text::printable;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::PostgresError;
use super::options::PostgresOptions;
use super::schema;
use crate::policy::{ADDRESSES_PER_HOST, CONNECT_TIMEOUT, MIN_CONNECT_TIMEOUT, STATEMENT_TIMEOUT};

pub(super) type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

pub(super) struct Connection {
    config: Config,
    tls: MakeRustlsConnect,
    /// Host, port and name of the database, for errors.
    pub(super) place: String,
    slot: Mutex<Slot>,
    /// The number of attempts to connect that have failed.
    failures: AtomicU64,
    connect_timeout: Duration,
    statement_timeout: Duration,
}

#[derive(Default)]
struct Slot {
    client: Option<Arc<Client>>,
    /// Why the last attempt to connect has failed.
    error: Option<PostgresError>,
}

impl Connection {
    pub(super) fn new(
        url: &str,
        options: &PostgresOptions,
        renewal_period: Duration,
    ) -> Result<Self, PostgresError> {
        let mut config = parse(url)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(PostgresError::Url("it names no host".into()));
        }
        // The default of libpq takes what the network offers, without TLS if an attacker removes the offer.
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(if is_this_machine(&config) { SslMode::Disable } else { SslMode::Require });
        }
        if config.get_application_name().is_none() {
            config.application_name("sansgram");
        }
        let tls = MakeRustlsConnect::new(tls_config(options, config.get_ssl_mode())?);
        let place = describe(&config);
        // A renewal that waits in vain leaves time for another one over a new connection.
        let statement_timeout = STATEMENT_TIMEOUT.min(renewal_period / 2);
        let connect_timeout = renewal_period.clamp(MIN_CONNECT_TIMEOUT, CONNECT_TIMEOUT);
        // A silent address leaves time for the others.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        let addresses = u32::try_from(hosts).unwrap_or(u32::MAX).saturating_mul(ADDRESSES_PER_HOST);
        let own = config.get_connect_timeout().copied();
        config.connect_timeout(own.unwrap_or(CONNECT_TIMEOUT).min(connect_timeout / addresses.max(1)));
        let (slot, failures) = (Mutex::default(), AtomicU64::new(0));
        Ok(Self { config, tls, place, slot, failures, connect_timeout, statement_timeout })
    }

    /// Runs a statement, over a new connection if the one that is there is lost. The statement must be one that may be
    /// executed twice.
    pub(super) async fn query(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, PostgresError> {
        let mut result = self.query_once(statement, parameters).await;
        if matches!(&result, Err((error, is_old)) if *is_old && error.ends_connection()) {
            result = self.query_once(statement, parameters).await;
        }
        result.map_err(|(error, _)| error)
    }

    /// Runs a statement. The error says whether the connection was there before.
    async fn query_once(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, (PostgresError, bool)> {
        let (client, is_old) = self.client().await.map_err(|error| (error, false))?;
        let error = match timeout(self.statement_timeout, client.query_typed(statement, parameters)).await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => PostgresError::of(&error, &self.place),
            Err(_) => self.unreachable("it does not answer"),
        };
        if error.ends_connection() || client.is_closed() {
            self.forget(&client).await;
        }
        Err((error, is_old))
    }

    pub(super) fn unreachable(&self, reason: &str) -> PostgresError {
        PostgresError::Unreachable { place: self.place.clone(), reason: reason.into() }
    }

    /// Returns the open connection, or opens one. The flag says whether it was open.
    async fn client(&self) -> Result<(Arc<Client>, bool), PostgresError> {
        let failures = self.failures.load(Ordering::Relaxed);
        let mut slot = self.slot.lock().await;
        if let Some(client) = slot.client.as_ref().filter(|client| !client.is_closed()) {
            return Ok((client.clone(), true));
        }
        // All who wait for one attempt share its failure: an attempt for each would make the last one wait for all.
        if failures != self.failures.load(Ordering::Relaxed)
            && let Some(error) = &slot.error
        {
            return Err(error.clone());
        }
        let opened = timeout(self.connect_timeout, self.open()).await;
        match opened.unwrap_or_else(|_| Err(self.unreachable("it does not answer"))) {
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

    async fn open(&self) -> Result<Client, PostgresError> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| PostgresError::of(&error, &self.place))?;
        let place = self.place.clone();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error = printable(&error.to_string());
                tracing::debug!(database = place, error, "the connection to the database is lost");
            }
        });
        schema::prepare(&client, &self.place).await?;
        Ok(client)
    }

    async fn forget(&self, client: &Arc<Client>) {
        let mut slot = self.slot.lock().await;
        drop(slot.client.take_if(|it| Arc::ptr_eq(it, client)));
    }
}

/// Reads a URL, or the other form of connection strings. No error has a part of it, since any may be the password's.
fn parse(url: &str) -> Result<Config, PostgresError> {
    // All that follows the first one would be taken for the host, which errors name.
    if url.contains("://") && url.matches('@').count() > 1 {
        return Err(PostgresError::Url("an @ in a name or password must be written %40".into()));
    }
    url.parse().map_err(|error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let is_known = cause.starts_with("invalid value for option");
        PostgresError::Url(if is_known { cause } else { "its form is wrong, or an option is unknown".into() })
    })
}

/// Whether all hosts are Unix sockets or loopback.
fn is_this_machine(config: &Config) -> bool {
    let by_name = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    by_name && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

/// Returns `HOST:PORT/DATABASE`.
fn describe(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let name = config.get_dbname().or_else(|| config.get_user()).unwrap_or_default();
    format!("{host}:{port}/{name}")
}

fn tls_config(options: &PostgresOptions, mode: SslMode) -> Result<ClientConfig, PostgresError> {
    let mut roots = RootCertStore::empty();
    if mode != SslMode::Disable {
        // Without any, each certificate is refused, and the error says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(path) = &options.root_certificates {
        let failed = |reason: String| PostgresError::Certificates { path: path.clone(), reason };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            roots.add(certificate).map_err(|error| failed(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("the provider has the ciphers of these versions");
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
