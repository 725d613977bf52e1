//! Constants written as hexadecimal digits, decoded while compiling.

/// Decodes `2 * N` hexadecimal digits, line breaks and spaces left out.
///
/// Only for constants, whose values are computed while compiling: a wrong digit or a wrong number of digits is a panic of
/// the compiler, and stops the build.
pub(crate) const fn decode<const N: usize>(text: &str) -> [u8; N] {
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
