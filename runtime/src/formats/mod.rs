//! Sessions of other programs, both ways: [`import_text`] and [`import_path`] recognise what they are given,
//! [`export_text`] and [`export_path`] write what those programs open. SQLite files take the feature `sqlite`.
//!
//! A session is its keys: whoever has one is signed in as that account. Two programs must not use the same key at
//! once, or Telegram revokes it (`AUTH_KEY_DUPLICATED`): sign in once more, or stop the other program first.
//!
//! ```
//! use sansgram_runtime::core::client::Config;
//! use sansgram_runtime::formats::{Format, export_text, import_text};
//!
//! # let string = format!("1ApWapygG7{}=", "g".repeat(342));
//! let imported = import_text(&string)?;
//! assert_eq!(imported.format, Format::Telethon);
//! let for_gramjs = export_text(&imported.session, Format::GramJs, &Config::telegram().dcs)?;
//! # assert!(for_gramjs.starts_with('1'));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sansgram_core::client::{
    CustomServers, DcId, DcKey, DcTable, Servers, SessionData, SessionFormatError, SignedInUser,
};
use sansgram_core::crypto::{AuthKey, Secret};
use zeroize::Zeroizing;

use crate::encryption;
use crate::store::read_file;

mod encoding;
mod ferogram;
mod files;
mod gramjs;
mod gramjs_store;
mod json;
mod lookalike;
mod mtcute;
mod mtkruto;
mod pasted;
mod pyrogram;
#[cfg(feature = "sqlite")]
mod sqlite;
mod target;
mod tdata;
mod tdlib;
mod telethon;
mod tgnet;
mod unread;
mod web;
mod wtelegram;

pub use lookalike::NoSession;

/// What every SQLite file begins with.
const SQLITE_MARK: &[u8] = b"SQLite format 3\0";
/// From this length on, in characters, the letters of a session string are called one that is incomplete.
const SHORTEST_LIKELY: usize = 256;
/// The same if they also begin as one.
const SHORTEST_NAMED: usize = 64;
/// User ids have at most 52 significant bits (`core.telegram.org/api/bots/ids`).
const MAX_USER_ID: i64 = (1 << 52) - 1;

/// A way in which some library keeps a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Our own text, `sansgram1:`.
    Sansgram,
    /// The string of Telethon 1, with an IPv4 or IPv6 address.
    Telethon,
    /// The SQLite file of Telethon 1, version 8 (1 to 7 are read too).
    TelethonSqlite,
    /// The SQLite file of Telethon 2, version 10.
    Telethon2Sqlite,
    /// The string of Pyrogram, Hydrogram, Kurigram and Irenogram: 362 characters (351 and 356 are read too).
    Pyrogram,
    /// The SQLite file of Pyrogram and Hydrogram, version 3 (1 and 2 are read too).
    PyrogramSqlite,
    /// The SQLite file of Kurigram and Irenogram, version 7 (4 to 6 are read too).
    KurigramSqlite,
    /// The string of GramJS.
    GramJs,
    /// The string of mtcute, version 3.
    Mtcute,
    /// The SQLite file of `grammers-session` 0.11.
    GrammersSqlite,
    /// The string of `ferogram-session` 0.6, version 2 (1 is read too). It does not say whether the user is a bot.
    Ferogram,
    /// The string of MTKruto.
    Mtkruto,
    /// The folder of GramJS' `StoreSession`.
    GramJsStore,
    /// The JSON of gotd's session storage, version 1. UNVERIFIED: it follows gotd's public source.
    Gotd,
    /// The local storage of Telegram Web A or K as JSON, only read. UNVERIFIED: it follows their public sources.
    TelegramWeb,
    /// The file of `WTelegramClient`, only read. UNVERIFIED: it follows its public source.
    WTelegram,
    /// `tgnet.dat` of Telegram for Android, only read. UNVERIFIED: it follows its public source.
    AndroidTgnet,
    /// The folder `tdata` of Telegram Desktop 2.0 and later.
    Tdata,
    /// The database log of TDLib, `td.binlog`.
    Tdlib,
}

