//! Public keys of X25519 (RFC 7748). No shared secret is ever computed with them.
//!
//! Half of all 32-byte strings are not the x-coordinate of a point on the curve, and only one in eight points is in the
//! subgroup of real keys, which a filter can check. The keys are therefore real ones, with the private key discarded.

use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

use crate::crypto::{SecureRandom, random};

/// Returns the public key of a new private key. Draws 32 bytes.
pub(super) fn public_key(random: &mut dyn SecureRandom) -> [u8; 32] {
    let private = Zeroizing::new(random::array(random));
    x25519(*private, X25519_BASEPOINT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed([u8; 32]);

    impl SecureRandom for Fixed {
        fn fill(&mut self, buffer: &mut [u8]) {
            buffer.copy_from_slice(&self.0);
        }
    }

    fn hex(bytes: &[u8]) -> std::string::String {
        bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
    }

    #[test]
    fn public_keys_of_the_rfc() {
        // RFC 7748, 5.2, the first iteration.
        let public = public_key(&mut Fixed(X25519_BASEPOINT_BYTES));
        assert_eq!(hex(&public), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        // RFC 7748, 6.1, Alice's private key.
        let alice = [
            0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
            0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a,
        ];
        let public = public_key(&mut Fixed(alice));
        assert_eq!(hex(&public), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    }
}
