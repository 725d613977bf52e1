//! The Diffie-Hellman group of the test DCs.

use num_bigint_dig::BigUint;

/// Whether `value` is 2^1984 or more away from both ends, as the security guidelines recommend.
pub(super) fn is_in_safe_range(value: &BigUint, prime: &BigUint) -> bool {
    let margin = BigUint::from(1_u8) << 1984;
    *value >= margin && *value <= prime - margin
}

/// Returns Telegram's own prime; some clients accept no other.
pub(super) fn prime() -> BigUint {
    BigUint::parse_bytes(PRIME.as_bytes(), 16).expect("the constant of this file is hexadecimal")
}

/// A generator of the subgroup of prime order for that prime.
pub(super) const GENERATOR: u32 = 3;
const PRIME: &str = "\
    c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db\
    fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
    2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41\
    0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
    e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf\
    6f4fadf034b10403119cd8e3b92fcc5b";