impl Format {
    /// All formats.
    pub const ALL: &'static [Self] = &[
        Self::Sansgram,
        Self::Telethon,
        Self::TelethonSqlite,
        Self::Telethon2Sqlite,
        Self::Pyrogram,
        Self::PyrogramSqlite,
        Self::KurigramSqlite,
        Self::GramJs,
        Self::Mtcute,
        Self::GrammersSqlite,
        Self::Ferogram,
        Self::Mtkruto,
        Self::GramJsStore,
        Self::Gotd,
        Self::TelegramWeb,
        Self::WTelegram,
        Self::AndroidTgnet,
        Self::Tdata,
        Self::Tdlib,
    ];

    /// The name, as [`FromStr`] takes it: `telethon-sqlite`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sansgram => "sansgram",
            Self::Telethon => "telethon",
            Self::TelethonSqlite => "telethon-sqlite",
            Self::Telethon2Sqlite => "telethon2-sqlite",
            Self::Pyrogram => "pyrogram",
            Self::PyrogramSqlite => "pyrogram-sqlite",
            Self::KurigramSqlite => "kurigram-sqlite",
            Self::GramJs => "gramjs",
            Self::Mtcute => "mtcute",
            Self::GrammersSqlite => "grammers-sqlite",
            Self::Ferogram => "ferogram",
            Self::Mtkruto => "mtkruto",
            Self::GramJsStore => "gramjs-store",
            Self::Gotd => "gotd",
            Self::TelegramWeb => "telegram-web",
            Self::WTelegram => "wtelegram",
            Self::AndroidTgnet => "tgnet",
            Self::Tdata => "tdata",
            Self::Tdlib => "tdlib",
        }
    }

    /// What it is, for people: `Telethon's SQLite file`.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Sansgram => "a sansgram session",
            Self::Telethon => "a session string of Telethon",
            Self::TelethonSqlite => "a session file of Telethon (SQLite)",
            Self::Telethon2Sqlite => "a session file of Telethon 2 (SQLite)",
            Self::Pyrogram => "a session string of Pyrogram",
            Self::PyrogramSqlite => "a session file of Pyrogram (SQLite)",
            Self::KurigramSqlite => "a session file of Kurigram (SQLite)",
            Self::GramJs => "a session string of GramJS",
            Self::Mtcute => "a session string of mtcute",
            Self::GrammersSqlite => "a session file of grammers (SQLite)",
            Self::Ferogram => "a session string of ferogram",
            Self::Mtkruto => "a session string of MTKruto",
            Self::GramJsStore => "a session folder of GramJS (StoreSession)",
            Self::Gotd => "a session of gotd (JSON)",
            Self::TelegramWeb => "the local storage of Telegram Web (JSON)",
            Self::WTelegram => "a session file of WTelegramClient",
            Self::AndroidTgnet => "a tgnet.dat of Telegram for Android",
            Self::Tdata => "a folder of Telegram Desktop (tdata)",
            Self::Tdlib => "a database log of TDLib (td.binlog)",
        }
    }

    /// Whether it is a string; the others are a file or a folder.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::Sansgram
                | Self::Telethon
                | Self::Pyrogram
                | Self::GramJs
                | Self::Mtcute
                | Self::Ferogram
                | Self::Mtkruto
                | Self::Gotd
        )
    }

    /// Whether sessions can be written in it too.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        !matches!(self, Self::TelegramWeb | Self::WTelegram | Self::AndroidTgnet)
    }

    /// Whether its program can encrypt it with a passcode, so that [`ExportOptions::passcode`] is of use.
    #[must_use]
    pub const fn has_passcode(self) -> bool {
        matches!(self, Self::Tdata | Self::Tdlib)
    }

    /// What its program calls the passcode, as the rest of a sentence.
    #[must_use]
    pub const fn passcode_name(self) -> &'static str {
        match self {
            Self::Tdlib => "database encryption key",
            _ => "passcode",
        }
    }

    /// Whether it is a SQLite file.
    #[must_use]
    pub const fn is_sqlite(self) -> bool {
        matches!(
            self,
            Self::TelethonSqlite
                | Self::Telethon2Sqlite
                | Self::PyrogramSqlite
                | Self::KurigramSqlite
                | Self::GrammersSqlite
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown session format; there are {}", names())]
pub struct UnknownFormat;

fn names() -> String {
    Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.iter().copied().find(|format| format.name() == name).ok_or(UnknownFormat)
    }
}

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

/// One account of a program that holds several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its number, from 1, as [`ImportOptions::account`] takes it.
    pub number: u32,
    /// The user. `None` if it is not known.
    pub user_id: Option<i64>,
    /// The home DC. `None` if no user is signed in.
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
            (_, None) => f.write_str("no user is signed in"),
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
    /// signed in, and a SQLite file of Telethon 1 not always: the first question of that kind finds out
    /// (`is_authorized`, `get_me`), and updates come from then on.
    pub session: SessionData,
    /// Where the other library found the DCs, where it says so. Our own table is usually newer.
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
    const fn single(format: Format, session: SessionData) -> Self {
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

/// Why something cannot be imported. No variant shows what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is nothing that we know.
    #[error(
        "this is no session that sansgram knows: no string, file or folder of Telethon, Pyrogram, GramJS, mtcute, \
         grammers, gotd, MTKruto, ferogram, WTelegramClient, Telegram Desktop, Web or Android, TDLib or sansgram"
    )]
    Unrecognised,
    /// It is a folder of nothing that we know.
    #[error("this folder holds no session that sansgram knows; name the session in it")]
    UnknownFolder,
    /// It has the letters of a session string, but not the length of any.
    #[error(
        "this looks like a session string, but none has this length ({characters} characters): some of it is missing or too much"
    )]
    Length {
        /// How long it is without white space.
        characters: usize,
    },
    /// It begins as a session string, but some of its end is missing.
    #[error(
        "this is the beginning of {}: {characters} characters of {expected}; copy all of it",
        format.description()
    )]
    Cut {
        /// Whose string begins so.
        format: Format,
        /// How long it is without white space.
        characters: usize,
        /// How long a whole one is.
        expected: usize,
    },
    /// A session string without the `1` that it begins with.
    #[error("this is {} without its first character; put a 1 before it", .0.description())]
    FirstMissing(Format),
    /// More than one session string.
    #[error("there are {0} session strings in it; give one of them")]
    Several(usize),
    /// Something that is mistaken for a session.
    #[error("this is {0}")]
    NoSession(NoSession),
    /// Its kind is known, but what is in it does not fit.
    #[error("this is {}, but {reason}", format.description())]
    Damaged {
        /// What it was recognised as.
        format: Format,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Its kind is known, but one of its files does not fit.
    #[error("this is {}, but its file {file} {reason}", format.description())]
    DamagedFile {
        /// What it was recognised as.
        format: Format,
        /// The name of the file.
        file: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A later version of its program wrote it in a way that is not known here.
    #[error(
        "this is {}, written by version {version} of its program in a way that is not known here; update this one",
        format.description()
    )]
    Newer {
        /// What it was recognised as.
        format: Format,
        /// The version, as its program shows it.
        version: String,
    },
    /// Its program encrypts it, and [`ImportOptions::passcode`] is not there.
    #[error("this is {}, and its {} is needed", .0.description(), .0.passcode_name())]
    PasscodeNeeded(Format),
    /// Another passcode opens it.
    #[error("this is {}, but the {} is wrong", .0.description(), .0.passcode_name())]
    WrongPasscode(Format),
    /// It is encrypted with the `api_hash` of its application, and [`ImportOptions::api_hash`] is not there.
    #[error("this is {}, and the api_hash of its application is needed to open it", .0.description())]
    ApiHashNeeded(Format),
    /// Another `api_hash` opens it, or it is changed.
    #[error(
        "this is {}, but the api_hash does not open it: another one does, or the file is changed",
        .0.description()
    )]
    WrongApiHash(Format),
    /// A session that is not read, or what lies beside one; the text says what it is.
    #[error("this is {0}")]
    Unsupported(&'static str),
    /// It holds no account of this number.
    #[error("this is {}, and it has no account {account}; there are {}", format.description(), listed(accounts))]
    NoSuchAccount {
        /// What it was recognised as.
        format: Format,
        /// The number that was asked for.
        account: u32,
        /// Those that are there.
        accounts: Vec<Account>,
    },
    /// It is whole, but no user is signed in.
    #[error("this is {}, but no user is signed in", .0.description())]
    NoUser(Format),
    /// Nobody has signed in with it: there is no authorisation key in it.
    #[error("this is {}, but there is no key in it: nobody has signed in with it yet", .0.description())]
    NoKey(Format),
    /// One of our own texts, which cannot be read.
    #[error("{0}")]
    Sansgram(#[from] SessionFormatError),
    /// One of our own texts, encrypted: [`encryption::decrypt`] opens it.
    #[error("this is an encrypted sansgram session, and its passphrase is needed")]
    Encrypted,
    /// A SQLite file, for which this build has no reader.
    #[error(
        "this is a SQLite file, which this build cannot read: it was made without the feature \"sqlite\""
    )]
    SqliteLeftOut,
    /// SQLite cannot read the file.
    #[error("this is a SQLite file, but SQLite cannot read it: {0}")]
    Sqlite(String),
    /// The file cannot be read.
    #[error("the file {} cannot be read: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// The accounts, in words: `1: user 42 on DC 2; 2: user 43 on DC 4`.
