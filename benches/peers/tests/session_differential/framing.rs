//! The frames of each framing, written by both, and read at their edge lengths. grammers-mtproto 0.11.0 has no padded
//! intermediate framing.
//!
//! | frame | grammers-mtproto | ours | why |
//! |---|---|---|---|
//! | transport error in a frame of full framing | a payload | an error | `mtproto/mtproto-transports`, "Transport errors": a packet of 4 bytes; `full.rs` expects it without a frame |
//! | a number below -999 instead of a length in full framing | an error | closed | errors are HTTP status codes |
//! | transport error in abridged framing with the long header | a payload | an error | `abridged.rs` looks for it after the short header |
//! | transport error with more bytes, or `-1` and a quick ack | a payload | an error, a quick ack | the form of padded intermediate framing, which ours reads in both |
//! | four zero bytes | a payload, or error 0 | ignored | TDLib ignores them, too |
//! | a positive number in 4 bytes | a payload, or an error of its negation | closed | it is no transport error |
//! | quick ack of intermediate framing | closed | a quick ack | grammers-mtproto requests none |
//! | less than 24 bytes that are no error | a payload | closed | no packet is as short |
//! | packet below 508 bytes in abridged framing whose first word is negative, as that of half of all key ids | an error | a payload | `abridged.rs` looks at the first word of any short payload |
//! | length in full framing that is not a multiple of 4 | a payload | closed | `mtproto/mtproto-transports`, "Full" |
//! | more than 4 MiB and 1 KiB | a payload | closed | memory has a limit (`policy.rs`), TDLib's |

use grammers_crypto::DequeBuffer;
use grammers_mtproto::transport::{Abridged, Error, Full, Intermediate, Transport};
use quickcheck::QuickCheck;
use sansgram_core::crypto::OsRandom;
use sansgram_core::transport::{Frame, FrameDecoder, FrameEncoder, FrameError, Framing, MAX_RECEIVED_FRAME};

/// The length of its longest header, with the tag before it.
const HEADER: usize = 8;

fn of_theirs(framing: Framing) -> Box<dyn Transport> {
    match framing {
        Framing::Abridged => Box::new(Abridged::new()),
        Framing::Full => Box::new(Full::new()),
        _ => Box::new(Intermediate::new()),
    }
}

/// Returns what grammers-mtproto makes of the first frame of a server.
fn read_by_theirs(framing: Framing, stream: &[u8]) -> String {
    match of_theirs(framing).unpack(&mut stream.to_vec()) {
        Ok(frame) => format!("payload of {}", frame.data_range.len()),
        Err(Error::MissingBytes) => "more is needed".into(),
        Err(Error::BadLen { .. }) => "bad length".into(),
        Err(Error::BadSeq { .. }) => "bad number".into(),
        Err(Error::BadCrc { .. }) => "bad checksum".into(),
        Err(Error::BadStatus { status }) => format!("error {status}"),
    }
}

fn read_by_ours(framing: Framing, stream: &[u8]) -> String {
    let mut stream = stream.to_vec();
    let mut input = &mut stream[..];
    match FrameDecoder::new(framing, MAX_RECEIVED_FRAME).next(&mut input) {
        Ok(Some(Frame::Payload(payload))) => format!("payload of {}", payload.len()),
        Ok(Some(Frame::Error(code))) => format!("error {}", code.unsigned_abs()),
        Ok(Some(Frame::QuickAck(token))) => format!("quick ack {token:x}"),
        Ok(None) => "more is needed".into(),
        Err(FrameError::Sequence { .. }) => "bad number".into(),
        Err(FrameError::Checksum) => "bad checksum".into(),
        Err(_) => "bad length".into(),
    }
}

fn written_by_theirs(transport: &mut dyn Transport, payload: &[u8]) -> Vec<u8> {
    let mut buffer = DequeBuffer::with_capacity(payload.len(), HEADER);
    buffer.extend(payload);
    transport.pack(&mut buffer);
    buffer[..].to_vec()
}

fn written_by_ours(encoder: &mut FrameEncoder, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let frame = encoder.begin(payload.len(), &mut out, false).unwrap();
    out.extend(payload);
    encoder.finish(frame, &mut out, &mut OsRandom::new()).unwrap();
    out
}

/// A frame of a server.
fn frame(framing: Framing, payload: &[u8]) -> Vec<u8> {
    written_by_ours(&mut FrameEncoder::without_tag(framing), payload)
}

const COMPARED: [Framing; 3] = [Framing::Abridged, Framing::Intermediate, Framing::Full];

#[test]
fn frames_are_the_same() {
    fn property(words: Vec<u16>) -> bool {
        COMPARED.into_iter().all(|framing| {
            let (mut theirs, mut ours) = (of_theirs(framing), FrameEncoder::new(framing));
            // Both sides of each change of the header's form are likely.
            words.iter().all(|word| {
                let length = 24 + 4 * usize::from(*word) % 1024;
                let payload = vec![word.to_le_bytes()[0] >> 1; length];
                let read = format!("payload of {length}");
                let stream = frame(framing, &payload);
                written_by_theirs(&mut *theirs, &payload) == written_by_ours(&mut ours, &payload)
                    && read_by_theirs(framing, &stream) == read
                    && read_by_ours(framing, &stream) == read
            })
        })
    }
    QuickCheck::new().tests(200).quickcheck(property as fn(Vec<u16>) -> bool);
}

