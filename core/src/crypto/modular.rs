//! Integers of at most 2048 bits and their residues.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Limb, NonZero, U2048};
use zeroize::{Zeroize, Zeroizing};

/// A modulus with the precomputed values of Montgomery arithmetic.
pub(super) type Parameters = FixedMontyParams<{ U2048::LIMBS }>;
/// A residue in Montgomery form.
pub(super) type Residue = FixedMontyForm<{ U2048::LIMBS }>;

/// Returns the number as 256 bytes big-endian.
pub(super) fn bytes(number: &U2048) -> [u8; 256] {
    number.to_be_bytes().into()
}

/// Returns a secret residue as 256 bytes big-endian. The residue is wiped.
pub(super) fn secret_bytes(residue: &mut Residue) -> Zeroizing<[u8; 256]> {
    let number = Zeroizing::new(residue.retrieve());
    residue.zeroize();
    let mut digits = Zeroizing::new([0; 256]);
    for (to, limb) in digits.rchunks_exact_mut(Limb::BYTES).zip(number.as_limbs()) {
        to.copy_from_slice(&limb.0.to_be_bytes());
    }
    digits
}

/// Left-pads a big-endian number to 256 bytes. Returns `None` if it is longer.
pub(super) fn pad(number: &[u8]) -> Option<[u8; 256]> {
    let mut padded = [0; 256];
    let start = padded.len().checked_sub(number.len())?;
    padded.split_at_mut(start).1.copy_from_slice(number);
    Some(padded)
}

/// Returns the remainder of a public number by a small divisor, which must not be 0.
pub(super) fn small_remainder(number: &U2048, divisor: u8) -> u8 {
    let divisor = NonZero::new(Limb::from_u8(divisor)).into_option().unwrap_or(NonZero::<Limb>::MAX);
    // Less than the divisor, so it fits.
    number.rem_limb(divisor).0 as u8
}
