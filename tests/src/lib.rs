//! The harness for sansgram's own client: the client machine against the test DCs of `sansgram-testkit`, in one thread on
//! virtual time.
//!
//! | module | what it is |
//! |---|---|
//! | [`pair`] | the client and the DCs, with a network between them |
//! | [`network`] | that network: latency, chunks, cuts, refusals |
//! | [`secret_scan`] | searches what a client prints for the secrets of its run |
//!
//! The scenarios are in `tests/tests/scenarios/`; `tests/README.md` says which behaviour each one is about.
//!
//! ```
//! use sansgram_core::login::{LoginStep};
//! use sansgram_harness::pair::{Pair, PairOptions};
//!
//! let mut pair = Pair::new(PairOptions::default());
//! let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
//! assert!(matches!(outcome, Ok(user) if user.is_bot));
//! ```

pub mod network;
pub mod pair;
pub mod secret_scan;

/// Compiles the code of the repository's README as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