#[must_use]
pub fn listed(accounts: &[Account]) -> String {
    accounts.iter().map(Account::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a session cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Nobody has signed in with the session.
    #[error("there is nothing to export: nobody has signed in with this session")]
    NoKey,
    /// The format says who is signed in, and this session does not know it.
    #[error("the session does not know yet who is signed in, and {} has to say it; connect once with it", .0.description())]
    NoUser(Format),
    /// The format says where the DC is, and the table does not know it.
    #[error("the address of {0} is not known, and this format has to say it")]
    UnknownAddress(DcId),
    /// The format has one byte for the number of the DC.
    #[error("{0} is too high a number for this format")]
    DcTooHigh(DcId),
    /// A file or a folder is not a string.
    #[error("{} is no string: say where to write it", .0.description())]
    NotText(Format),
    /// Sessions are only read in this format.
    #[error("{} is only read, never written", .0.description())]
    ReadOnly(Format),
    /// The format cannot be encrypted.
    #[error("{} has no passcode", .0.description())]
    NoPasscode(Format),
    /// A program that knows Telegram's servers only would offer them a key of other servers.
    #[error(
        "{} would offer the session's key to Telegram, and the session belongs to other servers; choose another format",
        .0.description()
    )]
    OtherServers(Format),
    /// A SQLite file, which this build cannot write.
    #[error("this build cannot write SQLite files: it was made without the feature \"sqlite\"")]
    SqliteLeftOut,
    /// SQLite cannot make the file.
    #[error("SQLite cannot make the file: {0}")]
    Sqlite(String),
    /// Something is there already.
    #[error("{} exists already and is left as it is", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("the file {} cannot be written: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Reads the text form of a session with [`ImportOptions::default`]: see [`import_text_with`].
