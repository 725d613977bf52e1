//! The secret of an MTProxy, often part of a [link](super::ProxyLink).
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`, "Transport obfuscation". For cases not documented there, the
//! behaviour of Telegram's own clients applies.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::Secret;

/// Maximum length in bytes of the domain in a secret: the classic form of the fake TLS hello has no space for more.
pub const MAX_PROXY_DOMAIN_LEN: usize = 182;

const KEY_LEN: usize = 16;
/// Maximum length of the text of a secret. Secrets have at most 398 hexadecimal digits; longer texts are rejected
/// unread.
const MAX_TEXT_LEN: usize = 512;

/// The secret of an MTProxy: a key, and the mode of the connection to the proxy.
///
/// It is parsed from hexadecimal, base64url or base64 text, with or without padding, tried in this order.
///
/// ```
/// use sansgram_core::transport::{ProxyMode, ProxySecret};
///
/// let secret: ProxySecret = "dd00112233445566778899aabbccddeeff".parse()?;
/// assert_eq!(secret.mode(), &ProxyMode::Padded);
/// assert!(!format!("{secret:?}").contains("aabb"));
/// # Ok::<(), sansgram_core::transport::ProxySecretError>(())
/// ```
#[derive(Clone)]
pub struct ProxySecret {
    key: Secret<[u8; KEY_LEN]>,
    mode: ProxyMode,
}

/// The mode of a connection to an MTProxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyMode {
    /// Obfuscated, in any framing except full.
    Plain,
    /// `dd`: obfuscated, in padded intermediate only, so that lengths reveal less.
    Padded,
    /// `ee`: like `dd`, inside a stream that looks like a TLS connection to a web site.
    FakeTls {
        /// The domain of the web site, 1 to 182 bytes without spaces and control characters. Names in non-Latin scripts
        /// are sent as UTF-8, like Telegram's clients do.
        domain: String,
    },
}

/// Why a text or bytes are not the secret of an MTProxy. No variant contains any part of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxySecretError {
    /// The text is neither hexadecimal nor base64.
    #[error("the secret is neither hexadecimal nor base64")]
    Encoding,
    /// The text has this odd number of hexadecimal digits.
    #[error("the secret has {0} hexadecimal digits, so one is missing or too many")]
    OddDigits(usize),
    /// The text is longer than any secret.
    #[error("the secret is too long")]
    TooLong,
    /// The secret is shorter than 16 bytes.
    #[error("the secret has {0} bytes, at least 16 are needed")]
    TooShort(usize),
    /// The secret is longer than 16 bytes and starts with neither `dd` nor `ee`.
    #[error("the secret is of an unknown kind")]
    UnknownKind,
    /// The secret starts with `dd` and does not have 17 bytes.
    #[error("a secret that begins with dd must have 17 bytes, not {0}")]
    PaddedLength(usize),
    /// The secret starts with `ee` and has no domain.
    #[error("the secret begins with ee and has no domain")]
    NoDomain,
    /// The domain is longer than 182 bytes.
    #[error("the domain of the secret has {0} bytes, at most 182 are allowed")]
    DomainTooLong(usize),
    /// The domain is not UTF-8, or contains spaces or control characters.
    #[error("the domain of the secret has characters that no domain has")]
    DomainCharacters,
}

impl ProxySecret {
    /// Parses the bytes of a secret.
    ///
    /// # Errors
    /// Returns [`ProxySecretError`] if the bytes are not a valid secret.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProxySecretError> {
        let (key, mode) = match bytes {
            _ if bytes.len() < KEY_LEN => return Err(ProxySecretError::TooShort(bytes.len())),
            _ if bytes.len() == KEY_LEN => (bytes, ProxyMode::Plain),
            [0xdd, key @ ..] if key.len() == KEY_LEN => (key, ProxyMode::Padded),
            [0xdd, ..] => return Err(ProxySecretError::PaddedLength(bytes.len())),
            [0xee, rest @ ..] => {
                let (key, domain) = rest.split_at_checked(KEY_LEN).unwrap_or((rest, &[]));
                (key, ProxyMode::FakeTls { domain: read_domain(domain)? })
            }
            // By the documentation, an unknown first byte selects padding. Telegram's clients reject it, and a typing
            // error is more likely than a new kind of secret.
            _ => return Err(ProxySecretError::UnknownKind),
        };
        let mut secret = Self { key: Secret::new([0; KEY_LEN]), mode };
        // Every branch above leaves exactly this many bytes.
        secret
            .key
            .expose_mut()
            .copy_from_slice(key.get(..KEY_LEN).ok_or(ProxySecretError::TooShort(key.len()))?);
        Ok(secret)
    }

    /// Returns the 16 bytes that both ends mix into their keys.
    #[must_use]
    pub const fn key(&self) -> &[u8; KEY_LEN] {
        self.key.expose()
    }

    /// Returns the mode of the connection to the proxy.
    #[must_use]
    pub const fn mode(&self) -> &ProxyMode {
        &self.mode
    }
}

impl FromStr for ProxySecret {
    type Err = ProxySecretError;

    fn from_str(text: &str) -> Result<Self, ProxySecretError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(ProxySecretError::TooLong);
        }
        let bytes = decode_hex(text).or_else(|| decode_base64(text)).ok_or(ProxySecretError::Encoding);
        let secret = bytes.and_then(|bytes| Self::from_bytes(&bytes));
        // A valid base64 secret looks like this with a probability of one in a billion.
        let is_odd = !text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_odd && secret.is_err() { Err(ProxySecretError::OddDigits(text.len())) } else { secret }
    }
}

impl fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxySecret").field("key", &self.key).field("mode", &self.mode).finish()
    }
}

impl PartialEq for ProxySecret {
    fn eq(&self, other: &Self) -> bool {
        bool::from(self.key().ct_eq(other.key())) && self.mode == other.mode
    }
}

impl Eq for ProxySecret {}

fn read_domain(bytes: &[u8]) -> Result<String, ProxySecretError> {
    // The domain ends with a line feed if the secret was made from the output of a shell. The proxy does not include
    // it.
    let end =
        bytes.iter().rposition(|byte| !byte.is_ascii_control() && *byte != b' ').map_or(0, |last| last + 1);
    let (bytes, _) = bytes.split_at(end);
    if bytes.is_empty() {
        return Err(ProxySecretError::NoDomain);
    }
    if bytes.len() > MAX_PROXY_DOMAIN_LEN {
        return Err(ProxySecretError::DomainTooLong(bytes.len()));
    }
    match core::str::from_utf8(bytes) {
        Ok(domain) if !domain.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Ok(domain.to_owned())
        }
        _ => Err(ProxySecretError::DomainCharacters),
    }
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for &[high, low] in pairs {
        bytes.push(digit(high)? << 4 | digit(low)?);
    }
    Some(bytes)
}

/// Decodes base64 of either alphabet, with or without padding.
fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_end_matches('=');
    let decoded = Base64UrlUnpadded::decode_vec(text).or_else(|_| Base64Unpadded::decode_vec(text));
    decoded.ok().map(Zeroizing::new)
}
