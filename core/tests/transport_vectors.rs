//! Every frame of `transports.json`, written and read back in each of the four framings.
//!
//! Streams are split at every position (long ones near their boundaries), and fed byte by byte.
#![cfg(feature = "unstable")]

mod wire;

use sansgram_core::transport::{
    ClientPacket, Frame, FrameDecoder, FrameEncoder, FrameError, Framing, MAX_RECEIVED_FRAME,
    ServerFrameDecoder,
};
use serde_json::Value;
use wire::{Scripted, bytes, cases, unhex, vectors};

/// A frame without its borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Payload(Vec<u8>),
    Error(i32),
    QuickAck(u32),
}

/// Returns everything that a client decodes from `stream` in pieces that end at `cuts`.
fn read(kind: Framing, stream: &[u8], cuts: &[usize]) -> Result<Vec<Seen>, FrameError> {
    let mut decoder = FrameDecoder::new(kind, MAX_RECEIVED_FRAME);
    let mut seen = Vec::new();
    let mut from = 0;
    for &to in cuts.iter().chain([&stream.len()]) {
        let mut piece = stream[from..to].to_vec();
        let mut input = &mut piece[..];
        while let Some(frame) = decoder.next(&mut input)? {
            seen.push(match frame {
                Frame::Payload(payload) => Seen::Payload(payload.to_vec()),
                Frame::Error(code) => Seen::Error(code),
                Frame::QuickAck(token) => Seen::QuickAck(token),
            });
        }
        assert!(input.is_empty());
        from = to;
    }
    Ok(seen)
}

/// Returns everything that a server decodes, with whether a quick ack is requested.
fn read_as_server(
    kind: Option<Framing>,
    stream: &[u8],
    cuts: &[usize],
) -> Result<Vec<(Vec<u8>, bool)>, FrameError> {
    let mut decoder = ServerFrameDecoder::new(kind, MAX_RECEIVED_FRAME);
    let mut seen = Vec::new();
    let mut from = 0;
    for &to in cuts.iter().chain([&stream.len()]) {
        let mut piece = stream[from..to].to_vec();
        let mut input = &mut piece[..];
        while let Some(ClientPacket { payload, quick_ack }) = decoder.next(&mut input)? {
            seen.push((payload.to_vec(), quick_ack));
        }
        assert!(input.is_empty());
        from = to;
    }
    Ok(seen)
}

/// Runs `check` with every split of `length` bytes in two, and with single bytes.
fn at_every_cut(length: usize, check: impl Fn(&[usize])) {
    for at in (0..=length).filter(|at| length < 2000 || *at < 40 || length - at < 40) {
        check(&[at]);
    }
    if length < 2000 {
        check(&(0..length).collect::<Vec<_>>());
    }
}

/// Encodes one frame without a tag.
fn write(kind: Framing, payload: &[u8], quick_ack: bool, random: &mut Scripted) -> Vec<u8> {
    let mut encoder = FrameEncoder::without_tag(kind);
    frame_by(&mut encoder, payload, quick_ack, random)
}

fn frame_by(encoder: &mut FrameEncoder, payload: &[u8], quick_ack: bool, random: &mut Scripted) -> Vec<u8> {
    let mut out = Vec::new();
    let start = encoder.begin(payload.len(), &mut out, quick_ack).unwrap();
    assert_eq!(start.payload_start(), out.len());
    out.extend_from_slice(payload);
    encoder.finish(start, &mut out, random).unwrap();
    out
}

/// Returns the random bytes with which padded intermediate appends `padding`.
fn padding_script(padding: &[u8]) -> Scripted {
    let mut drawn = vec![0xf0 | u8::try_from(padding.len()).unwrap()];
    drawn.extend_from_slice(padding);
    drawn.resize(16, 0x55);
    Scripted::new(&[&drawn])
}

/// Returns the client's interpretation of a payload: below 24 bytes it is not a packet.
fn as_client_sees(payload: &[u8]) -> Seen {
    if payload.len() < 24 {
        Seen::Error(i32::from_le_bytes(payload[..4].try_into().unwrap()))
    } else {
        Seen::Payload(payload.to_vec())
    }
}

