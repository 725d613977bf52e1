//! sansgram over smol, also inside async-std: [`start`] a [`Client`], then log in and call functions. Everything else
//! is re-exported from [`sansgram_runtime`].
//!
//! ```no_run
//! use sansgram_smol::core::client::{ApiCredentials, Config};
//! use sansgram_smol::core::tl::functions;
//! use sansgram_smol::{Error, FileStore, TerminalPrompt};
//!
//! fn main() -> Result<(), Error> {
//!     smol::block_on(async {
//!         let mut config = Config::telegram();
//!         // From my.telegram.org.
//!         config.api = Some(ApiCredentials { id: 12345, hash: "0123456789abcdef0123456789abcdef".into() });
//!
//!         // Stores the session in `me.session`.
//!         let client = sansgram_smol::start(config, FileStore::new("me")).await?;
//!         // Asks for phone, code and password, or a bot token. Asks nothing if a user is logged in already.
//!         let me = client.interactive_login(&mut TerminalPrompt::lazy()).await?;
//!         let nearest = client.invoke(&functions::help::GetNearestDc {}).await?;
//!         println!("{}: {nearest:?}", me.first_name);
//!         Ok(())
//!     })
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use sansgram_runtime::core::client::Config;
pub use sansgram_runtime::*;
use smol::Async;
use socket2::SockRef;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Starts a client on smol's global executor, with the session of `store`.
///
/// # Errors
/// Returns the same errors as [`Client::start`].
pub async fn start(config: Config, store: impl SessionStore) -> Result<Client, Error> {
    Client::start(Smol, config, store).await
}

/// Like [`start`], with [`ClientOptions`], such as a proxy.
///
/// # Errors
/// Returns the same errors as [`Client::start`].
pub async fn start_with(
    config: Config,
    store: impl SessionStore,
    options: ClientOptions,
) -> Result<Client, Error> {
    Client::start_with(Smol, config, store, options).await
}

/// smol's global executor and its pool of blocking threads.
///
/// Both start automatically, so this also works inside another runtime, such as async-std.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

impl Runtime for Smol {
    type Stream = Async<TcpStream>;
    type Timer = Sleep;

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = Async::<TcpStream>::connect(address).await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    fn reset(&self, stream: Self::Stream) {
        // It fails only if there is no connection any more.
        let _ = SockRef::from(stream.get_ref()).set_linger(Some(Duration::ZERO));
    }

    fn timer(&self, deadline: Instant) -> Sleep {
        Sleep(smol::Timer::at(deadline))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(task).detach();
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        smol::unblock(work).detach();
    }
}

/// A timer of smol.
#[derive(Debug)]
pub struct Sleep(smol::Timer);

impl Timer for Sleep {
    fn reset(&mut self, deadline: Instant) {
        self.0.set_at(deadline);
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}
