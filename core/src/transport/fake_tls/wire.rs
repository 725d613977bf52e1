//! Constants of TLS records in both directions.

use core::ops::Range;

pub(super) const HANDSHAKE: u8 = 22;
pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const APPLICATION_DATA: u8 = 23;
pub(super) const ALERT: u8 = 21;
/// Length of a record header in bytes: 1 for the type, 2 for the version, 2 for the length.
pub(super) const HEADER_LEN: usize = 5;

/// Position of the 32 random bytes in a client or server hello, from the start of its record.
pub(super) const RANDOM: Range<usize> = 11..43;
