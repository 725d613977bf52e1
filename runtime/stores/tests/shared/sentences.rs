//! What errors say.

use std::error::Error;

use sansgram_tokio::StoreError;

use super::cluster::PASSWORD;
use super::{Options, Store, keys};

/// Returns what the error of a connection to this URL says.
pub(crate) async fn refusal(url: &str) -> String {
    sentence(&Store::connect(url, keys(), Options::default()).await.unwrap_err())
}

/// Returns the message, which is one sentence and says nothing about the password.
pub(crate) fn sentence(error: &StoreError) -> String {
    let said = error.to_string();
    assert!(!said.contains('\n') && !said.ends_with('.') && !said.contains(PASSWORD), "{said}");
    assert!(error.source().is_none(), "the causes are in the sentence");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    said
}
