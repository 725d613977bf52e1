//! Reading: finding the folder, trying the passcode, choosing the account.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::encoding::{Bytes, Fields};
use super::super::error::ImportError;
use super::super::files;
use super::super::format::Format;
use super::super::imported::{Account, ImportOptions, Imported};
use super::super::raw_session::{HostPort, OtherDc, RawSession};
use super::envelope::{self, Envelope};
use super::passcode::{self, Wrap};
use super::{
    CONFIG_VERSION, DATA, KEY_PREFIX, KNOWN_VERSION, LocalKey, MTP_AUTHORIZATION, SALT_LEN, account_name,
    local,
};
use crate::policy::{MAX_TDATA_ACCOUNTS, MAX_TDATA_FILE_LEN, MAX_TRIED_WRAPS};
use crate::store::directory_of;

/// The name of the folder within the program's folder.
const FOLDER: &str = "tdata";
/// The suffixes of file names, in the order in which they are tried.
const SUFFIXES: [&str; 3] = ["s", "0", "1"];

const MALFORMED: &str = "is damaged: its content does not have the expected layout";
const CANNOT_BE_DECRYPTED: &str = "is damaged, or belongs to another tdata: it cannot be decrypted";

/// Reads a folder: `tdata`, the program's folder around it, or the folder of an account in it. Returns `None` if it is
/// none of these.
pub(in super::super) fn read_folder(
    path: &Path,
    options: &ImportOptions,
) -> Option<Result<Imported, ImportError>> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let is_account = name.len() == 16 && name.iter().all(u8::is_ascii_hexdigit);
    let around = is_account.then(|| path.join(".."));
    for root in [path.to_owned(), path.join(FOLDER)].into_iter().chain(around) {
        if let Some(data) = data_name(&root) {
            return Some(Tdata { root, data }.read(options));
        }
    }
    let old = account_name(DATA, 0);
    let is_old = SUFFIXES.iter().any(|suffix| path.join(format!("{old}{suffix}")).is_file());
    is_old.then_some(Err(ImportError::DamagedFile {
        format: Format::Tdata,
        file: format!("{KEY_PREFIX}{DATA}s"),
        reason: "is missing; it is needed, and folders of versions before 2.0, which have none, cannot be read",
    }))
}

/// Reads the folder that contains the file `path`, whose content this is. Returns `None` if it is not a file of
/// Telegram Desktop.
pub(in super::super) fn read_file(
    path: &Path,
    content: &[u8],
    options: &ImportOptions,
) -> Option<Result<Imported, ImportError>> {
    let name = path.file_name()?.to_str()?;
    let data = data_of(name);
    // A file with the usual name is one of Telegram Desktop even if it is damaged.
    if !content.starts_with(envelope::MAGIC) && data != Some(DATA) {
        return None;
    }
    let root = directory_of(path);
    if let Some(data) = data {
        return Some(Tdata { root: root.to_owned(), data: data.to_owned() }.read(options));
    }
    Some(read_folder(root, options).unwrap_or(Err(ImportError::DamagedFile {
        format: Format::Tdata,
        file: format!("{KEY_PREFIX}{DATA}s"),
        reason: "is missing; give the path of the whole folder tdata",
    })))
}

/// Returns the name of the data from that of a file with a local key: `data` of `key_datas`.
fn data_of(name: &str) -> Option<&str> {
    let name = name.strip_prefix(KEY_PREFIX)?;
    SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|data| !data.is_empty())
}

/// Returns the name of the data in this folder: `data`, or the first other name that a file with a local key has.
fn data_name(root: &Path) -> Option<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root).ok()?.flatten() {
        if let Some(data) = entry.file_name().to_str().and_then(data_of) {
            names.insert(data.to_owned());
        }
    }
    if names.contains(DATA) {
        return Some(DATA.to_owned());
    }
    // Other programs may use such file names, so the content must be that of Telegram Desktop.
    names.into_iter().find(|data| {
        let exists = |suffix: &&str| {
            let path = root.join(format!("{KEY_PREFIX}{data}{suffix}"));
            matches!(files::read_sibling(&path, MAX_TDATA_FILE_LEN), Ok(Some(file)) if file.starts_with(envelope::MAGIC))
        };
        SUFFIXES.iter().any(exists)
    })
}

