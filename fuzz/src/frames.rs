//! Transports: streams of a peer, and streams of our encoder.
//!
//! Input: one byte chooses framing, side and form; six bytes are lengths of pieces, less one; the rest is the stream,
//! or payloads with their lengths.

use sansgram_core::transport::{Frame, FrameDecoder, FrameEncoder, FrameError, Framing, ServerFrameDecoder};

use crate::input::pieces;
use crate::memory::peak_of;
use crate::{Input, Seeded};

/// Payloads beyond this many bytes are refused.
pub(crate) const LIMIT: usize = 2048;
/// The memory of a decoder beyond the bytes received, in bytes.
const SLACK: usize = 256;

/// The reading side.
const SERVER: u8 = 1 << 2;
/// A server that detects the framing.
const UNTOLD: u8 = 1 << 3;
/// The input is payloads to frame, not a stream.
const PAYLOADS: u8 = 1 << 4;

/// Runs the target. Returns the number of frames.
///
/// # Panics
/// Panics if the result depends on the chunking, a limit is exceeded, or memory is not bounded by the input.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let kind = Framing::ALL[usize::from(choice % 4)];
    let sizes = input.take(6);
    if choice & PAYLOADS != 0 {
        return round_trip(kind, sizes, input);
    }
    let stream = input.rest();
    let read: &dyn Fn(Vec<Vec<u8>>) -> Seen = if choice & SERVER == 0 {
        &|pieces| seen_by_client(kind, pieces)
    } else {
        &|pieces| seen_by_server((choice & UNTOLD == 0).then_some(kind), pieces)
    };
    let whole = read(vec![stream.to_vec()]);
    assert_eq!(whole, read(pieces(stream, sizes)), "the pieces of the stream matter");
    if stream.len() <= 512 {
        assert_eq!(whole, read(pieces(stream, &[0])), "single bytes matter");
    }
    whole.0.len()
}

/// The frames, and the error that ended the stream.
type Seen = (Vec<SeenFrame>, Option<FrameError>);

/// A frame with a copy of its content, which its own `Debug` does not print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SeenFrame {
    /// A server's packet.
    Payload(Vec<u8>),
    Error(i32),
    QuickAck(u32),
    /// A client's packet, and whether it asks for a quick ack.
    Request(Vec<u8>, bool),
}

impl SeenFrame {
    /// How many bytes the copy has.
    pub(crate) fn copied(&self) -> usize {
        match self {
            Self::Payload(payload) | Self::Request(payload, _) => payload.len(),
            Self::Error(_) | Self::QuickAck(_) => 0,
        }
    }
}

impl From<Frame<'_>> for SeenFrame {
    fn from(frame: Frame<'_>) -> Self {
        match frame {
            Frame::Payload(payload) => {
                assert!((24..=LIMIT).contains(&payload.len()), "a packet of {} bytes", payload.len());
                Self::Payload(payload.to_vec())
            }
            Frame::Error(code) => Self::Error(code),
            Frame::QuickAck(token) => Self::QuickAck(token),
        }
    }
}

fn seen_by_client(kind: Framing, pieces: Vec<Vec<u8>>) -> Seen {
    let mut decoder = FrameDecoder::new(kind, LIMIT);
    feed(pieces, |input| Ok(decoder.next(input)?.map(SeenFrame::from)))
}

fn seen_by_server(kind: Option<Framing>, pieces: Vec<Vec<u8>>) -> Seen {
    let mut decoder = ServerFrameDecoder::new(kind, LIMIT);
    feed(pieces, |input| {
        Ok(decoder.next(input)?.map(|request| {
            assert!((4..=LIMIT).contains(&request.payload.len()));
            SeenFrame::Request(request.payload.to_vec(), request.quick_ack)
        }))
    })
}

/// Feeds the pieces to a decoder; checks what it consumes and its memory.
fn feed(
    pieces: Vec<Vec<u8>>,
    mut next: impl FnMut(&mut &mut [u8]) -> Result<Option<SeenFrame>, FrameError>,
) -> Seen {
    let mut frames = Vec::new();
    let mut fed = 0;
    for mut piece in pieces {
        let mut input = &mut piece[..];
        fed += input.len();
        loop {
            // The copy of a frame is not the decoder's memory.
            let (found, peak) = peak_of(|| next(&mut input));
            let copied = found.as_ref().ok().and_then(Option::as_ref).map_or(0, SeenFrame::copied);
            assert!(peak <= 3 * fed + copied + SLACK, "{peak} bytes held for {fed}");
            match found {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(next(&mut &mut [0; 64][..]), Err(error), "an error is final");
                    return (frames, Some(error));
                }
            }
        }
        assert!(input.is_empty(), "`None` means that all is used up");
    }
    (frames, None)
}

/// Payloads that are framed by a client and read by a server in pieces.
fn round_trip(kind: Framing, sizes: &[u8], mut input: Input<'_>) -> usize {
    let mut random = Seeded::new(sizes.first().copied().unwrap_or_default().into());
    let mut encoder = FrameEncoder::new(kind);
    let mut stream = Vec::new();
    let mut sent = Vec::new();
    while !input.is_empty() {
        let quick_ack = input.byte() & 1 == 1;
        let payload = input.piece();
        // Room for the padding of padded intermediate.
        if payload.len() > LIMIT - 15 {
            continue;
        }
        let fits = !payload.is_empty() && payload.len().is_multiple_of(4);
        let begun = encoder.begin(payload.len(), &mut stream, quick_ack);
        assert_eq!(begun.is_ok(), fits);
        if let Ok(start) = begun {
            stream.extend_from_slice(payload);
            assert_eq!(encoder.finish(start, &mut stream, &mut random), Ok(()));
            sent.push((payload, quick_ack && kind != Framing::Full));
        }
    }
    let mut decoder = ServerFrameDecoder::new(None, LIMIT);
    let mut count = 0;
    for mut piece in pieces(&stream, sizes) {
        let mut input = &mut piece[..];
        while let Some(request) = decoder.next(&mut input).expect("our own frames") {
            let (payload, quick_ack) = sent[count];
            let padding = request.payload.strip_prefix(payload).expect("what was sent").len();
            assert!(padding <= if kind == Framing::PaddedIntermediate { 15 } else { 0 });
            assert_eq!(request.quick_ack, quick_ack);
            count += 1;
        }
    }
    assert_eq!(count, sent.len());
    count
}
