//! Obfuscation: the whole stream, framing included, under AES-256-CTR with keys from its own first 64 bytes.
//!
//! It only hides the protocol from simple filters: an observer of the first bytes can decrypt the rest. With the secret
//! of an MTProxy the keys also depend on that secret.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`, "Transport obfuscation".

use zeroize::Zeroizing;

use super::Framing;
use crate::crypto::aes_ctr::AesCtr;
use crate::crypto::hash::sha256;
use crate::crypto::{SecureRandom, random};

/// Length in bytes of the header that a client sends first.
pub const OBFUSCATED_HEADER_LEN: usize = 64;

/// The client's ciphers of one obfuscated connection.
///
/// Both ciphers last for the whole connection and advance by exactly the bytes passed to them. A stream may be split in
/// any way, but each byte must be passed once and in order.
#[derive(Debug)]
pub struct Obfuscation {
    to_server: AesCtr,
    to_client: AesCtr,
}

/// [`Framing::Full`] has no tag that the header could contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the full transport cannot be obfuscated")]
pub struct NotObfuscatable;

impl Obfuscation {
    /// Creates the ciphers of a new connection, and the header to send first. Write the frames after it [without a
    /// tag](super::FrameEncoder::without_tag).
    ///
    /// `dc` is the number of the DC on the wire: plus 10,000 for test DCs, negated for media. Proxies use it to select
    /// the DC. `proxy_key` is the [key](super::ProxySecret::key) of an MTProxy.
    ///
    /// Draws 64 bytes, and draws them again while they look like another protocol.
    ///
    /// # Errors
    /// Returns [`NotObfuscatable`] for [`Framing::Full`].
    pub fn new(
        framing: Framing,
        dc: Option<i16>,
        proxy_key: Option<&[u8; 16]>,
        random: &mut dyn SecureRandom,
    ) -> Result<(Self, [u8; OBFUSCATED_HEADER_LEN]), NotObfuscatable> {
        let tag = framing.obfuscated_tag().ok_or(NotObfuscatable)?;
        Ok(Self::with_tag(tag, dc, proxy_key, random))
    }

    /// Like [`new`](Self::new), for a framing that is known to have a tag.
    pub(super) fn with_tag(
        tag: [u8; 4],
        dc: Option<i16>,
        proxy_key: Option<&[u8; 16]>,
        random: &mut dyn SecureRandom,
    ) -> (Self, [u8; OBFUSCATED_HEADER_LEN]) {
        let mut header: [u8; OBFUSCATED_HEADER_LEN] = random::array(random);
        while looks_like_something_else(&header) {
            random.fill(&mut header);
        }
        header[56..60].copy_from_slice(&tag);
        if let Some(dc) = dc {
            header[60..62].copy_from_slice(&dc.to_le_bytes());
        }
        let mut reversed = Zeroizing::new(header);
        reversed.reverse();
        let mut to_server = cipher_in(&header, proxy_key);
        let to_client = cipher_in(&reversed, proxy_key);
        // All 64 bytes advance the cipher, but only the last eight are sent encrypted.
        let mut encrypted = header;
        to_server.apply(&mut encrypted);
        header[56..].copy_from_slice(&encrypted[56..]);
        (Self { to_server, to_client }, header)
    }

    /// Encrypts the next bytes to send, in place.
    pub fn encrypt(&mut self, bytes: &mut [u8]) {
        self.to_server.apply(bytes);
    }

    /// Decrypts the next received bytes, in place.
    pub fn decrypt(&mut self, bytes: &mut [u8]) {
        self.to_client.apply(bytes);
    }
}

/// Creates the cipher whose key and first counter block start at byte 8 of `material`.
fn cipher_in(material: &[u8; OBFUSCATED_HEADER_LEN], proxy_key: Option<&[u8; 16]>) -> AesCtr {
    let mut key = Zeroizing::new([0; 32]);
    let mut iv = [0; 16];
    key.copy_from_slice(&material[8..40]);
    iv.copy_from_slice(&material[40..56]);
    if let Some(secret) = proxy_key {
        *key = sha256(&[&*key, secret]);
    }
    AesCtr::new(&key, &iv)
}

/// Returns whether a server or a filter would take the first bytes for another transport, HTTP or TLS.
fn looks_like_something_else(header: &[u8; OBFUSCATED_HEADER_LEN]) -> bool {
    matches!(
        header,
        [0xef, ..]
            | [b'H', b'E', b'A', b'D', ..]
            | [b'P', b'O', b'S', b'T', ..]
            | [b'G', b'E', b'T', b' ', ..]
            | [b'O', b'P', b'T', b'I', ..]
            | [0x16, 0x03, 0x01, 0x02, ..]
            | [0xdd, 0xdd, 0xdd, 0xdd, ..]
            | [0xee, 0xee, 0xee, 0xee, ..]
            | [_, _, _, _, 0, 0, 0, 0, ..]
    )
}
