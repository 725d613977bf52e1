//! Every limit and every time constant of the core, with its unit, its reason and its source.
//!
//! What a user may want to change is an option of [`Config`](crate::client::Config); its default is here. The numbers
//! of a wire format (lengths of headers, constructors) stay in the file that reads the format.

use core::time::Duration;

// ---- Connections -------------------------------------------------------------------------------------------------

/// The backoff before the second attempt; each further one doubles it.
pub(crate) const BACKOFF_FIRST: Duration = Duration::from_millis(250);
/// The longest backoff: a server that comes back is noticed within half a minute.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// The shortest backoff after transport error -429, by which the server asks for fewer connections
/// (`mtproto/mtproto-transports#transport-errors`).
pub(crate) const BACKOFF_AFTER_429: Duration = Duration::from_secs(5);
/// A connection that was ready for so long was worth its attempt, even without a result: the backoff begins anew.
pub(crate) const STEADY_AFTER: Duration = Duration::from_secs(5);
/// The default of [`Config::connect_timeout`](crate::client::Config::connect_timeout).
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// The default of [`Config::connect_limit`](crate::client::Config::connect_limit): eight round trips over a bad line.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(180);
/// The default of [`Config::max_attempts`](crate::client::Config::max_attempts).
pub(crate) const MAX_CONNECT_ATTEMPTS: u32 = 5;
/// The default of [`Config::idle_timeout`](crate::client::Config::idle_timeout).
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Addresses that one attempt may race: each begins 250 ms after the one before, within [`CONNECT_TIMEOUT`].
pub(crate) const MAX_ENDPOINTS_PER_ATTEMPT: usize = 24;
/// The time that a transmit has besides what its length adds, see [`MIN_WRITE_RATE`].
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The slowest line that is not given up, in bytes a second: 64 kbit/s.
pub(crate) const MIN_WRITE_RATE: usize = 8 * 1024;
/// The largest transmit buffer that is kept for reuse, in bytes: two full containers.
pub(crate) const MAX_KEPT_TRANSMIT_BUFFER: usize = 64 * 1024;
/// The capacity that a decoder keeps while no frame is incomplete, in bytes.
pub(crate) const MAX_KEPT_FRAME_BUFFER: usize = 4096;
/// The longest payload of a frame that a client accepts, in bytes: four of the largest files parts and their wrapping.
pub(crate) const MAX_RECEIVED_FRAME: usize = (1 << 22) + 1024;
/// Payloads of this many bytes or more are not sent: 16 MiB is what the length of abridged framing holds.
pub(crate) const MAX_SENT_FRAME: usize = 1 << 24;
/// The longest answer to a WebSocket upgrade that is read, in bytes; servers' own limits for headers are 8 KiB.
#[cfg(feature = "websocket")]
pub(crate) const MAX_UPGRADE_ANSWER: usize = 8192;

// ---- Keys --------------------------------------------------------------------------------------------------------

/// Values of `b` that are tried while the server answers `dh_gen_retry` (`mtproto/auth_key`).
pub(crate) const MAX_DH_ATTEMPTS: u8 = 5;
/// The default of [`Config::temporary_key_lifetime`](crate::client::Config::temporary_key_lifetime) (`api/pfs`).
pub(crate) const TEMPORARY_KEY_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The shortest lifetime of a temporary key: with less, keys would be made all the time.
pub(crate) const MIN_TEMPORARY_KEY_LIFETIME: Duration = Duration::from_secs(60);
/// The next temporary key is made in the last eighth of the present one's life, at most so long before its end.
pub(crate) const MAX_RENEWAL_MARGIN: Duration = Duration::from_secs(3600);
/// How long a key rotation holds requests back, over a connection that works, for the answers that are under way.
pub(crate) const ROTATION_HOLD: Duration = Duration::from_secs(10);
/// How long a session under the key before is kept for the answers that it owes.
pub(crate) const DRAINING_TIMEOUT: Duration = Duration::from_secs(60);
/// A permanent key younger than this may not be known to all of the server's machines yet.
pub(crate) const KEY_PROPAGATION: Duration = Duration::from_secs(60);
/// How often in a row a server must deny a key before it is given up: -404 is not authenticated, and a machine of the
/// server may be behind.
pub(crate) const KEY_DENIALS: u8 = 2;
/// How long a key may take to be destroyed after a logout; then it is forgotten all the same.
pub(crate) const KEY_DESTRUCTION_TIMEOUT: Duration = Duration::from_secs(3);

