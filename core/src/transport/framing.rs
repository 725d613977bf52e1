//! The framings: how a client announces its framing to the server, and how frames are written and read.
//!
//! Each has a file; only this one knows them all.

mod abridged;
mod full;
mod intermediate;
mod padded;

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::header::{FrameError, Header, SentBy};
use crate::crypto::SecureRandom;

/// The framing of a connection's byte stream.
///
/// Source: `core.telegram.org/mtproto/mtproto-transports`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framing {
    /// A header of one byte for frames below 508 bytes, four bytes for longer ones: the least overhead.
    Abridged,
    /// A header of four bytes: the length.
    #[default]
    Intermediate,
    /// Intermediate with up to 15 random bytes after every payload, so that lengths reveal less to an observer.
    PaddedIntermediate,
    /// Length, sequence number and CRC-32 around every payload. No quick acks.
    Full,
}

impl Framing {
    /// All four framings, in order of declaration.
    pub const ALL: [Self; 4] = [Self::Abridged, Self::Intermediate, Self::PaddedIntermediate, Self::Full];

    /// Returns the bytes that a client sends once before its first frame. A server sends none. Empty for
    /// [`Full`](Self::Full).
    #[must_use]
    pub const fn tag(self) -> &'static [u8] {
        match self {
            Self::Abridged => &[0xef],
            Self::Intermediate => &[0xee; 4],
            Self::PaddedIntermediate => &[0xdd; 4],
            Self::Full => &[],
        }
    }

    /// Returns the four bytes that identify this framing in an obfuscated header, or `None` for [`Full`](Self::Full).
    #[must_use]
    pub const fn obfuscated_tag(self) -> Option<[u8; 4]> {
        match self {
            Self::Abridged => Some([0xef; 4]),
            Self::Intermediate => Some([0xee; 4]),
            Self::PaddedIntermediate => Some([0xdd; 4]),
            Self::Full => None,
        }
    }

    /// Returns the name that [`Display`](fmt::Display) and [`FromStr`] use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abridged => "abridged",
            Self::Intermediate => "intermediate",
            Self::PaddedIntermediate => "padded",
            Self::Full => "full",
        }
    }

    /// Recognises the framing of a client by the first bytes of its stream.
    ///
    /// The tag is not part of a frame: skip [`tag`](Self::tag)`().len()` bytes of the stream.
    #[must_use]
    pub fn recognise(start: &[u8]) -> Recognised {
        match *start {
            [0xef, ..] => Recognised::Is(Self::Abridged),
            [0xee, 0xee, 0xee, 0xee, ..] => Recognised::Is(Self::Intermediate),
            [0xdd, 0xdd, 0xdd, 0xdd, ..] => Recognised::Is(Self::PaddedIntermediate),
            _ if start.len() >= 4 => Recognised::Is(Self::Full),
            _ => Recognised::NeedMore,
        }
    }
}

/// Maximum length in bytes by which a frame exceeds its payload, with the tag before the first frame.
pub(crate) const MAX_FRAME_OVERHEAD: usize = 32;

impl Framing {
    /// Whether the end of a frame depends on its payload, which must be encrypted before the frame is finished then.
    pub(crate) const fn has_checksum(self) -> bool {
        matches!(self, Self::Full)
    }

    /// Appends the header of a frame. `length`: of the payload, in bytes, a multiple of 4. `number`: of the frame, from 0.
    pub(super) fn write_header(self, length: u32, number: u32, quick_ack: bool, out: &mut Vec<u8>) {
        match self {
            Self::Abridged => abridged::write_header(length / 4, quick_ack, out),
            Self::Intermediate | Self::PaddedIntermediate => {
                intermediate::write_header(length, quick_ack, out);
            }
            Self::Full => full::write_header(length, number, out),
        }
    }

    /// Completes the frame that begins at `start`: appends its padding or checksum.
    pub(super) fn finish_frame(self, start: usize, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
        match self {
            Self::Abridged | Self::Intermediate => {}
            Self::PaddedIntermediate => padded::pad(out, start, random),
            Self::Full => full::close(out, start),
        }
    }

    /// Appends a quick ack. Appends nothing for [`Full`](Self::Full), which has none.
    pub(super) fn write_quick_ack(self, token: u32, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
        match self {
            Self::Abridged => abridged::write_quick_ack(token, out),
            Self::Intermediate => intermediate::write_quick_ack(token, out),
            Self::PaddedIntermediate => padded::write_quick_ack(token, out, random),
            Self::Full => {}
        }
    }

    /// Reads the header of the frame that begins with `start`.
    pub(super) fn read_header(self, start: &[u8], by: SentBy) -> Result<Header, FrameError> {
        match self {
            Self::Abridged => Ok(abridged::read_header(start, by)),
            Self::Intermediate | Self::PaddedIntermediate => Ok(intermediate::read_header(start, by)),
            Self::Full => full::read_header(start, by),
        }
    }

