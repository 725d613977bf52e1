//! The transport stack below the frames: obfuscation, fake TLS, WebSockets, with any server.
//!
//! Input: one byte chooses the stream mode (three bits), form (two bits) and framing (the upper two); six bytes are
//! lengths of pieces, less one; the rest is the server's bytes: raw, after an honest answer, as the stream of frames
//! inside an honest disguise, or as an answer with the right proof.

use std::sync::OnceLock;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use sansgram_core::crypto::SecureRandom;
use sansgram_core::crypto::aes_ctr::AesCtr;
use sansgram_core::crypto::hash::{sha1, sha256};
use sansgram_core::transport::{
    Framing, ServerFrameDecoder, StackError, StackOptions, StreamMode, TransportStack, WebSocketTarget,
};

use crate::frames::{LIMIT, SeenFrame};
use crate::input::pieces;
use crate::memory::peak_of;
use crate::{Input, Seeded};

/// The memory of the stack beyond the bytes received, in bytes.
const SLACK: usize = 512;
/// The key of the proxy's secrets.
const KEY: [u8; 16] = [0x4b; 16];
/// The 64 bytes that obfuscation draws, so that its keys are known.
const OBFUSCATION: [u8; 64] = [0x5f; 64];
/// The offset of the digest in a hello of either side.
const DIGEST: std::ops::Range<usize> = 11..43;
/// The placeholder for the WebSocket's accept key in an answer.
const ACCEPT: u8 = b'\x01';

/// A seeded stream, except for the bytes that obfuscation draws.
struct Drawn(Seeded);

impl SecureRandom for Drawn {
    fn fill(&mut self, buffer: &mut [u8]) {
        match buffer.len() {
            64 => buffer.copy_from_slice(&OBFUSCATION),
            _ => self.0.fill(buffer),
        }
    }
}

/// Obfuscated, three kinds of proxies, and a WebSocket.
fn mode(choice: u8) -> &'static StreamMode {
    static DISGUISES: OnceLock<[StreamMode; 5]> = OnceLock::new();
    let all = DISGUISES.get_or_init(|| {
        let secret = |before: &[u8], after: &[u8]| {
            let bytes = [before, &KEY, after].concat();
            StreamMode::MtProxy(sansgram_core::transport::ProxySecret::from_bytes(&bytes).expect("a secret"))
        };
        let target = WebSocketTarget::new("a.example", "/apiws").expect("a target");
        [
            StreamMode::Obfuscated,
            secret(&[], &[]),
            secret(&[0xdd], &[]),
            secret(&[0xee], b"a.example"),
            StreamMode::WebSocket(target),
        ]
    });
    &all[usize::from(choice % 5)]
}

const FAKE_TLS: u8 = 3;
const WEBSOCKET: u8 = 4;

/// Runs the target. Returns the number of frames, plus one if the disguise was accepted.
///
/// # Panics
/// Panics if the result depends on the chunking, a limit is exceeded, memory is not bounded by the input, or written
/// bytes cannot be read.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let sizes = input.take(6);
    let content = input.rest();
    let end = End { cover: (choice & 7) % 5, kind: Framing::ALL[usize::from(choice >> 6)] };
    let hello = end.hello();
    let stream = match choice >> 3 & 3 {
        0 => content.to_vec(),
        1 => [end.answer(hello), content.to_vec()].concat(),
        2 => [end.answer(hello), end.cover(&end.obfuscate(content), sizes)].concat(),
        _ => end.proven(hello, content),
    };
    let whole = end.seen(vec![stream.clone()]);
    assert_eq!(whole, end.seen(pieces(&stream, sizes)), "the pieces of the stream matter");
    if stream.len() <= 128 {
        assert_eq!(whole, end.seen(pieces(&stream, &[])), "single bytes matter");
    }
    whole.frames.len() + usize::from(whole.open && (end.cover >= FAKE_TLS))
}

/// The client's end of a new connection.
struct Start {
    layers: TransportStack,
    random: Drawn,
    hello: Vec<u8>,
}

/// The result of a stream.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    frames: Vec<SeenFrame>,
    error: Option<StackError>,
    open: bool,
}

/// A kind of connection.
#[derive(Clone, Copy)]
struct End {
    cover: u8,
    kind: Framing,
}

