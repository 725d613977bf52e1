//! The scenarios of `runtime/tests/scenarios`, under smol and inside async-std.

#[macro_use]
#[path = "../../runtime/tests/scenarios/mod.rs"]
mod scenarios;

use std::future::Future;

use sansgram_harness::time_limit::bounded;
use sansgram_smol::Smol;

mod smol {
    use super::*;

    fn run<F: Future<Output = ()>>(scenario: impl FnOnce(Smol) -> F + Send + 'static) {
        bounded(|| ::smol::block_on(scenario(Smol)));
    }

    scenarios!(run);
}

mod async_std {
    use super::*;

    fn run<F: Future<Output = ()>>(scenario: impl FnOnce(Smol) -> F + Send + 'static) {
        bounded(|| ::async_std::task::block_on(scenario(Smol)));
    }

    scenarios!(run);
}
