//! Obfuscation: the whole stream, framing and all, under AES-256-CTR with keys that its own first 64 bytes carry.
//!
//! It hides the protocol from simple filters, and nothing else: whoever reads the first bytes can read the rest. With
//! the secret of an MTProxy the keys depend on that secret too.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`, "Transport obfuscation".

use zeroize::Zeroizing;

use super::TransportKind;
use crate::crypto::aes_ctr::AesCtr;
use crate::crypto::hash::sha256;
use crate::crypto::{SecureRandom, random};

/// The bytes that a client sends before anything else.
pub const OBFUSCATED_HEADER_LEN: usize = 64;

/// The ciphers of one obfuscated connection, at the client's end.
///
/// Both run on for the life of the connection and advance by exactly the bytes that they are given, so a stream may
/// be fed in any pieces, but each byte only once and in its order.
#[derive(Debug)]
pub struct Obfuscation {
    to_server: AesCtr,
    to_client: AesCtr,
}

/// Full has no tag by which a header could name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the full transport cannot be obfuscated")]
pub struct NotObfuscatable;

impl Obfuscation {
    /// Begins a connection, and gives the header to send first. The frames that follow are written
    /// [without a tag](super::FrameEncoder::without_tag).
    ///
    /// `dc` is the DC's number as on the wire: plus 10,000 for test DCs, negative for media; a proxy needs it to find
    /// the DC. `proxy_key` is the [key](super::ProxySecret::key) of an MTProxy.
    ///
    /// Draws 64 bytes, and again while they would look like another protocol.
    ///
    /// # Errors
    /// [`NotObfuscatable`] for [`TransportKind::Full`].
    pub fn new(
        kind: TransportKind,
        dc: Option<i16>,
        proxy_key: Option<&[u8; 16]>,
        random: &mut dyn SecureRandom,
    ) -> Result<(Self, [u8; OBFUSCATED_HEADER_LEN]), NotObfuscatable> {
        let tag = kind.obfuscated_tag().ok_or(NotObfuscatable)?;
        Ok(Self::with_tag(tag, dc, proxy_key, random))
    }

    /// As [`new`](Self::new), where the framing is known to have a tag.
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
        // All 64 bytes advance the cipher; only the last eight are sent as it leaves them.
        let mut encrypted = header;
        to_server.apply(&mut encrypted);
        header[56..].copy_from_slice(&encrypted[56..]);
        (Self { to_server, to_client }, header)
    }

    /// Encrypts the next bytes to be sent, in place.
    pub fn encrypt(&mut self, bytes: &mut [u8]) {
        self.to_server.apply(bytes);
    }

    /// Decrypts the next bytes that arrived, in place.
    pub fn decrypt(&mut self, bytes: &mut [u8]) {
        self.to_client.apply(bytes);
    }
}

impl TransportKind {
    /// The four bytes by which an obfuscated header names this framing; `None` for [`Full`](Self::Full).
    #[must_use]
    pub const fn obfuscated_tag(self) -> Option<[u8; 4]> {
        match self {
            Self::Abridged => Some([0xef; 4]),
            Self::Intermediate => Some([0xee; 4]),
            Self::PaddedIntermediate => Some([0xdd; 4]),
            Self::Full => None,
        }
    }
}

/// The cipher whose key and first counter block begin at byte 8 of `material`.
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

/// Whether a server or a filter would take the first bytes for another transport, for HTTP or for TLS.
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
