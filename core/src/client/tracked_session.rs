//! The stored session of a running client.

use core::ops::Deref;

use super::dc_options::AnnouncedOptions;
use super::servers::Servers;
use super::stored_session::{DcAuth, StoredSession};
use crate::dc::DcId;
use crate::tl::types;

/// Minimum change of the clock's offset that is worth a save, in seconds: a smaller one is the network's delay.
const MIN_OFFSET_CHANGE: u64 = 3;

/// A [`StoredSession`], and whether it has a change that was not reported to the application.
///
/// It is read by dereferencing. Each method that changes it notes the change.
#[derive(Debug)]
pub(super) struct TrackedSession {
    session: StoredSession,
    has_changed: bool,
}

impl Deref for TrackedSession {
    type Target = StoredSession;

    fn deref(&self) -> &StoredSession {
        &self.session
    }
}

impl TrackedSession {
    /// Creates the session of a client. The application knows it.
    pub(super) const fn new(session: StoredSession) -> Self {
        Self { session, has_changed: false }
    }

    /// Returns whether it changed since the last call.
    pub(super) const fn take_changed(&mut self) -> bool {
        core::mem::replace(&mut self.has_changed, false)
    }

    /// Lends the session for a change.
    pub(super) const fn edit(&mut self) -> &mut StoredSession {
        self.has_changed = true;
        &mut self.session
    }

    /// Removes the user. Returns `false` if no user is logged in.
    pub(super) fn remove_user(&mut self) -> bool {
        let was_logged_in = self.session.user.take().is_some();
        self.has_changed |= was_logged_in;
        was_logged_in
    }

    /// Stores a permanent key.
    pub(super) fn set_auth(&mut self, dc: DcId, key: DcAuth) {
        self.edit().keys.insert(dc, key);
    }

    /// Stores the salt of a permanent key.
    pub(super) fn set_salt(&mut self, dc: DcId, salt: i64) {
        if let Some(key) = self.session.keys.get_mut(&dc).filter(|key| key.server_salt != salt) {
            key.server_salt = salt;
            self.has_changed = true;
        }
    }

    /// Stores the offset of the server's clock, in seconds, unless it is about the same.
    pub(super) fn set_clock_offset(&mut self, offset: i64) {
        if self.session.clock_offset.abs_diff(offset) >= MIN_OFFSET_CHANGE {
            self.edit().clock_offset = offset;
        }
    }

    /// Stores the `api_id` of a login.
    pub(super) fn set_api_id(&mut self, api_id: i32) {
        if self.session.api_id != Some(api_id) {
            self.edit().api_id = Some(api_id);
        }
    }

    /// Stores the addresses of an answer to `help.getConfig`. `server_time`: seconds since 1970.
    pub(super) fn store_config(&mut self, config: &types::Config, server_time: u64) {
        let is_telegram = self.session.servers == Servers::Telegram;
        self.edit().dc_options.store_config(config, is_telegram, server_time);
    }

    /// Stores the addresses that an update announces. If it only says that they are outdated, no change is reported:
    /// the query that follows stores new ones.
    pub(super) fn store_dc_options(&mut self, announced: &AnnouncedOptions) {
        match announced {
            AnnouncedOptions::Outdated => self.session.dc_options.expires = 0,
            AnnouncedOptions::List(list) => {
                let is_telegram = self.session.servers == Servers::Telegram;
                self.has_changed |= self.session.dc_options.replace(list, is_telegram);
            }
        }
    }
}