///
/// # Errors
/// [`ImportError`].
pub fn import_text(text: &str) -> Result<Imported, ImportError> {
    import_text_with(text, &ImportOptions::default())
}

/// Reads the text form of a session, whatever library wrote it. White space in it is ignored, as it may have been
/// wrapped on its way; quotes, names and other text around it are left out and told ([`Imported::mended`]).
///
/// # Errors
/// [`ImportError`], which says what the text looks like and what is wrong with it.
pub fn import_text_with(text: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    json::read(text, options).unwrap_or_else(|| pasted::import(text, recognise))
}

/// Reads a session string without white space.
fn recognise(text: &str) -> Result<Imported, ImportError> {
    if encryption::is_encrypted(text) {
        return Err(ImportError::Encrypted);
    }
    if text.starts_with("sansgram") {
        let session = SessionData::from_text(text)?;
        return Ok(Imported::single(Format::Sansgram, session));
    }
    for read in [telethon::read, gramjs::read, ferogram::read, mtkruto::read, mtcute::read, pyrogram::read] {
        if let Some(found) = read(text) {
            return found?.into_imported();
        }
    }
    if text.len() >= SHORTEST_NAMED && text.bytes().all(encoding::is_letter) {
        if let Some(error) = lookalike::incomplete(text).or_else(|| lookalike::cut(text)) {
            return Err(error);
        }
        if text.len() >= SHORTEST_LIKELY && lookalike::name(text).is_none() {
            return Err(ImportError::Length { characters: text.len() });
        }
    }
    Err(ImportError::Unrecognised)
}

