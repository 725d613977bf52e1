//! How a connection to the database is opened.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use sansgram_session::text::printable;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::PostgresError;
use super::schema;
use crate::policy::{ADDRESSES_PER_HOST, CANCEL_PERIOD, CANCEL_TIMEOUT, CONNECT_TIMEOUT};
use crate::shared::StoreOptions;
use crate::shared::link::{Server, connect_timeout};
use crate::tls;

pub(super) struct PostgresServer {
    config: Config,
    tls: MakeRustlsConnect,
    /// Host, port and name of the database, for errors.
    pub(super) place: String,
}

/// An open connection.
pub(super) struct Connection {
    pub(super) client: Client,
    tls: MakeRustlsConnect,
    /// It reads and writes, until the connection is lost, or nothing uses it and each statement has its answer.
    driver: Arc<JoinHandle<()>>,
}

impl PostgresServer {
    pub(super) fn new(
        url: &str,
        options: &StoreOptions,
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
        // A silent address leaves time for the others.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        let addresses = u32::try_from(hosts).unwrap_or(u32::MAX).saturating_mul(ADDRESSES_PER_HOST);
        let own = config.get_connect_timeout().copied();
        config.connect_timeout(
            own.unwrap_or(CONNECT_TIMEOUT).min(connect_timeout(renewal_period) / addresses.max(1)),
        );
        Ok(Self { config, tls, place })
    }
}

impl Server for PostgresServer {
    type Client = Connection;
    type Error = PostgresError;

    async fn open(&self) -> Result<Connection, PostgresError> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| PostgresError::of(&error, &self.place))?;
        let place = self.place.clone();
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error = printable(&error.to_string());
                tracing::debug!(database = place, error, "the connection to the database is lost");
            }
        });
        schema::prepare(&client, &self.place).await?;
        Ok(Connection { client, tls: self.tls.clone(), driver: Arc::new(driver) })
    }

    fn is_closed(connection: &Connection) -> bool {
        connection.client.is_closed()
    }

    /// Cancels what waits in the server, such as for a lock. Otherwise each attempt would keep one of its connections.
    fn abandon(connection: &Connection) {
        let (token, tls) = (connection.client.cancel_token(), connection.tls.clone());
        let driver = connection.driver.clone();
        tokio::spawn(async move {
            let cancelling = async {
                while !driver.is_finished() {
                    let _ = token.cancel_query(tls.clone()).await;
                    sleep(CANCEL_PERIOD).await;
                }
            };
            let _ = timeout(CANCEL_TIMEOUT, cancelling).await;
            driver.abort();
        });
    }

    fn unreachable(&self, reason: &str) -> PostgresError {
        PostgresError::Unreachable { place: self.place.clone(), reason: reason.into() }
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

fn tls_config(options: &StoreOptions, mode: SslMode) -> Result<ClientConfig, PostgresError> {
    let config = tls::config(options.root_certificates.as_deref(), mode != SslMode::Disable);
    config.map_err(|error| PostgresError::Certificates { path: error.path, reason: error.reason })
}
