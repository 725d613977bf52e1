//! Sessions in a real PostgreSQL, which the tests start: one subject per file, and those of `shared` that any database
//! must pass. They are ignored unless asked for, since it must be installed.

#![cfg(all(unix, feature = "postgres"))]

#[path = "../shared/chaos.rs"]
mod chaos;
#[path = "../shared/clock.rs"]
mod clock;
mod cluster;
mod fleet;
#[path = "../../examples/fleet.rs"]
#[allow(dead_code, reason = "its main reads arguments that a test does not have")]
mod fleet_example;
mod late;
#[path = "../shared/leases.rs"]
mod leases;
mod memory;
#[path = "../shared/process.rs"]
mod process;
#[path = "../shared/processes.rs"]
mod processes;
mod refusals;
mod runtimes;
#[path = "../shared/sealing.rs"]
mod sealing;
#[path = "../shared/secrecy.rs"]
mod secrecy;
#[path = "../shared/sentences.rs"]
mod sentences;
mod servers;
#[path = "../shared/stores.rs"]
mod stores;
mod updates;
#[path = "../shared/way.rs"]
mod way;

use sansgram_stores::{PostgresOptions as Options, PostgresStore as Store};
use stores::{KEY, keys, run, store};