impl End {
    fn start(self) -> Start {
        let unix = Duration::from_secs(1_700_000_000);
        let options = StackOptions::new(self.kind, mode(self.cover), 2, unix).with_limit(LIMIT);
        let mut random = Drawn(Seeded::new(5));
        let mut layers = TransportStack::new(&options, &mut random);
        let mut hello = Vec::new();
        assert_eq!(layers.write_control(&mut hello, &mut random), self.cover >= FAKE_TLS);
        assert_eq!(layers.is_open(), self.cover < FAKE_TLS);
        Start { layers, random, hello }
    }

    /// The client's first bytes, which are always the same and expensive to make.
    fn hello(self) -> &'static [u8] {
        static HELLOS: [OnceLock<Vec<u8>>; 5] = [const { OnceLock::new() }; 5];
        HELLOS[usize::from(self.cover)].get_or_init(|| self.start().hello)
    }

    fn seen(self, pieces: Vec<Vec<u8>>) -> Seen {
        let Start { mut layers, mut random, .. } = self.start();
        let mut seen = Seen { frames: Vec::new(), error: None, open: false };
        let mut fed = 0;
        for mut piece in pieces {
            fed += piece.len();
            let mut frames = Vec::new();
            let (result, peak) = peak_of(|| {
                let mut incoming = layers.read(&mut piece);
                while let Some(frame) = incoming.next()? {
                    frames.push(SeenFrame::from(frame));
                }
                Ok(())
            });
            // The copies of frames and their list are not the stack's memory.
            let ours: usize = frames.iter().map(|frame| frame.copied() + 3 * size_of::<SeenFrame>()).sum();
            assert!(peak <= 3 * fed + ours + SLACK, "{peak} bytes held for {fed}");
            seen.frames.append(&mut frames);
            if let Err(error) = result {
                assert_eq!(layers.read(&mut [0; 64]).next().map(|_| ()), Err(error), "an error is final");
                seen.error = Some(error);
                return seen;
            }
            let mut pong = Vec::new();
            layers.write_control(&mut pong, &mut random);
            assert!(pong.len() <= 131, "{} bytes to answer a ping", pong.len());
        }
        seen.open = layers.is_open();
        self.check_writing(layers, random, fed);
        seen
    }

    /// Reads written bytes as a server does.
    fn check_writing(self, mut layers: TransportStack, mut random: Drawn, seed: usize) {
        let payloads = [vec![7; 24], vec![8; 4 * (seed % 400) + 24]];
        let mut out = Vec::new();
        for payload in &payloads {
            let written = layers.write(payload, &mut out, &mut random).expect("whole words");
            assert_eq!(written, layers.is_open());
            if !written {
                assert!(out.is_empty(), "frames leave too early");
                return;
            }
        }
        let mut stream = self.uncover(&out);
        let (header, rest) = stream.split_at_mut(64);
        let proxy_key = matches!(self.cover, 1..=3).then_some(&KEY);
        let mut cipher = cipher(header, proxy_key);
        let mut start = header.to_vec();
        cipher.apply(&mut start);
        let kind = mode(self.cover).framing(self.kind);
        assert_eq!(Some(start[56..60].try_into().expect("four bytes")), kind.obfuscated_tag());
        assert_eq!(start[60..62], 2_i16.to_le_bytes());
        cipher.apply(rest);
        let mut decoder = ServerFrameDecoder::new(Some(kind), LIMIT);
        let mut rest = rest;
        for payload in &payloads {
            let request = decoder.next(&mut rest).expect("our own frames").expect("whole ones");
            let padding = request.payload.strip_prefix(&payload[..]).expect("what was written").len();
            assert!(padding <= if kind == Framing::PaddedIntermediate { 15 } else { 0 });
        }
        assert!(rest.is_empty());
    }

    /// The first bytes of an honest server.
    fn answer(self, hello: &[u8]) -> Vec<u8> {
        match self.cover {
            FAKE_TLS => {
                let answer = [record(22, &[2; 60]), record(20, &[1]), record(23, &[9; 10])].concat();
                prove(hello, answer)
            }
            WEBSOCKET => format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {}\r\n\r\n",
                accept(hello)
            )
            .into_bytes(),
            _ => Vec::new(),
        }
    }

    /// An answer of any form with the right proof.
    fn proven(self, hello: &[u8], content: &[u8]) -> Vec<u8> {
        match self.cover {
            FAKE_TLS => prove(hello, content.to_vec()),
            WEBSOCKET => {
                let key = accept(hello);
                let put = |byte: &u8| if *byte == ACCEPT { key.as_bytes().to_vec() } else { vec![*byte] };
                content.iter().flat_map(put).collect()
            }
            _ => content.to_vec(),
        }
    }

    /// The stream of frames as the server sends it.
    fn obfuscate(self, frames: &[u8]) -> Vec<u8> {
        let reversed: Vec<u8> = OBFUSCATION
            .iter()
            .enumerate()
            .map(|(at, byte)| match at {
                56..60 => mode(self.cover).framing(self.kind).obfuscated_tag().expect("a tag")[at - 56],
                60..62 => 2_i16.to_le_bytes()[at - 60],
                _ => *byte,
            })
            .rev()
            .collect();
        let mut stream = frames.to_vec();
        cipher(&reversed, matches!(self.cover, 1..=3).then_some(&KEY)).apply(&mut stream);
        stream
    }

    /// Puts the stream into records, or into the fragments of one message with pings between them.
    fn cover(self, stream: &[u8], sizes: &[u8]) -> Vec<u8> {
        let pieces = pieces(stream, sizes);
        let last = pieces.len().saturating_sub(1);
        let cover = |(at, piece): (usize, &Vec<u8>)| match self.cover {
            FAKE_TLS => record(23, piece),
            WEBSOCKET => {
                let kind = if at == 0 { 2 } else { 0 } | if at == last { 0x80 } else { 0 };
                let mut frame = vec![kind];
                match u8::try_from(piece.len()) {
                    Ok(short) if short < 126 => frame.push(short),
                    _ => {
                        frame.push(126);
                        frame.extend((piece.len() as u16).to_be_bytes());
                    }
                }
                frame.extend(piece);
                if at % 3 == 1 {
                    frame.extend([0x89, 2, 6, 7]);
                }
                frame
            }
            _ => piece.clone(),
        };
        pieces.iter().enumerate().flat_map(cover).collect()
    }

    /// Removes the client's disguise.
    fn uncover(self, mut out: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        if self.cover == FAKE_TLS {
            out = out.strip_prefix(&[20, 3, 3, 0, 1, 1]).expect("a change of cipher");
        }
        while !out.is_empty() {
            let (head, body) = match (self.cover, out) {
                (FAKE_TLS, [23, 3, 3, high, low, ..]) => (5, usize::from(u16::from_be_bytes([*high, *low]))),
                (WEBSOCKET, [0x82, 0xfe, high, low, ..]) => {
                    (8, usize::from(u16::from_be_bytes([*high, *low])))
                }
                (WEBSOCKET, [0x82, short @ 0x80..0xfe, ..]) => (6, usize::from(short & 0x7f)),
                (FAKE_TLS | WEBSOCKET, _) => panic!("{:?} begins no cover", &out[..out.len().min(8)]),
                _ => (0, out.len()),
            };
            let mask: &[u8] = if self.cover == WEBSOCKET { &out[head - 4..head] } else { &[0] };
            let clear =
                out[head..head + body].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            stream.extend(clear);
            out = &out[head + body..];
        }
        stream
    }
}

