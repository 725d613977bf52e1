//! What the owner of an MTProxy hands out: a secret, often inside a [link](super::ProxyLink).
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`, "Transport obfuscation". If the documentation is silent, what
//! Telegram's own clients accept decides.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::Secret;

/// The longest domain in a secret, in bytes: with it, the classical first message of fake TLS is full.
pub const MAX_PROXY_DOMAIN_LEN: usize = 182;

const KEY_LEN: usize = 16;
/// Longer than any secret in hexadecimal (398 digits); longer texts are refused unread.
const MAX_TEXT_LEN: usize = 512;

/// The secret of an MTProxy: a key, and how the proxy wants to be spoken to.
///
/// Parse it from text in hexadecimal, base64url or base64, with or without padding: each is tried in that order.
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

/// How an MTProxy wants to be spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyMode {
    /// Obfuscated, in any framing but full.
    Plain,
    /// `dd`: obfuscated, in padded intermediate only, so that lengths betray less.
    Padded,
    /// `ee`: as `dd`, inside what looks like a TLS connection to a web site.
    FakeTls {
        /// The name of the web site, 1 to 182 bytes without spaces and control characters. Names of other scripts than
        /// Latin are sent as they are, as Telegram's clients do.
        domain: String,
    },
}

/// Why something is not the secret of an MTProxy. No part of it is repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxySecretError {
    /// The text is neither hexadecimal nor base64.
    #[error("the secret is neither hexadecimal nor base64")]
    Encoding,
    /// The text has so many hexadecimal digits, an odd number.
    #[error("the secret has {0} hexadecimal digits, so one is missing or too many")]
    OddDigits(usize),
    /// The text is longer than any secret.
    #[error("the secret is too long")]
    TooLong,
    /// A secret has at least 16 bytes.
    #[error("the secret has {0} bytes, at least 16 are needed")]
    TooShort(usize),
    /// A secret of more than 16 bytes begins with `dd` or `ee`.
    #[error("the secret is of an unknown kind")]
    UnknownKind,
    /// A secret that begins with `dd` has 17 bytes.
    #[error("a secret that begins with dd must have 17 bytes, not {0}")]
    PaddedLength(usize),
    /// A secret that begins with `ee` ends with a domain.
    #[error("the secret begins with ee and has no domain")]
    NoDomain,
    /// The domain is longer than 182 bytes.
    #[error("the domain of the secret has {0} bytes, at most 182 are allowed")]
    DomainTooLong(usize),
    /// The domain is no UTF-8, or has spaces or control characters.
    #[error("the domain of the secret has characters that no domain has")]
    DomainCharacters,
}

impl ProxySecret {
    /// Reads the secret's bytes.
    ///
    /// # Errors
    /// [`ProxySecretError`]: what is wrong with them.
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
            // The documentation would have an unknown first byte mean padding; Telegram's clients refuse it, and a
            // slip of the pen is likelier than a new kind.
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

    /// The 16 bytes that both ends mix into their keys.
    #[must_use]
    pub const fn key(&self) -> &[u8; KEY_LEN] {
        self.key.expose()
    }

    /// How the proxy wants to be spoken to.
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
        // No secret in base64 that is one looks like this, but for one in a billion.
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
    // Whoever made the secret let a shell end the domain with a line feed; the proxy knows it without.
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

/// Either alphabet; padding may be there or not.
fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_end_matches('=');
    let decoded = Base64UrlUnpadded::decode_vec(text).or_else(|_| Base64Unpadded::decode_vec(text));
    decoded.ok().map(Zeroizing::new)
}
