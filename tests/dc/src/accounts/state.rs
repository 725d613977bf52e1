//! The state of the accounts: accounts, logins by auth key, and what is pending.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::call::{ApiError, Call, Reply};
use super::codes::Codes;
use super::device::Device;
use super::directory::Directory;
use super::files::Files;
use super::handlers::Handlers;
use super::messages::Mailbox;
use super::method_names::{UnknownMethod, must_be_method};
use super::options::{AccountOptions, Fault, FaultKind, TestBot, TestUser};
use super::password::Challenge;
use crate::random::SecureRandom;
use crate::secrets::Secrets;

/// All users, bots and codes, and the login of each auth key.
pub struct Accounts {
    pub(super) options: AccountOptions,
    pub(super) random: Box<dyn SecureRandom + Send>,
    pub(super) directory: Directory,
    pub(super) codes: Codes,
    pub(super) keys: BTreeMap<u64, Key>,
    /// Exported authorizations, by their secret bytes.
    pub(super) exports: BTreeMap<Vec<u8>, Export>,
    /// Users who can log in without a code, by the token of their last logout.
    pub(super) logout_tokens: BTreeMap<Vec<u8>, i64>,
    /// Pending QR codes.
    pub(super) login_tokens: BTreeMap<Vec<u8>, LoginToken>,
    /// The faults, and how often each was used.
    faults: Vec<(Fault, u32)>,
    pub(super) handlers: Handlers,
    /// The messages of each user.
    pub(super) mailboxes: BTreeMap<i64, Mailbox>,
    pub(super) files: Files,
    /// The number of calls in `invokeWithoutUpdates`.
    pub(super) without_updates: u64,
    pub(super) configs_asked: u64,
    /// The constructors of unknown methods that were called.
    pub(super) unserved: BTreeSet<u32>,
    /// How often each number was counted.
    pub(super) counts: BTreeMap<i64, u32>,
    /// The counted numbers since they were last taken, in the order of execution; `None` if no log was requested.
    pub(super) counted: Option<Vec<i64>>,
    /// The secrets of the run.
    pub(super) secrets: Secrets,
    /// Whether a call may have changed the saved state.
    pub(super) changed: bool,
}

/// The state of an auth key.
#[derive(Debug, Default)]
pub(super) struct Key {
    pub(super) layer: Option<i32>,
    pub(super) connection_inited: bool,
    /// The user who is logged in.
    pub(super) user: Option<i64>,
    /// The user who submitted the right code and must still submit the password.
    pub(super) password_pending: Option<i64>,
    pub(super) challenge: Option<Challenge>,
    /// The last `initConnection`.
    pub(super) device: Device,
    /// The DC of its last call.
    pub(super) dc: i32,
    pub(super) logged_in_at: i32,
    pub(super) active_at: i32,
    /// Whether another session of the user has ended this one.
    pub(super) is_revoked: bool,
    /// Whether it is an unbound temporary key.
    pub(super) limited: bool,
    /// The code that was sent to recover the password.
    pub(super) recovery: Option<Recovery>,
}

/// An exported authorization.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) user: i64,
    pub(super) to_dc: i32,
    pub(super) made_at: i32,
}

/// A pending QR code.
#[derive(Clone, Debug)]
pub(super) struct LoginToken {
    /// The key of the device that shows it.
    pub(super) auth_key_id: u64,
    pub(super) expires: i32,
    pub(super) except_ids: Vec<i64>,
    /// The user who scanned it.
    pub(super) user: Option<i64>,
}

/// A code for the recovery of a password.
#[derive(Clone, Debug)]
pub(super) struct Recovery {
    pub(super) code: String,
    pub(super) sent_at: i32,
}

/// An API method: its name and its implementation.
pub(super) type Method = (&'static str, fn(&mut Accounts, &mut Call<'_>) -> Reply);

impl Accounts {
    /// Returns the accounts of newly started DCs.
    ///
    /// # Panics
    /// Panics with the sentence of [`UnknownMethod`] if a fault names a method that does not exist;
    /// [`AccountOptions::check`] returns it.
    #[must_use]
    pub fn new(options: AccountOptions, random: Box<dyn SecureRandom + Send>) -> Self {
        if let Err(error) = options.check() {
            panic!("{error}");
        }
        Self {
            directory: Directory::new(&options),
            codes: Codes::new(&options),
            faults: options.faults.iter().map(|fault| (fault.clone(), 0)).collect(),
            handlers: Handlers::default(),
            mailboxes: BTreeMap::new(),
            files: Files::default(),
            options,
            random,
            keys: BTreeMap::new(),
            exports: BTreeMap::new(),
            logout_tokens: BTreeMap::new(),
            counts: BTreeMap::new(),
            counted: None,
            unserved: BTreeSet::new(),
            without_updates: 0,
            configs_asked: 0,
            login_tokens: BTreeMap::new(),
            secrets: Secrets::default(),
            changed: false,
        }
    }

