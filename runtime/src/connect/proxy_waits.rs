//! Which connections wait for a proxy that has accepted them.

use std::sync::{Arc, Mutex, PoisonError};

use sansgram_core::client::DcId;

/// The DCs to which a proxy is asked to connect, one entry for each connection that the proxy has accepted and not
/// answered yet. Clones share the entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProxyWaits(Arc<Mutex<Vec<DcId>>>);

impl ProxyWaits {
    /// Adds an entry for `dc` until the guard is dropped.
    pub(super) fn begin(&self, dc: DcId) -> ProxyWait {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(dc);
        ProxyWait { waits: self.clone(), dc }
    }

    /// Returns whether a connection to `dc` waits.
    pub(crate) fn has(&self, dc: DcId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&dc)
    }

    /// Returns the DC of the connection that has waited longest.
    pub(crate) fn first(&self) -> Option<DcId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first().copied()
    }
}

/// One connection that waits.
pub(super) struct ProxyWait {
    waits: ProxyWaits,
    dc: DcId,
}

impl Drop for ProxyWait {
    fn drop(&mut self) {
        let mut dcs = self.waits.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = dcs.iter().position(|dc| *dc == self.dc) {
            dcs.remove(index);
        }
    }
}
