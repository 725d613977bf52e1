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