    /// Checks a complete frame. `number` is its number, from 0.
    pub(super) fn check(self, frame: &[u8], number: u32) -> Result<(), FrameError> {
        match self {
            Self::Abridged | Self::Intermediate | Self::PaddedIntermediate => Ok(()),
            Self::Full => full::check(frame, number),
        }
    }
}

/// How the answers of servers of other protocols begin, which are not encrypted: for each byte, those that it can be. No
/// frame of these framings starts like that.
const OTHER_PROTOCOLS: [(FrameError, &[&[u8]]); 5] = [
    // An alert of any TLS version: two bytes, the first of which is 1 or 2.
    (FrameError::TlsServer, &[&[21], &[3], &[0, 1, 2, 3, 4], &[0], &[2], &[1, 2]]),
    (FrameError::WebServer, &[b"H", b"T", b"T", b"P", b"/"]),
    (FrameError::SshServer, &[b"S", b"S", b"H", b"-", b"12", b"."]),
    // A page without a status line, or after the answer of an HTTP proxy.
    (FrameError::WebServer, &[b"<", b"hH", b"tT", b"mM", b"lL"]),
    (FrameError::WebServer, &[b"<", b"!", b"dD", b"oO", b"cC"]),
];

/// Length in bytes of the longest start of [`OTHER_PROTOCOLS`].
pub(super) const OTHER_PROTOCOL_LEN: usize = 6;

/// Checks the first bytes of a server's stream. Returns `false` if the next byte can still show that they are those of
/// another protocol. Errors if they are.
pub(super) fn check_protocol(start: &[u8]) -> Result<bool, FrameError> {
    let mut is_certain = true;
    for (error, bytes) in OTHER_PROTOCOLS {
        if start.iter().zip(bytes).all(|(byte, possible)| possible.contains(byte)) {
            if start.len() >= bytes.len() {
                return Err(error);
            }
            is_certain = false;
        }
    }
    Ok(is_certain)
}

/// The result of [`Framing::recognise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// More bytes are needed, up to four.
    NeedMore,
    /// The client uses this framing.
    Is(Framing),
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Framing {
    type Err = UnknownFraming;

    fn from_str(name: &str) -> Result<Self, UnknownFraming> {
        Self::ALL.into_iter().find(|framing| framing.name() == name).ok_or(UnknownFraming)
    }
}

/// The name of a framing is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown framing: use abridged, intermediate, padded or full")]
pub struct UnknownFraming;

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;
    use crate::crypto::SecureRandom;
    use crate::transport::FrameEncoder;

    /// Draws the longest padding.
    struct Ones;

    impl SecureRandom for Ones {
        fn fill(&mut self, buffer: &mut [u8]) {
            buffer.fill(0xff);
        }
    }

    #[test]
    fn names_round_trip() {
        for framing in Framing::ALL {
            assert_eq!(framing.to_string().parse(), Ok(framing));
        }
        assert_eq!("Abridged".parse::<Framing>(), Err(UnknownFraming));
        assert_eq!("".parse::<Framing>(), Err(UnknownFraming));
    }

    #[test]
    fn a_server_recognises_the_tag_as_soon_as_it_is_whole() {
        use Recognised::{Is, NeedMore};
        assert_eq!(Framing::recognise(&[]), NeedMore);
        let tagged = Framing::ALL.into_iter().filter(|framing| !framing.tag().is_empty());
        assert_eq!(tagged.clone().count(), 3);
        for framing in tagged {
            assert_eq!(Framing::recognise(framing.tag()), Is(framing));
        }
        assert_eq!(Framing::recognise(&[0xee; 3]), NeedMore);
        assert_eq!(Framing::recognise(&[0xdd, 0xdd]), NeedMore);
        // The length of a full frame, then arbitrary bytes.
        assert_eq!(Framing::recognise(&[0x34, 0, 0, 0, 0]), Is(Framing::Full));
        assert_eq!(Framing::recognise(&[0x34, 0, 0]), NeedMore);
        assert_eq!(Framing::recognise(&[0xdd, 0xdd, 0xdd, 0xee]), Is(Framing::Full));
    }

    #[test]
    fn no_frame_takes_more_than_is_reserved_for_it() {
        for framing in Framing::ALL {
            for length in [24, 508, 512, 4096, 1 << 20] {
                let (mut encoder, mut out) = (FrameEncoder::new(framing), Vec::new());
                let frame = encoder.begin(length, &mut out, false).unwrap();
                out.resize(out.len() + length, 0);
                encoder.finish(frame, &mut out, &mut Ones).unwrap();
                assert!(out.len() <= length + MAX_FRAME_OVERHEAD, "{framing}, {length} bytes");
            }
        }
    }
}
