//! Properties for any bytes in any pieces: no panic, memory bounded by the received bytes, the same frames.

#![cfg(feature = "unstable")]
#![expect(clippy::needless_pass_by_value, reason = "quickcheck gives arguments by value")]

mod wire;

use quickcheck::{Arbitrary, Gen, QuickCheck};
use sansgram_core::transport::{
    EncodeError, Frame, FrameDecoder, FrameEncoder, FrameError, Framing, ServerFrameDecoder,
};
use wire::Seeded;

/// Payload lengths in words, including those near the limit between abridged's two header forms.
#[derive(Clone, Debug)]
struct Words(usize);

impl Arbitrary for Words {
    fn arbitrary(g: &mut Gen) -> Self {
        Self(*g.choose(&[6, 7, 20, 100, 125, 126, 127, 128, 129, 300]).unwrap())
    }
}

fn kind_of(number: u8) -> Framing {
    Framing::ALL[usize::from(number) % 4]
}

/// Splits `stream` into pieces whose lengths are `sizes`, repeated.
fn pieces(stream: &[u8], sizes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = stream;
    let mut pieces = Vec::new();
    for at in 0.. {
        if rest.is_empty() {
            break;
        }
        let size = sizes.get(at % sizes.len().max(1)).map_or(1, |size| usize::from(*size) + 1);
        let (piece, later) = rest.split_at(size.min(rest.len()));
        pieces.push(piece.to_vec());
        rest = later;
    }
    pieces
}

#[test]
fn any_frames_in_any_pieces_round_trip() {
    fn property(number: u8, frames: Vec<(Words, bool)>, sizes: Vec<u8>, seed: u64) -> bool {
        let kind = kind_of(number);
        let mut random = Seeded(seed);
        let mut encoder = FrameEncoder::new(kind);
        let mut stream = Vec::new();
        let mut sent = Vec::new();
        for (at, (Words(words), quick_ack)) in frames.into_iter().enumerate() {
            let payload = vec![u8::try_from(at % 251).unwrap() | 1; words * 4];
            let start = encoder.begin(payload.len(), &mut stream, quick_ack).unwrap();
            stream.extend_from_slice(&payload);
            encoder.finish(start, &mut stream, &mut random).unwrap();
            sent.push((payload, quick_ack && kind != Framing::Full));
        }

        let mut server = ServerFrameDecoder::new(None, 2000);
        let mut received = Vec::new();
        for mut piece in pieces(&stream, &sizes) {
            let mut input = &mut piece[..];
            while let Some(request) = server.next(&mut input).unwrap() {
                received.push((request.payload.to_vec(), request.quick_ack));
            }
        }
        received.len() == sent.len()
            && received.iter().zip(&sent).all(|((got, got_wish), (payload, wish))| {
                let most = if kind == Framing::PaddedIntermediate { 15 } else { 0 };
                got.starts_with(payload) && got.len() - payload.len() <= most && got_wish == wish
            })
    }
    QuickCheck::new().tests(300).quickcheck(property as fn(u8, Vec<(Words, bool)>, Vec<u8>, u64) -> bool);
}

/// Formats everything that a client decodes, up to the first error.
fn seen(kind: Framing, pieces: Vec<Vec<u8>>) -> Vec<String> {
    let mut decoder = FrameDecoder::new(kind, 300);
    let mut seen = Vec::new();
    for mut piece in pieces {
        let mut input = &mut piece[..];
        loop {
            match decoder.next(&mut input) {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    if let Frame::Payload(payload) = &frame {
                        assert!((24..=300).contains(&payload.len()));
                    }
                    seen.push(format!("{frame:?}"));
                }
                Err(error) => {
                    seen.push(error.to_string());
                    return seen;
                }
            }
        }
        assert!(input.is_empty());
    }
    seen
}

