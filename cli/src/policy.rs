//! All limits and durations of the command, each with unit and reason.

use std::time::Duration;

/// Attempts at the passphrase of an encrypted session, on a terminal. Each wrong one costs another key derivation.
pub(crate) const MAX_PASSPHRASE_TRIES: u32 = 3;
/// Attempts at the passcode of another program's session, on a terminal.
pub(crate) const MAX_PASSCODE_TRIES: u32 = 3;
/// Attempts at `api_id` and `api_hash` together, on a terminal. They are usually pasted, so many tries mean a broken paste.
pub(crate) const MAX_APPLICATION_TRIES: u32 = 10;
/// QR links that are shown before the login gives up. A link is valid for about 30 seconds, so this is about 20 minutes.
pub(crate) const MAX_QR_LINKS: u32 = 40;
/// Pixels of the PNG for the side of each module of a QR code.
pub(crate) const QR_PNG_SCALE: u8 = 8;

/// How often the time limit reads the clock. A longer gap counts only this much, since the process was stopped
/// (Ctrl-Z) or had no processor time.
pub(crate) const CLOCK_TICK: Duration = Duration::from_secs(1);
/// How late the clock may be read after a tick, so that the gap still counts in full.
pub(crate) const CLOCK_DELAY: Duration = Duration::from_secs(1);
/// How long the sandbox waits for an event before it checks for signals and pasted links.
pub(crate) const SANDBOX_POLL: Duration = Duration::from_millis(100);
/// How long equal reports of the sandbox are counted instead of printed.
pub(crate) const REPEAT_WINDOW: Duration = Duration::from_secs(10);
/// Different reports of the sandbox within that time. A client that does everything wrong causes about ten.
pub(crate) const MAX_LINES_PER_WINDOW: usize = 16;
/// Seconds before the sandbox sends another code. Telegram waits 60 or more, which is long for a trial.
pub(crate) const SANDBOX_RESEND_SECONDS: i32 = 5;
/// The DC on which clients of the sandbox start. As with Telegram, it is not the home DC of every account.
pub(crate) const SANDBOX_HOME_DC: i32 = 2;

/// The longest value on a line of standard input, in bytes.
pub(crate) const MAX_STDIN_LINE_LEN: u64 = 4 << 10;
/// The largest file of a saved login, in bytes. Most of it are terms of service.
pub(crate) const MAX_SAVED_LOGIN_LEN: u64 = 256 << 10;
/// The largest file of a public key, in bytes. A key has about 500.
pub(crate) const MAX_PUBLIC_KEY_LEN: u64 = 64 << 10;
/// The largest encrypted session that is imported, in bytes.
pub(crate) const MAX_ENCRYPTED_SESSION_LEN: u64 = 1 << 20;
/// How long `listen` waits for an update before it asks what it has missed (`api/updates`, "Recovering gaps").
pub(crate) const SILENCE_OF_UPDATES: Duration = Duration::from_secs(15 * 60);
/// How long `listen` waits before it asks again, if the server refused and demands no longer wait.
pub(crate) const DIFFERENCE_RETRY: Duration = Duration::from_secs(60);
/// The most checks of `doctor` that its time limit allows. Those of Telegram's five DCs in two families are 28 at most.
pub(crate) const MAX_DOCTOR_CHECKS: u32 = 60;
/// The most JSON for `call`, in bytes. Telegram accepts no request above 1 MiB.
pub(crate) const MAX_ARGUMENTS_LEN: u64 = 16 << 20;
/// The largest file of `--accounts`, in bytes.
pub(crate) const MAX_ACCOUNTS_LEN: u64 = 64 << 20;

/// The length in bytes from which a value of `--from` is not shown, since it is a session string and no file name.
pub(crate) const MIN_SESSION_STRING_LEN: usize = 128;
/// The longest unknown command, in bytes, that an error shows. A longer word may be a secret.
pub(crate) const MAX_SHOWN_COMMAND_LEN: usize = 16;
/// The longest unknown option, in bytes, that an error shows. A longer word may be a secret.
pub(crate) const MAX_SHOWN_OPTION_LEN: usize = 24;
/// The longest text, in bytes, after the name of an option that is a typing error and not a value.
pub(crate) const MAX_TYPING_ERROR_LEN: usize = 2;

/// Bytes that `--lock-memory` must be allowed to lock. A login in the sandbox counts 750 MiB and uses 17: the C library
/// reserves 64 MiB of address space for most of its 12 threads. An encrypted session takes 64 MiB and more to open.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const LOCKED_MEMORY_LEN: usize = 1 << 30;

/// How long the end of the process waits until the database has the sessions back. Later, their leases end by themselves.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);
/// Sessions of a database whose contents are requested together for a list. They are in memory at the same time.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) const LISTED_AT_ONCE: usize = 64;

/// File descriptors that a command needs. A login in the sandbox opens 25.
pub(crate) const ONLINE_DESCRIPTORS: usize = 40;
/// File descriptors that a command without network access needs. It opens 12, 6 of them for signals.
pub(crate) const OFFLINE_DESCRIPTORS: usize = 20;
