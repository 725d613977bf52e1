//! What both directions share of a record of TLS.

use core::ops::Range;

pub(super) const HANDSHAKE: u8 = 22;
pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const APPLICATION_DATA: u8 = 23;
pub(super) const ALERT: u8 = 21;
/// The length of a record's header, in bytes: 1 of type, 2 of version, 2 of length.
pub(super) const HEADER_LEN: usize = 5;

/// The position of the 32 random bytes of a hello of either side, from the start of its record.
pub(super) const RANDOM: Range<usize> = 11..43;