// ---- Messages ----------------------------------------------------------------------------------------------------

/// The age from which a server's message is refused, in nanoseconds: 300 s (`mtproto/security_guidelines`).
pub(crate) const MAX_MESSAGE_AGE_NANOS: i64 = 300_000_000_000;
/// How far a server's message may be ahead of its clock, in nanoseconds: 30 s (`mtproto/security_guidelines`).
pub(crate) const MAX_MESSAGE_LEAD_NANOS: i64 = 30_000_000_000;
/// How far the wall clock may run ahead of the monotonic one between two calls, in nanoseconds; beyond it the computer
/// is taken to have slept.
pub(crate) const SUSPEND_NANOS: i64 = 5_000_000_000;
/// The msg_ids that the replay window remembers at most: 8 KiB.
pub(crate) const REPLAY_WINDOW: usize = 1024;
/// An idle session forgets msg_ids that are older than the newest by this; a message counts for at most 300 s.
pub(crate) const REPLAY_KEPT_FOR: Duration = Duration::from_secs(600);
/// The msg_ids that are remembered whatever their age: what was made while nothing could arrive comes late and unordered.
pub(crate) const REPLAY_KEPT_AT_LEAST: usize = 15;
/// The room that an idle session's replay window keeps, in msg_ids.
pub(crate) const REPLAY_KEPT_ROOM: usize = 16;
/// The messages of a received container (`mtproto/service_messages#containers` allows 1020).
pub(crate) const MAX_CONTAINER_MESSAGES: usize = 1024;
/// What one packed object may unpack to, in bytes: 10 MiB.
pub(crate) const MAX_UNPACKED: usize = 10 * 1024 * 1024;
/// What all messages of a packet may unpack to together, in bytes: four of the largest.
pub(crate) const MAX_UNPACKED_PER_PACKET: usize = 4 * MAX_UNPACKED;
/// The requests of a container that is sent.
pub(crate) const MAX_PACKED_REQUESTS: usize = 100;
/// A container that has this many bytes takes no further request: 32 KiB, so that no ping waits long behind it.
pub(crate) const MAX_PACKED_BYTES: usize = 1 << 15;
/// The service messages that wait to be sent; more would only help a peer that floods the client.
pub(crate) const MAX_SERVICE_MESSAGES: usize = 256;
/// The msg_ids of one `msgs_ack`, `msgs_state_req` or `msg_resend_req` (`mtproto/service_messages_about_messages`).
pub(crate) const MAX_IDS_PER_MESSAGE: usize = 8192;
/// The acks that wait at most. A message that is not acknowledged comes again, and is acknowledged then.
pub(crate) const MAX_WAITING_ACKS: usize = 2 * MAX_IDS_PER_MESSAGE;
/// So many acks leave at once; TDLib waits for 100.
pub(crate) const URGENT_ACKS: usize = 64;
/// The longest that an ack waits for a packet to travel with (TDLib, `SessionConnection.cpp`).
pub(crate) const ACK_DELAY: Duration = Duration::from_secs(30);
/// Packets that wait for a quick ack; a server need not send any, so the oldest are given up.
pub(crate) const MAX_QUICK_ACKS: usize = 32;
/// Containers and service messages that are remembered at least, for notifications about them; besides, two for each
/// request under way.
pub(crate) const MIN_REMEMBERED_MESSAGES: usize = 256;
/// How long those are remembered, by the time in their msg_ids. Notifications follow at once.
pub(crate) const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// Msg_ids of requests that were sent again under another one, remembered for late answers.
pub(crate) const MAX_SUPERSEDED: usize = 1024;
/// Rounds of corrections (salt, clock, numbering) that may follow each other without an answer in between.
pub(crate) const MAX_CORRECTION_ROUNDS: u8 = 5;
/// Rounds with an answered ping in between count from 0 only so far apart: a server that answers a ping and refuses the
/// next would have the client ping without a pause.
pub(crate) const CORRECTION_ROUNDS_APART: Duration = Duration::from_secs(5);
/// The future salts that are asked for at once, of the 64 that the protocol allows: enough for most of a day.
pub(crate) const WANTED_SALTS: i32 = 32;
/// The future salts that are kept.
pub(crate) const MAX_SALTS: usize = 32;
/// With fewer future salts than this, more are asked for.
pub(crate) const FEW_SALTS: usize = 2;
/// The time between two queries for future salts.
pub(crate) const SALTS_ASKED_EVERY: Duration = Duration::from_secs(60);
/// The time between two pings.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(60);
/// The server closes the connection so many seconds after the last ping (`ping_delay_disconnect`; TDLib uses 75).
pub(crate) const DISCONNECT_DELAY_SECONDS: i32 = 75;
/// Over a connection without a message for so long, nothing arrives any more: the server has closed it.
pub(crate) const CLOSED_AFTER: Duration =
    Duration::from_secs(DISCONNECT_DELAY_SECONDS.cast_unsigned() as u64);
