//! The limits and the times of this crate, each with its unit and reason.

#![cfg_attr(
    not(all(feature = "postgres", feature = "redis")),
    allow(dead_code, reason = "most of them are those of a database")
)]

use std::time::Duration;

/// How long a lease lasts if the options do not say: the longest time without an owner after a process has died.
pub(crate) const DEFAULT_LEASE: Duration = Duration::from_secs(30);
/// The shortest lease: a third of it must suffice for a statement over a slow network.
pub(crate) const MIN_LEASE: Duration = Duration::from_secs(2);
/// The longest lease.
pub(crate) const MAX_LEASE: Duration = Duration::from_secs(3600);
/// The part of the lease at its end in which a client sends nothing: its clock may run slower than that of the
/// database, and what it has sent last must arrive. A tenth is 200 times what a clock with NTP is off by (500 ppm).
pub(crate) const MARGIN_PART: u32 = 10;
/// A lease is renewed this often in its time, so that two renewals may fail.
pub(crate) const RENEWALS_PER_LEASE: u32 = 3;
/// The pause after a renewal that failed, or after an attempt to free a session that no client got.
pub(crate) const RENEWAL_RETRY: Duration = Duration::from_millis(200);
/// How long a process that gives all its sessions up waits until their clients have reset their connections.
pub(crate) const RESET_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a connection to the database may take, whatever it tries, unless a third of the lease is shorter.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Addresses of a host that are tried, one of each family: each has its part of the time for the connection.
pub(crate) const ADDRESSES_PER_HOST: u32 = 2;
/// How long a connection to the database may take with any lease: a busy machine needs more than a moment.
pub(crate) const MIN_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a statement may take, unless a sixth of the lease is shorter.
pub(crate) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long statements that were given up are cancelled, one after the other, before their connection is closed.
pub(crate) const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause from one of these cancellations to the next.
pub(crate) const CANCEL_PERIOD: Duration = Duration::from_millis(100);
/// Bytes of the name of a session, as an index of the database takes them easily.
pub(crate) const MAX_NAME_LEN: usize = 200;
/// Bytes of a file that has a sealing key: the key, and what an editor leaves around it.
pub(crate) const MAX_KEY_FILE_LEN: u64 = 1024;
/// Sessions of a list that are read by one script, which holds up all others: about a millisecond.
pub(crate) const LISTED_AT_ONCE: usize = 500;
