//! The envelope of unencrypted messages: `auth_key_id` (0), `msg_id`, length, body.
//!
//! Source: `core.telegram.org/mtproto/description#unencrypted-message`.

use alloc::vec::Vec;

/// Length of the header in bytes: `auth_key_id` 8, `msg_id` 8, length 4.
pub const HEADER_LEN: usize = 20;

/// Why a packet is not an unencrypted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlainError {
    /// The packet ends before the body.
    #[error("{0} bytes are too few for a plain message")]
    TooShort(usize),
    /// The packet has an `auth_key_id`, so it is encrypted.
    #[error("an encrypted message arrived instead of a plain one")]
    Encrypted,
    /// The length of the body is less than 4 or exceeds the packet.
    #[error("a body of {length} bytes in a packet with room for {available}")]
    Length {
        /// The length field, in bytes.
        length: u32,
        /// Number of bytes after the header.
        available: usize,
    },
}

/// Appends an unencrypted message to `out`: a header of [`HEADER_LEN`] bytes, then `body`.
pub fn encode(msg_id: u64, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&msg_id.to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
}

/// Returns the `msg_id` and the body of an unencrypted message.
///
/// Servers append random bytes to the object in the body, and some framings append padding to the packet. The body may
/// therefore have a tail, which its parser must ignore.
///
/// # Errors
/// Returns [`PlainError`] if the packet is encrypted or malformed.
pub fn decode(packet: &[u8]) -> Result<(u64, &[u8]), PlainError> {
    let too_short = PlainError::TooShort(packet.len());
    let (auth_key_id, rest) = packet.split_first_chunk().ok_or(too_short)?;
    if *auth_key_id != [0; 8] {
        return Err(PlainError::Encrypted);
    }
    let (msg_id, rest) = rest.split_first_chunk().ok_or(too_short)?;
    let (length, rest) = rest.split_first_chunk().ok_or(too_short)?;
    let length = u32::from_le_bytes(*length);
    match rest.get(..length as usize) {
        Some(body) if length >= 4 => Ok((u64::from_le_bytes(*msg_id), body)),
        _ => Err(PlainError::Length { length, available: rest.len() }),
    }
}

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;

    use super::*;

    #[test]
    fn the_body_may_be_shorter_than_the_packet_but_not_longer() {
        let mut packet = Vec::new();
        encode(0x6553_f100_0000_0004, b"a body..", &mut packet);
        assert_eq!(packet.len(), HEADER_LEN + 8);
        assert_eq!(decode(&packet), Ok((0x6553_f100_0000_0004, &b"a body.."[..])));
        packet.extend_from_slice(&[9; 15]);
        assert_eq!(decode(&packet), Ok((0x6553_f100_0000_0004, &b"a body.."[..])));

        packet.truncate(HEADER_LEN + 7);
        assert_eq!(decode(&packet), Err(PlainError::Length { length: 8, available: 7 }));
        packet[16..20].copy_from_slice(&[0xff; 4]);
        assert_eq!(decode(&packet), Err(PlainError::Length { length: u32::MAX, available: 7 }));
        packet[16..20].copy_from_slice(&[3, 0, 0, 0]);
        assert_eq!(decode(&packet), Err(PlainError::Length { length: 3, available: 7 }));
        for length in 0..HEADER_LEN {
            assert_eq!(decode(&packet[..length]), Err(PlainError::TooShort(length)));
        }
        packet[7] = 1;
        assert_eq!(decode(&packet), Err(PlainError::Encrypted));
    }

    quickcheck! {
        fn plain_messages_round_trip(msg_id: u64, body: Vec<u8>) -> bool {
            let mut packet = Vec::new();
            encode(msg_id, &body, &mut packet);
            decode(&packet).ok() == (body.len() >= 4).then_some((msg_id, &body[..]))
        }

        fn any_bytes_never_panic(packet: Vec<u8>) -> bool {
            decode(&packet).is_err() || packet.len() >= 24
        }
    }
}