#[test]
fn frames_of_edge_lengths_are_the_same() {
    for framing in COMPARED {
        for length in [24, 500, 504, 508, 512, 1 << 16, (1 << 18) - 4, 1 << 18, MAX_RECEIVED_FRAME] {
            let payload = vec![0x5a; length];
            let stream = frame(framing, &payload);
            assert_eq!(
                written_by_theirs(&mut *of_theirs(framing), &payload),
                [framing.tag(), &stream].concat()
            );
            let read = format!("payload of {length}");
            assert_eq!(
                [read_by_theirs(framing, &stream), read_by_ours(framing, &stream)],
                [read.clone(), read]
            );
        }
    }
}

/// Words in little-endian order.
fn words(words: &[i32]) -> Vec<u8> {
    words.iter().copied().flat_map(i32::to_le_bytes).collect()
}

#[test]
fn short_long_and_wrong_frames() {
    use Framing::{Abridged, Full, Intermediate};
    let error = words(&[-404]);
    let mut wrong_checksum = frame(Full, &[7; 24]);
    wrong_checksum[12] ^= 1;
    let mut second = FrameEncoder::without_tag(Full);
    written_by_ours(&mut second, &[7; 24]);
    let second = written_by_ours(&mut second, &[7; 24]);
    let negative_start = [&words(&[-1])[..], &[7; 20]].concat();
    let too_long = vec![7; MAX_RECEIVED_FRAME + 4];
    for (framing, stream, theirs, ours) in [
        (Abridged, frame(Abridged, &error), "error 404", "error 404"),
        (Intermediate, frame(Intermediate, &error), "error 404", "error 404"),
        (Full, frame(Full, &error), "payload of 4", "error 404"),
        (Full, error.clone(), "error 404", "error 404"),
        (Full, words(&[-429; 3]), "error 429", "error 429"),
        (Full, words(&[-1000]), "error 1000", "bad length"),
        (Abridged, [&[0x7f, 1, 0, 0][..], &error].concat(), "payload of 4", "error 404"),
        (Abridged, frame(Abridged, &words(&[0])), "payload of 4", "more is needed"),
        (Intermediate, frame(Intermediate, &words(&[0])), "error 0", "more is needed"),
        (Full, frame(Full, &words(&[0])), "payload of 4", "more is needed"),
        (Abridged, frame(Abridged, &words(&[5])), "payload of 4", "bad length"),
        (Intermediate, frame(Intermediate, &words(&[5])), "error 4294967291", "bad length"),
        (Full, frame(Full, &words(&[5])), "payload of 4", "bad length"),
        (Abridged, frame(Abridged, &words(&[-404, 0])), "error 404", "error 404"),
        (Intermediate, frame(Intermediate, &words(&[-404, 0])), "payload of 8", "error 404"),
        (Intermediate, words(&[8, -1, 0x1234]), "payload of 8", "quick ack 1234"),
        (Intermediate, words(&[i32::MIN | 0x1234]), "bad length", "quick ack 80001234"),
        (Abridged, vec![0], "payload of 0", "bad length"),
        (Intermediate, words(&[0]), "bad length", "bad length"),
        (Full, words(&[11, 0, 0]), "bad length", "bad length"),
        (Full, words(&[12, 0, crc(&words(&[12, 0]))]), "payload of 0", "bad length"),
        (Abridged, frame(Abridged, &[7; 20]), "payload of 20", "bad length"),
        (Abridged, frame(Abridged, &negative_start), "error 1", "payload of 24"),
        (Intermediate, frame(Intermediate, &negative_start), "payload of 24", "payload of 24"),
        (Intermediate, [&words(&[26])[..], &[7; 26]].concat(), "payload of 26", "payload of 26"),
        (
            Full,
            [&words(&[17, 0, 7])[..], &[7], &words(&[crc(&[&words(&[17, 0, 7])[..], &[7]].concat())])]
                .concat(),
            "payload of 5",
            "bad length",
        ),
        (Full, wrong_checksum, "bad checksum", "bad checksum"),
        (Full, second, "bad number", "bad number"),
        (Abridged, frame(Abridged, &too_long), "payload of 4195332", "bad length"),
        (Intermediate, frame(Intermediate, &too_long), "payload of 4195332", "bad length"),
        (Full, frame(Full, &too_long), "payload of 4195332", "bad length"),
        (Abridged, frame(Abridged, &[7; 600])[..599].to_vec(), "more is needed", "more is needed"),
        (Full, frame(Full, &[7; 600])[..599].to_vec(), "more is needed", "more is needed"),
    ] {
        let read = (read_by_theirs(framing, &stream), read_by_ours(framing, &stream));
        let shown = &stream[..stream.len().min(16)];
        assert_eq!((read.0.as_str(), read.1.as_str()), (theirs, ours), "{framing}: {shown:x?}");
    }
}

/// The CRC-32 that ends a frame of full framing (IEEE, as in zlib).
fn crc(bytes: &[u8]) -> i32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step));
    (!crc).cast_signed()
}
