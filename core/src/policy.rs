//! Every limit and time constant of the core, with its unit, reason and source.
//!
//! A value that a user may want to change is an option of [`Config`](crate::client::Config); its default is here. The
//! constants of a wire format (header lengths, constructor ids) stay in the file that parses the format. The numbers of
//! the retry policy are beside its decisions, in `rpc/retry.rs`.

use core::time::Duration;

// ---- Connections -------------------------------------------------------------------------------------------------

/// Backoff before the second attempt. It doubles with each further one.
pub(crate) const BACKOFF_FIRST: Duration = Duration::from_millis(250);
/// Maximum backoff: a server that is back is noticed within half a minute.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Minimum backoff after transport error -429, with which the server requests fewer connections
/// (`mtproto/mtproto-transports#transport-errors`).
pub(crate) const BACKOFF_AFTER_429: Duration = Duration::from_secs(5);
/// Time for which a connection must be ready to reset the backoff, even without a result.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(5);
/// Default of [`Config::connect_timeout`](crate::client::Config::connect_timeout).
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Default of [`Config::connect_limit`](crate::client::Config::connect_limit): eight round trips over a bad network.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(180);
/// Default of [`Config::max_attempts`](crate::client::Config::max_attempts).
pub(crate) const MAX_CONNECT_ATTEMPTS: u32 = 5;
/// Default of [`Config::idle_timeout`](crate::client::Config::idle_timeout).
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Maximum number of addresses raced per attempt. Each starts 250 ms after the previous one, within
/// [`CONNECT_TIMEOUT`].
pub(crate) const MAX_ENDPOINTS_PER_ATTEMPT: usize = 24;
/// Base time limit of a transmit. Its length adds to it, see [`MIN_WRITE_RATE`].
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Minimum throughput of a connection in bytes per second: 64 kbit/s.
pub(crate) const MIN_WRITE_RATE: usize = 8 * 1024;
/// Maximum size in bytes of a transmit buffer kept for reuse, until the client is idle: a query of 1 MiB and its
/// envelope. Memory that is freed and allocated for each packet costs a page fault per 4 KiB.
pub(crate) const MAX_KEPT_TRANSMIT_BUFFER: usize = 1024 * 1024 + 4096;
/// Maximum capacity in bytes that a decoder keeps while no frame is incomplete, until the client is idle: a result of
/// 1 MiB, in a buffer that has doubled.
pub(crate) const MAX_KEPT_FRAME_BUFFER: usize = 2 * MAX_KEPT_TRANSMIT_BUFFER;
/// The same for a server's decoder: queries are short, and a server has many connections.
pub(crate) const MAX_KEPT_BY_SERVER: usize = 4096;
/// Maximum length in bytes of a received payload: four of the largest file parts with their wrapping.
pub(crate) const MAX_RECEIVED_FRAME: usize = (1 << 22) + 1024;
/// Payloads of this many bytes or more are not sent: the length field of abridged framing is limited to 16 MiB.
pub(crate) const SENT_FRAME_LIMIT: usize = 1 << 24;
/// Maximum length in bytes of the response to a WebSocket upgrade. Servers limit headers to 8 KiB themselves.
#[cfg(feature = "websocket")]
pub(crate) const MAX_UPGRADE_ANSWER: usize = 8192;

// ---- Keys --------------------------------------------------------------------------------------------------------

/// Maximum number of values of `b` while the server answers `dh_gen_retry` (`mtproto/auth_key`).
pub(crate) const MAX_DH_ATTEMPTS: u8 = 5;
/// Default of [`Config::temporary_key_lifetime`](crate::client::Config::temporary_key_lifetime) (`api/pfs`).
pub(crate) const TEMPORARY_KEY_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Minimum lifetime of a temporary key: below it, the client would constantly create keys.
pub(crate) const MIN_TEMPORARY_KEY_LIFETIME: Duration = Duration::from_secs(60);
/// The next temporary key is created in the last eighth of the current one's lifetime, at most this long before its
/// end.
pub(crate) const MAX_RENEWAL_MARGIN: Duration = Duration::from_secs(3600);
/// Maximum time for which a key rotation delays requests on a working connection, to let pending answers arrive.
pub(crate) const ROTATION_HOLD: Duration = Duration::from_secs(10);
/// Time for which a session under the previous key is kept for its pending answers.
pub(crate) const DRAINING_TIMEOUT: Duration = Duration::from_secs(60);
/// Age below which a permanent key may not yet be known to all machines of the server.
pub(crate) const KEY_PROPAGATION: Duration = Duration::from_secs(60);
/// Number of consecutive rejections after which a key is dropped: -404 is not authenticated, and a machine of the
/// server may lag behind.
pub(crate) const MAX_KEY_REFUSALS: u8 = 2;
/// Maximum time for the destruction of a key after a logout. It is dropped in any case after that.
pub(crate) const KEY_DESTRUCTION_TIMEOUT: Duration = Duration::from_secs(3);

