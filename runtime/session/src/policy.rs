//! The limits and times of this crate, each with its unit, reason and source. Lengths that the layout of a format fixes
//! are in the file of that format.

use std::time::Duration;

// The file store.

/// Bytes of the largest file that is read as a session; a session of all DCs has about 3 kB.
pub(crate) const MAX_SESSION_LEN: u64 = 1 << 20;
/// Bytes of the file that `check_writable` writes: more than a session of all DCs has.
pub(crate) const LARGE_SESSION_LEN: usize = 8 << 10;
/// Symbolic links that are followed to a file that does not exist yet, as many as Linux follows (path_resolution(7)).
pub(crate) const MAX_LINKS: u32 = 40;
/// Bytes of the first buffer of a stream.
pub(crate) const FIRST_BUFFER_LEN: usize = 8 << 10;
/// Names that are tried for a temporary file.
pub(crate) const MAX_TEMPORARY_NAMES: u32 = 8;
/// How long a store waits for another store of the same process, since a dropped client ends a moment later; also how
/// long it tries to lock a lock file that is replaced repeatedly.
pub(crate) const OWN_LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the owner may take to write itself into the lock file. A child process that is just being started also holds
/// a copy of this process's locks for a moment.
pub(crate) const OWNER_NAME_TIMEOUT: Duration = Duration::from_millis(100);
/// The pause between two attempts to lock.
pub(crate) const LOCK_RETRY: Duration = Duration::from_millis(5);
/// Files of one session that are kept locked.
pub(crate) const MAX_LOCKED_FILES: usize = 16;
/// Bytes of the longest text of a lock file.
pub(crate) const MAX_LOCK_TEXT_LEN: usize = 1024;
/// Characters of the longest host name that is shown (POSIX `HOST_NAME_MAX` on Linux).
pub(crate) const MAX_HOST_LEN: usize = 64;
/// Work of a usual passphrase cost, in KiB times passes; the caller must allow more.
pub(crate) const MAX_USUAL_WORK: u64 = 4 << 20;

// Sessions of other programs.

/// Bytes of the largest file that is read. A session has kilobytes; a database log of TDLib may have some megabytes.
pub(crate) const MAX_FILE_LEN: u64 = 64 << 20;
/// Bytes that are read of a SQLite file to recognize it; SQLite reads the rest itself.
pub(crate) const SQLITE_HEAD_LEN: u64 = 4 << 10;
/// Bytes of a SQLite database and of the files beside it: room for millions of the users and chats that libraries keep
/// there.
#[cfg(feature = "sqlite")]
pub(crate) const MAX_DATABASE_LEN: u64 = 256 << 20;
/// How often a database is read if a program writes to it meanwhile.
#[cfg(feature = "sqlite")]
pub(crate) const MAX_DATABASE_READS: u32 = 20;
/// Bytes of the largest value that SQLite returns.
#[cfg(feature = "sqlite")]
pub(crate) const MAX_SQLITE_VALUE_LEN: i32 = 1 << 20;
/// Rows of a table that are read: there are about as many DCs.
#[cfg(feature = "sqlite")]
pub(crate) const MAX_SQLITE_ROWS: usize = 16;
/// Levels of nested JSON documents: a storage within a document, which may be quoted.
pub(crate) const MAX_JSON_LEVELS: u8 = 4;
/// Accounts of Telegram Web that are looked for.
pub(crate) const MAX_WEB_ACCOUNTS: u32 = 16;
/// DCs of Telegram Web of which keys are taken.
pub(crate) const MAX_WEB_DCS: i64 = 10;
/// Files in the folder of a GramJS store that are listed.
pub(crate) const MAX_GRAMJS_FILES: usize = 4096;
/// Bytes of the largest file of a store of GramJS: a key has about a thousand.
pub(crate) const MAX_GRAMJS_FILE_LEN: u64 = 64 << 10;
/// Bytes of the largest `userconfing.xml` of Telegram for Android.
pub(crate) const MAX_USER_FILE_LEN: u64 = 1 << 20;
/// Bytes of the largest file of Telegram Desktop: those of a session have less than a thousand each.
pub(crate) const MAX_TDATA_FILE_LEN: u64 = 1 << 20;
/// Accounts of Telegram Desktop. The program itself allows 6, its forks some hundreds.
pub(crate) const MAX_TDATA_ACCOUNTS: u32 = 1000;
/// Wraps of a passcode that are read: Telegram Desktop writes one, and two while it changes the passcode.
pub(crate) const MAX_WRAPS: u32 = 16;
/// Wraps of a passcode that are tried, since each costs time; only one is current.
pub(crate) const MAX_TRIED_WRAPS: usize = 2;
/// KiB of memory that one try of a passcode may take. Telegram Desktop itself uses 65,536.
pub(crate) const MAX_PASSCODE_MEMORY: u32 = 256 << 10;
/// Lanes that one try of a passcode may take. Telegram Desktop itself uses one.
pub(crate) const MAX_PASSCODE_LANES: u32 = 16;
/// KiB of memory times passes that one try of a passcode may take. Telegram Desktop itself uses 65,536 times 8.
pub(crate) const MAX_PASSCODE_WORK: u64 = 4 << 20;

// Session strings as they are pasted.

/// Bytes of the longest text that is searched for a string.
pub(crate) const MAX_SEARCHED_LEN: usize = 1 << 20;
/// Characters of the shortest text that counts as an incomplete session string by its letters alone.
pub(crate) const MIN_LIKELY_LEN: usize = 256;
/// Characters of the shortest text that counts as an incomplete session string if it also begins like one.
pub(crate) const MIN_NAMED_LEN: usize = 64;
/// Characters of the longest name before a value, such as `TELEGRAM_SESSION_STRING=`.
pub(crate) const MAX_NAME_LEN: usize = 64;
/// Words before a string on the same line.
pub(crate) const MAX_WORDS: usize = 16;
/// Characters of the shorter of two strings that follow each other directly.
pub(crate) const MIN_STRING_LEN: usize = 340;
