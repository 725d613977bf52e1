//! `--store` with a real Redis, which the tests start as those of `sansgram-stores` do: what differs from PostgreSQL,
//! and one way through the rest. They are ignored unless asked for, since it must be installed.
#![cfg(all(target_os = "linux", feature = "redis"))]

#[path = "../../../runtime/stores/tests/redis/cluster.rs"]
#[allow(dead_code, reason = "the tests of the stores use more of it")]
mod cluster;
#[path = "../support/database.rs"]
mod database;
mod refusals;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

use database::{KEY, Shared, checked, wait};
