//! Why a call fails after the end of the driver.

use std::sync::Arc;

use crate::StoreError;

/// The error of a wait whose driver has ended: because the lease of the session is over, or for no reason of its own. It
/// becomes [`Error::Store`](crate::Error::Store) or [`Error::Stopped`](crate::Error::Stopped).
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopped(pub(crate) Option<Arc<StoreError>>);

#[cfg(test)]
impl PartialEq for Stopped {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_some() == other.0.is_some()
    }
}
