//! The MTProto 2.0 message cipher, in place, in buffers that the caller owns.
//!
//! ```text
//! packet = auth_key_id (8) | msg_key (16) | AES-IGE(salt | session_id | msg_id | seq_no | length | body | padding)
//! ```
//! This layer knows only keys and bytes. The session checks the content of the plaintext.
//!
//! ```
//! use sansgram_core::crypto::AuthKey;
//! use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
//!
//! let key = AuthKey::new(std::array::from_fn(|index| index as u8));
//! // Space for the prefix, then the plaintext: a whole number of blocks.
//! let mut packet = vec![0; PREFIX_LEN];
//! packet.extend([7; 48]);
//! message::seal(&key, Direction::ToServer, &mut packet)?;
//! assert_eq!(packet[..8], key.id().to_bytes());
//!
//! // A message sealed towards the server opens in that direction only.
//! assert!(message::open(&key, Direction::ToClient, &mut packet.clone()).is_err());
//! assert_eq!(message::open(&key, Direction::ToServer, &mut packet)?, [7; 48]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! Sources: `core.telegram.org/mtproto/description`, `/mtproto/description_v1`, `/method/auth.bindTempAuthKey`.

use core::fmt;

use sansgram_simd::{KeyAndIv, KeyParts, msg_key_of};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aes_ige;
use super::auth_key::AuthKey;
use super::hash::sha1;
use super::secret::wipe;

mod batch;

pub(crate) use batch::seal_within;
pub use batch::{Packet, open_many, seal_many};
#[doc(hidden)]
pub use batch::{open_many_at, seal_many_at};
#[doc(hidden)]
pub use sansgram_simd::Level;

/// Length of the part before the ciphertext in bytes: `auth_key_id` (8) and `msg_key` (16).
pub const PREFIX_LEN: usize = 24;

/// Length of the shortest valid packet in bytes: the prefix, a 32-byte header, a 4-byte body and 12 bytes of padding.
pub const MIN_PACKET_LEN: usize = PREFIX_LEN + 48;

/// The receiver of a message. Each direction uses different bytes of the auth key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From client to server, `x = 0`.
    ToServer,
    /// From server to client, `x = 8`.
    ToClient,
}

/// The 32-bit token of a server's quick acknowledgement of one packet. The top bit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuickAckToken(pub u32);

/// Why a packet could not be sealed: always an error of the caller. The buffer is left unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The packet is shorter than [`MIN_PACKET_LEN`].
    #[error("a packet of {0} bytes is shorter than any legal one")]
    TooShort(usize),
    /// The plaintext with its padding is not a multiple of 16 bytes.
    #[error("a plaintext of {0} bytes is not a multiple of 16")]
    Unaligned(usize),
}

/// Why a packet was rejected. The peer must not be able to tell the variants apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The packet is shorter than [`MIN_PACKET_LEN`].
    #[error("a packet of {0} bytes is shorter than any legal one")]
    TooShort(usize),
    /// The packet was sealed with another auth key, or is not encrypted (identifier 0).
    #[error("the packet is for another auth key")]
    WrongKeyId,
    /// `msg_key` does not match the decrypted bytes: the packet was changed, truncated, reflected or forged.
    #[error("msg_key does not match the message")]
    MsgKeyMismatch,
}

/// Encrypts in place. `packet` is 24 bytes of space for the prefix, then the plaintext with its padding.
///
/// # Errors
/// Returns [`SealError`] if the length is wrong.
pub fn seal(key: &AuthKey, direction: Direction, packet: &mut [u8]) -> Result<QuickAckToken, SealError> {
    seal_at(Level::detected(), key, direction, packet)
}

/// Encrypts like [`seal`], by the instructions of a level. For tests and benches.
#[doc(hidden)]
pub fn seal_at(
    level: Level,
    key: &AuthKey,
    direction: Direction,
    packet: &mut [u8],
) -> Result<QuickAckToken, SealError> {
    let (prefix, blocks) = parts_to_seal(packet)?;
    let large = sansgram_simd::seal(level, &key_parts(key.as_bytes(), direction), blocks);
    Ok(write_prefix(prefix, key, &large))
}

