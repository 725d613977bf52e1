//! All layers together: the order of sent bytes, received bytes in any pieces, and the cost.
#![cfg(all(feature = "unstable", feature = "mtproxy", feature = "websocket"))]

mod wire;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use quickcheck::QuickCheck;
use sansgram_core::crypto::aes_ctr::AesCtr;
use sansgram_core::crypto::hash::{sha1, sha256};
use sansgram_core::transport::{
    FakeTlsError, Frame, FrameEncoder, FrameError, Framing, MAX_RECEIVED_FRAME, ProxyMode, ProxySecret,
    StackError, StackOptions, StreamMode, TransportStack, WebSocketTarget,
};
use sha2::Sha256;
use wire::Seeded;

const KEY: [u8; 16] = [0xa5; 16];

fn secret(prefix: &[u8], domain: &[u8]) -> ProxySecret {
    ProxySecret::from_bytes(&[prefix, &KEY[..], domain].concat()).unwrap()
}

fn fake_tls_mode() -> ProxyMode {
    ProxyMode::FakeTls { domain: "example.com".into() }
}

fn modes() -> [StreamMode; 6] {
    [
        StreamMode::Plain,
        StreamMode::Obfuscated,
        StreamMode::MtProxy(secret(&[], b"")),
        StreamMode::MtProxy(secret(&[0xdd], b"")),
        StreamMode::MtProxy(secret(&[0xee], b"example.com")),
        StreamMode::WebSocket(WebSocketTarget::new("a.example", "/apiws").unwrap()),
    ]
}

fn new_stack(framing: Framing, mode: &StreamMode, seed: u64) -> TransportStack {
    let unix = Duration::from_secs(1_700_000_000);
    TransportStack::new(&StackOptions::new(framing, mode, -10_003, unix), &mut Seeded(seed))
}

/// The other end, following the documentation.
struct Peer {
    mode: StreamMode,
    to_client: Option<AesCtr>,
    from_client: Option<AesCtr>,
    random: Seeded,
}

impl Peer {
    /// Answers the layers' first message until they are open.
    fn meet(stack: &mut TransportStack, mode: &StreamMode) -> Self {
        let mut hello = Vec::new();
        let random = &mut Seeded(99);
        let any = stack.write_control(&mut hello, random);
        assert_eq!(any, !hello.is_empty());
        let mut answer = match mode {
            StreamMode::MtProxy(_) if any => fake_tls_answer(&hello),
            StreamMode::WebSocket(_) => upgrade(&hello),
            _ => Vec::new(),
        };
        assert_eq!(stack.is_open(), answer.is_empty());
        if !answer.is_empty() {
            let mut out = Vec::new();
            assert_eq!(stack.write(&[1; 24], &mut out, random), Ok(false));
            assert!(out.is_empty() && !stack.write_control(&mut out, random));
            for piece in answer.chunks_mut(100) {
                assert_eq!(stack.read(piece).next(), Ok(None));
            }
        }
        assert!(stack.is_open());
        Self { mode: mode.clone(), to_client: None, from_client: None, random: Seeded(7) }
    }

    /// Removes all layers except the framing from what a client sent.
    fn open(&mut self, sent: &[u8]) -> Vec<u8> {
        let mut stream = match &self.mode {
            StreamMode::WebSocket(_) => {
                let (header, body) = match sent[1] & 0x7f {
                    126 => (4, &sent[8..]),
                    127 => (10, &sent[14..]),
                    _ => (2, &sent[6..]),
                };
                let mask = &sent[header..header + 4];
                body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
            }
            StreamMode::MtProxy(secret) if *secret.mode() == fake_tls_mode() => {
                let mut rest = sent;
                let mut stream = Vec::new();
                while let [kind, 3, 3, high, low, later @ ..] = rest {
                    let (body, later) = later.split_at(usize::from(u16::from_be_bytes([*high, *low])));
                    match kind {
                        20 => assert!(self.from_client.is_none() && body == [1]),
                        _ => stream.extend_from_slice(body),
                    }
                    rest = later;
                }
                assert!(rest.is_empty());
                stream
            }
            _ => sent.to_vec(),
        };
        if self.mode == StreamMode::Plain {
            return stream;
        }
        if self.from_client.is_none() {
            let init: [u8; 64] = stream[..64].try_into().unwrap();
            let mut reversed = init;
            reversed.reverse();
            let cipher = |init: &[u8; 64]| {
                let mut key: [u8; 32] = init[8..40].try_into().unwrap();
                if let StreamMode::MtProxy(secret) = &self.mode {
                    key = sha256(&[&key, secret.key()]);
                }
                AesCtr::new(&key, &init[40..56].try_into().unwrap())
            };
            let (mut from_client, to_client) = (cipher(&init), cipher(&reversed));
            from_client.apply(&mut stream);
            assert_eq!(stream[60..62], (-10_003_i16).to_le_bytes());
            stream.drain(..56);
            (self.from_client, self.to_client) = (Some(from_client), Some(to_client));
            // The tag, then two bytes of the DC and two random bytes.
            stream.drain(4..8);
            return stream;
        }
        self.from_client.as_mut().unwrap().apply(&mut stream);
        stream
    }

