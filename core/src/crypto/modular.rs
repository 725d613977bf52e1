//! Integers of at most 2048 bits.

use crypto_bigint::{Limb, NonZero, U2048};

/// Returns the number as 256 bytes big-endian.
pub(super) fn bytes(number: &U2048) -> [u8; 256] {
    number.to_be_bytes().into()
}

/// Left-pads a big-endian number to 256 bytes. Returns `None` if it is longer.
pub(super) fn pad(number: &[u8]) -> Option<[u8; 256]> {
    let mut padded = [0; 256];
    let start = padded.len().checked_sub(number.len())?;
    padded.split_at_mut(start).1.copy_from_slice(number);
    Some(padded)
}

/// Returns the remainder of a public number by a small divisor, which must not be 0.
pub(super) fn small_remainder(number: &U2048, divisor: u16) -> u16 {
    let divisor = NonZero::new(Limb::from_u16(divisor)).into_option().unwrap_or(NonZero::<Limb>::MAX);
    // Less than the divisor, so it fits.
    number.rem_limb(divisor).0 as u16
}
