//! The scenarios of `runtime/tests/scenarios`, with smol's runtime inside async-std.

#[macro_use]
#[path = "../../runtime/tests/scenarios/mod.rs"]
mod scenarios;

use std::future::Future;

use sansgram_smol::Smol;

fn run<F, S>(scenario: S)
where
    F: Future<Output = ()>,
    S: FnOnce(Smol) -> F + Send + 'static,
{
    scenarios::bounded(|| async_std::task::block_on(scenario(Smol)));
}

scenarios!(run);
