//! A test DC for Telegram clients: a sans-IO MTProto *server* with checks of its own, the accounts behind it, and
//! the means to run it on loopback or on virtual time.
//!
//! | module | what it is |
//! |---|---|
//! | [`server`] | the DCs as a pure machine: bytes and time in, bytes out |
//! | [`accounts`] | the users, bots and codes behind them |
//! | [`serve`] | the DCs on loopback, for anybody's client |
//! | [`pair`] | the client machine and the DCs in one thread, on virtual time |
//! | [`network`] | what lies between the two: latency, chunks, cuts |
//! | [`raw_client`] | a client that sends what a test says, right or wrong |
//! | [`secret_scan`] | the secrets of a run, looked for in all that was said |
//!
//! The server shares the cipher with `sansgram-core`, and checks everything on its own: code that both ends share
//! hides the mistake that both make.
//!
//! ```
//! use sansgram_core::login::Outcome;
//! use sansgram_testkit::pair::{Pair, PairOptions};
//!
//! let mut pair = Pair::new(PairOptions::default());
//! let outcome = pair.login(|login| login.bot_login("1:sandbox"));
//! assert!(matches!(outcome, Ok(Outcome::LoggedIn(user)) if user.is_bot));
//! ```

pub mod accounts;
pub mod network;
pub mod pair;
mod primes;
pub mod random;
pub mod raw_client;
pub mod rsa;
pub mod secret_scan;
pub mod serve;
pub mod server;
mod state_file;
mod wire;
