//! base64 as the libraries write it, and numbers in network order.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

/// Bytes of a session that is read or written.
pub(super) type Bytes = Zeroizing<Vec<u8>>;
/// A session string that was written.
pub(super) type Text = Zeroizing<String>;

/// Whether session strings may contain this byte.
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
    Base64Unpadded::decode_vec(&standard).ok().map(Zeroizing::new)
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

/// Takes fields from the front of a packed structure.
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

    /// A byte that is 0 or 1.
    pub(super) fn bool(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}