/// Returns the frames that have the field `name`: `count` of nine.
fn frames_with(name: &str, count: usize) -> Vec<Value> {
    let file = vectors("transports");
    let frames = cases(&file, "frames", 9).iter().filter(|case| case[name].is_string());
    let frames: Vec<Value> = frames.cloned().collect();
    assert_eq!(frames.len(), count, "frames with {name}");
    frames
}

fn payload_of(case: &Value) -> Vec<u8> {
    match case["payload"].as_str().unwrap() {
        "0xab repeated" => vec![0xab; usize::try_from(case["payload_len"].as_u64().unwrap()).unwrap()],
        hex => unhex(hex),
    }
}

#[test]
fn tags_match_the_documentation() {
    let tags = &vectors("transports")["tags"];
    assert_eq!(Framing::Abridged.tag(), bytes(tags, "abridged"));
    assert_eq!(Framing::Intermediate.tag(), bytes(tags, "intermediate"));
    assert_eq!(Framing::PaddedIntermediate.tag(), bytes(tags, "padded_intermediate"));
    assert_eq!(Framing::Full.tag(), b"");
}

#[test]
fn every_short_vector_is_written_and_read_at_every_cut() {
    for case in &frames_with("abridged", 6) {
        let payload = payload_of(case);
        let mut none = Scripted::default();
        for (kind, name) in [(Framing::Abridged, "abridged"), (Framing::Intermediate, "intermediate")] {
            let plain = bytes(case, name);
            let asking = bytes(case, &format!("{name}_quick_ack"));
            assert_eq!(write(kind, &payload, false, &mut none), plain);
            assert_eq!(write(kind, &payload, true, &mut none), asking);
            at_every_cut(plain.len(), |cuts| {
                assert_eq!(read(kind, &plain, cuts), Ok(vec![as_client_sees(&payload)]));
                assert_eq!(read_as_server(Some(kind), &plain, cuts), Ok(vec![(payload.clone(), false)]));
                assert_eq!(read_as_server(Some(kind), &asking, cuts), Ok(vec![(payload.clone(), true)]));
            });
        }
    }
}

#[test]
fn every_padded_vector_is_written_and_read_at_every_cut() {
    let kind = Framing::PaddedIntermediate;
    for case in &frames_with("abridged", 6) {
        let payload = payload_of(case);
        let padded = &case["padded_intermediate"];
        let padding = bytes(padded, "padding");
        let (plain, asking) = (bytes(padded, "frame"), bytes(padded, "frame_quick_ack"));
        assert_eq!(write(kind, &payload, false, &mut padding_script(&padding)), plain);
        assert_eq!(write(kind, &payload, true, &mut padding_script(&padding)), asking);
        // Padding cannot be distinguished from the payload here: the layer above knows the length of a packet.
        let whole = [payload, padding].concat();
        at_every_cut(plain.len(), |cuts| {
            assert_eq!(read(kind, &plain, cuts), Ok(vec![as_client_sees(&whole)]));
            assert_eq!(read_as_server(Some(kind), &plain, cuts), Ok(vec![(whole.clone(), false)]));
            assert_eq!(read_as_server(Some(kind), &asking, cuts), Ok(vec![(whole.clone(), true)]));
        });
    }
}

#[test]
fn every_full_vector_is_written_and_read_at_every_cut() {
    let kind = Framing::Full;
    for case in &frames_with("full_seq0", 6) {
        let payload = payload_of(case);
        let (first, second) = (bytes(case, "full_seq0"), bytes(case, "full_seq1"));
        let mut encoder = FrameEncoder::new(kind);
        let mut none = Scripted::default();
        assert_eq!(frame_by(&mut encoder, &payload, false, &mut none), first);
        // There are no quick acks: requesting one changes nothing.
        assert_eq!(frame_by(&mut encoder, &payload, true, &mut none), second);
        let stream = [first, second].concat();
        at_every_cut(stream.len(), |cuts| {
            assert_eq!(read(kind, &stream, cuts), Ok(vec![as_client_sees(&payload); 2]));
            assert_eq!(read_as_server(Some(kind), &stream, cuts), Ok(vec![(payload.clone(), false); 2]));
        });
        let last = bytes(case, "full_seq_max");
        let wrong = FrameError::Sequence { expected: 0, found: 0x7fff_ffff };
        assert_eq!(read(kind, &last, &[]), Err(wrong));
    }
}