/// Something must arrive within this time of a ping.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// The shortest time between two pings that ask whether requests may leave.
pub(crate) const URGENT_PING_EVERY: Duration = Duration::from_secs(1);
/// How long the answer to `msgs_state_req` may take. More than [`PING_TIMEOUT`], so that the question is asked again
/// over the next connection first.
pub(crate) const STATE_TIMEOUT: Duration = PING_TIMEOUT.saturating_add(Duration::from_secs(5));
/// How long after a connection began the server is asked for the answers that it owes from an earlier one, how long after
/// that once more, and how long after that they are given up: 30 s in all, so that a request with the default timeout can
/// leave again.
pub(crate) const REMIND_AFTER: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(15)];

// ---- Requests ----------------------------------------------------------------------------------------------------

/// The longest query, in bytes: 1 MiB; Telegram's largest, a part of a file, has 512 KiB.
pub(crate) const MAX_QUERY_LEN: usize = 1 << 20;
/// The default of [`Config::request_timeout`](crate::client::Config::request_timeout).
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The default of [`Config::max_pending`](crate::client::Config::max_pending).
pub(crate) const MAX_PENDING: usize = 1 << 16;
/// The default of [`Config::max_pending_bytes`](crate::client::Config::max_pending_bytes): 64 MiB.
pub(crate) const MAX_PENDING_BYTES: usize = 64 << 20;
/// How often one request follows the server to another DC.
pub(crate) const MAX_REDIRECTS: u8 = 3;
/// How often one request is sent again after the server said that something else must come first.
pub(crate) const MAX_RETRIES: u8 = 3;
/// The shortest query that is packed, in bytes. Measured on prose: 380 of 1024 bytes for 19 µs, 170 of 512 for 13 µs; what
/// is shorter travels in one TCP segment anyway.
pub(crate) const MIN_PACKED_QUERY: usize = 1024;
/// The bytes of a query that are sampled to see whether packing is worth it.
pub(crate) const SAMPLED_BYTES: usize = 1024;
/// The places of a query from which those bytes are taken.
pub(crate) const SAMPLES: usize = 64;
/// The longest name of an error that is kept, in bytes; longer ones are cut.
pub(crate) const MAX_ERROR_NAME: usize = 128;
/// How often the login is exported again because its bytes were refused at the other DC: they are valid for seconds.
pub(crate) const MAX_AUTHORIZATION_EXPORTS: u8 = 3;

// ---- What the client asks by itself --------------------------------------------------------------------------------

