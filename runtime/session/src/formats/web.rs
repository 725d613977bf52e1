//! The local storage of Telegram Web as JSON. Both versions keep accounts as `account1`, `account2`…, objects with
//! `dcId`, `userId` and `dcN_auth_key` in hexadecimal; version A also keeps the first one as `user_auth`, `dc` and
//! `dcN_auth_key` at the top level, each a JSON document in a string. UNVERIFIED: this follows their public sources, not
//! a storage of the real programs. Salts are left out, since their byte order is not certain.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::encoding::{self, Text};
use super::error::ImportError;
use super::format::Format;
use super::imported::{Account, ImportOptions, Imported};
use super::json::{self, Object};
use super::raw_session::{HostPort, OtherDc, RawSession, Reading};
use crate::policy::{MAX_WEB_ACCOUNTS, MAX_WEB_DCS};

/// Names that only Telegram Web uses. They exist even if no user is logged in, or if a passcode encrypts the rest.
const MARKS: [&str; 9] = [
    "user_auth",
    "tt-global-state",
    "tt-multitab",
    "tt-active-tab",
    "kz_version",
    "k_build",
    "xt_instance",
    "number_of_accounts",
    "tgme_sync",
];
const NO_ACCOUNT: &str = "the local storage of Telegram Web without a key: no user is logged in, or it is encrypted with a \
                          passcode; disable the passcode first";

/// The storage, with the content of its strings.
type Storage = BTreeMap<String, Text>;

/// Returns the nested documents of a file that an automated browser stores: the local storages of all pages, or of one.
pub(super) fn nested_documents(object: &Object<'_>) -> Option<Vec<Text>> {
    if let Some(origins) = object.get("origins").and_then(|value| json::array(value.get())) {
        let storage = |origin: &RawValue| {
            let storage = json::object(origin.get())?;
            Some(Zeroizing::new(storage.get("localStorage")?.get().to_owned()))
        };
        return Some(origins.into_iter().filter_map(storage).collect());
    }
    object.get("localStorage").map(|inner| vec![value(inner)])
}

pub(super) fn read(object: &Object<'_>, options: &ImportOptions) -> Reading {
    accounts(&object.iter().map(|(name, it)| (name.clone(), value(it))).collect(), options)
}

/// Reads a list of pairs, or of objects with `name` or `key`, and `value`.
pub(super) fn read_list(text: &str, options: &ImportOptions) -> Reading {
    let mut storage = Storage::new();
    for entry in json::array(text)? {
        let pair = match json::object(entry.get()) {
            Some(object) => {
                let name = object.get("name").or_else(|| object.get("key"));
                name.zip(object.get("value")).map(|(name, it)| (*name, *it))
            }
            None => json::array(entry.get()).and_then(|pair| Some((*pair.first()?, *pair.get(1)?))),
        };
        if let Some((name, it)) = pair {
            storage.insert(json::string(name)?.to_string(), value(it));
        }
    }
    accounts(&storage, options)
}

/// Returns the content of a string, or the value itself if it is not a string.
fn value(raw: &RawValue) -> Text {
    json::string(raw).unwrap_or_else(|| Zeroizing::new(raw.get().to_owned()))
}

fn accounts(storage: &Storage, options: &ImportOptions) -> Reading {
    let mut found = Vec::new();
    for number in 1..=MAX_WEB_ACCOUNTS {
        let fields = storage.get(&format!("account{number}")).and_then(|text| {
            let object = json::object(text)?;
            Some(object.iter().map(|(name, it)| (name.clone(), value(it))).collect::<Storage>())
        });
        if let Some(account) = fields.and_then(|fields| account(&fields, "dcId", "userId")) {
            found.push((number, account));
        }
    }
    if found.is_empty() {
        let user = storage.get("user_auth").and_then(|text| json::object(text));
        let mut fields: Storage = storage.iter().map(|(name, text)| (name.clone(), text.clone())).collect();
        for (name, it) in user.iter().flatten() {
            fields.entry(name.clone()).or_insert_with(|| value(it));
        }
        let home = if fields.contains_key("dcID") { "dcID" } else { "dc" };
        found.extend(account(&fields, home, "id").map(|account| (1, account)));
    }
    if found.is_empty() {
        let is_one = MARKS.iter().any(|mark| storage.contains_key(*mark));
        return is_one.then_some(Err(ImportError::Unsupported(NO_ACCOUNT)));
    }
    Some(chosen(found, options))
}

fn account(fields: &Storage, home: &str, user: &str) -> Option<Result<RawSession, ImportError>> {
    let number = |name: &str| fields.get(name).and_then(|it| it.trim().trim_matches('"').parse::<i64>().ok());
    let home = number(home)?;
    let key_of = |dc: i64| {
        fields.get(&format!("dc{dc}_auth_key")).map(|text| encoding::hex(text.trim().trim_matches('"')))
    };
    let Some(key) = key_of(home)? else {
        let reason = "its key does not have 512 hexadecimal digits";
        return Some(Err(ImportError::Damaged { format: Format::TelegramWeb, reason }));
    };
    let others = (1..=MAX_WEB_DCS).filter(|dc| *dc != home);
    let others = others.filter_map(|dc| {
        let (server, key) = (HostPort::default(), key_of(dc)??);
        Some(OtherDc { dc, server, key })
    });
    let others = others.collect();
    // Bots cannot log in to Telegram Web.
    let user_id = number(user).unwrap_or(0);
    Some(Ok(RawSession { user_id, others, ..RawSession::new(Format::TelegramWeb, home, key) }))
}

/// Returns the requested account, or the first one.
fn chosen(
    found: Vec<(u32, Result<RawSession, ImportError>)>,
    options: &ImportOptions,
) -> Result<Imported, ImportError> {
    let accounts: Vec<_> = found
        .iter()
        .map(|(number, account)| Account {
            number: *number,
            user_id: account.as_ref().ok().map(|it| it.user_id).filter(|id| *id != 0),
            dc: account.as_ref().ok().and_then(|it| sansgram_core::client::DcId::new(it.dc).ok()),
            is_damaged: account.is_err(),
        })
        .collect();
    let wanted = |number: u32, account: &Result<RawSession, _>| match options.account {
        Some(wanted) => number == wanted,
        None => account.is_ok() || accounts.iter().all(|it| it.is_damaged),
    };
    match found.into_iter().find(|(number, account)| wanted(*number, account)) {
        Some((number, account)) => {
            Ok(Imported { accounts, account: Some(number), ..account?.into_imported()? })
        }
        None => Err(ImportError::NoSuchAccount {
            format: Format::TelegramWeb,
            account: options.account.unwrap_or(1),
            accounts,
        }),
    }
}
