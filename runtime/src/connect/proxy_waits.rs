//! The connections that wait for the answer of a proxy.

use std::sync::{Arc, Mutex, PoisonError};

use sansgram_core::client::DcId;

/// The connections that a proxy has accepted and not answered yet, by the DC that it is asked to connect to. Clones share
/// the entries.
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

/// An entry for one connection, which is removed on drop.
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
