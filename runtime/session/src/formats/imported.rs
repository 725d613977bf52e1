//! The options of imports and exports, and the result of an import.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use sansgram_core::Secret;
use sansgram_core::client::{DcId, StoredSession};

use super::Format;

/// Options of an import.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// The passcode of a session that its program has encrypted; none by default. Ignored if the session is not
    /// encrypted. For TDLib, the database encryption key, as text, base64 or hexadecimal digits.
    pub passcode: Option<Secret<String>>,
    /// The number of the account to import from a program that holds several, from 1. `None`, the default, selects the
    /// account that was used last if it is known, or the first one. Ignored by formats of one account.
    pub account: Option<u32>,
    /// The `api_hash` of the application, 32 hexadecimal digits, for the formats that are encrypted with it; none by
    /// default.
    pub api_hash: Option<Secret<String>>,
}

/// Options of an export.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExportOptions {
    /// The passcode to encrypt the session with, in the formats that support it ([`Format::has_passcode`]). `None`, the
    /// default, and an empty one leave it unencrypted; the program opens it without a question.
    pub passcode: Option<Secret<String>>,
}

impl ImportOptions {
    /// Sets the passcode of an encrypted session.
    #[must_use]
    pub fn passcode(mut self, passcode: Secret<String>) -> Self {
        self.passcode = Some(passcode);
        self
    }

    /// Sets the number of the account to import, from 1.
    #[must_use]
    pub const fn account(mut self, account: u32) -> Self {
        self.account = Some(account);
        self
    }

    /// Sets the `api_hash` that the session is encrypted with.
    #[must_use]
    pub fn api_hash(mut self, api_hash: Secret<String>) -> Self {
        self.api_hash = Some(api_hash);
        self
    }
}

impl ExportOptions {
    /// Sets the passcode to encrypt the session with, in the formats that support it.
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
    /// The number of the account, from 1, as [`ImportOptions::account`] accepts it.
    pub number: u32,
    /// The user, or `None` if it is not known.
    pub user_id: Option<i64>,
    /// The home DC, or `None` if no user is logged in.
    pub dc: Option<DcId>,
    /// True if the account's files cannot be read. An import of this account returns the reason.
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

/// A session that was imported from another program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// The format that was recognized.
    pub format: Format,
    /// The session, without server salts and clock offset. The strings of Telethon and GramJS do not contain the user,
    /// and a SQLite file of Telethon 1 does not always contain it: after the first request for the user
    /// (`is_authorized`, `get_me`), the session has it, and updates arrive.
    pub session: StoredSession,
    /// The addresses of the DCs, if the other library stores them. The table of this library is usually newer.
    pub endpoints: BTreeMap<DcId, SocketAddr>,
    /// All accounts of the program, if it can hold several. The session is that of one of them.
    pub accounts: Vec<Account>,
    /// The number of the imported account, or `None` if the program holds only one.
    pub account: Option<u32>,
    /// Descriptions of what was removed or corrected to read the session, such as `quotes`.
    pub fixes: Vec<&'static str>,
}

impl Imported {
    /// Creates the result for a format that holds one account and no addresses.
    pub(super) const fn single(format: Format, session: StoredSession) -> Self {
        Self {
            format,
            session,
            endpoints: BTreeMap::new(),
            accounts: Vec::new(),
            account: None,
            fixes: Vec::new(),
        }
    }
}

/// Formats the accounts as one line: `1: user 42 on DC 2; 2: user 43 on DC 4`.
#[must_use]
pub fn listed(accounts: &[Account]) -> String {
    accounts.iter().map(Account::to_string).collect::<Vec<_>>().join("; ")
}