// ---- Messages ----------------------------------------------------------------------------------------------------

/// Age in nanoseconds from which a server's message is rejected: 300 s (`mtproto/security_guidelines`).
pub(crate) const MAX_MESSAGE_AGE_NANOS: i64 = 300_000_000_000;
/// Maximum time in nanoseconds by which a server's message may be ahead of its clock: 30 s
/// (`mtproto/security_guidelines`).
pub(crate) const MAX_MESSAGE_LEAD_NANOS: i64 = 30_000_000_000;
/// Maximum difference in nanoseconds between the progress of the wall clock and of the monotonic clock from one call to
/// the next. A greater difference means that the computer was suspended.
pub(crate) const SUSPEND_NANOS: i64 = 5_000_000_000;
/// Maximum number of msg_ids in the replay window: 8 KiB.
pub(crate) const REPLAY_WINDOW: usize = 1024;
/// An idle session drops msg_ids that are older than the newest by this much. A message is accepted for at most 300 s.
pub(crate) const REPLAY_KEPT_FOR: Duration = Duration::from_secs(600);
/// Number of msg_ids that are kept at any age: messages created while nothing could arrive come late and unordered.
pub(crate) const REPLAY_KEPT_AT_LEAST: usize = 15;
/// Capacity of an idle session's replay window, in msg_ids.
pub(crate) const REPLAY_KEPT_ROOM: usize = 16;
/// Maximum number of messages in a received container (`mtproto/service_messages#containers` allows 1020).
pub(crate) const MAX_CONTAINER_MESSAGES: usize = 1024;
/// Maximum decompressed length of one compressed object in bytes: 10 MiB.
pub(crate) const MAX_DECOMPRESSED: usize = 10 * 1024 * 1024;
/// Maximum total decompressed length of all messages in a packet, in bytes: four of the largest.
pub(crate) const MAX_DECOMPRESSED_PER_PACKET: usize = 4 * MAX_DECOMPRESSED;
/// Maximum number of requests in a sent container.
pub(crate) const MAX_PACKED_REQUESTS: usize = 100;
/// Length in bytes from which a packet accepts no further request: 4 KiB. Packets that are sent together are sealed
/// together, and a processor with AES instructions seals three of 4 KiB almost twice as fast as one of 12 KiB
/// (`benches/README.md`). Each further packet costs about 90 bytes.
pub(crate) const MAX_PACKED_BYTES: usize = 1 << 12;
/// Length in bytes from which a transmit accepts no further request: 32 KiB, so that no ping waits long after it.
pub(crate) const MAX_TRANSMIT_BYTES: usize = 1 << 15;
/// Maximum number of service messages to be sent. More would only help a peer that floods the client.
pub(crate) const MAX_SERVICE_MESSAGES: usize = 256;
/// Maximum number of msg_ids per `msgs_ack`, `msgs_state_req` or `msg_resend_req`
/// (`mtproto/service_messages_about_messages`).
pub(crate) const MAX_IDS_PER_MESSAGE: usize = 8192;
/// Maximum number of acks to be sent. A message that is not acknowledged is sent again, and is acknowledged then.
pub(crate) const MAX_WAITING_ACKS: usize = 2 * MAX_IDS_PER_MESSAGE;
/// Number of acks from which they wait only [`ACK_FLUSH_DELAY`] for another packet.
pub(crate) const ACK_FLUSH_COUNT: usize = 64;
/// Maximum delay of many acks: the next requests mostly follow the results at once, and a packet of their own costs more
/// than the acks.
pub(crate) const ACK_FLUSH_DELAY: Duration = Duration::from_millis(20);
/// Number of acks that are sent at once. TDLib waits for 100.
pub(crate) const ACK_URGENT_COUNT: usize = 1024;
/// Maximum delay of an ack that waits for another packet (TDLib, `SessionConnection.cpp`).
pub(crate) const ACK_DELAY: Duration = Duration::from_secs(30);
/// Maximum number of packets that await a quick ack. Servers need not send any, so the oldest are dropped.
pub(crate) const MAX_QUICK_ACKS: usize = 32;
/// Minimum number of sent containers and service messages to remember for notifications about them, in addition to two
/// per request in flight.
pub(crate) const MIN_REMEMBERED_MESSAGES: usize = 256;
/// Time for which they are remembered, by their msg_ids. Notifications arrive soon after.
pub(crate) const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// A request that the server has not received, and that may still be on its way to it over a lost connection, is sent
/// again under its msg_id for this long: the server rejects messages older than 300 s, by a clock that may differ.
pub(crate) const REPEATABLE_FOR: Duration = Duration::from_secs(330);
/// Maximum number of former msg_ids of requests that were sent again, remembered for late answers.
pub(crate) const MAX_SUPERSEDED: usize = 1024;
/// Maximum number of consecutive rounds in which the server makes the client send messages again (wrong salt, clock or
/// numbering, requested resends, new sessions) without an answer in between.
pub(crate) const MAX_RESEND_ROUNDS: u8 = 5;
/// Minimum time between rounds for an answered ping to reset their number: a server that answers one ping and rejects
/// the next would otherwise cause pings without pause.
pub(crate) const MIN_RESEND_ROUND_INTERVAL: Duration = Duration::from_secs(5);
/// Number of future salts per request, of the 64 that the protocol allows: enough for about eight hours.
pub(crate) const WANTED_SALTS: i32 = 16;
/// Maximum number of future salts to keep.
pub(crate) const MAX_SALTS: usize = 16;
/// Number of future salts below which more are requested.
pub(crate) const FEW_SALTS: usize = 2;
/// Minimum time between two requests for future salts.
pub(crate) const MIN_SALT_REQUEST_INTERVAL: Duration = Duration::from_secs(60);
/// Time between two pings.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(60);
/// Number of seconds after the last ping until the server closes the connection (`ping_delay_disconnect`; TDLib uses
/// 75).
pub(crate) const DISCONNECT_DELAY_SECONDS: i32 = 75;
/// Time without a message after which the server has closed the connection.
pub(crate) const SERVER_IDLE_CLOSE: Duration =
    Duration::from_secs(DISCONNECT_DELAY_SECONDS.cast_unsigned() as u64);
