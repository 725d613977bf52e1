//! A connection's byte stream on the server's side: the client's framing, frames in and out, and their obfuscation.
//! Independent of the client's framing.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`.

use std::time::Duration;

use sansgram_core::crypto::aes_ctr::AesCtr;
use sansgram_core::crypto::hash::sha256;

use super::frontend::{Frontend, FrontendRefusal, FrontendStream, MtProxyMode};
use super::policy::MAX_FRAME;
use crate::random::SecureRandom;

/// The client's framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Abridged,
    Intermediate,
    PaddedIntermediate,
    Full,
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
    #[error("frame number {found} where {expected} is due")]
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
    #[error("the frontend does not take this framing")]
    WrongTransport,
    /// The frontend refused the bytes.
    #[error(transparent)]
    Front(#[from] FrontendRefusal),
}

/// One payload and its frame's flags.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) bytes: Vec<u8>,
    /// Whether the client requests a quick ack.
    pub(crate) quick_ack: bool,
}

/// Both directions of one connection.
#[derive(Default)]
pub(crate) struct Stream {
    /// Received bytes that are not consumed yet, decrypted once the framing is known.
    incoming: Vec<u8>,
    spoken: Option<Spoken>,
    frontend: FrontendStream,
    /// The key of the MTProxy.
    proxy_key: Option<[u8; 16]>,
    /// Whether only padded intermediate is accepted.
    only_padded: bool,
    /// Whether the stream must be obfuscated.
    only_obfuscated: bool,
    /// Whether a client may open a WebSocket without a WebSocket frontend.
    may_upgrade: bool,
    /// The DC that an obfuscated header names; random bytes if the client names none.
    named_dc: Option<i16>,
}

struct Spoken {
    framing: Framing,
    obfuscation: Option<Obfuscation>,
    frames_received: u32,
    frames_sent: u32,
}

struct Obfuscation {
    from_client: AesCtr,
    to_client: AesCtr,
}

impl Stream {
    /// The stream of a connection to this frontend.
    pub(crate) fn behind(frontend: &Frontend) -> Self {
        let (proxy_key, only_padded) = match frontend {
            Frontend::MtProxy { key, mode } => (Some(*key), *mode != MtProxyMode::Plain),
            _ => (None, false),
        };
        let only_obfuscated = *frontend != Frontend::None;
        Self {
            frontend: FrontendStream::new(frontend),
            proxy_key,
            only_padded,
            only_obfuscated,
            ..Self::default()
        }
    }

    /// Processes received bytes, in any chunking. An immediate answer of the frontend is appended to `reply`.
    pub(crate) fn receive(
        &mut self,
        bytes: &[u8],
        unix: Duration,
        random: &mut dyn SecureRandom,
        reply: &mut Vec<u8>,
    ) -> Result<(), FramingError> {
        let inside = self.frontend.push(bytes, unix, random, reply)?;
        self.push(&inside);
        if self.may_upgrade && self.spoken.is_none() && self.incoming.starts_with(b"GET ") {
            self.may_upgrade = false;
            self.frontend = FrontendStream::WebSocket(Box::default());
            self.only_obfuscated = true;
            let request = std::mem::take(&mut self.incoming);
            let inside = self.frontend.push(&request, unix, random, reply)?;
            self.push(&inside);
        }
        Ok(())
    }

    /// Accepts WebSockets too, as Telegram's servers do on the same port.
    pub(crate) const fn allow_upgrade(&mut self) {
        self.may_upgrade = true;
    }

    /// The DC that the client requested of an MTProxy, by its number on the wire.
    pub(crate) fn asked_for(&self) -> Option<i16> {
        self.named_dc.filter(|_| self.proxy_key.is_some())
    }

    fn push(&mut self, bytes: &[u8]) {
        let start = self.incoming.len();
        self.incoming.extend_from_slice(bytes);
        if let Some(Spoken { obfuscation: Some(obfuscation), .. }) = &mut self.spoken {
            obfuscation.from_client.apply(&mut self.incoming[start..]);
        }
    }

    /// The framing, once the client's first bytes have determined it.
    pub(crate) fn framing(&self) -> Option<Framing> {
        self.spoken.as_ref().map(|spoken| spoken.framing)
    }

    /// Returns the next whole frame; `None` if more bytes are needed.
    pub(crate) fn next_packet(&mut self) -> Result<Option<Packet>, FramingError> {
        if self.spoken.is_none() {
            self.recognise()?;
        }
        let Some(spoken) = &mut self.spoken else { return Ok(None) };
        let Some((consumed, packet)) = spoken.cut(&self.incoming)? else { return Ok(None) };
        self.incoming.drain(..consumed);
        Ok(Some(packet))
    }