    /// Feeds a server's frames through every stack, the outermost layer in pieces of `step` bytes.
    fn cover(&mut self, frames: &[u8], step: usize) -> Vec<u8> {
        let mut stream = frames.to_vec();
        if let Some(cipher) = &mut self.to_client {
            cipher.apply(&mut stream);
        }
        let mut out = Vec::new();
        for (at, piece) in stream.chunks(step.max(1)).enumerate() {
            let length = piece.len();
            match &self.mode {
                StreamMode::WebSocket(_) => {
                    let last = if (at + 1) * step.max(1) >= stream.len() { 0x80 } else { 0 };
                    out.push(last | if at == 0 { 2 } else { 0 });
                    match length {
                        ..126 => out.push(length as u8),
                        _ => out.extend([126, (length >> 8) as u8, length as u8]),
                    }
                }
                StreamMode::MtProxy(secret) if *secret.mode() == fake_tls_mode() => {
                    out.extend([23, 3, 3, (length >> 8) as u8, length as u8]);
                }
                _ => {}
            }
            out.extend_from_slice(piece);
        }
        out
    }
}

fn fake_tls_answer(hello: &[u8]) -> Vec<u8> {
    let hello_record = [&[22, 3, 3, 0, 122][..], &[9; 6], &[0; 32], &[9; 84]].concat();
    let mut answer = [&hello_record[..], &[20, 3, 3, 0, 1, 1, 23, 3, 3, 1, 0], &[8; 256]].concat();
    let mut mac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
    mac.update(&hello[11..43]);
    mac.update(&answer);
    answer[11..43].copy_from_slice(&mac.finalize().into_bytes());
    answer
}

