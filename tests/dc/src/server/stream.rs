//! A connection's byte stream on the server's side: the frontend, the obfuscation, and the frames inside.
//!
//! Source: `core.telegram.org/mtproto/mtproto-transports`.

use std::time::Duration;

use sansgram_core::crypto::aes_ctr::AesCtr;
use sansgram_core::crypto::hash::sha256;

use super::framing::{Frames, Framing, FramingError, Packet};
use super::frontend::{Frontend, FrontendStream, MtProxyMode};
use super::other_protocol;
use crate::random::SecureRandom;

/// Both directions of one connection.
#[derive(Default)]
pub(super) struct Stream {
    /// Received bytes that are not consumed yet, decrypted once the framing is known.
    incoming: Vec<u8>,
    detected: Option<Detected>,
    frontend: FrontendStream,
    /// The key of the MTProxy.
    proxy_key: Option<[u8; 16]>,
    /// Whether only padded intermediate is accepted.
    only_padded: bool,
    /// Whether the stream must be obfuscated.
    only_obfuscated: bool,
    /// Whether a client may open a WebSocket without a WebSocket frontend.
    accepts_upgrade: bool,
    /// The DC that an obfuscated header names; random bytes if the client names none.
    named_dc: Option<i16>,
}

/// What the client's first bytes determined.
struct Detected {
    frames: Frames,
    obfuscation: Option<Obfuscation>,
}

impl Detected {
    fn obfuscate(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        if let Some(obfuscation) = &mut self.obfuscation {
            obfuscation.to_client.apply(&mut bytes);
        }
        bytes
    }
}

struct Obfuscation {
    from_client: AesCtr,
    to_client: AesCtr,
}

impl Stream {
    /// Returns the stream of a connection to this frontend.
    pub(super) fn new(frontend: &Frontend) -> Self {
        let (proxy_key, only_padded) = match frontend {
            Frontend::MtProxy { key, mode } => (Some(*key), *mode != MtProxyMode::Plain),
            _ => (None, false),
        };
        Self {
            frontend: FrontendStream::new(frontend),
            proxy_key,
            only_padded,
            only_obfuscated: *frontend != Frontend::None,
            ..Self::default()
        }
    }