/// Time after a ping within which some message must arrive.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// Time without a message after which a ping checks the connection while answers are awaited, so that a dead one is
/// replaced before its requests time out. While its user is active, TDLib checks after one to two round trips, at least
/// 2 s, and gives up after two and a half (`td/mtproto/SessionConnection.h` of 2019).
pub(crate) const PING_IN_SILENCE_AFTER: Duration = Duration::from_secs(10);
/// Minimum time between two pings that check whether requests can be sent.
pub(crate) const URGENT_PING_EVERY: Duration = Duration::from_secs(1);
/// Time limit for the answer to `msgs_state_req`. Longer than [`PING_TIMEOUT`], so that the query is first repeated on
/// the next connection.
pub(crate) const STATE_TIMEOUT: Duration = PING_TIMEOUT.saturating_add(Duration::from_secs(5));
/// Times until awaited answers of an earlier connection are requested from the server: after the start of the new one,
/// then again, then until they are given up. 30 s in total, so that a request with the default timeout can be sent
/// again.
pub(crate) const ANSWER_RESEND_AFTER: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(15)];

// ---- Requests ----------------------------------------------------------------------------------------------------

/// Maximum length of a query in bytes: 1 MiB. Telegram's largest, a file part, has 512 KiB.
pub(crate) const MAX_QUERY_LEN: usize = 1 << 20;
/// Default of [`Config::request_timeout`](crate::client::Config::request_timeout).
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Default of [`Config::max_pending`](crate::client::Config::max_pending).
pub(crate) const MAX_PENDING: usize = 1 << 16;
/// Default of [`Config::max_pending_bytes`](crate::client::Config::max_pending_bytes): 64 MiB.
pub(crate) const MAX_PENDING_BYTES: usize = 64 << 20;
/// Minimum length in bytes of a query to compress. Measured on prose: 1024 bytes become 380 in 19 µs, 512 become 170 in
/// 13 µs. A shorter query fits into one TCP segment anyway.
pub(crate) const MIN_GZIPPED_QUERY: usize = 1024;
/// Number of sampled bytes that decide whether a query is compressed.
pub(crate) const SAMPLED_BYTES: usize = 1024;
/// Number of places in the query from which those bytes are taken.
pub(crate) const SAMPLES: usize = 64;
/// Maximum length in bytes of an error name. Longer ones are truncated.
pub(crate) const MAX_ERROR_NAME: usize = 128;

