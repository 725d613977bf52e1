//! The scenarios of `runtime/tests/scenarios`, under smol.

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
    scenarios::bounded(|| smol::block_on(scenario(Smol)));
}

scenarios!(run);
