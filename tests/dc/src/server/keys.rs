//! Auth keys as the DCs keep them.

use std::collections::BTreeMap;

use sansgram_core::crypto::AuthKey;

use super::salts::Salts;
use super::session::Session;

/// The state of an auth key.
pub(super) struct KeyState {
    pub(super) auth_key: AuthKey,
    /// Unix time in seconds; `None`: a permanent key.
    pub(super) expires_at: Option<i64>,
    /// The permanent key that this temporary key is bound to.
    pub(super) bound_to: Option<u64>,
    /// The number of API calls under this key.
    pub(super) calls: u64,
    pub(super) salts: Salts,
    pub(super) sessions: BTreeMap<i64, Session>,
}

impl KeyState {
    /// The key that the accounts know: the permanent one of a bound temporary key.
    pub(super) fn account_key(&self) -> u64 {
        self.bound_to.unwrap_or(self.auth_key.id().0)
    }
}

/// One auth key of a DC, for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// The DC.
    pub dc: i32,
    /// `auth_key_id`.
    pub id: u64,
    /// Whether it is a temporary key.
    pub temporary: bool,
    /// The permanent key that it is bound to.
    pub bound_to: Option<u64>,
    /// The number of API calls under it, without bindings.
    pub calls: u64,
}