    /// Processes received bytes, in any chunking. An immediate answer of the frontend is appended to `reply`.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        unix: Duration,
        random: &mut dyn SecureRandom,
        reply: &mut Vec<u8>,
    ) -> Result<(), FramingError> {
        let inside = self.frontend.push(bytes, unix, random, reply)?;
        self.push(&inside);
        if self.accepts_upgrade && self.detected.is_none() && self.incoming.starts_with(b"GET ") {
            self.accepts_upgrade = false;
            self.frontend = FrontendStream::WebSocket(Box::default());
            self.only_obfuscated = true;
            let request = std::mem::take(&mut self.incoming);
            let inside = self.frontend.push(&request, unix, random, reply)?;
            self.push(&inside);
        }
        Ok(())
    }

    /// Accepts WebSockets too, as Telegram's servers do on the same port.
    pub(super) const fn allow_upgrade(&mut self) {
        self.accepts_upgrade = true;
    }

    /// Returns the DC that the client requested of an MTProxy, by its number on the wire.
    pub(super) fn requested_dc(&self) -> Option<i16> {
        self.named_dc.filter(|_| self.proxy_key.is_some())
    }

    fn push(&mut self, bytes: &[u8]) {
        let start = self.incoming.len();
        self.incoming.extend_from_slice(bytes);
        if let Some(Detected { obfuscation: Some(obfuscation), .. }) = &mut self.detected {
            obfuscation.from_client.apply(&mut self.incoming[start..]);
        }
    }

    /// Returns the framing, once the client's first bytes have determined it.
    pub(super) fn framing(&self) -> Option<Framing> {
        self.detected.as_ref().map(|detected| detected.frames.framing)
    }

    /// Returns the next whole frame; `None` if more bytes are needed.
    pub(super) fn next_packet(&mut self) -> Result<Option<Packet>, FramingError> {
        if self.detected.is_none() {
            self.detect()?;
        }
        let Some(detected) = &mut self.detected else { return Ok(None) };
        let Some((consumed, packet)) = detected.frames.next(&self.incoming)? else { return Ok(None) };
        self.incoming.drain(..consumed);
        Ok(Some(packet))
    }

    /// Frames a payload. The result is empty if the framing of the client is not known yet.
    pub(super) fn frame(&mut self, payload: &[u8], random: &mut dyn SecureRandom) -> Vec<u8> {
        let Some(detected) = &mut self.detected else { return Vec::new() };
        let frame = detected.frames.encode(payload, random);
        self.frontend.wrap(detected.obfuscate(frame), random)
    }

    /// Frames a quick ack; empty on a framing without them.
    pub(super) fn quick_ack(&mut self, token: u32, random: &mut dyn SecureRandom) -> Vec<u8> {
        let Some(detected) = &mut self.detected else { return Vec::new() };
        let frame = detected.frames.quick_ack(token, random);
        self.frontend.wrap(detected.obfuscate(frame), random)
    }

    fn detect(&mut self) -> Result<(), FramingError> {
        let Some((framing, tag)) = Framing::detect(&self.incoming).filter(|_| !self.only_obfuscated) else {
            return self.detect_obfuscated();
        };
        self.incoming.drain(..tag);
        self.detected = Some(Detected { frames: Frames::new(framing), obfuscation: None });
        Ok(())
    }

    /// Returns the error of a client that disconnected before its framing was determined, if it seems to have spoken
    /// another protocol.
    pub(super) fn error_at_close(&self) -> Option<FramingError> {
        let is_plain = self.detected.is_none() && matches!(self.frontend, FrontendStream::None);
        let name = other_protocol::likely(&self.incoming).filter(|_| is_plain)?;
        Some(FramingError::OtherProtocol(name))
    }

    fn detect_obfuscated(&mut self) -> Result<(), FramingError> {
        if let Some(name) = other_protocol::excluded(&self.incoming) {
            return Err(FramingError::OtherProtocol(name));
        }
        let Some((header, rest)) = self.incoming.split_first_chunk_mut::<64>() else { return Ok(()) };
        let other = other_protocol::likely(header);
        let mut reversed = *header;
        reversed.reverse();
        let mut from_client = cipher_at(header, self.proxy_key);
        let to_client = cipher_at(&reversed, self.proxy_key);
        from_client.apply(header);
        let [.., first, second, third, fourth, low, high, _, _] = *header;
        let framing = Framing::from_tag([first, second, third, fourth])
            .ok_or_else(|| other.map_or(FramingError::UnknownFraming, FramingError::OtherProtocol))?;
        if self.only_padded && framing != Framing::PaddedIntermediate {
            return Err(FramingError::WrongFraming);
        }
        self.named_dc = Some(i16::from_le_bytes([low, high]));
        from_client.apply(rest);
        self.incoming.drain(..64);
        let obfuscation = Some(Obfuscation { from_client, to_client });
        self.detected = Some(Detected { frames: Frames::new(framing), obfuscation });
        Ok(())
    }
}

/// Returns the cipher whose key and IV are in the 64 bytes of an obfuscated header.
fn cipher_at(header: &[u8; 64], proxy_key: Option<[u8; 16]>) -> AesCtr {
    let mut key = [0; 32];
    let mut iv = [0; 16];
    key.copy_from_slice(&header[8..40]);
    iv.copy_from_slice(&header[40..56]);
    if let Some(secret) = proxy_key {
        key = sha256(&[&key, &secret]);
    }
    AesCtr::new(&key, &iv)
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
    fn frames_of_every_framing_survive_any_chunking() {
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
    fn quick_acks_take_the_form_of_their_framing() {
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
