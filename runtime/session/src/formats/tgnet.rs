//! `tgnet.dat` of Telegram for Android, little-endian, with DCs of versions up to 13. The user is in another file,
//! `userconfing.xml` (sic), beside it or in `shared_prefs`. UNVERIFIED: this follows the public sources, not a file of the
//! real program.

use std::path::Path;

use sansgram_core::client::Servers;
use sansgram_core::tl::Reader;
use zeroize::Zeroizing;

use super::encoding;
use super::error::ImportError;
use super::files;
use super::format::Format;
use super::imported::ImportOptions;
use super::raw_session::{HostPort, RawSession, Reading};
use super::raw_session::{MAX_USER_ID, OtherDc};
use crate::policy::MAX_USER_FILE_LEN;

const TRUE: u32 = 0x9972_75b5;
const FALSE: u32 = 0xbc79_9737;
/// The highest known version of a DC's layout.
const MAX_DC_VERSION: i32 = 13;
/// The largest counts of DCs, of addresses of one DC, of sessions to destroy and of salts that are accepted.
const MAX_COUNT: i32 = 1024;
/// The flag `self` of the schema's `user`.
const USER_FLAG_SELF: i32 = 1 << 10;

pub(super) fn read_file(path: &Path, bytes: &[u8], _options: &ImportOptions) -> Reading {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    let is_named = path.file_name().is_some_and(|name| name == "tgnet.dat");
    // Bytes of a previous, longer content may follow.
    let content = rest.get(..length).filter(|content| content.len() >= 32);
    let Some(content) = content else {
        let damaged = ImportError::Damaged { format: Format::AndroidTgnet, reason: "it is cut short" };
        return is_named.then_some(Err(damaged));
    };
    // Versions with and without the name of the language.
    let found = parse(content, true).or_else(|| parse(content, false));
    let Some(found) = found else {
        let reason = "its fields are inconsistent: it is damaged, or its version is not supported";
        return is_named.then_some(Err(ImportError::Damaged { format: Format::AndroidTgnet, reason }));
    };
    Some(found.and_then(|mut found| {
        found.user_id = user(path).unwrap_or(0);
        found.into_imported()
    }))
}

fn boolean(reader: &mut Reader<'_>) -> Option<bool> {
    match reader.i32().ok()? as u32 {
        TRUE => Some(true),
        FALSE => Some(false),
        _ => None,
    }
}

fn count(reader: &mut Reader<'_>) -> Option<i32> {
    reader.i32().ok().filter(|count| (0..=MAX_COUNT).contains(count))
}

fn parse(content: &[u8], has_language: bool) -> Option<Result<RawSession, ImportError>> {
    let reader = &mut Reader::new(content);
    let version = reader.i32().ok().filter(|version| (1..=100).contains(version))?;
    let is_test = boolean(reader)?;
    if version >= 3 {
        boolean(reader)?;
    }
    if has_language {
        let language = reader.string().ok()?;
        if !language.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'@')) {
            return None;
        }
    }
    if !boolean(reader)? {
        return Some(Err(ImportError::NoKey(Format::AndroidTgnet)));
    }
    let home = reader.i32().ok()?;
    // Time difference, time of the last DC update, push session; then the flag of a known login.
    reader.raw(16).ok()?;
    boolean(reader)?;
    let start = reader.clone();
    // Newer versions have a time here.
    for has_time in [true, false] {
        let mut reader = start.clone();
        if let Some(found) = parse_dcs(&mut reader, has_time, home, is_test) {
            return Some(found);
        }
    }
    None
}

fn parse_dcs(
    reader: &mut Reader<'_>,
    has_time: bool,
    home: i32,
    is_test: bool,
) -> Option<Result<RawSession, ImportError>> {
    if has_time {
        reader.i32().ok()?;
    }
    let sessions = count(reader)?;
    reader.raw(8 * sessions as usize).ok()?;
    let mut dcs = Vec::new();
    for _ in 0..count(reader)? {
        dcs.push(parse_dc(reader)?);
    }
    let at = dcs.iter().position(|dc| dc.dc == i64::from(home));
    let Some(OtherDc { dc, server, key }) = at.map(|at| dcs.swap_remove(at)) else {
        return Some(Err(ImportError::NoKey(Format::AndroidTgnet)));
    };
    let found = RawSession::new(Format::AndroidTgnet, dc, key);
    Some(Ok(RawSession { server, others: dcs, test_dcs: Some(is_test), ..found }))
}

fn parse_dc(reader: &mut Reader<'_>) -> Option<OtherDc> {
    let version = reader.i32().ok().filter(|version| (1..=MAX_DC_VERSION).contains(version))?;
    let number = reader.i32().ok()?;
    reader.raw(if version >= 10 { 8 } else { 4 }).ok()?;
    // The first address is used, unless a later one is Telegram's: the list may begin with a relay.
    let mut server = HostPort::default();
    // IPv4 and IPv6, each also for media.
    for list in 0..4 {
        for index in 0..count(reader)? {
            let address = reader.string().ok()?;
            let its_port = reader.i32().ok()?;
            let its_server = HostPort::numbered(address, Some(its_port.into()));
            let is_telegrams = |server: &HostPort| server.ip().is_some_and(Servers::is_telegram_address);
            if list == 0 && (index == 0 || !is_telegrams(&server) && is_telegrams(&its_server)) {
                server = its_server;
            }
            if version >= 7 {
                reader.i32().ok()?;
            }
            if version >= 9 {
                reader.string().ok()?;
            }
        }
    }
    if version >= 6 {
        boolean(reader)?;
    }
    let key = key_bytes(reader)?;
    reader.i64().ok()?;
    if version >= 8 {
        key_bytes(reader)?;
        reader.i64().ok()?;
    }
    if version >= 12 {
        key_bytes(reader)?;
        reader.i64().ok()?;
    }
    reader.i32().ok()?;
    for _ in 0..if version >= 13 { 2 } else { 1 } {
        let salts = count(reader)?;
        reader.raw(16 * salts as usize).ok()?;
    }
    // A DC that was not used has no key.
    let key = Zeroizing::new(key.try_into().unwrap_or([0; 256]));
    Some(OtherDc { dc: number.into(), server, key })
}

/// Reads a key with its length, which is 0 or 256.
fn key_bytes<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.i32().ok().filter(|length| matches!(length, 0 | 256))?;
    reader.raw(length as usize).ok()
}

/// Returns the user id from the file with the user, if it exists.
fn user(path: &Path) -> Option<i64> {
    let folder = path.parent()?;
    let paths = [folder.join("userconfing.xml"), folder.join("../shared_prefs/userconfing.xml")];
    let text = paths.iter().find_map(|server| files::read_sibling(server, MAX_USER_FILE_LEN).ok()?)?;
    let text = std::str::from_utf8(&text).ok()?;
    let (_, value) = text.split_once("<string name=\"user\">")?;
    let (value, _) = value.split_once("</string>")?;
    let joined: String = value.replace("&#10;", "").split_whitespace().collect();
    let bytes = encoding::decode(&joined)?;
    let flags = bytes.get(4..)?.first_chunk().copied().map(i32::from_le_bytes)?;
    if flags & USER_FLAG_SELF == 0 {
        return None;
    }
    // Newer layers have a second word of flags before the identifier.
    [12, 8].into_iter().find_map(|at| {
        let id = bytes.get(at..)?.first_chunk().copied().map(i64::from_le_bytes)?;
        (1..=MAX_USER_ID).contains(&id).then_some(id)
    })
}
