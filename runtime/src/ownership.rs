//! How a client owns its session.

use std::sync::Arc;

use sansgram_core::client::StoredSession;

use crate::oneshot::oneshot;
use crate::{Lease, OwnedSession, Runtime, SessionStore, StoreError};

/// The ownership of a session. Dropping it gives the session up.
pub(crate) enum Ownership {
    /// For as long as the store is held. Its methods block.
    Store(Arc<dyn SessionStore>),
    /// By a lease.
    Lease(Box<dyn OwnedSession>),
}

impl Ownership {
    /// Takes the session of the store, and loads it.
    pub(crate) async fn take<R: Runtime>(
        runtime: &R,
        store: impl SessionStore,
    ) -> Result<(StoredSession, Self), StoreError> {
        if let Some(leased) = store.leased() {
            let taking = leased.acquire();
            let acquired = taking.await?;
            return Ok((acquired.session.unwrap_or_default(), Self::Lease(acquired.owned)));
        }
        let store: Arc<dyn SessionStore> = Arc::new(store);
        let (sender, loaded) = oneshot();
        let loading = store.clone();
        runtime.spawn_blocking(move || {
            let result = loading.load();
            drop(loading);
            sender.send(result);
        });
        let loaded = loaded.await.unwrap_or_else(|| Err(StoreError::Other("loading did not finish".into())));
        Ok((loaded?.unwrap_or_default(), Self::Store(store)))
    }
}

/// Returns the lease, if the session is owned by one.
pub(crate) fn lease_of(ownership: &Option<Ownership>) -> Option<&Lease> {
    match ownership {
        Some(Ownership::Lease(owned)) => Some(owned.lease()),
        _ => None,
    }
}