/// A folder `tdata` and the name of its data.
struct Tdata {
    root: PathBuf,
    data: String,
}

/// The content of a file, and the version of the program that wrote it.
struct Content {
    /// The file's name in the folder.
    name: String,
    version: u32,
    bytes: Bytes,
}

impl Content {
    fn damaged(&self, reason: &'static str) -> ImportError {
        match self.version > KNOWN_VERSION {
            true => ImportError::Newer { format: Format::Tdata, version: version_text(self.version) },
            false => damaged(&self.name, reason),
        }
    }
}

fn damaged(file: &str, reason: &'static str) -> ImportError {
    ImportError::DamagedFile { format: Format::Tdata, file: file.to_owned(), reason }
}

/// Formats a version number: 5008003 is 5.8.3.
fn version_text(version: u32) -> String {
    format!("{}.{}.{}", version / 1_000_000, version / 1000 % 1000, version % 1000)
}

impl Tdata {
    fn read(&self, options: &ImportOptions) -> Result<Imported, ImportError> {
        let key_name = format!("{KEY_PREFIX}{}", self.data);
        let file = self.file(&key_name)?.ok_or_else(|| damaged(&format!("{key_name}s"), "is missing"))?;
        let code = options.passcode.as_ref().map(|passcode| passcode.expose().as_str());
        let keys = KeyFile::parse(&file.bytes).ok_or_else(|| file.damaged(MALFORMED))?;
        let local_key = keys.local_key(code).map_err(|error| match error {
            KeyError::Needed => ImportError::PasscodeNeeded(Format::Tdata),
            KeyError::Wrong => ImportError::WrongPasscode(Format::Tdata),
            KeyError::NoKey => file.damaged(MALFORMED),
            KeyError::Refused(reason) => damaged(&file.name, reason),
        })?;
        let info = local::decrypt(keys.info, &local_key).ok_or_else(|| file.damaged(CANNOT_BE_DECRYPTED))?;
        let Info { accounts, active } = Info::parse(&info).ok_or_else(|| file.damaged(MALFORMED))?;

        let mut read: Vec<_> = Vec::with_capacity(accounts.len());
        for index in accounts {
            read.push((index, self.account(index, &local_key)));
        }
        let list: Vec<Account> = read.iter().map(|(index, account)| summary(*index, account)).collect();
        let is_usable = |account: &Result<Option<Imported>, ImportError>| matches!(account, Ok(Some(_)));
        let at = match options.account {
            Some(number) => {
                let at = list.iter().position(|account| account.number == number);
                at.ok_or_else(|| ImportError::NoSuchAccount {
                    format: Format::Tdata,
                    account: number,
                    accounts: list.clone(),
                })?
            }
            // The account that was used last, unless no user is logged in there.
            None => {
                let active = read.iter().position(|(index, it)| Some(*index) == active && is_usable(it));
                let usable = || read.iter().position(|(_, it)| is_usable(it));
                active
                    .or_else(usable)
                    .unwrap_or_else(|| read.iter().position(|(_, it)| it.is_err()).unwrap_or(0))
            }
        };
        let (index, account) = read.swap_remove(at);
        let imported = account?.ok_or(ImportError::NoUser(Format::Tdata))?;
        Ok(Imported { accounts: list, account: Some(number(index)), ..imported })
    }

    /// Reads the files of an account. Returns `None` if no user is logged in.
    fn account(&self, index: u32, key: &LocalKey) -> Result<Option<Imported>, ImportError> {
        let name = account_name(&self.data, index);
        let Some(file) = self.decrypted(&name, key)? else { return Ok(None) };
        let authorization = Authorization::parse(&file.bytes).ok_or_else(|| file.damaged(MALFORMED))?;
        if authorization.user_id == 0 {
            return Ok(None);
        }
        let test_dcs = self.is_test_dc_address(&name, key)?;
        authorization.into_imported(test_dcs).map(Some)
    }

