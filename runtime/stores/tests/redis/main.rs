//! Sessions in a real Redis, which the tests start: one subject per file, and those of PostgreSQL that any database
//! must pass. They are ignored unless asked for, since it must be installed.

#![cfg(all(unix, feature = "redis"))]

#[path = "../postgres/chaos.rs"]
mod chaos;
#[path = "../postgres/clock.rs"]
mod clock;
mod cluster;
mod failover;
mod late;
mod leases;
#[path = "../postgres/process.rs"]
#[allow(dead_code, reason = "the example of a fleet is for PostgreSQL")]
mod process;
#[path = "../postgres/processes.rs"]
mod processes;
mod refusals;
mod secrecy;
#[path = "../postgres/way.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod way;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sansgram_stores::{RedisOptions as Options, RedisStore as Store, SealingKey, SealingKeys};

/// The text of the sealing key of all tests.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn keys() -> SealingKeys {
    SealingKeys::new(SealingKey::from_text(KEY).unwrap())
}

async fn store(url: &str) -> Store {
    Store::connect(url, keys(), Options::default()).await.unwrap()
}

async fn join_fleet(_: &str, _: IpAddr, _: SocketAddr, _: Duration, _: usize) {
    unreachable!("the example of a fleet is for PostgreSQL");
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}
