//! Auth keys as the DCs keep them.

use std::collections::BTreeMap;

use sansgram_core::crypto::AuthKey;

use super::salts::Salts;
use super::session::Session;

/// What the server keeps for an authorisation key.
pub(super) struct KeyState {
    pub(super) auth_key: AuthKey,
    /// Unix time in seconds; `None`: a permanent key.
    pub(super) expires_at: Option<i64>,
    /// The permanent key that this temporary one stands for.
    pub(super) bound_to: Option<u64>,
    /// How many API functions came under it.
    pub(super) calls: u64,
    pub(super) salts: Salts,
    pub(super) sessions: BTreeMap<i64, Session>,
}

impl KeyState {
    /// The key that the accounts know: what a temporary key does, it does for its permanent one.
    pub(super) fn account_key(&self) -> u64 {
        self.bound_to.unwrap_or(self.auth_key.id().0)
    }
}

/// One key of a DC, for tests to look at.
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
    /// How many API functions came under it, bindings not counted.
    pub calls: u64,
}
