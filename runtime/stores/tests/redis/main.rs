//! Sessions in a real Redis, which the tests start: one subject per file, and those of `shared` that any database must
//! pass. They are ignored unless asked for, since it must be installed.

#![cfg(all(unix, feature = "redis"))]

#[path = "../shared/chaos.rs"]
mod chaos;
#[path = "../shared/clock.rs"]
mod clock;
mod cluster;
mod failover;
mod late;
#[path = "../shared/leases.rs"]
mod leases;
#[path = "../shared/process.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod process;
#[path = "../shared/processes.rs"]
mod processes;
mod refusals;
#[path = "../shared/sealing.rs"]
mod sealing;
#[path = "../shared/secrecy.rs"]
mod secrecy;
#[path = "../shared/sentences.rs"]
mod sentences;
#[path = "../shared/stores.rs"]
mod stores;
#[path = "../shared/way.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod way;

use sansgram_stores::{RedisOptions as Options, RedisStore as Store};
use stores::{KEY, keys, run, store};