    /// Frames a payload.
    ///
    /// The result is empty if the client's framing is not known yet.
    pub(crate) fn frame(&mut self, payload: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
        let Some(spoken) = &mut self.spoken else { return Vec::new() };
        let length = u32::try_from(payload.len()).expect("a server's packet is smaller than 4 GiB");
        let mut out = Vec::with_capacity(payload.len() + 32);
        match spoken.framing {
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
                out.extend_from_slice(&spoken.frames_sent.to_le_bytes());
                out.extend_from_slice(payload);
                out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
            }
        }
        spoken.frames_sent = spoken.frames_sent.wrapping_add(1);
        let bytes = spoken.obfuscate(out);
        self.frontend.wrap(bytes, random)
    }

    /// Frames a quick ack; empty on a framing without them.
    pub(crate) fn quick_ack(&mut self, token: u32, random: &mut dyn SecureRandom) -> Vec<u8> {
        let token = token | 0x8000_0000;
        let Some(spoken) = &mut self.spoken else { return Vec::new() };
        match spoken.framing {
            Framing::Abridged => {
                let bytes = spoken.obfuscate(token.to_be_bytes().to_vec());
                self.frontend.wrap(bytes, random)
            }
            Framing::Intermediate => {
                let bytes = spoken.obfuscate(token.to_le_bytes().to_vec());
                self.frontend.wrap(bytes, random)
            }
            Framing::PaddedIntermediate => {
                let mut payload = [0xff; 8];
                payload[4..].copy_from_slice(&token.to_le_bytes());
                self.frame(&payload, random)
            }
            Framing::Full => Vec::new(),
        }
    }

    fn recognise(&mut self) -> Result<(), FramingError> {
        if self.only_obfuscated {
            return self.recognise_obfuscated();
        }
        let (framing, tag) = match *self.incoming {
            [0xef, ..] => (Framing::Abridged, 1),
            [0xee, 0xee, 0xee, 0xee, ..] => (Framing::Intermediate, 4),
            [0xdd, 0xdd, 0xdd, 0xdd, ..] => (Framing::PaddedIntermediate, 4),
            // The number of the first frame, four zeros, which an obfuscated start never has here.
            [_, _, _, _, 0, 0, 0, 0, ..] => (Framing::Full, 0),
            _ => return self.recognise_obfuscated(),
        };
        self.incoming.drain(..tag);
        self.spoken = Some(Spoken::new(framing, None));
        Ok(())
    }

    /// The protocol of a client that disconnected before its framing was determined.
    pub(crate) fn left_speaking(&self) -> Option<FramingError> {
        let is_plain = self.spoken.is_none() && matches!(self.frontend, FrontendStream::None);
        let name = other_greeting(&self.incoming).filter(|_| is_plain)?;
        Some(FramingError::OtherProtocol(name))
    }

    fn recognise_obfuscated(&mut self) -> Result<(), FramingError> {
        if let Some(name) = other_protocol(&self.incoming) {
            return Err(FramingError::OtherProtocol(name));
        }
        let Some((start, rest)) = self.incoming.split_first_chunk_mut::<64>() else { return Ok(()) };
        let greeting = other_greeting(start);
        let mut reversed = *start;
        reversed.reverse();
        let mut from_client = cipher_at(start, self.proxy_key);
        let to_client = cipher_at(&reversed, self.proxy_key);
        from_client.apply(start);
        let framing = match start[56..60] {
            [0xef, 0xef, 0xef, 0xef] => Framing::Abridged,
            [0xee, 0xee, 0xee, 0xee] => Framing::Intermediate,
            [0xdd, 0xdd, 0xdd, 0xdd] => Framing::PaddedIntermediate,
            _ => return Err(greeting.map_or(FramingError::UnknownFraming, FramingError::OtherProtocol)),
        };
        if self.only_padded && framing != Framing::PaddedIntermediate {
            return Err(FramingError::WrongTransport);
        }
        self.named_dc = Some(i16::from_le_bytes([start[60], start[61]]));
        from_client.apply(rest);
        self.incoming.drain(..64);
        self.spoken = Some(Spoken::new(framing, Some(Obfuscation { from_client, to_client })));
        Ok(())
    }
}

