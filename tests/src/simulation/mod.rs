//! The simulator: a client, its user and its requests under faults, on virtual time, with a reference model that watches.
//!
//! A run follows from its seed: the way to log in, the requests, the schedule of faults ([`Plan`]), and all that the
//! client, the servers and the network draw. While it runs, the [`model`] is told what the application did, what the
//! client reported and what the servers received and executed. Once the faults stop, the user must be logged in and
//! every request must have ended within [`RECOVERY`].
//!
//! `tests/src/bin/simulate.rs` runs many seeds on all cores; a seed that breaks a rule is replayed with
//! `simulate --seed N`, and [`minimize`] drops what it does not need.
//!
//! | file | what it has |
//! |---|---|
//! | `plan.rs`, `fault.rs`, `flow.rs`, `choice.rs` | what follows from a seed |
//! | `world.rs` | the servers and sessions that runs start from |
//! | `login.rs`, `disk.rs` | the user, and what the application saves |
//! | `run.rs`, `run/` | the run: actions at their time, faults, and what is told to the model |
//! | `model.rs`, `model/` | the rules |
//! | `minimize.rs` | the smallest schedule that fails |
//! | `figures.rs`, `summary.rs` | the figures of a run, and of many |

mod choice;
mod disk;
mod fault;
mod figures;
mod flow;
mod login;
mod minimize;
pub mod model;
mod plan;
mod run;
mod summary;
mod world;

pub use self::fault::{Fault, FaultKind};
pub use self::figures::Figures;
pub use self::flow::{Account, Flow};
pub use self::minimize::{Minimal, minimize};
pub use self::plan::{Plan, PlannedRequest, Setup};
pub use self::run::{MemoryMeter, RECOVERY, Report, run, run_with};
pub use self::summary::Summary;
pub use self::world::World;
