//! Secrets as one line of text: a prefix, then base64url of a version, the content and a checksum.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::hash::sha256;

/// Length of the checksum in bytes: the start of the SHA-256 of everything before it.
pub(crate) const CHECKSUM_LEN: usize = 8;

/// The prefix and the version of one kind of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextFormat {
    /// The prefix of every such text.
    pub(crate) prefix: &'static str,
    /// The version that is written. This and all earlier versions are read. It is the first byte of the content.
    pub(crate) version: u8,
}

/// Why a text could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextError {
    /// The text does not start with the prefix.
    WrongPrefix,
    /// The text has characters outside of the base64url alphabet.
    Encoding,
    /// The version is missing or 0.
    NoVersion,
    /// The text was written by a later version.
    Newer(u8),
    /// The text ends within a byte or is too short for a checksum.
    Truncated,
    /// The checksum does not match the content.
    Checksum,
}

impl TextFormat {
    /// Encodes `content`, whose first byte is the version.
    pub(crate) fn write(self, mut content: Zeroizing<Vec<u8>>) -> Zeroizing<String> {
        let checksum = sha256(&[&content]);
        // Allocated once: a vector that grows would leave copies behind.
        let mut all = Zeroizing::new(Vec::with_capacity(content.len() + CHECKSUM_LEN));
        all.append(&mut content);
        all.extend(checksum.iter().take(CHECKSUM_LEN));
        let mut text = Zeroizing::new(String::with_capacity(self.prefix.len() + all.len() * 4 / 3 + 4));
        text.push_str(self.prefix);
        text.push_str(&Zeroizing::new(Base64UrlUnpadded::encode_string(&all)));
        text
    }

    /// Decodes a text. Returns its content including the version. White space around the text is ignored.
    pub(crate) fn read(self, text: &str) -> Result<Zeroizing<Vec<u8>>, TextError> {
        let encoded = text.trim().strip_prefix(self.prefix).ok_or(TextError::WrongPrefix)?;
        // An upper bound of the length; the decoder returns the actual one.
        let mut bytes = Zeroizing::new(vec![0; encoded.len() / 4 * 3 + 3]);
        let decoded = Base64UrlUnpadded::decode(encoded, &mut bytes);
        let len = decoded
            .map_err(|_| if is_base64url(encoded) { TextError::Truncated } else { TextError::Encoding })?
            .len();
        bytes.truncate(len);
        match bytes.first() {
            None | Some(0) => return Err(TextError::NoVersion),
            Some(&newer) if newer > self.version => return Err(TextError::Newer(newer)),
            Some(_) => {}
        }
        let Some((content, checksum)) = bytes.split_last_chunk::<CHECKSUM_LEN>() else {
            return Err(TextError::Truncated);
        };
        if !sha256(&[content]).starts_with(checksum) {
            return Err(TextError::Checksum);
        }
        let len = content.len();
        bytes.truncate(len);
        Ok(bytes)
    }
}

/// Returns whether every character is in the base64url alphabet. Such a text fails to decode only if its end is missing
/// or changed.
fn is_base64url(encoded: &str) -> bool {
    encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: TextFormat = TextFormat { prefix: "mark:", version: 3 };

    #[test]
    fn a_truncated_text_is_never_reported_as_wrong_characters() {
        let text = FORMAT.write(Zeroizing::new((1..100).collect()));
        assert_eq!(text.len(), 148);
        for end in 0..text.len() {
            let expected = match end {
                0..5 => TextError::WrongPrefix,
                5 => TextError::NoVersion,
                // A text that is shorter by whole bytes decodes, with a wrong checksum.
                _ => match FORMAT.read(&text[..end]) {
                    Err(TextError::Checksum) if end > 15 => continue,
                    _ => TextError::Truncated,
                },
            };
            assert_eq!(FORMAT.read(&text[..end]), Err(expected), "cut at {end}");
        }
    }

    #[test]
    fn wrong_characters_are_reported_as_such() {
        let text = FORMAT.write(Zeroizing::new((1..100).collect()));
        for wrong in ['?', '+', '/', '=', ' ', '\n', 'é', '\u{ff10}'] {
            for at in [5, 6, 77, 147] {
                let mut changed = String::from(text.as_str());
                changed.replace_range(at..=at, wrong.encode_utf8(&mut [0; 4]));
                // White space after the text is ignored.
                let is_at_end = at == 147 && wrong.is_whitespace();
                let expected = if is_at_end { TextError::Checksum } else { TextError::Encoding };
                assert_eq!(FORMAT.read(&changed), Err(expected), "{wrong:?} at {at}");
            }
        }
    }
}