/// Beginnings that no obfuscated stream may have. Source: `core.telegram.org/mtproto/mtproto-transports`.
const fn other_protocol(incoming: &[u8]) -> Option<&'static str> {
    match incoming.first_chunk::<4>() {
        Some(b"GET " | b"POST" | b"HEAD" | b"OPTI") => Some("HTTP"),
        Some([0x16, 0x03, 0x01, 0x02]) => Some("TLS"),
        _ => None,
    }
}

/// The protocol whose greeting this seems to be. An obfuscated stream begins like this once in billions of times, so
/// this only names a stream that is refused for another reason.
fn other_greeting(incoming: &[u8]) -> Option<&'static str> {
    Some(match incoming {
        [b'S', b'S', b'H', b'-', ..] => "SSH",
        [b'P', b'R', b'O', b'X', b'Y', b' ', ..] | [b'\r', b'\n', b'\r', b'\n', 0, b'\r', ..] => {
            "the PROXY protocol"
        }
        [0x16, 0x03, 0..=4, ..] => "TLS",
        [5, count, methods @ ..] if *count > 0 && methods.len() == usize::from(*count) => "SOCKS5",
        [4, 1 | 2, _, _, _, _, _, _, .., 0] => "SOCKS4",
        [3, 0, 0, _, _, 0xe0, ..] => "RDP",
        text if [&b"CONNECT "[..], b"PRI * HTTP", b"PUT ", b"DELETE ", b"PATCH "]
            .iter()
            .any(|word| text.starts_with(word)) =>
        {
            "HTTP"
        }
        _ => return None,
    })
}

/// The cipher whose key and IV are in an obfuscated stream's first 64 bytes.
fn cipher_at(start: &[u8; 64], proxy_key: Option<[u8; 16]>) -> AesCtr {
    let mut key = [0; 32];
    let mut iv = [0; 16];
    key.copy_from_slice(&start[8..40]);
    iv.copy_from_slice(&start[40..56]);
    if let Some(secret) = proxy_key {
        key = sha256(&[&key, &secret]);
    }
    AesCtr::new(&key, &iv)
}

impl Spoken {
    const fn new(framing: Framing, obfuscation: Option<Obfuscation>) -> Self {
        Self { framing, obfuscation, frames_received: 0, frames_sent: 0 }
    }

    fn obfuscate(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        if let Some(obfuscation) = &mut self.obfuscation {
            obfuscation.to_client.apply(&mut bytes);
        }
        bytes
    }

