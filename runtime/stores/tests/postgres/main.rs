//! Sessions in a real PostgreSQL, which the tests start: one subject per file. They are ignored unless asked for, since
//! it must be installed.

#![cfg(all(unix, feature = "postgres"))]

mod chaos;
mod clock;
mod cluster;
mod fleet;
#[path = "../../examples/fleet.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod fleet_example;
mod leases;
mod process;
mod processes;
mod refusals;
mod runtimes;
mod secrecy;
mod servers;
mod updates;
mod way;

use std::future::Future;

use fleet::join_fleet;
use sansgram_stores::{PostgresOptions as Options, PostgresStore as Store, SealingKey, SealingKeys};

/// The text of the sealing key of all tests.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn keys() -> SealingKeys {
    SealingKeys::new(SealingKey::from_text(KEY).unwrap())
}

async fn store(url: &str) -> Store {
    Store::connect(url, keys(), Options::default()).await.unwrap()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}
