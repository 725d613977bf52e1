//! The limits and lifetimes of the accounts. A value without a source is our own choice, since Telegram documents none.

/// The layer of a client that never named one: the newest of which there is a schema.
pub(super) const DEFAULT_LAYER: i32 = 230;
/// The most unknown methods that are reported, so that memory stays bounded.
pub(super) const MAX_UNSERVED: usize = 200;
/// The most bytes of recorded calls.
pub(super) const MAX_RECORDED_BYTES: usize = 16 << 20;
/// The most failures that are kept of one handler.
pub(super) const MAX_PROBLEMS: usize = 10;
/// The longest text of `initConnection` that is kept, in characters.
pub(super) const MAX_DEVICE_TEXT: usize = 64;
/// How deep the `params` of `initConnection` may nest.
pub(super) const MAX_JSON_DEPTH: usize = 8;
/// How deep an object of the schema may nest.
pub(super) const MAX_TL_DEPTH: usize = 32;
/// The longest text of a message, in characters (`message_length_max`).
pub(super) const MAX_MESSAGE: usize = 4096;
/// The most messages or dialogs of one answer (`core.telegram.org/api/offsets`).
pub(super) const MAX_LISTED: i32 = 100;
/// The most parts of a file, for an account with Telegram Premium (`core.telegram.org/api/files`).
pub(super) const MAX_FILE_PARTS: i32 = 8000;
/// The largest part of an upload (`core.telegram.org/api/files`).
pub(super) const MAX_PART_BYTES: usize = 512 << 10;
/// The largest piece of a download; none crosses a multiple of it (`core.telegram.org/api/files`).
pub(super) const PIECE_BYTES: usize = 1 << 20;
/// How much of a file each of its hashes covers.
pub(super) const HASHED_CHUNK: usize = 128 << 10;
/// The most bytes of all files and uploads together, since they are in memory.
pub(super) const MAX_STORED_BYTES: usize = 256 << 20;
/// The most parts that no message has used yet.
pub(super) const MAX_UNUSED_PARTS: usize = 20_000;
/// The longest first or last name, in characters.
pub(super) const MAX_NAME: usize = 64;

/// After this many wrong codes in a row, a sent code becomes invalid.
pub(super) const MAX_WRONG_CODES: u8 = 5;
/// How long an accepted login token waits for the device that showed it, in seconds.
pub(super) const ACCEPTED_TOKEN_LIFETIME: i32 = 300;
/// How long an exported authorization can be imported, in seconds.
pub(super) const EXPORT_LIFETIME: i32 = 60;
/// How long a code for the recovery of a password can be used, in seconds.
pub(super) const RECOVERY_LIFETIME: i32 = 3600;
/// How long the owner of an account can decline a password reset, in seconds (`core.telegram.org/api/srp`).
pub(super) const PASSWORD_RESET_WAIT: i32 = 7 * 24 * 3600;
/// How long after a declined reset no other can be requested, in seconds.
pub(super) const DECLINED_RESET_WAIT: i32 = 24 * 3600;

/// How long a client may keep the answer of `help.getConfig`, in seconds.
pub(super) const CONFIG_LIFETIME: i32 = 3600;
/// When a client should ask for terms of service and promotions again, in seconds.
pub(super) const NEWS_INTERVAL: i32 = 86_400;
/// After this many days without use, a session would end, as `account.authorizations` says.
pub(super) const SESSION_TTL_DAYS: i32 = 180;
/// After this many days without use, an account would end: a year and a half.
pub(super) const ACCOUNT_TTL_DAYS: i32 = 548;
