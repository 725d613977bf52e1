//! Why a session cannot be imported or exported.

use std::io;
use std::path::{Path, PathBuf};

use sansgram_core::client::{DcId, SessionFormatError};

use super::format::Format;
use super::imported::{Account, listed};
use super::no_session::NoSession;

/// Why something cannot be imported. No variant shows what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is nothing that is known here.
    #[error(
        "this is no session that sansgram knows: no string, file or folder of Telethon, Pyrogram, GramJS, mtcute, \
         grammers, gotd, MTKruto, ferogram, WTelegramClient, Telegram Desktop, Web or Android, TDLib or sansgram"
    )]
    Unrecognised,
    /// It is a folder of nothing that is known here.
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
        "this is {} of which only {characters} characters of {expected} are here; copy all of it again",
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
    /// A session string without its first character.
    #[error("this is {} without its first character; {}", .0.description(), match .0 {
        Format::Telethon | Format::GramJs => "put a 1 before it",
        _ => "copy all of it",
    })]
    FirstMissing(Format),
    /// A session string whose letters all became small or all capital.
    #[error(
        "this looks like a session string, but all its letters are {}: a whole one has both kinds, so copy it once more",
        if *.is_small { "small" } else { "capital" }
    )]
    CaseLost {
        /// Whether they are small.
        is_small: bool,
    },
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
    /// Its program encrypts it, and [`ImportOptions::passcode`](super::ImportOptions::passcode) is not there.
    #[error("this is {}, and its {} is needed", .0.description(), .0.passcode_name())]
    PasscodeNeeded(Format),
    /// Another passcode opens it.
    #[error("this is {}, but the {} is wrong", .0.description(), .0.passcode_name())]
    WrongPasscode(Format),
    /// It is encrypted with the `api_hash` of its application, and [`ImportOptions::api_hash`](super::ImportOptions::api_hash) is not there.
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
    /// It is whole, but no user is logged in.
    #[error("this is {}, but no user is logged in", .0.description())]
    NoUser(Format),
    /// No user has logged in with it: it contains no auth key.
    #[error("this is {}, but there is no key in it: no user has logged in with it yet", .0.description())]
    NoKey(Format),
    /// One of our own texts, which cannot be read.
    #[error("{0}")]
    Sansgram(#[from] SessionFormatError),
    /// One of our own texts, encrypted: [`encryption::decrypt`](crate::encryption::decrypt) opens it.
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

impl ImportError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// Why a session cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// No user has logged in with the session.
    #[error("there is nothing to export: no user has logged in with this session")]
    NoKey,
    /// The format says who is logged in, and this session does not know it.
    #[error("the session does not know yet who is logged in, and {} has to say it; connect once with it", .0.description())]
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
