//! `--store` with a real PostgreSQL, which the tests start as those of `sansgram-stores` do: one subject per file. They are
//! ignored unless asked for, since it must be installed.
#![cfg(all(target_os = "linux", feature = "postgres"))]

#[path = "../../../runtime/stores/tests/postgres/cluster.rs"]
#[allow(dead_code, reason = "the tests of the stores use more of it")]
mod cluster;
#[path = "../support/database.rs"]
mod database;
mod owners;
mod refusals;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

use cluster::{Cluster, PASSWORD};
use database::{KEY, Shared, checked, wait};

/// Test DCs, and an empty database of the server of all tests.
fn shared() -> Shared {
    Shared::new(Cluster::shared())
}

fn database(shared: &Shared) -> &str {
    Cluster::name_of(&shared.url)
}
