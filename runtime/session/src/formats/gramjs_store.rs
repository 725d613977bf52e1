//! The folder of GramJS' `StoreSession`: a file for each value, `NAME%3AdcId`, `NAME%3Aport`, `NAME%3AserverAddress`
//! and `NAME%3AauthKey`, in JSON. `NAME` is the folder's name.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use sansgram_core::client::DcTable;
use zeroize::Zeroizing;

use super::encoding::Text;
use super::error::{ExportError, ImportError};
use super::format::Format;
use super::imported::ImportOptions;
use super::raw_session::{Exported, HostPort, RawSession, Reading};
use super::{files, json, write_export};
use crate::policy::{MAX_GRAMJS_FILE_LEN, MAX_GRAMJS_FILES};

const KEY_SUFFIX: &str = "%3AauthKey";

pub(super) fn read_folder(path: &Path, _options: &ImportOptions) -> Reading {
    let mut names: Vec<_> = fs::read_dir(path)
        .ok()?
        .take(MAX_GRAMJS_FILES)
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(KEY_SUFFIX)?.to_owned()))
        .collect();
    names.sort();
    match names.as_slice() {
        [] => None,
        [name] => Some(read(path, name).and_then(RawSession::into_imported)),
        several => Some(Err(ImportError::Several(several.len()))),
    }
}

fn read(path: &Path, name: &str) -> Result<RawSession, ImportError> {
    let format = Format::GramJsStore;
    let content = |value: &str| -> Result<Text, ImportError> {
        let file = path.join(format!("{name}%3A{value}"));
        let bytes = files::read_sibling(&file, MAX_GRAMJS_FILE_LEN)?.unwrap_or_default();
        let text = std::str::from_utf8(&bytes).map(str::to_owned).unwrap_or_default();
        Ok(Zeroizing::new(text))
    };
    let key = content("authKey")?;
    if matches!(key.trim(), "" | "null") {
        return Err(ImportError::NoKey(format));
    }
    let damaged = ImportError::Damaged { format, reason: "its key is not a list of 256 bytes" };
    let key = bytes(&key).ok_or(damaged)?;
    let dc = content("dcId")?.trim().trim_matches('"').parse().unwrap_or(0);
    let host = content("serverAddress")?.trim().trim_matches('"').to_owned();
    let port = content("port")?.trim().trim_matches('"').parse().unwrap_or(0);
    Ok(RawSession { server: HostPort::new(host, port), ..RawSession::new(format, dc, key) })
}

/// Parses `{"type":"Buffer","data":[1,2,…]}`.
fn bytes(text: &str) -> Option<Zeroizing<[u8; 256]>> {
    let object = json::object(text)?;
    let data = json::array(object.get("data")?.get())?;
    let mut key = Zeroizing::new([0; 256]);
    if data.len() != key.len() {
        return None;
    }
    for (byte, value) in key.iter_mut().zip(data) {
        *byte = value.get().parse().ok()?;
    }
    Some(key)
}

pub(super) fn write(session: &Exported<'_>, dcs: &DcTable, path: &Path) -> Result<(), ExportError> {
    let address = session.address(dcs)?;
    // GramJS escapes the name of a file like this.
    let folder = path.file_name().and_then(OsStr::to_str).unwrap_or("session");
    let mut name = String::new();
    for byte in folder.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'!' | b'~' | b'\'' | b'(' | b')' => name.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => name.push(byte.into()),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    let mut key = Zeroizing::new(String::with_capacity(1100));
    key.push_str("{\"type\":\"Buffer\",\"data\":[");
    for (index, byte) in session.key.iter().enumerate() {
        if index > 0 {
            key.push(',');
        }
        key.push_str(&byte.to_string());
    }
    key.push_str("]}");
    let text = |value: String| Zeroizing::new(value);
    let files = [
        (format!("{name}%3AdcId"), text(session.dc.number().to_string())),
        (format!("{name}%3Aport"), text(address.port().to_string())),
        (format!("{name}%3AserverAddress"), text(format!("\"{}\"", address.ip()))),
        (format!("{name}{KEY_SUFFIX}"), key),
    ];
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_bytes())).collect();
    write_export::create_folder(path, &files)
}