/// The cipher whose key and IV begin at byte 8.
fn cipher(material: &[u8], proxy_key: Option<&[u8; 16]>) -> AesCtr {
    let mut key: [u8; 32] = material[8..40].try_into().expect("64 bytes");
    if let Some(secret) = proxy_key {
        key = sha256(&[&key, secret]);
    }
    AesCtr::new(&key, material[40..56].try_into().expect("64 bytes"))
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a short record");
    [&[kind, 3, 3], &length.to_be_bytes()[..], body].concat()
}

/// Writes the digest of the answer's three records: HMAC-SHA-256 under the secret.
fn prove(hello: &[u8], mut answer: Vec<u8>) -> Vec<u8> {
    if answer.len() < DIGEST.end {
        return answer;
    }
    let mut end = 0;
    for _ in 0..3 {
        let Some([_, _, _, high, low]) = answer.get(end..end + 5) else { return answer };
        end += 5 + usize::from(u16::from_be_bytes([*high, *low]));
    }
    answer[DIGEST].fill(0);
    let Some(signed) = answer.get(..end.max(DIGEST.end)) else { return answer };
    let pad = |with: u8| std::array::from_fn::<u8, 64, _>(|at| KEY.get(at).copied().unwrap_or(0) ^ with);
    let inner = sha256(&[&pad(0x36), &hello[DIGEST], signed]);
    let digest = sha256(&[&pad(0x5c), &inner]);
    answer[DIGEST].copy_from_slice(&digest);
    answer
}

/// The accept key for the key in a WebSocket's request.
fn accept(request: &[u8]) -> String {
    let request = std::str::from_utf8(request).expect("text");
    let key =
        request.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.lines().next()).expect("a key");
    Base64::encode_string(&sha1(&[key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]))
}