    /// Returns whether the account with this name uses the test DCs. Without a file, the program uses production DCs.
    fn is_test_dc_address(&self, account: &str, key: &LocalKey) -> Result<bool, ImportError> {
        const UNCLEAR: &str = "is damaged, so it is not known whether the DCs are test DCs; if it is moved away, \
                               they count as Telegram's own";
        let name = format!("{account}/config");
        let file = match self.decrypted(&name, key) {
            Ok(None) => return Ok(false),
            Ok(Some(file)) => file,
            Err(ImportError::DamagedFile { format, file, .. }) => {
                return Err(ImportError::DamagedFile { format, file, reason: UNCLEAR });
            }
            Err(error) => return Err(error),
        };
        environment(&file.bytes).ok_or_else(|| file.damaged(UNCLEAR))
    }

    /// Reads a file that is encrypted with the local key. Returns `None` if there is no such file.
    fn decrypted(&self, name: &str, key: &LocalKey) -> Result<Option<Content>, ImportError> {
        let Some(file) = self.file(name)? else { return Ok(None) };
        let plain = local::byte_array(&mut Fields(&file.bytes)).and_then(|it| local::decrypt(it, key));
        let bytes = plain.ok_or_else(|| file.damaged(CANNOT_BE_DECRYPTED))?;
        Ok(Some(Content { bytes, ..file }))
    }

    /// Reads the first complete file with this name and one of the suffixes, in the order of the program: `s`, then the
    /// newer one of `0` and `1`, then the other.
    fn file(&self, name: &str) -> Result<Option<Content>, ImportError> {
        let [safe, first, second] = SUFFIXES.map(|suffix| format!("{name}{suffix}"));
        let exists = |name: &String| fs::symlink_metadata(self.root.join(name)).is_ok();
        let candidates = match exists(&safe) {
            true => vec![safe],
            false => {
                let mut both = vec![first, second];
                // The sort is stable; missing files are skipped.
                both.sort_by_key(|name| std::cmp::Reverse(self.modified(name)));
                both
            }
        };
        let mut error = None;
        for name in candidates {
            let Some(file) = files::read_sibling(&self.root.join(&name), MAX_TDATA_FILE_LEN)? else {
                continue;
            };
            match envelope::open(&file) {
                Ok(Envelope { version, data }) => {
                    return Ok(Some(Content { name, version, bytes: Bytes::new(data.to_vec()) }));
                }
                Err(reason) => error = error.or(Some(damaged(&name, reason))),
            }
        }
        error.map_or(Ok(None), Err)
    }

    fn modified(&self, name: &str) -> Option<std::time::SystemTime> {
        fs::symlink_metadata(self.root.join(name)).and_then(|metadata| metadata.modified()).ok()
    }
}

/// Returns the number of an account, from 1. Indices are below 2^31.
fn number(index: u32) -> u32 {
    index + 1
}

fn summary(index: u32, account: &Result<Option<Imported>, ImportError>) -> Account {
    let (user_id, dc, is_damaged) = match account {
        Ok(Some(it)) => (it.session.user.as_ref().map(|user| user.id), it.session.home_dc, false),
        Ok(None) => (None, None, false),
        Err(_) => (None, None, true),
    };
    Account { number: number(index), user_id, dc, is_damaged }
}

/// The content of `key_data`.
struct KeyFile<'a> {
    salt: &'a [u8],
    key: &'a [u8],
    info: &'a [u8],
    /// The wraps of a passcode, since version 7.3.
    wraps: Option<Vec<Wrap<'a>>>,
}

/// The reason why the local key cannot be decrypted.
enum KeyError {
    /// A passcode is needed.
    Needed,
    /// The passcode is wrong.
    Wrong,
    /// The decrypted content is not a key.
    NoKey,
    /// No passcode can be tried.
    Refused(&'static str),
}

impl<'a> KeyFile<'a> {
    fn parse(content: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(content);
        let mut next = || local::byte_array(&mut fields);
        let (salt, key, info) = (next()?, next()?, next()?);
        let wraps = match fields.0 {
            [] => None,
            _ => Some(passcode::wraps(local::byte_array(&mut fields)?)?),
        };
        (salt.len() == SALT_LEN).then_some(Self { salt, key, info, wraps })
    }

