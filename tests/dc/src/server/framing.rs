//! The four framings: frames are read and written on the server's side. Independent of the client's framing.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`.

use super::frontend::FrontendRefusal;
use super::policy::MAX_FRAME;
use crate::random::SecureRandom;

/// The framing of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Abridged,
    Intermediate,
    PaddedIntermediate,
    Full,
}

impl Framing {
    /// Returns the framing that begins a stream without obfuscation, and the length of its tag; `None` if the stream
    /// may be obfuscated, or more bytes are needed.
    pub(super) const fn detect(incoming: &[u8]) -> Option<(Self, usize)> {
        Some(match incoming {
            [0xef, ..] => (Self::Abridged, 1),
            [0xee, 0xee, 0xee, 0xee, ..] => (Self::Intermediate, 4),
            [0xdd, 0xdd, 0xdd, 0xdd, ..] => (Self::PaddedIntermediate, 4),
            // The number of the first frame: four zeros, which an obfuscated header never has here.
            [_, _, _, _, 0, 0, 0, 0, ..] => (Self::Full, 0),
            _ => return None,
        })
    }

    /// Returns the framing that has this tag in an obfuscated header.
    pub(super) const fn from_tag(tag: [u8; 4]) -> Option<Self> {
        Some(match tag {
            [0xef, 0xef, 0xef, 0xef] => Self::Abridged,
            [0xee, 0xee, 0xee, 0xee] => Self::Intermediate,
            [0xdd, 0xdd, 0xdd, 0xdd] => Self::PaddedIntermediate,
            _ => return None,
        })
    }
}

/// What is wrong with a client's byte stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// The first bytes belong to no known framing.
    #[error("the first bytes belong to no known framing")]
    UnknownFraming,
    /// The first bytes are those of another protocol, which no obfuscated stream may begin with.
    #[error("the client speaks {0}")]
    OtherProtocol(&'static str),
    /// The length of a frame is above 16 MiB.
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    /// The length of a frame is 0 or not a multiple of 4.
    #[error("a frame cannot have {0} bytes")]
    BadLength(usize),
    /// An abridged frame below 508 bytes uses the long header.
    #[error("an abridged frame of {0} bytes must use the short header")]
    LongHeader(usize),
    /// Full framing: frames are counted from 0.
    #[error("expected frame number {expected}, received {found}")]
    BadNumber {
        /// The number in the frame.
        found: u32,
        /// The number of frames before it.
        expected: u32,
    },
    /// Full framing: the CRC-32 is not that of the frame.
    #[error("the checksum of a frame does not match")]
    BadChecksum,
    /// The secret requires padded intermediate, or the frontend requires obfuscation.
    #[error("the frontend does not accept this framing")]
    WrongFraming,
    /// The frontend refused the bytes.
    #[error(transparent)]
    Front(#[from] FrontendRefusal),
}

/// One payload and its frame's flags.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) bytes: Vec<u8>,
    /// Whether the client requests a quick ack.
    pub(super) quick_ack: bool,
}

/// The frames of one connection, in both directions.
pub(super) struct Frames {
    pub(super) framing: Framing,
    received: u32,
    sent: u32,
}

impl Frames {
    pub(super) const fn new(framing: Framing) -> Self {
        Self { framing, received: 0, sent: 0 }
    }

