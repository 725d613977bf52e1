//! How a connection to the server is opened.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, RedisConnectionInfo};
use rustls::pki_types::ServerName;
use sansgram_session::text::printable;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::RedisError;
use super::keys::{LAYOUT, SERVER};
use super::url::{self, Url};
use super::{info, scripts};
use crate::policy::ADDRESSES_PER_HOST;
use crate::shared::StoreOptions;
use crate::shared::link::{Server, connect_timeout};
use crate::tls;

pub(super) struct RedisServer {
    url: Url,
    tls: TlsConnector,
    /// Host, port and number of the database, for errors.
    pub(super) place: String,
    /// How long the connection to one address may take.
    address_timeout: Duration,
    /// The replication ID of the server that was used last; empty if there was none.
    replication_id: Mutex<String>,
}

/// An open connection.
pub(super) struct Client {
    connection: MultiplexedConnection,
    /// It reads and writes, until the connection is lost.
    driver: JoinHandle<()>,
}

impl Client {
    /// Returns a handle, whose commands are sent in the order in which they are made.
    pub(super) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It would wait for answers that no one wants.
        self.driver.abort();
    }
}

impl RedisServer {
    pub(super) fn new(
        url: &str,
        options: &StoreOptions,
        renewal_period: Duration,
    ) -> Result<Self, RedisError> {
        let url = url::parse(url)?;
        let config = tls::config(options.root_certificates.as_deref(), url.is_tls);
        let config =
            config.map_err(|error| RedisError::Certificates { path: error.path, reason: error.reason })?;
        let place = match url.host.contains(':') {
            true => format!("[{}]:{}/{}", url.host, url.port, url.database),
            false => format!("{}:{}/{}", url.host, url.port, url.database),
        };
        // A silent address leaves time for another.
        let address_timeout = connect_timeout(renewal_period) / ADDRESSES_PER_HOST;
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { url, tls, place, address_timeout, replication_id: Mutex::default() })
    }

    /// Tries the addresses of the host, one after the other.
    async fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in lookup_host((self.url.host.as_str(), self.url.port)).await? {
            match timeout(self.address_timeout, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "it does not answer"),
            }
        }
        Err(last)
    }

    /// Logs in, and checks the server.
    async fn set_up(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Client, RedisError> {
        // The login is sent below, since the driver does not tell why it was refused.
        let login = RedisConnectionInfo::default().set_skip_set_lib_name();
        // The time of a command is limited by the caller.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let opened = MultiplexedConnection::new_with_config(&login, stream, config).await;
        let (connection, driver) = opened.map_err(|error| self.error(&error))?;
        let client = Client { connection, driver: tokio::spawn(driver) };

        let failed = |error| self.error(&error);
        let mut connection = client.connection();
        if let Some(password) = &self.url.password {
            let mut login = ::redis::cmd("AUTH");
            login.arg(&self.url.user).arg(password.as_str());
            let logged_in = login.query_async::<()>(&mut connection).await;
            logged_in.map_err(|error| failed(error).of_login())?;
        }
        if self.url.database > 0 {
            let mut select = ::redis::cmd("SELECT");
            let selected = select.arg(self.url.database).query_async::<()>(&mut connection).await;
            selected.map_err(|error| failed(error).of_select())?;
        }
        let said: String = ::redis::cmd("INFO").query_async(&mut connection).await.map_err(failed)?;
        let replication_id = info::check(&said, &self.place)?;
        let mut prepare = ::redis::cmd("EVAL");
        let last = self.replication_id.lock().unwrap_or_else(PoisonError::into_inner).clone();
        prepare.arg(scripts::PREPARE).arg(1).arg(SERVER).arg(last);
        let layout: Vec<u8> = prepare.query_async(&mut connection).await.map_err(failed)?;
        let layout = String::from_utf8_lossy(&layout);
        match layout.parse::<u32>() {
            Ok(LAYOUT) => {
                *self.replication_id.lock().unwrap_or_else(PoisonError::into_inner) = replication_id;
                Ok(client)
            }
            _ => {
                let found = printable(&layout);
                Err(RedisError::Later { place: self.place.clone(), found, known: LAYOUT })
            }
        }
    }

    /// Sorts an error of the driver. A server, or a proxy before it, may repeat what it was sent, and so the password.
    pub(super) fn error(&self, error: &::redis::RedisError) -> RedisError {
        RedisError::of(error, &self.place, |text| match &self.url.password {
            Some(password) => text.replace(password.as_str(), "…"),
            None => text.into(),
        })
    }
}

impl Server for RedisServer {
    type Client = Client;
    type Error = RedisError;

    async fn open(&self) -> Result<Client, RedisError> {
        let stream = self.connect().await;
        let stream = stream.map_err(|error| self.unreachable(&printable(&error.to_string())))?;
        if !self.url.is_tls {
            return self.set_up(stream).await;
        }
        let failed = |reason: String| RedisError::Tls { place: self.place.clone(), reason };
        let name = ServerName::try_from(self.url.host.clone());
        let name = name.map_err(|_| failed("the host cannot be in a certificate".into()))?;
        // A server without TLS waits for the end of what it takes for a command.
        let stream = timeout(self.address_timeout, self.tls.connect(name, stream)).await;
        let stream = stream.map_err(|_| failed("it does not answer".into()))?;
        self.set_up(stream.map_err(|error| failed(printable(&error.to_string())))?).await
    }

    fn is_closed(client: &Client) -> bool {
        client.driver.is_finished()
    }

    fn unreachable(&self, reason: &str) -> RedisError {
        RedisError::Unreachable { place: self.place.clone(), reason: reason.into() }
    }
}