/// Reads a session's file or folder with [`ImportOptions::default`]: see [`import_path`].
///
/// # Errors
/// [`ImportError`].
pub fn import_file(path: &Path) -> Result<Imported, ImportError> {
    import_path(path, &ImportOptions::default())
}

/// Reads a session from the disk, whatever program wrote it: a folder, a binary file, a SQLite database, or a text as
/// [`import_text`] takes it. It is left as it is.
///
/// # Errors
/// [`ImportError`], which says what it looks like and what is wrong with it.
pub fn import_path(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    if fs::metadata(path).map_err(|error| io_error(path, error))?.is_dir() {
        return import_folder(path, options);
    }
    let bytes = files::read_named(path)?;
    if is_sqlite(&bytes) {
        #[cfg(feature = "sqlite")]
        return sqlite::read(path);
        #[cfg(not(feature = "sqlite"))]
        return Err(ImportError::SqliteLeftOut);
    }
    import_content(path, &bytes, options)
}

/// Reads a session from the content of a file: see [`import_path`]. What a program keeps in several files is not whole
/// then.
///
/// # Errors
/// [`ImportError`].
pub fn import_bytes(bytes: &[u8], options: &ImportOptions) -> Result<Imported, ImportError> {
    if is_sqlite(bytes) {
        #[cfg(feature = "sqlite")]
        return sqlite::read_bytes(bytes);
        #[cfg(not(feature = "sqlite"))]
        return Err(ImportError::SqliteLeftOut);
    }
    import_content(Path::new(""), bytes, options)
}

/// Reads a session's file from standard input to its end, at most as much as is read of a file.
///
/// # Errors
/// Those of the stream, and [`io::ErrorKind::FileTooLarge`].
pub fn read_stdin() -> io::Result<Zeroizing<Vec<u8>>> {
    read_file(Path::new("/dev/stdin"), files::MAX_FILE_LEN)
}

fn import_content(path: &Path, bytes: &[u8], options: &ImportOptions) -> Result<Imported, ImportError> {
    if let Some(result) = import_binary(path, bytes, options) {
        return result;
    }
    let (text, encoding) = pasted::decode(bytes).ok_or(ImportError::Unrecognised)?;
    let mut imported = import_text_with(&text, options)?;
    imported.mended.extend(encoding);
    Ok(imported)
}

/// What the reader of one format says; `None` if it is none of its own.
type Reading = Option<Result<Imported, ImportError>>;
/// Reads a file by its path and content.
type FileReader = fn(&Path, &[u8], &ImportOptions) -> Reading;

/// Reads a folder: each format says whether it is one of its own.
fn import_folder(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    const READERS: &[fn(&Path, &ImportOptions) -> Reading] =
        &[tdata::read_folder, tdlib::read_folder, gramjs_store::read_folder, unread::read_folder];
    READERS.iter().find_map(|read| read(path, options)).unwrap_or(Err(ImportError::UnknownFolder))
}

/// Reads a binary file: each format says whether it is one of its own, by its content or its name.
fn import_binary(
    path: &Path,
    bytes: &[u8],
    options: &ImportOptions,
) -> Option<Result<Imported, ImportError>> {
    const READERS: &[FileReader] =
        &[tdata::read_file, tdlib::read_file, unread::read_file, tgnet::read_file, wtelegram::read_file];
    READERS.iter().find_map(|read| read(path, bytes, options))
}

