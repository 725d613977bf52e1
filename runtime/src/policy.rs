//! The limits and the times of this crate, each with its unit, reason and source.

use std::time::Duration;

// The driver.

/// Inputs that one poll of the driver feeds before other tasks of the executor get their turn.
pub(crate) const MAX_INPUTS_PER_POLL: usize = 64;
/// Bytes of one read. One buffer for each thread that runs a driver; larger reads save no measurable time.
pub(crate) const READ_LEN: usize = 64 << 10;
/// How often the driver wakes up while a caller waits, so that a stop of the process (Ctrl-Z) is noticed. At most this
/// much of a stop counts as time that has passed.
pub(crate) const SIGSTOP_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long after a connection was requested the driver wakes up that often: three times the connect timeout (20 s).
pub(crate) const SIGSTOP_CHECKS_AFTER_OPEN: Duration = Duration::from_secs(60);
/// A process that is woken later than this after its timer was not able to run.
pub(crate) const LATE_WAKE_UP: Duration = Duration::from_secs(1);
/// The longest time that a timer is set to; runtimes refuse instants too far ahead. The driver then sets it again.
pub(crate) const MAX_TIMER: Duration = Duration::from_secs(86_400);
/// A shorter difference of two clocks is the time between two readings, not a suspended computer.
pub(crate) const MIN_SUSPEND: Duration = Duration::from_secs(1);
/// How far the wall clock moves between two checks whether the computer slept: less than the shortest sleep that counts.
pub(crate) const SLEEP_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Lost connections after which `connect` gives up if the configuration sets no limit.
pub(crate) const DEFAULT_MAX_ATTEMPTS: u64 = 5;
/// Events that are kept until the application takes them; the oldest are dropped.
pub(crate) const MAX_EVENTS: usize = 64;
/// The backoff after the first failed save; it doubles with each further failure.
pub(crate) const INITIAL_SAVE_BACKOFF: Duration = Duration::from_secs(1);
/// The longest backoff between two saves.
pub(crate) const MAX_SAVE_BACKOFF: Duration = Duration::from_secs(60);

// Connections.

/// How long an attempt to connect runs alone before the next one starts (RFC 8305, 8: "Connection Attempt Delay").
pub(crate) const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How long a proxy may take with one address if another one follows: long enough for three lost SYNs, short enough to
/// reach the second address within the connect timeout of the state machine (20 s).
pub(crate) const PROXY_ADDRESS_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a proxy may take with the last address.
pub(crate) const PROXY_TIMEOUT: Duration = Duration::from_secs(12);
/// How long a proxy may take with all addresses together: less than the connect timeout of the state machine (20 s).
pub(crate) const PROXY_TOTAL_TIMEOUT: Duration = Duration::from_secs(19);
/// How long the lookup of a proxy's name may take: longer than the 5 s after which a resolver asks its second server
/// (resolv.conf(5), `timeout`).
pub(crate) const PROXY_LOOKUP_TIMEOUT: Duration = Duration::from_secs(8);
/// Bytes of one read from a proxy; no message of a SOCKS proxy is longer (RFC 1928: 262).
pub(crate) const PROXY_READ_LEN: usize = 512;
/// Bytes of the head of an HTTP proxy's answer, interim answers included: twice what proxies themselves allow (squid
/// and Apache Traffic Server 64 KiB, HAProxy 16 KiB).
pub(crate) const MAX_HTTP_HEAD: usize = 128 << 10;

// The interactive login.

/// Wrong answers that one question takes: enough for a person, and an end for a script that has no other answer.
pub(crate) const MAX_TRIES: u32 = 10;
/// Answers that are neither wrong nor of any effect, such as an empty line: an end for a script that repeats one.
pub(crate) const MAX_EMPTY_ANSWERS: u32 = 100;
/// Lines of the terms of service that are shown.
pub(crate) const MAX_TERMS_LINES: usize = 200;
/// Characters of the terms of service that are shown.
pub(crate) const MAX_TERMS_CHARS: usize = 100_000;

// The terminal.

/// Columns below which broken lines read worse than what the terminal makes of long ones.
#[cfg(feature = "terminal")]
pub(crate) const MIN_COLUMNS: usize = 20;
/// How long a stop (SIGTSTP) may take to reach all threads.
#[cfg(all(unix, feature = "terminal"))]
pub(crate) const SIGTSTP_DELAY: Duration = Duration::from_millis(100);
/// Two threads may notice that the process continues: the one that reads a secret and the one that waits for SIGCONT.
/// Within this time of the first, the second does not show the question again.
#[cfg(feature = "terminal")]
pub(crate) const RESHOW_WINDOW: Duration = Duration::from_millis(500);