/// The pause after a failed query of the client's own, unless the server names a longer one.
pub(crate) const OWN_QUERY_PAUSE: Duration = Duration::from_secs(60);
/// The shortest time between two `updates.getState`, however many sessions the server makes.
pub(crate) const UPDATES_STATE_EVERY: Duration = Duration::from_secs(1);
/// The shortest time between two `help.getConfig`, however often the server announces changes.
pub(crate) const ADDRESSES_EVERY: Duration = Duration::from_secs(10);
/// The pause after a `help.getConfig` that failed.
pub(crate) const ADDRESSES_PAUSE: Duration = Duration::from_secs(600);
/// The updates that wait to be taken; beyond it the oldest are dropped, as if they had been missed.
pub(crate) const MAX_QUEUED_UPDATES: usize = 1024;
/// Likewise in bytes, 16 MiB: a packed message may be a thousand times as large as its packet.
pub(crate) const MAX_QUEUED_UPDATE_BYTES: usize = 16 << 20;

// ---- What is stored ------------------------------------------------------------------------------------------------

/// The addresses of DCs that are kept of what the server announces; Telegram announces some thirty.
pub(crate) const MAX_DC_OPTIONS: usize = 128;
/// Likewise of one DC.
pub(crate) const MAX_OPTIONS_PER_DC: usize = 16;
/// The shortest time for which announced addresses are kept, in seconds, whatever `config.expires` says.
pub(crate) const MIN_DC_OPTIONS_SECONDS: u64 = 60;
/// Likewise the longest: a week.
pub(crate) const MAX_DC_OPTIONS_SECONDS: u64 = 7 * 24 * 3600;
/// The addresses of custom servers in a stored session.
pub(crate) const MAX_STORED_ADDRESSES: usize = 256;
/// The RSA keys of custom servers in a stored session.
pub(crate) const MAX_STORED_PUBLIC_KEYS: usize = 16;
/// The logout tokens in a stored session: as many as `auth.sendCode` takes.
pub(crate) const MAX_LOGOUT_TOKENS: usize = 20;
/// The longest logout token that is kept, in bytes.
pub(crate) const MAX_LOGOUT_TOKEN_LEN: usize = 1024;

// ---- Login ---------------------------------------------------------------------------------------------------------

/// How often one step of a login follows the server to another DC.
pub(crate) const MAX_LOGIN_MIGRATIONS: u8 = 5;
/// How often in a row a step's query is sent again after an internal error of the server.
pub(crate) const MAX_LOGIN_RETRIES: u32 = 3;
/// Likewise while a QR code is shown, which is not looked at all the time.
pub(crate) const MAX_QR_RETRIES: u32 = 8;
/// The longest pause before a step's query is sent again.
pub(crate) const MAX_LOGIN_RETRY_PAUSE: Duration = Duration::from_secs(60);
/// The default of [`Config::flood_sleep_threshold`](crate::client::Config::flood_sleep_threshold).
pub(crate) const FLOOD_SLEEP_THRESHOLD: Duration = Duration::from_secs(60);
/// After so many flood waits in a row, another one is reported as endless.
pub(crate) const MANY_FLOOD_WAITS: u32 = 5;
/// The shortest flood wait; a shorter one that the server names is taken for it (TDLib).
pub(crate) const MIN_FLOOD_WAIT: Duration = Duration::from_secs(1);
/// The longest flood wait; a longer one that the server names is taken for it (TDLib): 14 days.
pub(crate) const MAX_FLOOD_WAIT: Duration = Duration::from_secs(14 * 86_400);
/// How long the password's key stretching may take if requests have no limit.
pub(crate) const PASSWORD_KDF_TIMEOUT: Duration = Duration::from_secs(60);
/// A QR link is renewed so long before it expires, or after three quarters of its life if that is later.
pub(crate) const QR_RENEWAL_MARGIN: Duration = Duration::from_secs(5);
/// The longest that a QR link is shown, whatever server and clocks say; Telegram's live for 30 s.
pub(crate) const MAX_QR_LIFETIME: Duration = Duration::from_secs(300);
/// The shortest time between two QR links.
pub(crate) const MIN_QR_LIFETIME: Duration = Duration::from_secs(1);
/// The longest login token of a QR link, in bytes: Telegram's have about 36, and no phone reads a code with far more.
pub(crate) const MAX_QR_TOKEN_LEN: usize = 512;
/// How long a step waits for the address of the DC that it moves to, before it looks again.
pub(crate) const MIGRATION_ADDRESS_WAIT: Duration = Duration::from_secs(5);
