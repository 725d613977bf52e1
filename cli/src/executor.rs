//! The runtimes of `--runtime`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use sansgram_runtime::core::client::Config;
use sansgram_runtime::{Client, ClientOptions, Error, SessionStore};
use sansgram_smol::Smol;
use sansgram_tokio::Tokio;

use crate::error::Failure;

/// Which runtime drives the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Executor {
    /// tokio, on one thread.
    #[default]
    Tokio,
    /// smol, on its global executor.
    Smol,
}

impl Executor {
    /// Runs `future` to its end on this thread.
    pub(crate) fn block_on(self, future: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        match self {
            Self::Tokio => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(|error| Failure::new(format!("tokio cannot be started: {error}")))?;
                let result = runtime.block_on(future);
                // A thread that is still blocked must not keep the process alive.
                runtime.shutdown_background();
                result
            }
            Self::Smol => smol::block_on(future),
        }
    }

    /// Waits. Must be called within [`block_on`](Self::block_on).
    pub(crate) async fn sleep(self, duration: Duration) {
        match self {
            Self::Tokio => tokio::time::sleep(duration).await,
            Self::Smol => {
                smol::Timer::after(duration).await;
            }
        }
    }

    /// Starts a client. Must be called within [`block_on`](Self::block_on).
    pub(crate) async fn start(
        self,
        config: Config,
        store: Arc<dyn SessionStore>,
        options: ClientOptions,
    ) -> Result<Client, Error> {
        match self {
            Self::Tokio => Client::start_with(Tokio::current(), config, store, options).await,
            Self::Smol => Client::start_with(Smol, config, store, options).await,
        }
    }
}