/// Returns the space for the prefix, and the plaintext.
fn parts_to_seal(packet: &mut [u8]) -> Result<(&mut [u8; PREFIX_LEN], &mut [[u8; 16]]), SealError> {
    let len = packet.len();
    let Some((prefix, plaintext)) =
        packet.split_first_chunk_mut::<PREFIX_LEN>().filter(|_| len >= MIN_PACKET_LEN)
    else {
        return Err(SealError::TooShort(len));
    };
    match plaintext.as_chunks_mut() {
        (blocks, []) => Ok((prefix, blocks)),
        _ => Err(SealError::Unaligned(len - PREFIX_LEN)),
    }
}

fn write_prefix(prefix: &mut [u8; PREFIX_LEN], key: &AuthKey, large: &[u8; 32]) -> QuickAckToken {
    let (id, room) = prefix.split_at_mut(8);
    id.copy_from_slice(&key.id().to_bytes());
    room.copy_from_slice(&msg_key_of(large));
    let [t0, t1, t2, t3, ..] = *large;
    QuickAckToken(u32::from_le_bytes([t0, t1, t2, t3]) | 0x8000_0000)
}

/// Decrypts in place and authenticates. Returns the plaintext with its padding: a multiple of 16 bytes, at least 48.
///
/// Up to 15 bytes after the last whole block count as padding of the transport and are ignored. On a mismatch the
/// decrypted bytes are wiped, so that no caller sees unauthenticated data.
///
/// # Errors
/// Returns [`OpenError`] if the packet was not sealed with this key and direction. The caller should then close the
/// connection.
pub fn open<'a>(
    key: &AuthKey,
    direction: Direction,
    packet: &'a mut [u8],
) -> Result<&'a mut [u8], OpenError> {
    open_at(Level::detected(), key, direction, packet)
}

/// Decrypts like [`open`], by the instructions of a level. For tests and benches.
#[doc(hidden)]
pub fn open_at<'a>(
    level: Level,
    key: &AuthKey,
    direction: Direction,
    packet: &'a mut [u8],
) -> Result<&'a mut [u8], OpenError> {
    let (msg_key, blocks) = parts_of_packet(key, packet)?;
    let large = sansgram_simd::open(level, &key_parts(key.as_bytes(), direction), msg_key, blocks);
    authenticated(&large, msg_key, blocks)
}

/// Returns the `msg_key` and the ciphertext of a packet under this key.
fn parts_of_packet<'a>(
    key: &AuthKey,
    packet: &'a mut [u8],
) -> Result<(&'a [u8; 16], &'a mut [[u8; 16]]), OpenError> {
    let too_short = OpenError::TooShort(packet.len());
    if packet.len() < MIN_PACKET_LEN {
        return Err(too_short);
    }
    let (id, rest) = packet.split_first_chunk_mut::<8>().ok_or(too_short)?;
    let (msg_key, rest) = rest.split_first_chunk_mut::<16>().ok_or(too_short)?;
    if *id != key.id().to_bytes() {
        return Err(OpenError::WrongKeyId);
    }
    Ok((msg_key, rest.as_chunks_mut().0))
}

/// Returns the decrypted bytes if their hash has this `msg_key`, or wipes them.
fn authenticated<'a>(
    large: &[u8; 32],
    msg_key: &[u8; 16],
    blocks: &'a mut [[u8; 16]],
) -> Result<&'a mut [u8], OpenError> {
    let text = blocks.as_flattened_mut();
    if bool::from(msg_key_of(large).ct_eq(msg_key)) {
        Ok(text)
    } else {
        wipe(text);
        Err(OpenError::MsgKeyMismatch)
    }
}

/// The AES key and iv of one message. Wiped when dropped.
pub struct Keys {
    /// The AES-256 key.
    pub key: [u8; 32],
    /// The IGE iv: the ciphertext block before the first, then the plaintext block before the first.
    pub iv: [u8; 32],
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.key.zeroize();
        self.iv.zeroize();
    }
}

impl ZeroizeOnDrop for Keys {}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys([redacted])")
    }
}

/// Derives the AES key and iv of a message by the rules of MTProto 2.0.
#[must_use]
pub fn kdf(auth_key: &[u8; 256], msg_key: &[u8; 16], direction: Direction) -> Keys {
    let parts = key_parts(auth_key, direction);
    let KeyAndIv { mut key, mut iv } = sansgram_simd::kdf(Level::detected(), &parts, msg_key);
    let keys = Keys { key, iv };
    key.zeroize();
    iv.zeroize();
    keys
}

