//! Which address uses a key, and whether two do at once: Telegram ends such a key (`AUTH_KEY_DUPLICATED`,
//! `core.telegram.org/api/errors`).
//!
//! Telegram's rule is not published. A client that moves from one network to another leaves a connection behind that the
//! server still holds open, and keeps its key; two clients with copies of one session lose theirs. What tells them apart
//! is that the first of the two addresses continues to send.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The owners of all permanent keys, by their identifiers.
#[derive(Default)]
pub(super) struct KeyOwners {
    keys: BTreeMap<u64, KeyOwner>,
    shared_uses: u64,
}

struct KeyOwner {
    /// The address of the last packet.
    address: IpAddr,
    /// The open connections that carried the key.
    conns: BTreeSet<u64>,
    is_ended: bool,
}

impl KeyOwners {
    pub(super) const fn shared_uses(&self) -> u64 {
        self.shared_uses
    }

    /// Whether the key was ended because two addresses used it.
    pub(super) fn is_ended(&self, key: u64) -> bool {
        self.keys.get(&key).is_some_and(|owner| owner.is_ended)
    }

    pub(super) fn end(&mut self, key: u64) {
        if let Some(owner) = self.keys.get_mut(&key) {
            owner.is_ended = true;
        }
    }

    pub(super) fn forget(&mut self, key: u64) {
        self.keys.remove(&key);
    }

    pub(super) fn lost(&mut self, conn: u64) {
        for owner in self.keys.values_mut() {
            owner.conns.remove(&conn);
        }
    }

    /// Notes a packet. Returns whether the connection carried the key before another address did, which makes two owners.
    pub(super) fn is_shared(&mut self, key: u64, conn: u64, address: IpAddr) -> bool {
        let new = || KeyOwner { address, conns: BTreeSet::new(), is_ended: false };
        let owner = self.keys.entry(key).or_insert_with(new);
        let is_known = !owner.conns.insert(conn);
        let is_other = std::mem::replace(&mut owner.address, address) != address;
        let is_shared = is_known && is_other && !owner.is_ended;
        self.shared_uses += u64::from(is_shared);
        is_shared
    }
}