/// The session as a text in `format`; it contains the key, so guard it like a password.
///
/// `dcs` says where the home DC is, for the formats that keep its address: `Config::telegram().dcs` unless the session
/// belongs to other servers; those it keeps itself, and Telegram's addresses are never given to its keys. All formats
/// but our own, Telethon 2's, `tdata` and `tdlib` hold one key: the home DC's.
///
/// # Errors
/// [`ExportError`].
pub fn export_text(
    session: &SessionData,
    format: Format,
    dcs: &DcTable,
) -> Result<Zeroizing<String>, ExportError> {
    let dcs = &session.servers.table(dcs);
    match format {
        Format::Sansgram => Ok(session.to_text()),
        Format::Telethon => telethon::write(&Exported::of(session)?, dcs),
        Format::GramJs => gramjs::write(&Exported::of(session)?, dcs),
        Format::Pyrogram => pyrogram::write(&Exported::of(session)?),
        Format::Mtcute => mtcute::write(&Exported::of(session)?, dcs),
        Format::Ferogram => ferogram::write(&Exported::of(session)?, dcs),
        Format::Mtkruto => mtkruto::write(&Exported::of(session)?),
        Format::Gotd => {
            let exported = Exported::of(session)?;
            let salt = session.keys.get(&exported.dc).map_or(0, |key| key.server_salt);
            json::write_gotd(&exported, dcs, salt)
        }
        other if !other.is_writable() => Err(ExportError::ReadOnly(other)),
        sqlite => Err(ExportError::NotText(sqlite)),
    }
}

/// Writes the session with [`ExportOptions::default`]: see [`export_path`].
///
/// # Errors
/// [`ExportError`].
pub fn export_file(
    session: &SessionData,
    format: Format,
    dcs: &DcTable,
    path: &Path,
) -> Result<(), ExportError> {
    export_path(session, format, dcs, &ExportOptions::default(), path)
}

/// Writes the session in `format` to a new file or folder, readable by its owner only; it contains the key. Otherwise
/// like [`export_text`], but for the formats that are no strings too. After a crash at any moment there is nothing or
/// all of it.
///
/// A string of another library stands in its file without an end of line, which most libraries refuse.
///
/// # Errors
/// [`ExportError`]; a file or folder that is there already is left as it is.
pub fn export_path(
    session: &SessionData,
    format: Format,
    dcs: &DcTable,
    options: &ExportOptions,
    path: &Path,
) -> Result<(), ExportError> {
    if options.passcode.is_some() && !format.has_passcode() {
        return Err(ExportError::NoPasscode(format));
    }
    let dcs = &session.servers.table(dcs);
    if format == Format::Sansgram {
        let line = Zeroizing::new(format!("{}\n", *session.to_text()));
        return target::create_file(path, line.as_bytes());
    }
    if format == Format::GramJsStore {
        return gramjs_store::write(&Exported::of(session)?, &session.servers.table(dcs), path);
    }
    if !format.is_writable() {
        return Err(ExportError::ReadOnly(format));
    }
    if format.is_text() {
        return target::create_file(path, export_text(session, format, dcs)?.as_bytes());
    }
    let is_elsewhere = matches!(session.servers, Servers::Custom(_) | Servers::Ended);
    match format {
        Format::Tdata | Format::Tdlib if is_elsewhere => return Err(ExportError::OtherServers(format)),
        Format::Tdata => return tdata::write(session, dcs, options, path),
        Format::Tdlib => return tdlib::write(session, options, path),
        _ => {}
    }
    #[cfg(feature = "sqlite")]
    return target::create_file(path, &sqlite::write(session, format, dcs)?);
    #[cfg(not(feature = "sqlite"))]
    Err(ExportError::SqliteLeftOut)
}

fn io_error(path: &Path, error: io::Error) -> ImportError {
    ImportError::Io { path: path.to_owned(), error }
}

/// Whether a file that begins like this is a SQLite database.
pub(crate) fn is_sqlite(bytes: &[u8]) -> bool {
    bytes.starts_with(SQLITE_MARK)
}

/// What the formats of one key say, before it is checked.
struct Found {
    format: Format,
    /// The DC's number.
    dc: i64,
    /// An address or the name of a host; empty where the format does not say.
    host: String,
    port: u16,
    key: Zeroizing<[u8; 256]>,
    /// The keys of other DCs; what is no DC's is left out.
    other_keys: Vec<(i64, Zeroizing<[u8; 256]>)>,
    /// 0 where nobody is known.
    user_id: i64,
    is_bot: bool,
    /// 0 where it is not known.
    api_id: u32,
    /// `None` where the format does not say.
    test_dcs: Option<bool>,
}