#[test]
fn every_long_vector_is_written_and_read() {
    for case in &frames_with("abridged_header", 3) {
        let payload = payload_of(case);
        let mut none = Scripted::default();
        for (kind, header) in [
            (Framing::Abridged, bytes(case, "abridged_header")),
            (Framing::Intermediate, bytes(case, "intermediate_header")),
            (Framing::Full, bytes(case, "full_seq0_header")),
        ] {
            let mut expected = [&header, &payload[..]].concat();
            if kind == Framing::Full {
                expected.extend(bytes(case, "full_seq0_crc"));
            }
            assert!(write(kind, &payload, false, &mut none) == expected, "{kind}");
            at_every_cut(expected.len(), |cuts| {
                assert!(read(kind, &expected, cuts) == Ok(vec![Seen::Payload(payload.clone())]), "{kind}");
            });
        }
    }
}

#[test]
fn every_transport_error_is_read_at_every_cut() {
    for case in cases(&vectors("transports"), "transport_errors", 4) {
        let code = i32::try_from(case["code"].as_i64().unwrap()).unwrap();
        for (kind, name) in [
            (Framing::Abridged, "abridged"),
            (Framing::Intermediate, "intermediate"),
            (Framing::PaddedIntermediate, "padded_intermediate_with_5_padding"),
            (Framing::Full, "full_seq0"),
        ] {
            let stream = bytes(case, name);
            at_every_cut(stream.len(), |cuts| {
                assert_eq!(read(kind, &stream, cuts), Ok(vec![Seen::Error(code)]), "{name}");
            });
        }
    }
}

/// Telegram's servers send -404 and -429 as four bytes without a frame, also three times in a row.
#[test]
fn a_transport_error_of_full_framing_may_come_without_a_frame() {
    let payload = vec![0x5a; 40];
    for (code, times) in [(-404_i32, 1), (-429, 3), (-1, 1), (-999, 1)] {
        let bare = code.to_le_bytes().repeat(times);
        let after_a_frame =
            [write(Framing::Full, &payload, false, &mut Scripted::default()), bare.clone()].concat();
        let errors = vec![Seen::Error(code); times];
        let all = [vec![Seen::Payload(payload.clone())], errors.clone()].concat();
        for (stream, expected) in [(bare, errors), (after_a_frame, all)] {
            at_every_cut(stream.len(), |cuts| {
                assert_eq!(read(Framing::Full, &stream, cuts), Ok(expected.clone()), "{code}");
                // No client sends one.
                assert!(read_as_server(Some(Framing::Full), &stream, cuts).is_err(), "{code}");
            });
        }
    }
    let length = (-1000_i32).cast_unsigned();
    let too_long = FrameError::TooLong { length: length as usize - 12, limit: MAX_RECEIVED_FRAME };
    assert_eq!(
        read(Framing::Full, &length.to_le_bytes(), &[]),
        Err(too_long),
        "no HTTP status has this code"
    );
}

/// Telegram's servers pad with up to 15 bytes, and 4 + 15 is more than the 16 bytes that some clients use as the limit
/// of a short payload.
#[test]
fn a_transport_error_is_recognised_with_any_padding() {
    for count in 0..16 {
        let mut random = padding_script(&vec![0xa5; count]);
        let stream = write(Framing::PaddedIntermediate, &(-404_i32).to_le_bytes(), false, &mut random);
        assert_eq!(read(Framing::PaddedIntermediate, &stream, &[]), Ok(vec![Seen::Error(-404)]));
    }
}

