//! The limits of the DCs, and the transport errors that they answer with.
//!
//! Sources: `core.telegram.org/mtproto/description`, `.../service_messages`, `.../mtproto-transports#transport-errors`,
//! `.../auth_key`.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How long a key exchange is remembered, as documented.
pub(super) const HANDSHAKE_MEMORY: Duration = Duration::from_secs(600);
/// The most key exchanges under way at once, so that memory stays bounded.
pub(super) const MAX_HANDSHAKES: usize = 1000;

/// How late a message may arrive by its msg_id, in seconds, as documented.
pub(super) const MAX_MESSAGE_AGE: u64 = 300;
/// How far a msg_id may lie in the future, in seconds, as documented.
pub(super) const MAX_MESSAGE_LEAD: u64 = 30;
/// The most identifiers that one service message may name, as documented.
pub(super) const MAX_IDS: usize = 8192;
/// The most messages in a container.
pub(super) const MAX_IN_CONTAINER: usize = 1024;
/// The largest request after decompression, in bytes, so that memory stays bounded.
pub(super) const MAX_DECOMPRESSED: usize = 10 << 20;
/// How many salts `future_salts` holds at most, whatever the client requests.
pub(super) const FUTURE_SALTS: RangeInclusive<usize> = 32..=64;

/// How far the expiry in a binding may differ from that of the key, in seconds.
pub(super) const MAX_EXPIRY_DIFFERENCE: i64 = 60;
/// The largest frame that a client may send, in bytes.
pub(super) const MAX_FRAME: usize = 1 << 24;
/// How many received identifiers a session remembers.
pub(super) const REMEMBERED_IDS: usize = 4096;
/// The most messages that the server puts into one container.
pub(super) const CONTAINER_MESSAGES: usize = 1000;
/// About how many bytes the server puts into one container.
pub(super) const CONTAINER_BYTES: usize = 1 << 20;
/// A message that waits longer than this for its ack is sent again under a new identifier: the old one would soon be
/// outside of the time that clients accept.
pub(super) const RESEND_AFTER: Duration = Duration::from_secs(200);

/// The size of the answer of [`FaultInjection::garbage_first_reply`](super::FaultInjection::garbage_first_reply), in bytes.
pub(super) const GARBAGE_BYTES: usize = 64;

/// Transport error: unknown key, wrong step of the key exchange, malformed packet.
pub(super) const NOT_FOUND: i32 = -404;
/// Transport error: too much at once.
pub(super) const FLOOD: i32 = -429;
/// Transport error: the key exchange names another DC.
pub(super) const WRONG_DC: i32 = -444;

/// The most updates and messages that wait for their time.
pub(super) const MAX_SCHEDULED: usize = 10_000;