fn upgrade(request: &[u8]) -> Vec<u8> {
    use base64ct::{Base64, Encoding};
    let request = str::from_utf8(request).unwrap();
    let key = request.split_once("Sec-WebSocket-Key: ").unwrap().1.split_once("\r\n").unwrap().0;
    let accept = Base64::encode_string(&sha1(&[key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]));
    format!("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
        .into_bytes()
}

#[test]
fn frames_are_the_same_as_without_layers() {
    for mode in modes() {
        for framing in Framing::ALL {
            let kind = mode.framing(framing);
            let mut stack = new_stack(framing, &mode, 5);
            let mut peer = Peer::meet(&mut stack, &mode);
            let mut bare = FrameEncoder::new(kind);
            let mut expected_first = true;
            for length in [24, 400, 508, 2876, 10_000, 70_000] {
                let payload = vec![length as u8; length];
                let (mut sent, mut expected) = (b"..".to_vec(), Vec::new());
                assert_eq!(stack.write(&payload, &mut sent, &mut Seeded(3)), Ok(true));
                let frame = bare.begin(length, &mut expected, false).unwrap();
                expected.extend_from_slice(&payload);
                bare.finish(frame, &mut expected, &mut Seeded(3)).unwrap();
                if expected_first && mode != StreamMode::Plain {
                    expected.splice(..kind.tag().len(), kind.obfuscated_tag().unwrap());
                }
                expected_first = false;
                assert_eq!(sent[..2], *b"..");
                assert!(peer.open(&sent[2..]) == expected, "{mode:?} {framing} {length}");
            }
        }
    }
}

#[test]
fn a_batch_has_several_frames_or_none() {
    for mode in modes() {
        let random = &mut Seeded(1);
        let mut stack = new_stack(Framing::Intermediate, &mode, 5);
        let mut peer = Peer::meet(&mut stack, &mode);
        let mut out = Vec::new();
        for _ in 0..3 {
            let batch = stack.begin(&mut out).unwrap();
            stack.finish(batch, &mut out, random);
            assert!(out.is_empty());
        }
        // An empty payload changes nothing.
        assert!(stack.write(&[1; 3], &mut out, random).is_err());
        assert!(out.is_empty());
        let batch = stack.begin(&mut out).unwrap();
        for byte in [1, 2, 3] {
            let frame = stack.encoder().begin(24, &mut out, false).unwrap();
            out.extend_from_slice(&[byte; 24]);
            stack.encoder().finish(frame, &mut out, random).unwrap();
        }
        stack.finish(batch, &mut out, random);
        let stream = peer.open(&out);
        let frames = stream.iter().filter(|byte| (1..=3).contains(*byte)).count();
        assert!(frames >= 72, "{mode:?}");
    }
}

/// Formats everything that the layers read.
fn seen(stack: &mut TransportStack, stream: &mut [u8], step: usize) -> (Vec<Vec<u8>>, Option<StackError>) {
    let mut frames = Vec::new();
    for piece in stream.chunks_mut(step) {
        let mut incoming = stack.read(piece);
        loop {
            match incoming.next() {
                Ok(None) => break,
                Ok(Some(Frame::Payload(payload))) => frames.push(payload.to_vec()),
                Ok(Some(Frame::Error(code))) => frames.push(code.to_le_bytes().to_vec()),
                Ok(Some(Frame::QuickAck(token))) => frames.push(token.to_le_bytes().to_vec()),
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

/// The answer of a TLS or web server is recognised before it is decrypted to noise, even with obfuscation.
#[test]
fn f14_servers_of_other_protocols_are_recognised() {
    for framing in Framing::ALL {
        for mode in [StreamMode::Plain, StreamMode::Obfuscated] {
            for (stream, expected) in [
                (&[21, 3, 1, 0, 2, 2, 70][..], Some(FrameError::TlsServer)),
                (&[21, 3, 3, 0, 2, 1, 0], Some(FrameError::TlsServer)),
                (b"HTTP/1.0 400 Bad request", Some(FrameError::WebServer)),
                (b"SSH-2.0-server", Some(FrameError::SshServer)),
                (b"SSH-1.99-server", Some(FrameError::SshServer)),
                (b"<HTML><body>", Some(FrameError::WebServer)),
                (b"<!doctype html>", Some(FrameError::WebServer)),
            ] {
                let mut stack = new_stack(framing, &mode, 5);
                let (frames, error) = seen(&mut stack, &mut stream.to_vec(), stream.len());
                assert_eq!((frames.len(), error), (0, expected.map(StackError::Frame)), "{framing}");
            }
        }
    }
}

/// It is recognised in any pieces: until it is certain, nothing is made of the first bytes, whose decryption can be a
/// quick ack or an invalid length.
#[test]
fn servers_of_other_protocols_are_recognised_in_any_pieces() {
    for framing in Framing::ALL {
        for mode in [StreamMode::Plain, StreamMode::Obfuscated] {
            for (stream, expected) in [
                (&[21, 3, 1, 0, 2, 2, 70][..], FrameError::TlsServer),
                (b"HTTP/1.0 400 Bad request", FrameError::WebServer),
                (b"SSH-2.0-server", FrameError::SshServer),
                (b"<!doctype html>", FrameError::WebServer),
            ] {
                // With other keys, the decryption is another one.
                for (step, seed) in (1..=5).flat_map(|step| (0..20).map(move |seed| (step, seed))) {
                    let mut stack = new_stack(framing, &mode, seed);
                    let seen = seen(&mut stack, &mut stream.to_vec(), step);
                    assert_eq!(seen, (Vec::new(), Some(expected.into())), "{framing}, pieces of {step}");
                }
            }
        }
    }
}

/// What begins like the answer of another server, but is none, is read as if it had come at once.
#[test]
fn first_bytes_that_could_be_of_another_protocol_are_read_later() {
    for first in [21, b'H', b'S', b'<'] {
        let frame = [&[first][..], &vec![7; 4 * usize::from(first)]].concat();
        for step in [1, 2, 5, 600] {
            let mut stack = new_stack(Framing::Abridged, &StreamMode::Plain, 5);
            let (frames, error) = seen(&mut stack, &mut frame.clone(), step);
            assert_eq!((frames, error), (vec![frame[1..].to_vec()], None));
        }
    }
    // By the keys, this decrypts to quick acks, to codes of errors, to invalid lengths, and to parts of a frame.
    let stream = [&[21, 3, 1, 0, 2, 0][..], &[7; 40]].concat();
    let (mut complete, mut errors) = (0, 0);
    for seed in 0..3_000 {
        let result = |step| {
            let mut stack = new_stack(Framing::Abridged, &StreamMode::Obfuscated, seed);
            seen(&mut stack, &mut stream.clone(), step)
        };
        let whole = result(stream.len());
        assert!((1..6).all(|step| result(step) == whole), "seed {seed}");
        match whole {
            (frames, None) if frames.is_empty() => {}
            (frames, None) => complete += frames.len(),
            (_, Some(_)) => errors += 1,
        }
    }
    assert!(complete > 1_000 && errors > 3, "{complete} frames, {errors} errors");
}

#[test]
fn f14_a_short_frame_is_an_error_only_with_an_error_code() {
    let begin = || new_stack(Framing::Intermediate, &StreamMode::Plain, 5);
    let mut stream = [&11_u32.to_le_bytes()[..], b"p7@_ a frame"].concat();
    let error = StackError::Frame(FrameError::TooShort { length: 11 });
    let mut stack = begin();
    assert_eq!(seen(&mut stack, &mut stream, 64).1, Some(error));
    // The error is final.
    let mut later = [&8_u32.to_le_bytes()[..], &(-429_i32).to_le_bytes(), &[7; 4]].concat();
    assert_eq!(seen(&mut stack, &mut later, 64).1, Some(error));
    let mut stack = begin();
    let mut stream = [&8_u32.to_le_bytes()[..], &(-429_i32).to_le_bytes(), &[7; 4]].concat();
    assert_eq!(seen(&mut stack, &mut stream, 64).0, [(-429_i32).to_le_bytes()]);
}

#[test]
fn any_frames_in_any_pieces_of_any_layer() {
    fn property(number: u8, lengths: Vec<u8>, record: u8, step: u8) -> bool {
        let mode = &modes()[usize::from(number) % 6];
        let framing = Framing::ALL[usize::from(number / 6) % 4];
        let mut stack = new_stack(framing, mode, 5);
        let mut peer = Peer::meet(&mut stack, mode);
        let mut first = Vec::new();
        stack.write(&[1; 24], &mut first, &mut Seeded(1)).unwrap();
        peer.open(&first);

        let mut encoder = FrameEncoder::without_tag(mode.framing(framing));
        let (mut frames, mut expected) = (Vec::new(), Vec::new());
        for length in lengths {
            let payload = vec![length; 24 + 4 * usize::from(length)];
            let frame = encoder.begin(payload.len(), &mut frames, false).unwrap();
            frames.extend_from_slice(&payload);
            encoder.finish(frame, &mut frames, &mut peer.random).unwrap();
            expected.push(payload);
        }
        let mut stream = peer.cover(&frames, usize::from(record) * 5 + 1);
        let (seen, error) = seen(&mut stack, &mut stream, usize::from(step) + 1);
        error.is_none()
            && seen.len() == expected.len()
            && seen
                .iter()
                .zip(&expected)
                .all(|(seen, payload)| seen.starts_with(payload) && seen.len() < payload.len() + 16)
    }
    QuickCheck::new().tests(400).quickcheck(property as fn(u8, Vec<u8>, u8, u8) -> bool);
}

#[test]
fn errors_of_every_layer_come_after_earlier_frames() {
    let mode = StreamMode::MtProxy(secret(&[0xee], b"example.com"));
    let mut stack = new_stack(Framing::Abridged, &mode, 5);
    let mut peer = Peer::meet(&mut stack, &mode);
    let mut first = Vec::new();
    stack.write(&[1; 24], &mut first, &mut Seeded(1)).unwrap();
    peer.open(&first);
    let frame = [&24_u32.to_le_bytes()[..], &[4; 24]].concat();
    let mut stream = peer.cover(&frame, 9);
    stream.extend([21, 3, 3]);
    let outcome = seen(&mut stack, &mut stream, 1000);
    assert_eq!(outcome, (vec![vec![4; 24]], Some(StackError::FakeTls(FakeTlsError::Alert))));

    let mode = StreamMode::Obfuscated;
    let mut stack = new_stack(Framing::Intermediate, &mode, 5);
    let mut peer = Peer::meet(&mut stack, &mode);
    let mut first = Vec::new();
    stack.write(&[1; 24], &mut first, &mut Seeded(1)).unwrap();
    peer.open(&first);
    let mut stream = peer.cover(&[&frame[..], &[0xff, 0xff, 0xff, 0x7f]].concat(), 9);
    let outcome = seen(&mut stack, &mut stream, 1000);
    let error = FrameError::TooLong { length: 0x7fff_ffff, limit: MAX_RECEIVED_FRAME };
    assert_eq!(outcome, (vec![vec![4; 24]], Some(StackError::Frame(error))));
}

#[test]
fn damaged_bytes_cause_only_errors() {
    for (mode, at) in modes().iter().flat_map(|mode| (0..200).map(move |at| (mode, at))) {
        let mut stack = new_stack(Framing::Intermediate, mode, 5);
        let mut peer = Peer::meet(&mut stack, mode);
        let mut first = Vec::new();
        stack.write(&[1; 24], &mut first, &mut Seeded(1)).unwrap();
        peer.open(&first);
        let frame = [&24_u32.to_le_bytes()[..], &[4; 24]].concat().repeat(6);
        let mut stream = peer.cover(&frame, 60);
        let position = at % stream.len();
        stream[position] ^= 1 << (at % 8);
        let (frames, _) = seen(&mut stack, &mut stream, 50);
        assert!(frames.len() <= 12);
    }
}

/// Counts the allocations of this thread.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn nothing_is_allocated_while_a_connection_lasts() {
    for mode in modes() {
        let mut stack = new_stack(Framing::Intermediate, &mode, 5);
        let mut peer = Peer::meet(&mut stack, &mode);
        let mut out = Vec::with_capacity(8192);
        stack.write(&[1; 24], &mut out, &mut Seeded(1)).unwrap();
        peer.open(&out);
        let frame = [&1000_u32.to_le_bytes()[..], &[4; 1000]].concat();
        let mut received = [peer.cover(&frame, 4000), peer.cover(&frame, 4000)];
        out.clear();
        let before = ALLOCATED.with(Cell::get);
        for piece in &mut received {
            stack.write_control(&mut out, &mut Seeded(1));
            stack.write(&[2; 4000], &mut out, &mut Seeded(1)).unwrap();
            out.clear();
            // In place: the frame is where it was received.
            let place = piece.as_ptr_range();
            let mut incoming = stack.read(piece);
            match incoming.next() {
                Ok(Some(Frame::Payload(payload))) => assert!(place.contains(&payload.as_ptr())),
                other => panic!("{other:?}"),
            }
            assert!(matches!(incoming.next(), Ok(None)));
        }
        assert_eq!(ALLOCATED.with(Cell::get) - before, 0, "{mode:?}");
    }
}

/// One connection's share of an idle client's memory, without the boxed state of other modes.
#[test]
fn a_plain_stack_is_small() {
    assert!(size_of::<TransportStack>() <= 160, "{}", size_of::<TransportStack>());
    assert!(size_of::<AesCtr>() <= 1200, "{}", size_of::<AesCtr>());
}

/// A frame is decrypted in place and stays there until the next one is requested.
#[test]
fn debug_does_not_show_a_returned_frame() {
    let mut stack = new_stack(Framing::Intermediate, &StreamMode::Plain, 1);
    let mut stream = vec![24, 0, 0, 0];
    stream.extend([0xc3, 0xa7, 0x91, 0xd5].repeat(6));
    let (beginning, end) = stream.split_at_mut(10);
    assert_eq!(stack.read(beginning).next(), Ok(None));
    let mut incoming = stack.read(end);
    let shown = format!("{incoming:?}");
    assert!(!shown.contains("195"), "{shown}");
    assert_eq!(format!("{:?}", incoming.next()), "Ok(Some(Payload(24 bytes)))");
    let shown = format!("{stack:?}");
    assert!(!shown.contains("195, 167"), "{shown}");
}
