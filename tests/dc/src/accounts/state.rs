//! The state of the accounts: who exists, which key is logged in as whom, and what is on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::call::{ApiError, Call, Reply};
use super::codes::Codes;
use super::device::Device;
use super::directory::Directory;
use super::options::{AccountOptions, FaultKind};
use super::password::Challenge;
use crate::random::SecureRandom;
use crate::secrets::Secrets;

/// All users, bots, codes, and which key is logged in as whom.
pub struct Accounts {
    pub(super) options: AccountOptions,
    pub(super) random: Box<dyn SecureRandom + Send>,
    pub(super) directory: Directory,
    pub(super) codes: Codes,
    pub(super) keys: BTreeMap<u64, Key>,
    /// Authorisations on their way to another DC, by their secret bytes.
    pub(super) exports: BTreeMap<Vec<u8>, Export>,
    /// Who may log in without a code, by the token that the last logout gave.
    pub(super) logout_tokens: BTreeMap<Vec<u8>, i64>,
    /// What QR codes show.
    pub(super) login_tokens: BTreeMap<Vec<u8>, LoginToken>,
    /// How often each fault of the options was used.
    pub(super) faults_used: Vec<u32>,
    /// How many calls came in `invokeWithoutUpdates`.
    pub(super) without_updates: u64,
    pub(super) configs_asked: u64,
    /// The functions that were asked for and are not known here.
    pub(super) unserved: BTreeSet<u32>,
    /// How often each number was counted.
    pub(super) counts: BTreeMap<i64, u32>,
    /// What nobody may say.
    pub(super) secrets: Secrets,
    /// Whether a call may have changed what is saved.
    pub(super) changed: bool,
}

/// What is kept of one key.
#[derive(Debug, Default)]
pub(super) struct Key {
    pub(super) layer: Option<i32>,
    pub(super) connection_inited: bool,
    /// Who is logged in.
    pub(super) user: Option<i64>,
    /// Who gave the right code, and owes the password.
    pub(super) password_pending: Option<i64>,
    pub(super) challenge: Option<Challenge>,
    /// What the client last said of itself.
    pub(super) device: Device,
    /// The DC of its last call.
    pub(super) dc: i32,
    pub(super) logged_in_at: i32,
    pub(super) active_at: i32,
    /// Whether another session of the user has ended this one.
    pub(super) is_revoked: bool,
    /// Whether it is a temporary key that stands for no permanent one.
    pub(super) limited: bool,
    /// What was sent by e-mail to recover the password with.
    pub(super) recovery: Option<Recovery>,
}

/// An authorisation on its way to another DC.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) user: i64,
    pub(super) to_dc: i32,
    pub(super) made_at: i32,
}

/// What a QR code shows.
#[derive(Clone, Debug)]
pub(super) struct LoginToken {
    /// The key of the device that shows it.
    pub(super) auth_key_id: u64,
    pub(super) expires: i32,
    pub(super) except_ids: Vec<i64>,
    /// Who scanned it.
    pub(super) user: Option<i64>,
}

/// A code that was sent to recover a password with.
#[derive(Clone, Debug)]
pub(super) struct Recovery {
    pub(super) code: String,
    pub(super) sent_at: i32,
}

/// A function of the API: its name and who answers it.
pub(super) type Method = (&'static str, fn(&mut Accounts, &mut Call<'_>) -> Reply);

impl Accounts {
    /// The accounts of a fresh sandbox.
    #[must_use]
    pub fn new(options: AccountOptions, random: Box<dyn SecureRandom + Send>) -> Self {
        Self {
            directory: Directory::new(&options),
            codes: Codes::new(&options),
            faults_used: vec![0; options.faults.len()],
            options,
            random,
            keys: BTreeMap::new(),
            exports: BTreeMap::new(),
            logout_tokens: BTreeMap::new(),
            counts: BTreeMap::new(),
            unserved: BTreeSet::new(),
            without_updates: 0,
            configs_asked: 0,
            login_tokens: BTreeMap::new(),
            secrets: Secrets::default(),
            changed: false,
        }
    }

    /// Tells the addresses of the DCs, once they are known: what `help.getConfig` lists from now on.
    pub fn set_dcs(&mut self, dcs: Vec<(i32, SocketAddr)>) {
        self.options.dcs = dcs;
    }

    /// The codes, tokens and passwords that were made or used so far.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Forgets all that is known of a key, because it was destroyed.
    pub fn forget_key(&mut self, auth_key_id: u64) {
        self.keys.remove(&auth_key_id);
    }

    /// Whether a call may have changed what is saved, since the last time this was asked.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// A temporary key that stands for no permanent one may call little.
    pub(crate) fn limit_key(&mut self, auth_key_id: u64) {
        self.keys.entry(auth_key_id).or_default().limited = true;
    }

    /// A permanent key got another temporary one: `initConnection` is due again.
    pub(crate) fn rebound(&mut self, auth_key_id: u64) {
        self.keys.entry(auth_key_id).or_default().connection_inited = false;
    }

    /// The error that the options plan for a function which the server answers by itself; counts it.
    pub(crate) fn planned_error(&mut self, method: &str, dc: i32) -> Option<(i32, String)> {
        match self.fault(method, dc)? {
            FaultKind::Error { code, message } => Some((code, message)),
            FaultKind::WrongType | FaultKind::Truncated => None,
        }
    }

    /// The false answer that a call gets, if any; counts it.
    pub(super) fn fault(&mut self, method: &str, dc: i32) -> Option<FaultKind> {
        let mut faults = self.options.faults.iter().zip(&mut self.faults_used);
        let (fault, used) = faults.find(|(fault, used)| {
            fault.method.as_deref().is_none_or(|name| name == method)
                && fault.dc.is_none_or(|on| on == dc)
                && fault.times.is_none_or(|times| **used < times)
        })?;
        *used = used.saturating_add(1);
        Some(fault.kind.clone())
    }

    pub(super) fn key(&mut self, call: &Call<'_>) -> &mut Key {
        self.keys.entry(call.auth_key_id).or_default()
    }

    /// Who calls; an error unless somebody is logged in.
    pub(super) fn caller(&mut self, call: &Call<'_>) -> Result<i64, ApiError> {
        let key = self.key(call);
        let revoked = || ApiError::new(401, "SESSION_REVOKED");
        key.user.ok_or_else(|| if key.is_revoked { revoked() } else { ApiError::unregistered() })
    }

    pub(super) fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}
