//! Several packets at once, of one key or of several.

use alloc::vec;
use alloc::vec::Vec;

use sansgram_simd::Message;

use super::{
    Direction, Level, OpenError, QuickAckToken, SealError, authenticated, key_parts, parts_of_packet,
    parts_to_seal, write_prefix,
};
use crate::crypto::AuthKey;

/// One of the packets that [`seal_many`] or [`open_many`] work on.
pub struct Packet<'a> {
    /// The auth key.
    pub key: &'a AuthKey,
    /// The receiver.
    pub direction: Direction,
    /// As for [`seal`](super::seal) and [`open`](super::open).
    pub bytes: &'a mut [u8],
}

/// Encrypts each packet like [`seal`](super::seal), and returns a result for each, in their order.
///
/// The chains of different packets do not depend on each other, so that a processor with AES instructions works on up to
/// 16 at a time, two to four times as fast as one after the other. Packets of similar lengths gain most; a single one takes
/// as long as with [`seal`](super::seal).
#[must_use]
pub fn seal_many(packets: &mut [Packet<'_>]) -> Vec<Result<QuickAckToken, SealError>> {
    seal_many_at(Level::detected(), packets)
}

/// Encrypts like [`seal_many`], by the instructions of a level. For tests and benches.
#[doc(hidden)]
#[must_use]
pub fn seal_many_at(level: Level, packets: &mut [Packet<'_>]) -> Vec<Result<QuickAckToken, SealError>> {
    let mut hashes = vec![[0; 32]; packets.len()];
    let mut messages = Vec::with_capacity(packets.len());
    for (packet, large) in packets.iter_mut().zip(&mut hashes) {
        if let Ok((_, blocks)) = parts_to_seal(packet.bytes) {
            let parts = key_parts(packet.key.as_bytes(), packet.direction);
            messages.push(Message { parts, msg_key: [0; 16], blocks, large });
        }
    }
    sansgram_simd::seal_many(level, &mut messages);
    let sealed = packets.iter_mut().zip(&hashes);
    sealed
        .map(|(packet, large)| Ok(write_prefix(parts_to_seal(packet.bytes)?.0, packet.key, large)))
        .collect()
}

/// Decrypts and authenticates each packet like [`open`](super::open), and returns a result for each, in their order:
/// the plaintext, or why this packet was rejected. The decrypted bytes of rejected packets are wiped.
///
/// As fast as [`seal_many`].
#[must_use]
pub fn open_many<'p>(packets: &'p mut [Packet<'_>]) -> Vec<Result<&'p mut [u8], OpenError>> {
    open_many_at(Level::detected(), packets)
}

/// Decrypts like [`open_many`], by the instructions of a level. For tests and benches.
#[doc(hidden)]
#[must_use]
pub fn open_many_at<'p>(level: Level, packets: &'p mut [Packet<'_>]) -> Vec<Result<&'p mut [u8], OpenError>> {
    let mut hashes = vec![[0; 32]; packets.len()];
    let mut messages = Vec::with_capacity(packets.len());
    for (packet, large) in packets.iter_mut().zip(&mut hashes) {
        if let Ok((msg_key, blocks)) = parts_of_packet(packet.key, packet.bytes) {
            let parts = key_parts(packet.key.as_bytes(), packet.direction);
            messages.push(Message { parts, msg_key: *msg_key, blocks, large });
        }
    }
    sansgram_simd::open_many(level, &mut messages);
    let opened = packets.iter_mut().zip(&hashes);
    let each = opened.map(|(packet, large)| {
        let (msg_key, blocks) = parts_of_packet(packet.key, packet.bytes)?;
        authenticated(large, msg_key, blocks)
    });
    each.collect()
}