/// Derives the AES key and iv by the rules of MTProto 1.0 (SHA-1). Only [`seal_binding`] still uses it.
#[must_use]
pub fn kdf_v1(auth_key: &[u8; 256], msg_key: &[u8; 16], direction: Direction) -> Keys {
    let mut a = sha1(&[msg_key, part::<0, 32>(auth_key, direction)]);
    let mut b = sha1(&[part::<32, 16>(auth_key, direction), msg_key, part::<48, 16>(auth_key, direction)]);
    let mut c = sha1(&[part::<64, 32>(auth_key, direction), msg_key]);
    let mut d = sha1(&[msg_key, part::<96, 32>(auth_key, direction)]);
    let mut keys = Keys { key: [0; 32], iv: [0; 32] };
    keys.key[..8].copy_from_slice(&a[..8]);
    keys.key[8..20].copy_from_slice(&b[8..]);
    keys.key[20..].copy_from_slice(&c[4..16]);
    keys.iv[..12].copy_from_slice(&a[8..]);
    keys.iv[12..20].copy_from_slice(&b[..8]);
    keys.iv[20..24].copy_from_slice(&c[16..]);
    keys.iv[24..].copy_from_slice(&d[..8]);
    for digest in [&mut a, &mut b, &mut c, &mut d] {
        digest.zeroize();
    }
    keys
}

/// Creates the `encrypted_message` of `auth.bindTempAuthKey`: `bind_auth_key_inner`, encrypted under the permanent key
/// as in MTProto 1.0.
///
/// `msg_id` is the identifier of the request that carries it; `inner` is the serialized `bind_auth_key_inner`; `random`
/// and `padding` are fresh random bytes.
#[must_use]
pub fn seal_binding(
    perm_key: &AuthKey,
    random: [u8; 16],
    msg_id: u64,
    inner: &[u8; 40],
    padding: [u8; 8],
) -> [u8; 104] {
    // A sequence number of 0, then the length of `inner`.
    const SEQ_NO_AND_LENGTH: [u8; 8] = [0, 0, 0, 0, 40, 0, 0, 0];
    let mut text = [[0; 16]; 5];
    let (message, tail) = text.as_flattened_mut().split_at_mut(72);
    let mut rest = &mut *message;
    for piece in [&random[..], &msg_id.to_le_bytes(), &SEQ_NO_AND_LENGTH, inner] {
        let (here, after) = rest.split_at_mut(piece.len());
        here.copy_from_slice(piece);
        rest = after;
    }
    tail.copy_from_slice(&padding);
    // Unlike in MTProto 2.0, the padding is not hashed.
    let [_, _, _, _, msg_key @ ..] = sha1(&[message]);
    let keys = kdf_v1(perm_key.as_bytes(), &msg_key, Direction::ToServer);
    aes_ige::encrypt_blocks(&keys.key, &keys.iv, &mut text);
    let mut packet = [0; 104];
    packet[..8].copy_from_slice(&perm_key.id().to_bytes());
    packet[8..PREFIX_LEN].copy_from_slice(&msg_key);
    packet[PREFIX_LEN..].copy_from_slice(text.as_flattened());
    packet
}

/// Returns the parts that encrypt messages in this direction.
#[inline]
fn key_parts(auth_key: &[u8; 256], direction: Direction) -> KeyParts<'_> {
    KeyParts {
        first: part::<0, 36>(auth_key, direction),
        second: part::<40, 36>(auth_key, direction),
        hashed: part::<88, 32>(auth_key, direction),
    }
}

/// Returns `auth_key[START + x .. START + x + LEN)`.
#[inline]
fn part<const START: usize, const LEN: usize>(auth_key: &[u8; 256], direction: Direction) -> &[u8; LEN] {
    // Checked at compile time.
    const { assert!(START + LEN + 8 <= 256) };
    let start = match direction {
        Direction::ToServer => START,
        Direction::ToClient => START + 8,
    };
    // Always in range, see the assertion above.
    auth_key.split_at(start).1.first_chunk().unwrap_or(&[0; LEN])
}
