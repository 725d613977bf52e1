//! The secrets of a run: what no client may print, log or report.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shorter secrets are not kept, in bytes: they occur in any text by chance.
const MIN_SECRET_BYTES: usize = 4;

/// The secrets of a run, each with its kind. Clones share them.
///
/// The test DCs know them, since they made them or received them.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<BTreeMap<Vec<u8>, &'static str>>>);

impl Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secrets").field(&self.lock().len()).finish()
    }
}

impl Secrets {
    /// Adds a secret of this kind, such as `"auth_key"`. A secret of fewer than four bytes is ignored.
    pub fn add(&self, kind: &'static str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        if secret.len() >= MIN_SECRET_BYTES {
            self.lock().insert(secret.to_vec(), kind);
        }
    }

    /// Returns the kinds of the secrets, each once.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<&'static str> {
        self.lock().values().copied().collect()
    }

    /// Calls `visit` with each secret and its kind, in the order of their bytes.
    pub fn for_each(&self, mut visit: impl FnMut(&[u8], &'static str)) {
        for (secret, kind) in &*self.lock() {
            visit(secret, kind);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, &'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_secrets_are_ignored_and_none_is_printed() {
        let secrets = Secrets::default();
        secrets.add("code", "22222");
        secrets.add("short", "abc");
        secrets.add("hash", "0123456789abcdef");
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
        assert_eq!(secrets.kinds(), BTreeSet::from(["code", "hash"]));
        let mut total = 0;
        secrets.for_each(|secret, _| total += secret.len());
        assert_eq!(total, 21);
    }
}