impl Found {
    /// What a format says that knows only a DC and a key.
    const fn new(format: Format, dc: i64, key: Zeroizing<[u8; 256]>) -> Self {
        let host = String::new();
        let other_keys = Vec::new();
        Self {
            format,
            dc,
            host,
            port: 0,
            key,
            other_keys,
            user_id: 0,
            is_bot: false,
            api_id: 0,
            test_dcs: None,
        }
    }

    fn into_imported(self) -> Result<Imported, ImportError> {
        let format = self.format;
        let damaged = |reason| ImportError::Damaged { format, reason };
        let dc = DcId::new(self.dc).map_err(|_| damaged("the number of its DC is impossible"))?;
        if self.key.iter().all(|byte| *byte == 0) {
            return Err(ImportError::NoKey(format));
        }
        let user = match self.user_id {
            0 => None,
            id @ 1..=MAX_USER_ID => Some(SignedInUser { id, is_bot: self.is_bot }),
            _ => return Err(damaged("the number of its user is impossible")),
        };
        let api_id = match i32::try_from(self.api_id) {
            Ok(0) => None,
            Ok(id) => Some(id),
            Err(_) => return Err(damaged("its api_id is impossible")),
        };
        let address = self.host.parse().ok().map(|ip| SocketAddr::new(ip, self.port));
        let servers = match (address, self.host.as_str()) {
            (Some(address), _) => Servers::at(dc, address),
            (None, "") => Servers::Unknown,
            // Programs that run in a browser keep names such as venus.web.telegram.org.
            (None, host) if host.ends_with(".telegram.org") => Servers::Telegram,
            _ => Servers::Custom(CustomServers { initial_dc: Some(dc), ..CustomServers::default() }),
        };
        let key = |key: &[u8; 256]| DcKey { auth_key: AuthKey::new(*key), server_salt: 0 };
        let mut keys = BTreeMap::from([(dc, key(&self.key))]);
        for (other, other_key) in &self.other_keys {
            if let Some(other) = DcId::new(*other).ok().filter(|_| other_key.iter().any(|byte| *byte != 0)) {
                keys.entry(other).or_insert_with(|| key(other_key));
            }
        }
        let session = SessionData {
            home_dc: Some(dc),
            keys,
            user,
            api_id,
            test_dcs: self.test_dcs.unwrap_or_else(|| address.is_some_and(is_of_test_dcs)),
            servers,
            ..SessionData::default()
        };
        let endpoints = address.map(|address| (dc, address)).into_iter().collect();
        Ok(Imported { endpoints, ..Imported::single(format, session) })
    }
}

/// What the formats of one key say of a session.
struct Exported<'a> {
    dc: DcId,
    key: &'a [u8; 256],
    user: Option<&'a SignedInUser>,
    api_id: Option<i32>,
    test_dcs: bool,
}

impl<'a> Exported<'a> {
    fn of(session: &'a SessionData) -> Result<Self, ExportError> {
        let dc = session.home_dc.ok_or(ExportError::NoKey)?;
        let key = session.keys.get(&dc).ok_or(ExportError::NoKey)?.auth_key.as_bytes();
        let (user, api_id, test_dcs) = (session.user.as_ref(), session.api_id, session.test_dcs);
        Ok(Self { dc, key, user, api_id, test_dcs })
    }

    /// The DC's number in one byte.
    fn dc_byte(&self) -> Result<u8, ExportError> {
        u8::try_from(self.dc.number()).map_err(|_| ExportError::DcTooHigh(self.dc))
    }

    fn address(&self, dcs: &DcTable) -> Result<SocketAddr, ExportError> {
        dcs.endpoints(self.dc).first().copied().ok_or(ExportError::UnknownAddress(self.dc))
    }
}

/// Whether Telegram's test DCs are at this address: formats without a flag for it are told apart by that alone.
fn is_of_test_dcs(address: SocketAddr) -> bool {
    const ADDRESSES: [&str; 6] = [
        "149.154.175.10",
        "149.154.167.40",
        "149.154.175.117",
        "2001:b28:f23d:f001::e",
        "2001:67c:4e8:f002::e",
        "2001:b28:f23d:f003::e",
    ];
    ADDRESSES.iter().any(|known| known.parse() == Ok(address.ip()))
}

#[cfg(test)]
mod other_tests;
#[cfg(test)]
mod tests;
