//! Hexadecimal constants, decoded at compile time.

/// Decodes a constant of `2 * N` hexadecimal digits to `[u8; N]`. Line breaks and spaces are skipped.
///
/// It is evaluated at compile time wherever it is used: a wrong digit or a wrong number of digits fails the build.
macro_rules! hex {
    ($digits:expr $(,)?) => {
        const { $crate::crypto::hex::decode($digits) }
    };
}
pub(crate) use hex;

/// Called by [`hex!`] alone, at compile time: its panics are errors of the build.
pub(super) const fn decode<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    let mut bytes = [0; N];
    let mut digits = 0;
    let mut index = 0;
    while index < text.len() {
        let digit = match text[index] {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            b' ' | b'\n' => {
                index += 1;
                continue;
            }
            _ => panic!("not a hexadecimal digit"),
        };
        bytes[digits / 2] = bytes[digits / 2] << 4 | digit;
        digits += 1;
        index += 1;
    }
    assert!(digits == 2 * N, "wrong number of digits");
    bytes
}