    /// Finds the first frame: its length in the stream, and its payload.
    fn cut(&mut self, bytes: &[u8]) -> Result<Option<(usize, Packet)>, FramingError> {
        match self.framing {
            Framing::Abridged => cut_abridged(bytes),
            Framing::Intermediate => cut_intermediate(bytes, false),
            Framing::PaddedIntermediate => cut_intermediate(bytes, true),
            Framing::Full => self.cut_full(bytes),
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
        let expected = self.frames_received;
        match little_endian(covered, 4) {
            Some(found) if found != expected => return Err(FramingError::BadNumber { found, expected }),
            _ => self.frames_received = expected.wrapping_add(1),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandomForTestingOnly;

    /// The client's bytes for these payloads, by the tables of the documentation.
    fn client_bytes(framing: Framing, payloads: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        match framing {
            Framing::Abridged => out.push(0xef),
            Framing::Intermediate => out.extend([0xee; 4]),
            Framing::PaddedIntermediate => out.extend([0xdd; 4]),
            Framing::Full => {}
        }
        for (number, payload) in payloads.iter().enumerate() {
            let length = payload.len() as u32;
            match framing {
                Framing::Abridged if length < 508 => out.push((length / 4) as u8),
                Framing::Abridged => out.extend((length / 4 * 256 + 0x7f).to_le_bytes()),
                Framing::Intermediate => out.extend(length.to_le_bytes()),
                Framing::PaddedIntermediate => out.extend((length + 3).to_le_bytes()),
                Framing::Full => {
                    let mut frame = (length + 12).to_le_bytes().to_vec();
                    frame.extend((number as u32).to_le_bytes());
                    frame.extend(*payload);
                    frame.extend(crc32fast::hash(&frame).to_le_bytes());
                    out.extend(frame);
                    continue;
                }
            }
            out.extend(*payload);
            if framing == Framing::PaddedIntermediate {
                out.extend([1, 2, 3]);
            }
        }
        out
    }

    fn read_all(stream: &mut Stream, bytes: &[u8], chunk: usize) -> Result<Vec<Packet>, FramingError> {
        let mut packets = Vec::new();
        for piece in bytes.chunks(chunk) {
            stream.push(piece);
            while let Some(packet) = stream.next_packet()? {
                packets.push(packet);
            }
        }
        Ok(packets)
    }

    const ALL: [Framing; 4] =
        [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full];

    #[test]
    fn frames_of_every_transport_survive_any_chunking() {
        let long = [9; 600];
        for framing in ALL {
            let bytes = client_bytes(framing, &[&[1; 4], &[2; 504], &long]);
            for chunk in [1, 2, 3, 7, bytes.len()] {
                let mut stream = Stream::default();
                let packets = read_all(&mut stream, &bytes, chunk).unwrap();
                assert_eq!(stream.framing(), Some(framing));
                let tail = if framing == Framing::PaddedIntermediate { 3 } else { 0 };
                let lengths: Vec<_> = packets.iter().map(|packet| packet.bytes.len() - tail).collect();
                assert_eq!(lengths, [4, 504, 600]);
            }
        }
    }

    #[test]
    fn an_obfuscated_stream_hides_the_same_frames() {
        let mut init = [0; 64];
        SeededRandomForTestingOnly::new(3).fill(&mut init);
        init[56..60].fill(0xee);
        let mut reversed = init;
        reversed.reverse();
        let (mut to_server, mut to_client) = (cipher_at(&init, None), cipher_at(&reversed, None));
        let mut start = init;
        to_server.apply(&mut start);
        let mut bytes = init;
        bytes[56..].copy_from_slice(&start[56..]);
        let mut bytes = bytes.to_vec();
        let mut frames = client_bytes(Framing::Intermediate, &[&[7; 40]])[4..].to_vec();
        to_server.apply(&mut frames);
        bytes.extend(frames);
        for chunk in [1, 5, bytes.len()] {
            let mut stream = Stream::default();
            let packets = read_all(&mut stream, &bytes, chunk).unwrap();
            assert_eq!(packets, [Packet { bytes: vec![7; 40], quick_ack: false }]);
        }
        let mut stream = Stream::default();
        read_all(&mut stream, &bytes, 64).unwrap();
        let mut answer = stream.frame(&[5; 8], &mut SeededRandomForTestingOnly::new(1));
        to_client.apply(&mut answer);
        assert_eq!(answer, [8, 0, 0, 0, 5, 5, 5, 5, 5, 5, 5, 5]);
    }

    #[test]
    fn bad_frames_are_named() {
        use FramingError::{BadChecksum, BadLength, BadNumber, LongHeader, TooLong};
        let read = |bytes: &[u8]| read_all(&mut Stream::default(), bytes, usize::MAX).unwrap_err();
        assert_eq!(read(&[0xef, 0]), BadLength(0));
        assert_eq!(read(&[0xef, 0x7f, 1, 0, 0]), LongHeader(4));
        assert_eq!(read(&[0xef, 0x7f, 0xff, 0xff, 0xff]), TooLong(0xff_ffff * 4));
        assert_eq!(read(&[0xee, 0xee, 0xee, 0xee, 0xff, 0xff, 0xff, 0x7f]), TooLong(0x7fff_ffff));
        assert_eq!(read(&[0xee, 0xee, 0xee, 0xee, 5, 0, 0, 0]), BadLength(5));
        let good = client_bytes(Framing::Full, &[&[1; 4], &[2; 4]]);
        let mut flipped = good.clone();
        flipped[10] ^= 1;
        assert_eq!(read(&flipped), BadChecksum);
        let twice = [&good[..16], &good[..16]].concat();
        assert_eq!(read(&twice), BadNumber { found: 0, expected: 1 });
        assert_eq!(read(&[1; 64]), FramingError::UnknownFraming);
    }

    #[test]
    fn quick_acks_take_the_form_of_their_transport() {
        let mut random = SeededRandomForTestingOnly::new(1);
        let mut ack = |framing, bytes: &[u8]| {
            let mut stream = Stream::default();
            stream.push(bytes);
            let wanted = stream.next_packet().unwrap().is_some_and(|packet| packet.quick_ack);
            assert_eq!(stream.framing(), Some(framing));
            (wanted, stream.quick_ack(0x0102_0304, &mut random))
        };
        assert_eq!(ack(Framing::Abridged, &[0xef, 0x81, 0, 0, 0, 0]), (true, vec![0x81, 2, 3, 4]));
        let intermediate = [0xee, 0xee, 0xee, 0xee, 4, 0, 0, 0x80, 0, 0, 0, 0];
        assert_eq!(ack(Framing::Intermediate, &intermediate), (true, vec![4, 3, 2, 0x81]));
    }
}
