//! Stores of the database of the tests.

use std::future::Future;

use sansgram_stores::{SealingKey, SealingKeys};

use super::{Options, Store};

/// The text of the sealing key of all tests.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

pub(crate) fn keys() -> SealingKeys {
    SealingKeys::new(SealingKey::from_text(KEY).unwrap())
}

pub(crate) async fn store(url: &str) -> Store {
    Store::connect(url, keys(), Options::default()).await.unwrap()
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}
