//! Writing: a folder with one account.

use std::net::SocketAddr;
use std::path::Path;

use sansgram_core::client::{DcTable, StoredSession};
use sansgram_core::{OsRandom, SecureRandom};
use zeroize::Zeroizing;

use super::super::encoding::Bytes;
use super::super::error::ExportError;
use super::super::format::Format;
use super::super::imported::ExportOptions;
use super::super::raw_session::Exported;
use super::super::write_export;
use super::{
    CONFIG_VERSION, DATA, KEY_PREFIX, LocalKey, MTP_AUTHORIZATION, SALT_LEN, account_name, envelope, local,
};

/// The version of the program in the files: 5.8.3. The program refuses files of later versions than its own, so this is
/// not the newest one; the layout has not changed since.
const VERSION: u32 = 5_008_003;
/// Flags of an address, as the schema's `dcOption` has them.
const IPV6: u32 = 1 << 0;
const STATIC: u32 = 1 << 4;
/// The second version of the list of DCs. The sign tells it from a count, with which the first version begins.
const DCS_VERSION: i32 = -2;

/// Writes the folder `path`.
pub(in super::super) fn write(
    session: &StoredSession,
    dcs: &DcTable,
    options: &ExportOptions,
    path: &Path,
) -> Result<(), ExportError> {
    let files = files(session, dcs, options, &mut OsRandom::new())?;
    write_export::create_folder(path, &files)
}

/// Returns the files by their names. `key_datas`, which the program needs first, is the last one.
fn files(
    session: &StoredSession,
    dcs: &DcTable,
    options: &ExportOptions,
    random: &mut dyn SecureRandom,
) -> Result<Vec<(String, Bytes)>, ExportError> {
    let exported = Exported::of(session)?;
    let user = exported.user.ok_or(ExportError::NoUser(Format::Tdata))?;
    let mut local_key = LocalKey::new([0; 256]);
    random.fill(&mut *local_key);
    let mut sealed = |content: &[u8]| {
        let mut data = Bytes::default();
        local::push_byte_array(&mut data, &local::encrypt(content, &local_key, random));
        envelope::seal(VERSION, &data)
    };

    let name = account_name(DATA, 0);
    let account = sealed(&authorization(session, user.id, exported.dc.number()));
    let mut files = vec![(format!("{name}s"), account)];
    // Without a configuration, the program uses its built-in addresses of the production DCs.
    if exported.test_dcs {
        files.push((format!("{name}/configs"), sealed(&config(dcs))));
    }
    files.push((format!("{name}/maps"), map(&local_key, random)));
    let passcode = options.passcode.as_ref().map_or("", |passcode| passcode.expose());
    files.push((format!("{KEY_PREFIX}{DATA}s"), key_file(&local_key, passcode, random)));
    Ok(files)
}

/// Returns the local key, encrypted with the key of the passcode, and the list of accounts, encrypted with the local
/// key: account 0, which is active.
pub(super) fn key_file(local_key: &LocalKey, passcode: &str, random: &mut dyn SecureRandom) -> Bytes {
    let mut salt = [0; SALT_LEN];
    random.fill(&mut salt);
    let passcode_key = local::passcode_key(passcode, &salt);
    let info: Vec<u8> = [1_u32, 0, 0].iter().flat_map(|number| number.to_be_bytes()).collect();
    let mut data = Bytes::default();
    local::push_byte_array(&mut data, &salt);
    local::push_byte_array(&mut data, &local::encrypt(&**local_key, &passcode_key, random));
    local::push_byte_array(&mut data, &local::encrypt(&info, local_key, random));
    envelope::seal(VERSION, &data)
}

/// Returns the list of other files, which is empty. Only versions before 2.0 use the salt and the key in it.
fn map(local_key: &LocalKey, random: &mut dyn SecureRandom) -> Bytes {
    let mut data = Bytes::default();
    local::push_byte_array(&mut data, &[]);
    local::push_byte_array(&mut data, &[]);
    local::push_byte_array(&mut data, &local::encrypt(&[], local_key, random));
    envelope::seal(VERSION, &data)
}

/// Returns the file of the account: the user, the home DC, and all keys.
fn authorization(session: &StoredSession, user_id: i64, home: u16) -> Bytes {
    // The capacity is enough for everything: a vector that grows leaves copies of keys behind.
    let mut block = Zeroizing::new(Vec::with_capacity(64 + session.keys.len() * 260));
    block.extend_from_slice(&[0xff; 8]);
    block.extend_from_slice(&user_id.to_be_bytes());
    push(&mut block, u32::from(home));
    push(&mut block, session.keys.len() as u32);
    for (dc, key) in &session.keys {
        push(&mut block, dc.number().into());
        block.extend_from_slice(key.auth_key.as_bytes());
    }
    // The number of keys to destroy.
    push(&mut block, 0);
    let mut content = Bytes::new(Vec::with_capacity(block.len() + 8));
    push(&mut content, MTP_AUTHORIZATION);
    local::push_byte_array(&mut content, &block);
    content
}

/// Returns the configuration of the test DCs at these addresses; all other values are the program's defaults.
fn config(dcs: &DcTable) -> Bytes {
    const BEFORE_DOMAIN: [u32; 19] = [
        200, 10_000, 100, 120_000, 5_000, 30_000, 1_000, 300_000, 30_000, 1_500, 0, 172_800, 172_800,
        172_800, 0, 30, 0, 0, 0,
    ];
    // The last one is the DC of web files.
    const BEFORE_TXT_DOMAIN: [u32; 6] = [604_800, 20_000, 90_000, 30_000, 10_000, 2];
    const BEFORE_REACTION: [u32; 3] = [1, 0, 1024];
    let mut config = Bytes::default();
    push(&mut config, CONFIG_VERSION);
    push(&mut config, 1);
    local::push_byte_array(&mut config, &addresses(dcs));
    BEFORE_DOMAIN.into_iter().for_each(|number| push(&mut config, number));
    push_string(&mut config, "https://t.me/");
    BEFORE_TXT_DOMAIN.into_iter().for_each(|number| push(&mut config, number));
    push_string(&mut config, "tapv3.stel.com");
    BEFORE_REACTION.into_iter().for_each(|number| push(&mut config, number));
    push_string(&mut config, "\u{1f44d}");
    config.extend_from_slice(&0_u64.to_be_bytes());
    let mut content = Bytes::default();
    local::push_byte_array(&mut content, &config);
    content
}

/// Appends the addresses of the DCs, without secrets and keys of content networks.
fn addresses(dcs: &DcTable) -> Bytes {
    let all: Vec<(u16, SocketAddr)> =
        dcs.ids().flat_map(|dc| dcs.endpoints(dc).iter().map(move |it| (dc.number(), *it))).collect();
    let mut list = Bytes::default();
    push(&mut list, DCS_VERSION.cast_unsigned());
    push(&mut list, all.len() as u32);
    for (dc, address) in all {
        let ip = address.ip().to_string();
        let flags = STATIC | if address.is_ipv6() { IPV6 } else { 0 };
        [dc.into(), flags, address.port().into()].into_iter().for_each(|number| push(&mut list, number));
        local::push_byte_array(&mut list, ip.as_bytes());
        local::push_byte_array(&mut list, &[]);
    }
    push(&mut list, 0);
    list
}

fn push(bytes: &mut Bytes, number: u32) {
    bytes.extend_from_slice(&number.to_be_bytes());
}

/// Appends a string of Qt: its length in bytes, and UTF-16 big-endian.
fn push_string(bytes: &mut Bytes, text: &str) {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    local::push_byte_array(bytes, &units);
}
