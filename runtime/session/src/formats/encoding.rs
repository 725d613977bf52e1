//! The base64 variants of the libraries, hexadecimal, and big-endian fields.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

/// Bytes of a session.
pub(super) type Bytes = Zeroizing<Vec<u8>>;
/// A session string.
pub(super) type Text = Zeroizing<String>;

/// Returns whether session strings may contain this byte.
pub(super) const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Decodes base64 of either alphabet or of both, with or without padding.
pub(super) fn decode(text: &str) -> Option<Bytes> {
    let text = text.trim_end_matches('=');
    let mut standard = Zeroizing::new(String::with_capacity(text.len()));
    standard.extend(text.chars().map(|char| match char {
        '-' => '+',
        '_' => '/',
        char => char,
    }));
    decoded::<Base64Unpadded>(&standard)
}

/// Decodes base64 of the standard alphabet, which must be padded.
pub(super) fn decode_standard(text: &str) -> Option<Bytes> {
    decoded::<Base64>(text)
}

/// Decodes a text. Unlike `Encoding::decode_vec`, wipes the decoded bytes if there is an error.
fn decoded<E: Encoding>(text: &str) -> Option<Bytes> {
    let mut bytes = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
    let length = E::decode(text, &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// Decodes exactly `N` bytes from hexadecimal digits of either case.
pub(super) fn hex<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut bytes = Zeroizing::new([0; N]);
    if pairs.len() != N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = hex_byte(*pair)?;
    }
    Some(bytes)
}

/// Decodes any number of bytes from hexadecimal digits of either case.
pub(super) fn hex_bytes(text: &str) -> Option<Bytes> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for pair in pairs {
        bytes.push(hex_byte(*pair)?);
    }
    Some(bytes)
}

fn hex_byte(digits: [u8; 2]) -> Option<u8> {
    // `from_str_radix` would accept a sign.
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? << 4 | low?).ok()
}

pub(super) fn encode_url(bytes: &[u8]) -> Text {
    Zeroizing::new(Base64UrlUnpadded::encode_string(bytes))
}

pub(super) fn encode_url_padded(bytes: &[u8]) -> Text {
    Zeroizing::new(Base64Url::encode_string(bytes))
}

pub(super) fn encode_standard(bytes: &[u8]) -> Text {
    Zeroizing::new(Base64::encode_string(bytes))
}

/// Reads the fields of a packed structure in order.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*front)
    }

    pub(super) fn key(&mut self) -> Option<Zeroizing<[u8; 256]>> {
        self.array().map(Zeroizing::new)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// Reads a byte that is 0 or 1.
    pub(super) fn bool(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_digits_only() {
        assert_eq!(hex::<2>("0fA9").as_deref(), Some(&[0x0f, 0xa9]));
        for wrong in ["+fA9", "0f+9", "-1A9", " fA9", "0fA", "0fA900", "0fAg", "", "0x0f", "é00"] {
            assert_eq!(hex::<2>(wrong), None, "{wrong}");
        }
        assert_eq!(hex_bytes("00ff10").as_deref(), Some(&vec![0, 0xff, 0x10]));
        assert!(hex_bytes("0").is_none() && hex_bytes("+1").is_none());
    }

    #[test]
    fn base64_is_decoded_strictly() {
        for length in 0..9 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte * 31).collect();
            assert_eq!(decode_standard(&encode_standard(&bytes)).as_deref(), Some(&bytes));
            assert_eq!(decode(&encode_standard(&bytes)).as_deref(), Some(&bytes));
            assert_eq!(decode(&encode_url(&bytes)).as_deref(), Some(&bytes));
        }
        assert!(decode_standard("QQ").is_none() && decode("A").is_none() && decode("QQ=Q").is_none());
    }
}
