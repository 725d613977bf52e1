//! The harness for sansgram's own client: the client machine against the test DCs of `sansgram-testkit`, in one thread on
//! virtual time.
//!
//! | module | what it is |
//! |---|---|
//! | [`pair`] | the client and the DCs, with a network between them |
//! | [`network`] | that network: latency, chunks, cuts, refusals |
//! | [`secret_scan`] | searches what a client prints for the secrets of its run |
//! | [`simulation`] | lives of a client under faults, with a model of what must hold |
//! | [`time_limit`] | the time limit of a test over sockets |
//!
//! The scenarios are in `tests/tests/scenarios/`; `tests/README.md` says which behaviour each one is about.
//!
//! ```
//! use sansgram_core::login::LoginStep;
//! use sansgram_harness::pair::{Pair, PairOptions};
//!
//! let mut pair = Pair::new(PairOptions::default());
//! let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
//! assert!(matches!(outcome, Ok(user) if user.is_bot));
//! ```

pub mod network;
pub mod pair;
pub mod secret_scan;
pub mod simulation;
pub mod time_limit;

/// Compiles the code of the repository's README as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Compiles, and mostly runs, the code of the book as tests. `tests/tests/book.rs` checks that no page is missing.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../docs/first-login.md")]
    struct FirstLogin;
    #[doc = include_str!("../../docs/sessions.md")]
    struct Sessions;
    #[doc = include_str!("../../docs/errors.md")]
    struct Errors;
    #[doc = include_str!("../../docs/many-accounts.md")]
    struct ManyAccounts;
}