    /// Adds a fault; those that were added before are matched first.
    ///
    /// # Errors
    /// Returns [`UnknownMethod`] if it names a method that does not exist.
    pub fn inject_fault(&mut self, fault: Fault) -> Result<(), UnknownMethod> {
        fault.method.as_deref().map_or(Ok(()), must_be_method)?;
        self.faults.push((fault, 0));
        Ok(())
    }

    /// Removes all faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The test's own answers, and the recorded calls.
    pub const fn handlers(&mut self) -> &mut Handlers {
        &mut self.handlers
    }

    /// Adds a user, or replaces the account with this identifier.
    pub fn add_user(&mut self, user: &TestUser) {
        self.changed = true;
        self.directory.remove(user.id);
        self.directory.add_user(user);
        self.without_origin(user.id);
    }

    /// Adds a bot, or replaces the account with this identifier.
    pub fn add_bot(&mut self, bot: &TestBot) {
        self.changed = true;
        self.directory.remove(bot.id);
        self.directory.add_bot(bot);
        self.without_origin(bot.id);
    }

    /// Keeps an account that the options do not have in the saved state.
    fn without_origin(&mut self, id: i64) {
        if let Some(account) = self.directory.account_mut(id) {
            account.origin = None;
        }
    }

    /// Removes an account. Its logins stay, and their calls fail with `401 USER_DEACTIVATED`. Returns whether the account
    /// existed.
    pub fn remove_account(&mut self, id: i64) -> bool {
        self.changed = true;
        self.directory.remove(id)
    }

    /// Returns whether an account has this identifier, or may still be created with it from a sandbox number.
    pub(crate) fn may_have_account(&self, id: i64) -> bool {
        self.directory.may_exist(id)
    }

    /// Returns the keys under which a user is logged in.
    pub(crate) fn keys_of(&self, user: i64) -> Vec<u64> {
        let of_user = self.keys.iter().filter(|(_, key)| key.user == Some(user));
        of_user.map(|(id, _)| *id).collect()
    }

    /// Sets the addresses of the DCs, which `help.getConfig` lists.
    pub fn set_dcs(&mut self, dcs: Vec<(i32, SocketAddr)>) {
        self.options.dcs = dcs;
    }

    /// The codes, tokens and passwords of the run.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Forgets a key that was destroyed.
    pub fn forget_key(&mut self, auth_key_id: u64) {
        self.keys.remove(&auth_key_id);
    }

    /// Whether a call may have changed the saved state since the last call of this method.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Marks a temporary key as unbound: it may call few methods.
    pub(crate) fn limit_key(&mut self, auth_key_id: u64) {
        self.keys.entry(auth_key_id).or_default().limited = true;
    }

    /// Requires `initConnection` again, since a new temporary key was bound to this key.
    pub(crate) fn rebound(&mut self, auth_key_id: u64) {
        self.keys.entry(auth_key_id).or_default().connection_inited = false;
    }

    /// Returns and counts the injected error for a method that the server itself executes.
    pub(crate) fn planned_error(&mut self, method: &str, dc: i32) -> Option<(i32, String)> {
        match self.fault(method, dc)? {
            FaultKind::Error { code, message } => Some((code, message)),
            FaultKind::WrongType | FaultKind::Truncated => None,
        }
    }

    /// Returns and counts the injected answer to a call, if any.
    pub(super) fn fault(&mut self, method: &str, dc: i32) -> Option<FaultKind> {
        let (fault, used) = self.faults.iter_mut().find(|(fault, used)| {
            fault.method.as_deref().is_none_or(|name| name == method)
                && fault.dc.is_none_or(|on| on == dc)
                && fault.times.is_none_or(|times| *used < times)
        })?;
        *used = used.saturating_add(1);
        Some(fault.kind.clone())
    }

    pub(super) fn key(&mut self, call: &Call<'_>) -> &mut Key {
        self.keys.entry(call.auth_key_id).or_default()
    }

    /// Returns the user who is logged in. Errors if there is none.
    pub(super) fn caller(&mut self, call: &Call<'_>) -> Result<i64, ApiError> {
        let key = self.key(call);
        let revoked = || ApiError::new(401, "SESSION_REVOKED");
        let user =
            key.user.ok_or_else(|| if key.is_revoked { revoked() } else { ApiError::unregistered() })?;
        match self.directory.account(user) {
            Some(_) => Ok(user),
            None => Err(ApiError::new(401, "USER_DEACTIVATED")),
        }
    }

    pub(super) fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}
