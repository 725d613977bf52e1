//! Several packets at once, of one key or of several.

use alloc::vec;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use sansgram_simd::Message;

use super::{
    Direction, Level, OpenError, QuickAckToken, SealError, authenticated, key_parts, parts_of_packet,
    parts_to_seal, seal, write_prefix,
};
use crate::crypto::AuthKey;

/// The number of packets that [`seal_within`] works on at a time: as many as there are chains.
const TOGETHER: usize = 16;

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

/// Encrypts packets that lie in one buffer, in rising order, like [`seal_many`], without an allocation. Calls
/// `on_sealed` with the index and the token of each.
pub(crate) fn seal_within(
    key: &AuthKey,
    direction: Direction,
    buffer: &mut [u8],
    places: &[Range<usize>],
    mut on_sealed: impl FnMut(usize, QuickAckToken),
) {
    if let [place] = places {
        let packet = buffer.get_mut(place.clone()).unwrap_or_default();
        if let Ok(token) = seal(key, direction, packet) {
            on_sealed(0, token);
        }
        return;
    }
    let parts = key_parts(key.as_bytes(), direction);
    let mut index = 0;
    for group in places.chunks(TOGETHER) {
        let mut hashes = [[0; 32]; TOGETHER];
        let (mut rest, mut offset) = (&mut *buffer, 0);
        let mut places = group.iter();
        let mut next_blocks = || {
            let place = places.next()?;
            let (_, after) = mem::take(&mut rest).split_at_mut_checked(place.start.checked_sub(offset)?)?;
            let (packet, after) = after.split_at_mut_checked(place.len())?;
            (rest, offset) = (after, place.end);
            Some(parts_to_seal(packet).ok()?.1)
        };
        let mut messages = hashes.each_mut().map(|large| {
            let blocks = next_blocks().unwrap_or_default();
            Message { parts, msg_key: [0; 16], blocks, large }
        });
        let count = messages.iter().take_while(|message| !message.blocks.is_empty()).count();
        sansgram_simd::seal_many(Level::detected(), messages.get_mut(..count).unwrap_or_default());
        for (place, large) in group.iter().zip(&hashes).take(count) {
            let packet = buffer.get_mut(place.clone()).unwrap_or_default();
            if let Ok((prefix, _)) = parts_to_seal(packet) {
                on_sealed(index, write_prefix(prefix, key, large));
            }
            index += 1;
        }
    }
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

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;

    use super::*;

    quickcheck! {
        fn packets_in_one_buffer_are_sealed_like_each_alone(sizes: Vec<u8>, gaps: Vec<u8>) -> bool {
            let key = AuthKey::new(core::array::from_fn(|index| index as u8));
            let mut buffer = Vec::new();
            let mut places = Vec::new();
            for (size, gap) in sizes.iter().zip(gaps.iter().chain(core::iter::repeat(&0))) {
                buffer.resize(buffer.len() + usize::from(*gap), 0xee);
                let start = buffer.len();
                buffer.extend((0..72 + 16 * usize::from(*size)).map(|index| (index * 7) as u8));
                places.push(start..buffer.len());
            }
            let mut alone = buffer.clone();
            let tokens: Vec<_> = places.iter().map(|place| seal(&key, Direction::ToServer, &mut alone[place.clone()]).ok()).collect();
            let mut found = vec![None; places.len()];
            seal_within(&key, Direction::ToServer, &mut buffer, &places, |index, token| found[index] = Some(token));
            found == tokens && buffer == alone
        }
    }
}