    /// Returns the first frame of `bytes` and its length there; `None` if more bytes are needed.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Option<(usize, Packet)>, FramingError> {
        match self.framing {
            Framing::Abridged => cut_abridged(bytes),
            Framing::Intermediate => cut_intermediate(bytes, false),
            Framing::PaddedIntermediate => cut_intermediate(bytes, true),
            Framing::Full => self.cut_full(bytes),
        }
    }

    /// Returns a frame with this payload.
    pub(super) fn encode(&mut self, payload: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("a server's packet is smaller than 4 GiB");
        let mut out = Vec::with_capacity(payload.len() + 32);
        match self.framing {
            Framing::Abridged => {
                let words = length / 4;
                match u8::try_from(words) {
                    Ok(short @ 0..127) => out.push(short),
                    _ => {
                        out.push(0x7f);
                        out.extend_from_slice(&words.to_le_bytes()[..3]);
                    }
                }
                out.extend_from_slice(payload);
            }
            Framing::Intermediate => {
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(payload);
            }
            Framing::PaddedIntermediate => {
                let mut padding = [0; 16];
                random.fill(&mut padding);
                let count = padding[15] & 15;
                out.extend_from_slice(&(length + u32::from(count)).to_le_bytes());
                out.extend_from_slice(payload);
                out.extend_from_slice(&padding[..usize::from(count)]);
            }
            Framing::Full => {
                out.extend_from_slice(&(length + 12).to_le_bytes());
                out.extend_from_slice(&self.sent.to_le_bytes());
                out.extend_from_slice(payload);
                out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
            }
        }
        self.sent = self.sent.wrapping_add(1);
        out
    }

    /// Returns a quick ack; empty on a framing without them.
    pub(super) fn quick_ack(&mut self, token: u32, random: &mut dyn SecureRandom) -> Vec<u8> {
        let token = token | 0x8000_0000;
        match self.framing {
            Framing::Abridged => token.to_be_bytes().to_vec(),
            Framing::Intermediate => token.to_le_bytes().to_vec(),
            Framing::PaddedIntermediate => {
                let mut payload = [0xff; 8];
                payload[4..].copy_from_slice(&token.to_le_bytes());
                self.encode(&payload, random)
            }
            Framing::Full => Vec::new(),
        }
    }

    fn cut_full(&mut self, bytes: &[u8]) -> Result<Option<(usize, Packet)>, FramingError> {
        let Some(total) = little_endian(bytes, 0) else { return Ok(None) };
        let total = total as usize;
        if total > MAX_FRAME {
            return Err(FramingError::TooLong(total));
        }
        if total < 16 || !total.is_multiple_of(4) {
            return Err(FramingError::BadLength(total));
        }
        let Some(frame) = bytes.get(..total) else { return Ok(None) };
        let (covered, checksum) = frame.split_at(total - 4);
        if little_endian(checksum, 0) != Some(crc32fast::hash(covered)) {
            return Err(FramingError::BadChecksum);
        }
        let expected = self.received;
        match little_endian(covered, 4) {
            Some(found) if found != expected => return Err(FramingError::BadNumber { found, expected }),
            _ => self.received = expected.wrapping_add(1),
        }
        Ok(Some((total, Packet { bytes: covered[8..].to_vec(), quick_ack: false })))
    }
}

fn cut_abridged(bytes: &[u8]) -> Result<Option<(usize, Packet)>, FramingError> {
    let (header, words, flags) = match *bytes {
        [flags, low, middle, high, ..] if flags & 0x7f == 0x7f => {
            (4, usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16, flags)
        }
        [short, ..] if short & 0x7f != 0x7f => (1, usize::from(short & 0x7f), short),
        _ => return Ok(None),
    };
    let length = words * 4;
    if length > MAX_FRAME {
        return Err(FramingError::TooLong(length));
    }
    if length == 0 {
        return Err(FramingError::BadLength(length));
    }
    if header == 4 && words < 0x7f {
        return Err(FramingError::LongHeader(length));
    }
    Ok(take(bytes, header, length, flags & 0x80 != 0))
}

fn cut_intermediate(bytes: &[u8], padded: bool) -> Result<Option<(usize, Packet)>, FramingError> {
    let Some(word) = little_endian(bytes, 0) else { return Ok(None) };
    let length = (word & 0x7fff_ffff) as usize;
    if length > MAX_FRAME {
        return Err(FramingError::TooLong(length));
    }
    if length == 0 || (!padded && !length.is_multiple_of(4)) {
        return Err(FramingError::BadLength(length));
    }
    Ok(take(bytes, 4, length, word & 0x8000_0000 != 0))
}

fn take(bytes: &[u8], header: usize, length: usize, quick_ack: bool) -> Option<(usize, Packet)> {
    let payload = bytes.get(header..header + length)?;
    Some((header + length, Packet { bytes: payload.to_vec(), quick_ack }))
}

fn little_endian(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}
