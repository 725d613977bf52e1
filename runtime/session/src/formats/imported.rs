//! What is given to an import and an export, and what comes of one.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use sansgram_core::Secret;
use sansgram_core::client::{DcId, StoredSession};

use super::Format;

/// What an import may need besides the session itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// What opens a session that its program encrypts. A program that sets none is read without it.
    pub passcode: Option<Secret<String>>,
    /// Which account to take from a program that holds several: its number, from 1. `None` takes the account that was
    /// in use last, or the first one.
    pub account: Option<u32>,
    /// The `api_hash` of the application, for the formats that are encrypted with it.
    pub api_hash: Option<Secret<String>>,
}

/// What an export may need besides the session itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExportOptions {
    /// Encrypt with this, in the formats that can.
    pub passcode: Option<Secret<String>>,
}

impl ImportOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an encrypted session with this passcode.
    #[must_use]
    pub fn passcode(mut self, passcode: Secret<String>) -> Self {
        self.passcode = Some(passcode);
        self
    }

    /// Takes the account with this number, from 1.
    #[must_use]
    pub const fn account(mut self, account: u32) -> Self {
        self.account = Some(account);
        self
    }

    /// Opens a session that is encrypted with this `api_hash`.
    #[must_use]
    pub fn api_hash(mut self, api_hash: Secret<String>) -> Self {
        self.api_hash = Some(api_hash);
        self
    }
}

impl ExportOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Encrypts the session with this passcode, in the formats that can.
    #[must_use]
    pub fn passcode(mut self, passcode: Secret<String>) -> Self {
        self.passcode = Some(passcode);
        self
    }
}

/// One account of a program that holds several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its number, from 1, as [`ImportOptions::account`] takes it.
    pub number: u32,
    /// The user. `None` if it is not known.
    pub user_id: Option<i64>,
    /// The home DC. `None` if no user is logged in.
    pub dc: Option<DcId>,
    /// Whether its files cannot be read. The import of this account says why.
    pub is_damaged: bool,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.number)?;
        match (self.user_id, self.dc) {
            (Some(id), Some(dc)) => write!(f, "user {id} on {dc}"),
            (None, Some(dc)) => write!(f, "a user on {dc}"),
            (_, None) if self.is_damaged => f.write_str("damaged"),
            (_, None) => f.write_str("no user is logged in"),
        }
    }
}

/// A session as another program kept it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// What it was recognised as.
    pub format: Format,
    /// The session. Salts and clock offset are not known yet. The strings of Telethon and GramJS do not say who is
    /// logged in, and a SQLite file of Telethon 1 not always: the first question of that kind finds out
    /// (`is_authorized`, `get_me`), and updates come from then on.
    pub session: StoredSession,
    /// Addresses of the DCs, if the other library stores them. Our own table is usually newer.
    pub endpoints: BTreeMap<DcId, SocketAddr>,
    /// All accounts that the program holds, if it can hold several. The session is that of one of them.
    pub accounts: Vec<Account>,
    /// The number of the account that was taken. `None` if the program holds one only.
    pub account: Option<u32>,
    /// What was left out or put right to read it, in words: `quotes`.
    pub mended: Vec<&'static str>,
}

impl Imported {
    /// What a format says that holds one account and no addresses.
    pub(super) const fn single(format: Format, session: StoredSession) -> Self {
        Self {
            format,
            session,
            endpoints: BTreeMap::new(),
            accounts: Vec::new(),
            account: None,
            mended: Vec::new(),
        }
    }
}

/// The accounts, in words: `1: user 42 on DC 2; 2: user 43 on DC 4`.
#[must_use]
pub fn listed(accounts: &[Account]) -> String {
    accounts.iter().map(Account::to_string).collect::<Vec<_>>().join("; ")
}