#[test]
fn every_quick_ack_is_written_and_read_at_every_cut() {
    let case = &vectors("transports")["quick_ack"];
    let token = 0x8765_4321;
    for (kind, name) in [
        (Framing::Abridged, "abridged_from_server"),
        (Framing::Intermediate, "intermediate_from_server"),
        (Framing::PaddedIntermediate, "padded_intermediate_from_server"),
    ] {
        let stream = bytes(case, name);
        let mut out = Vec::new();
        let mut random = padding_script(&[0xaa; 4]);
        FrameEncoder::without_tag(kind).quick_ack(token, &mut out, &mut random);
        assert_eq!(out, stream, "{name}");
        at_every_cut(stream.len(), |cuts| {
            assert_eq!(read(kind, &stream, cuts), Ok(vec![Seen::QuickAck(token)]), "{name}");
        });
    }
    let mut out = Vec::new();
    FrameEncoder::without_tag(Framing::Full).quick_ack(token, &mut out, &mut Scripted::default());
    assert!(out.is_empty());
}

#[test]
fn an_i32_of_zero_is_skipped() {
    for kind in Framing::ALL {
        let mut encoder = FrameEncoder::without_tag(kind);
        let mut random = Scripted::new(&[&[0; 32]]);
        let mut stream = frame_by(&mut encoder, &[0; 4], false, &mut random);
        stream.extend(frame_by(&mut encoder, &(-429_i32).to_le_bytes(), false, &mut random));
        at_every_cut(stream.len(), |cuts| {
            assert_eq!(read(kind, &stream, cuts), Ok(vec![Seen::Error(-429)]));
        });
    }
}

#[test]
fn every_malformed_frame_is_rejected_at_every_cut() {
    for case in cases(&vectors("transports"), "malformed", 10) {
        let kind: Framing = case["transport"].as_str().unwrap().parse().unwrap();
        let why = case["why"].as_str().unwrap();
        let stream = bytes(case, "frame");
        let expected = match why {
            "bad crc" => FrameError::Checksum,
            "length 11 (<12)" => FrameError::TooShort { length: 11 },
            "wrong seq (5, expected 0), crc valid" => FrameError::Sequence { expected: 0, found: 5 },
            "length not multiple of 4" => FrameError::NotWholeWords { length: 17 },
            "length 0" => FrameError::TooShort { length: 0 },
            "length 3 (<4)" => FrameError::TooShort { length: 3 },
            "length 0x7fffffff: refuse before buffering" => {
                FrameError::TooLong { length: 0x7fff_ffff, limit: MAX_RECEIVED_FRAME }
            }
            "long form 0xffffff words = 64 MiB: refuse before buffering" => {
                FrameError::TooLong { length: 0xff_ffff * 4, limit: MAX_RECEIVED_FRAME }
            }
            "long form used for a short length (accept or refuse, do not crash)" => {
                // Accepted: the length is unambiguous. Four zero bytes have no meaning.
                assert_eq!(read(kind, &stream, &[]), Ok(vec![]));
                continue;
            }
            other => panic!("a new malformed frame: {other}"),
        };
        at_every_cut(stream.len(), |cuts| {
            assert_eq!(read(kind, &stream, cuts), Err(expected), "{why}");
            assert_eq!(read_as_server(Some(kind), &stream, cuts).unwrap_err(), expected, "{why}");
        });
    }
}

#[test]
fn a_server_recognises_the_framing() {
    let payload = [0x5a; 40];
    for kind in Framing::ALL {
        let mut encoder = FrameEncoder::new(kind);
        let mut random = Scripted::new(&[&[3; 32]]);
        let mut stream = frame_by(&mut encoder, &payload, false, &mut random);
        assert!(stream.starts_with(kind.tag()));
        // The tag is sent once.
        stream.extend(frame_by(&mut encoder, &payload, kind != Framing::Full, &mut random));
        let padded = if kind == Framing::PaddedIntermediate { 3 } else { 0 };
        let whole = [&payload[..], &vec![3; padded]].concat();
        at_every_cut(stream.len(), |cuts| {
            let seen = read_as_server(None, &stream, cuts).unwrap();
            assert_eq!(seen, [(whole.clone(), false), (whole.clone(), kind != Framing::Full)], "{kind}");
        });
    }
}