#[test]
fn any_bytes_give_the_same_frames_in_one_piece_and_in_many() {
    fn property(number: u8, stream: Vec<u8>, sizes: Vec<u8>) -> bool {
        let kind = kind_of(number);
        let small: Vec<u8> = sizes.iter().map(|size| size % 8).collect();
        let whole = seen(kind, vec![stream.clone()]);
        whole == seen(kind, pieces(&stream, &sizes))
            && whole == seen(kind, pieces(&stream, &small))
            && whole == seen(kind, pieces(&stream, &[0]))
    }
    QuickCheck::new().tests(3000).quickcheck(property as fn(u8, Vec<u8>, Vec<u8>) -> bool);
}

/// Random bytes are rarely a frame: here the lengths are right about half of the time.
#[test]
fn bytes_that_look_like_frames_give_the_same_frames_in_any_pieces() {
    fn property(number: u8, frames: Vec<(u8, Vec<u8>)>, sizes: Vec<u8>) -> bool {
        let kind = kind_of(number);
        let mut stream = Vec::new();
        for (first, body) in &frames {
            match kind {
                Framing::Abridged => stream.push(first % 64),
                _ => stream.extend([first % 64, 0, 0, if first % 16 == 0 { 0x80 } else { 0 }]),
            }
            stream.extend(body);
        }
        let whole = seen(kind, vec![stream.clone()]);
        whole == seen(kind, pieces(&stream, &sizes)) && whole == seen(kind, pieces(&stream, &[0]))
    }
    QuickCheck::new().tests(3000).quickcheck(property as fn(u8, Vec<(u8, Vec<u8>)>, Vec<u8>) -> bool);
}

#[test]
fn a_payload_at_the_limit_passes_and_one_above_it_does_not() {
    for kind in Framing::ALL {
        for (length, passes) in [(300, true), (304, false)] {
            let mut stream = Vec::new();
            let mut encoder = FrameEncoder::without_tag(kind);
            let start = encoder.begin(length, &mut stream, false).unwrap();
            stream.resize(stream.len() + length, 7);
            // A generator whose first byte is 0: no padding.
            encoder.finish(start, &mut stream, &mut NoPadding).unwrap();
            let mut decoder = FrameDecoder::new(kind, 300);
            let mut input = &mut stream[..];
            let outcome = decoder.next(&mut input);
            if passes {
                assert_eq!(outcome, Ok(Some(Frame::Payload(&mut [7; 300]))), "{kind}");
            } else {
                assert_eq!(outcome, Err(FrameError::TooLong { length: 304, limit: 300 }), "{kind}");
            }
        }
    }
}

struct NoPadding;

impl sansgram_core::crypto::SecureRandom for NoPadding {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

#[test]
fn the_encoder_rejects_invalid_lengths() {
    for kind in Framing::ALL {
        let mut encoder = FrameEncoder::new(kind);
        let mut out = b"before".to_vec();
        for length in [0, 1, 3, 5, 27] {
            assert_eq!(
                encoder.begin(length, &mut out, false).unwrap_err(),
                EncodeError::NotWholeWords(length)
            );
        }
        for length in [1 << 24, 1 << 31, usize::MAX - 3] {
            assert_eq!(encoder.begin(length, &mut out, false).unwrap_err(), EncodeError::TooLong(length));
        }
        assert_eq!(out, b"before");

        // An incomplete frame is removed, and the next one has its sequence number.
        let start = encoder.begin(8, &mut out, false).unwrap();
        out.extend_from_slice(&[1; 4]);
        let error = EncodeError::WrongLength { announced: 8, written: 4 };
        assert_eq!(encoder.finish(start, &mut out, &mut NoPadding), Err(error));
        let tagged = [b"before", kind.tag()].concat();
        assert_eq!(out, tagged);
        let start = encoder.begin(24, &mut out, false).unwrap();
        out.extend_from_slice(&[9; 24]);
        encoder.finish(start, &mut out, &mut NoPadding).unwrap();
        let mut decoder = FrameDecoder::new(kind, 300);
        let mut input = &mut out[tagged.len()..];
        assert_eq!(decoder.next(&mut input), Ok(Some(Frame::Payload(&mut [9; 24]))));
    }
}
