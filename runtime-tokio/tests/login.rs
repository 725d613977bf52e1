//! The scenarios of `runtime/tests/scenarios`, under tokio with several threads and with one.

#[macro_use]
#[path = "../../runtime/tests/scenarios/mod.rs"]
mod scenarios;

use std::future::Future;

use sansgram_harness::time_limit::bounded;
use sansgram_tokio::Tokio;
use tokio::runtime::Builder;

fn run<F, S>(mut builder: Builder, scenario: S)
where
    F: Future<Output = ()>,
    S: FnOnce(Tokio) -> F + Send + 'static,
{
    bounded(move || {
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async { scenario(Tokio::current()).await });
    });
}

mod several_threads {
    use super::*;

    fn run<F: Future<Output = ()>>(scenario: impl FnOnce(Tokio) -> F + Send + 'static) {
        super::run(Builder::new_multi_thread(), scenario);
    }

    scenarios!(run);
}

mod one_thread {
    use super::*;

    fn run<F: Future<Output = ()>>(scenario: impl FnOnce(Tokio) -> F + Send + 'static) {
        super::run(Builder::new_current_thread(), scenario);
    }

    scenarios!(run);
}
