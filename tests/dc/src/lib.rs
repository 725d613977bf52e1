//! A test DC for Telegram clients: a sans-IO MTProto *server* with its own checks, its accounts, and a runner on loopback.
//!
//! | module | what it is |
//! |---|---|
//! | [`offline_testing`] | a guide: test your bot or client offline, in Rust, Python and JavaScript |
//! | [`test_server`] | the DCs on loopback, for any client |
//! | [`server`] | the DCs as a state machine: bytes and time in, bytes out |
//! | [`accounts`] | the users, bots and codes behind them, and a test's own answers to API methods |
//! | [`script`] | answers, faults, updates and messages from a text |
//! | [`raw_client`] | a client that sends what a test specifies, right or wrong |
//! | [`secrets`] | the secrets of a run, which no client may print |
//! | [`rsa`], [`random`] | the RSA key of the DCs; reproducible randomness |
//!
//! The server shares the cipher and the framing with `sansgram-core` and checks everything else on its own: shared code
//! would hide mistakes common to both ends.
//!
//! ```no_run
//! use sansgram_testkit::test_server::{TestServer, TestServerOptions};
//!
//! let server = TestServer::start(TestServerOptions::default())?;
//! let address = server.address(2).expect("DC 2 is one of the default DCs");
//! println!("DC 2 listens at {address}; its key:\n{}", server.public_key_pem());
//! // Run your client against it. Dropping `server` ends it.
//! # Ok::<(), sansgram_testkit::test_server::TestServerError>(())
//! ```

pub use sansgram_core as core;

pub use self::accounts::Answer;
pub use self::test_server::{TestServer, TestServerOptions};

pub mod accounts;
mod builder;
pub mod offline_testing;
mod primes;
pub mod random;
pub mod raw_client;
pub mod rsa;
pub mod script;
pub mod secrets;
pub mod server;
pub mod test_server;
mod wire;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
