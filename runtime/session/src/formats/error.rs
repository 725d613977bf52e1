//! The errors of imports and exports.

use std::io;
use std::path::{Path, PathBuf};

use sansgram_core::client::{DcId, SessionFormatError};

use super::format::Format;
use super::imported::{Account, listed};
use super::not_a_session::NotASession;

/// The reason why an import failed. No variant contains the input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The input has no known format.
    #[error(
        "this is not a session in a known format: not a string, file or folder of Telethon, Pyrogram, GramJS, mtcute, \
         grammers, gotd, MTKruto, ferogram, WTelegramClient, Telegram Desktop, Web or Android, TDLib or sansgram"
    )]
    Unrecognized,
    /// The folder has no known format.
    #[error("this folder contains no session in a known format; give the path of the session itself")]
    UnknownFolder,
    /// The text has the characters of a session string, but no valid length.
    #[error(
        "this looks like a session string, but none has this length ({characters} characters): part of it is missing, or there is extra text"
    )]
    Length {
        /// The length without white space.
        characters: usize,
    },
    /// The text begins like a session string, but its end is missing.
    #[error(
        "this is {}, but only {characters} of its {expected} characters are here; copy the whole string again",
        format.description()
    )]
    Truncated {
        /// The format whose strings begin like this.
        format: Format,
        /// The length without white space.
        characters: usize,
        /// The length of a complete string.
        expected: usize,
    },
    /// The text is a session string without its first character.
    #[error("this is {} without its first character; {}", .0.description(), match .0 {
        Format::Telethon | Format::GramJs => "add a 1 before it",
        _ => "copy the whole string",
    })]
    MissingStart(Format),
    /// The text is a session string whose letters were all converted to lower case or to upper case.
    #[error(
        "this looks like a session string, but all its letters are {} case: a complete one has both, so copy it again",
        if *.is_lower { "lower" } else { "upper" }
    )]
    CaseLost {
        /// True if the letters are lower case, false if they are upper case.
        is_lower: bool,
    },
    /// The text contains more than one session string.
    #[error("the input contains {0} session strings; provide only one")]
    Several(usize),
    /// The input is something that is often mistaken for a session.
    #[error("this is {0}")]
    NotASession(NotASession),
    /// The format is known, but the content is invalid.
    #[error("this is {}, but {reason}", format.description())]
    Damaged {
        /// The format that was recognized.
        format: Format,
        /// The error in the content.
        reason: &'static str,
    },
    /// The format is known, but one of its files is invalid.
    #[error("this is {}, but its file {file} {reason}", format.description())]
    DamagedFile {
        /// The format that was recognized.
        format: Format,
        /// The name of the file.
        file: String,
        /// The error in the file.
        reason: &'static str,
    },
    /// The session was written by a later version of its program, in an unknown layout.
    #[error(
        "this is {}, written by version {version} of its program in a layout that this version cannot read; update",
        format.description()
    )]
    Newer {
        /// The format that was recognized.
        format: Format,
        /// The version, as its program shows it.
        version: String,
    },
    /// The session is encrypted by its program, and [`ImportOptions::passcode`](super::ImportOptions::passcode) is not
    /// set.
    #[error("this is {}, and its {} is required", .0.description(), .0.passcode_name())]
    PasscodeNeeded(Format),
    /// The passcode is wrong.
    #[error("this is {}, but the {} is wrong", .0.description(), .0.passcode_name())]
    WrongPasscode(Format),
    /// The session is encrypted with the `api_hash` of its application, and
    /// [`ImportOptions::api_hash`](super::ImportOptions::api_hash) is not set.
    #[error("this is {}, and the api_hash of its application is required to open it", .0.description())]
    ApiHashNeeded(Format),
    /// The `api_hash` is wrong, or the session was changed.
    #[error(
        "this is {}, but the api_hash does not decrypt it: the api_hash is wrong, or the file was changed",
        .0.description()
    )]
    WrongApiHash(Format),
    /// The input is a session that is not supported, or a file that lies beside a session; the text says which.
    #[error("this is {0}")]
    Unsupported(&'static str),
    /// The program has no account with this number.
    #[error("this is {}, and it has no account {account}; there are {}", format.description(), listed(accounts))]
    NoSuchAccount {
        /// The format that was recognized.
        format: Format,
        /// The requested number.
        account: u32,
        /// The existing accounts.
        accounts: Vec<Account>,
    },
    /// The session is complete, but no user is logged in.
    #[error("this is {}, but no user is logged in", .0.description())]
    NoUser(Format),
    /// No user has logged in with the session: it contains no auth key.
    #[error("this is {}, but it contains no key: no user has logged in with it yet", .0.description())]
    NoKey(Format),
    /// The text is one of our own, but cannot be read.
    #[error("{0}")]
    Sansgram(#[from] SessionFormatError),
    /// The text is one of our own and encrypted: [`encryption::decrypt`](crate::encryption::decrypt) decrypts it.
    #[error("this is an encrypted sansgram session, and its passphrase is required")]
    Encrypted,
    /// The input is a SQLite file, which this build cannot read.
    #[error("this is a SQLite file, which this build cannot read: it lacks the feature \"sqlite\"")]
    SqliteDisabled,
    /// SQLite cannot read the file.
    #[error("this is a SQLite file, but SQLite cannot read it: {0}")]
    Sqlite(String),
    /// The file cannot be read.
    #[error("the file {} cannot be read: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl ImportError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// The reason why an export failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// No user has logged in with the session.
    #[error("there is nothing to export: no user has logged in with this session")]
    NoKey,
    /// The format needs the user, and this session does not contain it yet. A client stores the user after the first
    /// request for it (`get_me`).
    #[error("the session does not contain its user yet, which {} requires", .0.description())]
    NoUser(Format),
    /// The format needs the address of the DC, and the table does not contain it.
    #[error("the address of {0} is not known, and this format requires it")]
    UnknownAddress(DcId),
    /// The number of the DC does not fit into the one byte that the format has for it.
    #[error("this format cannot hold {0}: it has one byte for the number")]
    DcTooHigh(DcId),
    /// The format is a file or a folder, not a string.
    #[error("{} is not a string; specify an output path", .0.description())]
    NotText(Format),
    /// Sessions cannot be written in this format, only read.
    #[error("{} can be read, but not written", .0.description())]
    ReadOnly(Format),
    /// The format does not support encryption.
    #[error("{} supports no passcode", .0.description())]
    NoPasscode(Format),
    /// The program only knows Telegram's servers and would offer them a key of other servers.
    #[error(
        "{} would offer the session's key to Telegram, and the session belongs to other servers; choose another format",
        .0.description()
    )]
    OtherServers(Format),
    /// The format is a SQLite file, which this build cannot write.
    #[error("this build cannot write SQLite files: it lacks the feature \"sqlite\"")]
    SqliteDisabled,
    /// SQLite cannot create the file.
    #[error("SQLite cannot create the file: {0}")]
    Sqlite(String),
    /// The file or folder already exists.
    #[error("{} exists already and is left as it is", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("the file {} cannot be written: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}