    /// Decrypts the local key. A passcode that is not needed is ignored.
    fn local_key(&self, passcode: Option<&str>) -> Result<LocalKey, KeyError> {
        let open = |passcode| local::decrypt(self.key, &local::passcode_key(passcode, self.salt));
        let key = match open("") {
            Some(key) => key,
            None => {
                let passcode = passcode.filter(|passcode| !passcode.is_empty()).ok_or(KeyError::Needed)?;
                let key = match &self.wraps {
                    None => open(passcode),
                    Some(wraps) => first_open(wraps, passcode)?,
                };
                key.ok_or(KeyError::Wrong)?
            }
        };
        key.as_slice().try_into().map(LocalKey::new).map_err(|_| KeyError::NoKey)
    }
}

/// Returns the content of the first wrap that the passcode decrypts.
fn first_open(wraps: &[Wrap<'_>], passcode: &str) -> Result<Option<Bytes>, KeyError> {
    for wrap in wraps.iter().take(MAX_TRIED_WRAPS) {
        if let Some(key) = wrap.open(passcode).map_err(KeyError::Refused)? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// The accounts that `key_data` lists, by their index: the number minus 1.
struct Info {
    accounts: Vec<u32>,
    active: Option<u32>,
}

impl Info {
    fn parse(content: &[u8]) -> Option<Self> {
        let mut fields = Fields(content);
        let count = fields.u32().filter(|count| (1..=MAX_TDATA_ACCOUNTS).contains(count))?;
        let mut accounts = Vec::new();
        for _ in 0..count {
            let index = fields.u32().filter(|index| *index <= i32::MAX.cast_unsigned())?;
            // The program ignores duplicates, too.
            if !accounts.contains(&index) {
                accounts.push(index);
            }
        }
        // Versions before 2.1 do not store which one is active.
        Some(Self { accounts, active: fields.u32() })
    }
}

/// The content of an account's file.
struct Authorization {
    user_id: u64,
    home: u32,
    keys: Vec<(u32, LocalKey)>,
}

impl Authorization {
    fn parse(content: &[u8]) -> Option<Self> {
        let mut fields = Fields(content);
        if fields.u32()? != MTP_AUTHORIZATION {
            return None;
        }
        let mut fields = Fields(local::byte_array(&mut fields)?);
        let (mut user_id, mut home) = (u64::from(fields.u32()?), fields.u32()?);
        // This marks the layout with user ids of 64 bits.
        if user_id == u64::from(u32::MAX) && home == u32::MAX {
            (user_id, home) = (fields.u64()?, fields.u32()?);
        }
        // The count alone must not cause an allocation.
        let count = fields.u32()?;
        let mut keys = Vec::new();
        for _ in 0..count {
            keys.push((fields.u32()?, fields.key()?));
        }
        // The keys that the program will destroy follow in the same form; they are not part of the session.
        Some(Self { user_id, home, keys })
    }

    fn into_imported(self, test_dcs: bool) -> Result<Imported, ImportError> {
        let home = self.keys.iter().find(|(dc, _)| *dc == self.home);
        let (dc, key) = home.ok_or(ImportError::NoKey(Format::Tdata))?;
        // Keys of other kinds, such as temporary ones, have larger numbers.
        let others = self.keys.iter().map(|(dc, key)| OtherDc {
            dc: (*dc).into(),
            server: HostPort::default(),
            key: key.clone(),
        });
        let others = others.collect();
        let user_id = i64::try_from(self.user_id).unwrap_or(-1);
        let found = RawSession::new(Format::Tdata, (*dc).into(), key.clone());
        RawSession { user_id, others, test_dcs: Some(test_dcs), ..found }.into_imported()
    }
}

/// Returns whether an account's configuration names the test DCs. Returns `None` if its layout is not known.
fn environment(content: &[u8]) -> Option<bool> {
    let mut fields = Fields(content);
    let mut fields = Fields(local::byte_array(&mut fields)?);
    match (fields.u32()?, fields.u32()?) {
        (CONFIG_VERSION, 0) => Some(false),
        (CONFIG_VERSION, 1) => Some(true),
        _ => None,
    }
}