// ---- Queries of the client itself ----------------------------------------------------------------------------------

/// Minimum time between two `updates.getState`, however many sessions the server creates.
pub(crate) const UPDATES_STATE_INTERVAL: Duration = Duration::from_secs(1);
/// Minimum time between two `help.getConfig`, however often the server announces changes.
pub(crate) const CONFIG_QUERY_INTERVAL: Duration = Duration::from_secs(10);
/// Maximum number of queued updates. Beyond it the oldest are dropped, as if the client had missed them.
pub(crate) const MAX_QUEUED_UPDATES: usize = 1024;
/// Maximum size of queued updates in bytes: 16 MiB. A compressed message may be a thousand times as large as its
/// packet.
pub(crate) const MAX_QUEUED_UPDATE_BYTES: usize = 16 << 20;

// ---- Stored session ------------------------------------------------------------------------------------------------

/// Maximum number of announced DC addresses to keep. Telegram announces about thirty.
pub(crate) const MAX_DC_OPTIONS: usize = 128;
/// Maximum number of announced addresses per DC.
pub(crate) const MAX_OPTIONS_PER_DC: usize = 16;
/// Minimum time for which announced addresses are kept, in seconds, whatever `config.expires` is.
pub(crate) const MIN_DC_OPTIONS_SECONDS: u64 = 60;
/// Maximum time for which announced addresses are kept, in seconds: a week.
pub(crate) const MAX_DC_OPTIONS_SECONDS: u64 = 7 * 24 * 3600;
/// Maximum number of addresses of custom servers in a stored session.
pub(crate) const MAX_STORED_ADDRESSES: usize = 256;
/// Maximum number of RSA keys of custom servers in a stored session.
pub(crate) const MAX_STORED_PUBLIC_KEYS: usize = 16;
/// Maximum number of logout tokens in a stored session, which is also the maximum of `auth.sendCode`.
pub(crate) const MAX_LOGOUT_TOKENS: usize = 20;
/// Maximum length of a logout token in bytes.
pub(crate) const MAX_LOGOUT_TOKEN_LEN: usize = 1024;

// ---- Login ---------------------------------------------------------------------------------------------------------

/// Maximum number of migrations of one login step to another DC.
pub(crate) const MAX_LOGIN_MIGRATIONS: u8 = 5;
/// Default of [`Config::flood_sleep_threshold`](crate::client::Config::flood_sleep_threshold).
pub(crate) const FLOOD_SLEEP_THRESHOLD: Duration = Duration::from_secs(60);
/// Number of consecutive flood waits after which another one is reported as endless.
pub(crate) const MANY_FLOOD_WAITS: u32 = 5;
/// Minimum flood wait. Shorter ones from the server are raised to it (TDLib).
pub(crate) const MIN_FLOOD_WAIT: Duration = Duration::from_secs(1);
/// Maximum flood wait: 14 days. Longer ones from the server are lowered to it (TDLib).
pub(crate) const MAX_FLOOD_WAIT: Duration = Duration::from_secs(14 * 86_400);
/// Time limit of the password's key stretching if requests have no limit.
pub(crate) const PASSWORD_KDF_TIMEOUT: Duration = Duration::from_secs(60);
/// A QR link is renewed this long before it expires, or after three quarters of its lifetime if that is later.
pub(crate) const QR_RENEWAL_MARGIN: Duration = Duration::from_secs(5);
/// Maximum time for which a QR link is shown, whatever server and clocks indicate. Telegram's are valid for 30 s.
pub(crate) const MAX_QR_LIFETIME: Duration = Duration::from_secs(300);
/// Minimum time between two QR links.
pub(crate) const MIN_QR_LIFETIME: Duration = Duration::from_secs(1);
/// Maximum length in bytes of the login token in a QR link. Telegram's have about 36; phones cannot scan much longer
/// ones.
pub(crate) const MAX_QR_TOKEN_LEN: usize = 512;
/// Time for which a step waits for the address of the DC it migrates to, before it checks again.
pub(crate) const MIGRATION_ADDRESS_WAIT: Duration = Duration::from_secs(5);
