//! Values from the environment. An empty variable counts as none.

use std::env::{self, VarError};

use sansgram_runtime::core::Secret;

use crate::error::Failure;

pub(crate) const PHONE: &str = "SANSGRAM_PHONE";
pub(crate) const CODE: &str = "SANSGRAM_CODE";
pub(crate) const PASSWORD: &str = "SANSGRAM_PASSWORD";
pub(crate) const BOT_TOKEN: &str = "SANSGRAM_BOT_TOKEN";
pub(crate) const API_ID: &str = "SANSGRAM_API_ID";
pub(crate) const API_HASH: &str = "SANSGRAM_API_HASH";
pub(crate) const PROXY: &str = "SANSGRAM_PROXY";
pub(crate) const MTPROXY: &str = "SANSGRAM_MTPROXY";
pub(crate) const PASSPHRASE: &str = "SANSGRAM_PASSPHRASE";
pub(crate) const STORE: &str = "SANSGRAM_STORE";
pub(crate) const STORE_KEY: &str = "SANSGRAM_STORE_KEY";
/// `1`: a passphrase is tried even if that takes minutes.
pub(crate) const ANY_COST: &str = "SANSGRAM_ANY_COST";
pub(crate) const PASSCODE: &str = "SANSGRAM_PASSCODE";
/// `1`: all memory is locked.
pub(crate) const LOCK_MEMORY: &str = "SANSGRAM_LOCK_MEMORY";
/// `1`: core dumps are not forbidden.
pub(crate) const CORE_DUMPS: &str = "SANSGRAM_CORE_DUMPS";

/// All variables with their meaning.
pub(crate) const ALL: [(&str, &str); 17] = [
    (PHONE, "the phone number, as --phone"),
    (CODE, "the login code, as --code"),
    (PASSWORD, "the password of the account, as --password"),
    (BOT_TOKEN, "a bot's token, as --bot-token"),
    (API_ID, "the application's api_id, as --api-id"),
    (API_HASH, "the application's api_hash, as --api-hash"),
    (PROXY, "a proxy, as --proxy"),
    (MTPROXY, "an MTProxy, as --mtproxy"),
    (PASSPHRASE, "the passphrase of an encrypted session"),
    (ANY_COST, "1: open an encrypted session even if its passphrase takes minutes to check"),
    (PASSCODE, "the passcode of another program for a session that is imported or exported"),
    (STORE, "the URL of a database whose sessions are used instead of files, as --store"),
    (STORE_KEY, "the key that seals the sessions of the database; --store-key-file reads it from a file"),
    (LOCK_MEMORY, "1: keep all memory out of swap, as --lock-memory"),
    (
        CORE_DUMPS,
        "1: do not forbid core dumps of the command, nor debuggers and other processes of the user to read its memory",
    ),
    ("NO_COLOR", "if it is set, a QR code is shown without colours"),
    (
        "TERM",
        "if it is dumb or not set, a QR code is shown without colours and does not replace the previous one",
    ),
];

/// Returns `option`, or else the value of the variable.
pub(crate) fn or(option: Option<Secret<String>>, variable: &str) -> Result<Option<Secret<String>>, Failure> {
    if option.is_some() {
        return Ok(option);
    }
    match env::var(variable) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(Secret::new(value))),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::Usage(format!("{variable} is not valid UTF-8"))),
    }
}

/// Returns whether the variable is 1. Errors if it is neither that nor 0: a protection must not be off by a typing error.
pub(crate) fn is_on(variable: &str) -> Result<bool, Failure> {
    match env::var_os(variable) {
        Some(value) if value == "1" => Ok(true),
        Some(value) if !value.is_empty() && value != "0" => {
            Err(Failure::Usage(format!("{variable} must be 1 or 0")))
        }
        _ => Ok(false),
    }
}
