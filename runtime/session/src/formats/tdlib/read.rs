//! Reading: the session consists of the values of the log.

use std::collections::BTreeMap;
use std::path::Path;

use sansgram_core::AuthKey;
use sansgram_core::client::DcId;
use sansgram_core::tl::Reader;
use zeroize::Zeroizing;

use super::super::encoding::Bytes;
use super::super::error::ImportError;
use super::super::format::Format;
use super::super::imported::{ImportOptions, Imported};
use super::super::raw_session::{HostPort, OtherDc, RawSession, Reading};
use super::super::{encoding, files};
use super::log::{self, Log, LogError};
use super::{KEY_VALUE, NAME, OPTION, TEST_NAME};

const FORMAT: Format = Format::Tdlib;
/// The suffix of a log that TDLib rewrites. It replaces the original, unless the process ends before.
const NEW: &str = ".new";

/// Reads TDLib's database directory. If there are two logs, reads that of the production DCs, unless no user is logged
/// in there.
pub(in super::super) fn read_folder(path: &Path, options: &ImportOptions) -> Reading {
    let mut result = None;
    for name in [NAME, TEST_NAME] {
        let log = [name.to_owned(), format!("{name}{NEW}")].map(|name| path.join(name));
        let Some(log) = log.into_iter().find(|log| log.is_file()) else { continue };
        let read = files::read_named(&log).and_then(|bytes| read(&bytes, name == TEST_NAME, options));
        match read {
            Err(ImportError::NoUser(_)) => result = result.or(Some(read)),
            _ => return Some(read),
        }
    }
    result
}

/// Reads a log, which its content identifies, or its name if its beginning is damaged.
pub(in super::super) fn read_file(path: &Path, content: &[u8], options: &ImportOptions) -> Reading {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_named = name.contains(".binlog");
    (is_named || log::recognizes(content)).then(|| read(content, name.starts_with("td_test"), options))
}

/// Reads a log.
pub(super) fn read(content: &[u8], test_dcs: bool, options: &ImportOptions) -> Result<Imported, ImportError> {
    let damaged = |reason| ImportError::Damaged { format: FORMAT, reason };
    let keys = options.passcode.as_ref().map(|key| database_keys(key.expose())).unwrap_or_default();
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_slice()).collect();
    let mut file = Bytes::new(content.to_vec());
    let events = log::decrypt(&mut file, &keys).map_err(|error| match error {
        LogError::Broken => damaged("its first event is incomplete"),
        LogError::KeyNeeded => ImportError::PasscodeNeeded(FORMAT),
        LogError::WrongKey => ImportError::WrongPasscode(FORMAT),
    })?;
    let log = Log::parse(events);
    let values = log.values(KEY_VALUE);
    let text = |name: &str| values.get(name.as_bytes()).and_then(|value| std::str::from_utf8(value).ok());
    // Other states are those of an incomplete login and of a logout.
    if text("auth") != Some("ok") {
        return Err(ImportError::NoUser(FORMAT));
    }
    let home = text("main_dc_id").and_then(|dc| dc.parse::<i64>().ok());
    let home = home.and_then(|dc| DcId::new(dc).ok()).ok_or(damaged("it does not contain its home DC"))?;
    let options = log.values(OPTION);
    let option =
        options.get("my_id".as_bytes()).and_then(|it| std::str::from_utf8(it).ok()?.strip_prefix('I'));
    let user_id = match text("my_id").or(option) {
        Some(id) => id.parse().map_err(|_| damaged("its user id is invalid"))?,
        None => 0,
    };
    let mut keys = keys_by_dc(&values).ok_or(damaged("one of its keys does not fit its id"))?;
    let key = keys.remove(&home).ok_or(ImportError::NoKey(FORMAT))?;
    let others = keys.into_iter().map(|(dc, key)| {
        let (dc, server) = (dc.number().into(), HostPort::default());
        OtherDc { dc, server, key }
    });
    RawSession {
        user_id,
        is_bot: text("auth_is_bot") == Some("true"),
        others: others.collect(),
        test_dcs: Some(test_dcs),
        ..RawSession::new(FORMAT, home.number().into(), key)
    }
    .into_imported()
}

/// Returns the keys of `auth1` and so on. Returns `None` if one of them is damaged.
fn keys_by_dc(values: &BTreeMap<&[u8], &[u8]>) -> Option<BTreeMap<DcId, Zeroizing<[u8; 256]>>> {
    let mut keys = BTreeMap::new();
    for (name, value) in values {
        let number = std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix("auth"));
        let number = number.filter(|number| number.bytes().all(|digit| digit.is_ascii_digit()));
        let Some(dc) = number.and_then(|it| DcId::new(it.parse().ok()?).ok()) else { continue };
        let mut reader = Reader::new(value);
        let (id, _flags) = (reader.u64().ok()?, reader.i32().ok()?);
        let key = match reader.bytes().ok()? {
            // The DC has no key yet.
            [] => continue,
            key => Zeroizing::new(<[u8; 256]>::try_from(key).ok()?),
        };
        // The times after it are not needed.
        if u64::from_le_bytes(AuthKey::new(*key).id().to_bytes()) != id {
            return None;
        }
        keys.insert(dc, key);
    }
    Some(keys)
}

/// Returns the bytes that a database key may stand for: the text itself, or decoded base64 (as in TDLib's JSON) or hex.
fn database_keys(text: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let mut keys = Vec::new();
    if text.is_empty() {
        return keys;
    }
    keys.push(Zeroizing::new(text.as_bytes().to_vec()));
    keys.extend(encoding::decode_standard(text));
    keys.extend(encoding::hex_bytes(text));
    keys
}
