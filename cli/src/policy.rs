//! All limits and durations of the command, with unit and reason.

use std::time::Duration;

/// Attempts at the passphrase of an encrypted session, on a terminal. A wrong one costs the key derivation again.
pub(crate) const MAX_PASSPHRASE_TRIES: u32 = 3;
/// Attempts at the passcode of another program's session, on a terminal.
pub(crate) const MAX_PASSCODE_TRIES: u32 = 3;
/// Attempts at `api_id` and `api_hash` together, on a terminal. They are pasted, so many tries mean a broken paste.
pub(crate) const MAX_APPLICATION_TRIES: u32 = 10;
/// QR links that are shown before the login gives up; a link lives for about 30 seconds, so this is about 20 minutes.
pub(crate) const MAX_QR_LINKS: u32 = 40;
/// Pixels of a PNG for each module of a QR code.
pub(crate) const QR_PNG_SCALE: u8 = 8;

/// How often the time limit reads the clock. Of the time between two readings at most this much counts: in a longer
/// gap the process was stopped (Ctrl-Z), or had no processor.
pub(crate) const CLOCK_TICK: Duration = Duration::from_secs(1);
/// How late after a tick the clock may be read.
pub(crate) const CLOCK_DELAY: Duration = Duration::from_secs(1);
/// How long the sandbox waits for an event before it checks for signals and pasted links.
pub(crate) const SANDBOX_POLL: Duration = Duration::from_millis(100);
/// How long equal lines of the sandbox are counted instead of printed.
pub(crate) const REPEAT_WINDOW: Duration = Duration::from_secs(10);
/// Different lines of the sandbox within that time. A client that does everything wrong has about ten.
pub(crate) const MAX_LINES_PER_WINDOW: usize = 16;
/// Seconds before the sandbox sends another code. Telegram waits for 60 or more, which is long for a trial.
pub(crate) const SANDBOX_RESEND_SECONDS: i32 = 5;
/// The DC on which clients of the sandbox begin; as with Telegram, it is not the home DC of every account.
pub(crate) const SANDBOX_HOME_DC: i32 = 2;

/// The longest line of standard input that is a value, in bytes.
pub(crate) const MAX_STDIN_LINE_LEN: u64 = 4 << 10;
/// The largest file of a saved login, in bytes; terms of service are most of it.
pub(crate) const MAX_SAVED_LOGIN_LEN: u64 = 256 << 10;
/// The largest file of a public key, in bytes; a key has about 500.
pub(crate) const MAX_PUBLIC_KEY_LEN: u64 = 64 << 10;
/// The largest encrypted session that is imported, in bytes.
pub(crate) const MAX_ENCRYPTED_SESSION_LEN: u64 = 1 << 20;
/// The largest file of `--accounts`, in bytes.
pub(crate) const MAX_ACCOUNTS_LEN: u64 = 64 << 20;

/// A value of at least this length, in characters, is a session string and not a file name, so it is not shown.
pub(crate) const MIN_SESSION_STRING_LEN: usize = 128;
/// The longest word, in bytes, that is repeated if no command has this name; a longer one may be a secret.
pub(crate) const MAX_SHOWN_COMMAND_LEN: usize = 16;
/// The longest option, in bytes, that is repeated if no option has this name.
pub(crate) const MAX_SHOWN_OPTION_LEN: usize = 24;
/// Bytes after the name of an option that are a typing error and not a value.
pub(crate) const MAX_TYPING_ERROR_LEN: usize = 2;

/// File descriptors that a command opens at most: a login in the sandbox opens 25.
pub(crate) const ONLINE_DESCRIPTORS: usize = 40;
/// The same without a network: 12, of which signals take 6.
pub(crate) const OFFLINE_DESCRIPTORS: usize = 20;
