//! sansgram over tokio: [`start`] a [`Client`], then log in and call functions. Everything else is re-exported from
//! [`sansgram_runtime`].
//!
//! ```no_run
//! use sansgram_tokio::core::client::{ApiCredentials, Config};
//! use sansgram_tokio::core::tl::functions;
//! use sansgram_tokio::{Error, FileStore, TerminalPrompt};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let mut config = Config::telegram();
//!     // From my.telegram.org.
//!     config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
//!
//!     // Stores the session in `me.session`.
//!     let client = sansgram_tokio::start(config, FileStore::new("me")).await?;
//!     // Asks for phone, code and password, or a bot token. Asks nothing if a user is logged in already.
//!     let me = client.interactive_login(&mut TerminalPrompt::lazy()).await?;
//!     let nearest = client.invoke(&functions::help::GetNearestDc {}).await?;
//!     println!("{}: {nearest:?}", me.first_name);
//!     Ok(())
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use sansgram_runtime::core::client::Config;
pub use sansgram_runtime::*;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Starts a client on the tokio runtime of this task, with the session of `store`.
///
/// # Errors
/// Returns the same errors as [`Client::start`].
///
/// # Panics
/// Panics outside a tokio runtime with enabled I/O and time drivers.
pub async fn start(config: Config, store: impl SessionStore) -> Result<Client, Error> {
    Client::start(Tokio::current(), config, store).await
}

/// Like [`start`], with [`ClientOptions`], such as a proxy.
///
/// # Errors
/// Returns the same errors as [`Client::start`].
///
/// # Panics
/// Panics outside a tokio runtime with enabled I/O and time drivers.
pub async fn start_with(
    config: Config,
    store: impl SessionStore,
    options: ClientOptions,
) -> Result<Client, Error> {
    Client::start_with(Tokio::current(), config, store, options).await
}

/// A tokio runtime.
#[derive(Clone, Debug)]
pub struct Tokio {
    handle: Handle,
}

impl Tokio {
    /// Returns the runtime of the current task or thread.
    ///
    /// # Panics
    /// Panics outside a tokio runtime; use [`From<Handle>`](#impl-From<Handle>-for-Tokio) there.
    #[must_use]
    pub fn current() -> Self {
        Self { handle: Handle::current() }
    }
}

impl From<Handle> for Tokio {
    fn from(handle: Handle) -> Self {
        Self { handle }
    }
}

impl Runtime for Tokio {
    type Stream = Compat<TcpStream>;
    type Timer = Sleep;

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream.compat())
    }

    fn reset(&self, stream: Self::Stream) {
        // It fails only if there is no connection any more.
        let _ = SockRef::from(stream.get_ref()).set_linger(Some(Duration::ZERO));
    }

    fn timer(&self, deadline: Instant) -> Sleep {
        let _inside = self.handle.enter();
        Sleep(Box::pin(tokio::time::sleep_until(deadline.into())))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.handle.spawn_blocking(work);
    }

    fn now(&self) -> Instant {
        // tokio's own clock, which tests can pause.
        let _inside = self.handle.enter();
        tokio::time::Instant::now().into_std()
    }
}

/// A timer of tokio.
#[derive(Debug)]
pub struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Timer for Sleep {
    fn reset(&mut self, deadline: Instant) {
        self.0.as_mut().reset(deadline.into());
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}
