//! The client's side of frame decoding.

use core::fmt;
use core::ops::Range;

use super::Framing;
use super::assemble::{Assembler, FrameLocation, StreamItem};
use super::header::{FrameError, SentBy};

/// Decodes the frames that a server sends.
#[derive(Debug)]
pub struct FrameDecoder {
    assembler: Assembler,
}

/// One item sent by a server. Its `Debug` output shows the length of a payload, not its content.
#[derive(PartialEq, Eq)]
pub enum Frame<'a> {
    /// A packet, encrypted or plain. It may be decrypted in place with [`message::open`](crate::crypto::message::open).
    ///
    /// In padded intermediate up to 15 bytes of padding follow the packet.
    Payload(&'a mut [u8]),
    /// A transport error such as -404. It is not authenticated: any party on the path can send it.
    Error(i32),
    /// The server has received and decrypted the packet with this
    /// [`QuickAckToken`](crate::crypto::message::QuickAckToken). Ignore unknown tokens.
    QuickAck(u32),
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(payload) => write!(f, "Payload({} bytes)", payload.len()),
            Self::Error(code) => write!(f, "Error({code})"),
            Self::QuickAck(token) => write!(f, "QuickAck({token:#x})"),
        }
    }
}

/// Length of the shortest packet in bytes. A plain packet has 20 bytes before its body, which has at least 4; encrypted
/// packets are longer. Shorter payloads are errors (4 bytes) or quick acks (8 bytes), with up to 15 bytes of padding.
const SHORTEST_PACKET: usize = 24;

impl FrameDecoder {
    /// Creates a decoder for a new connection. Payloads longer than `limit` bytes are rejected before they are
    /// buffered; see [`MAX_RECEIVED_FRAME`](super::MAX_RECEIVED_FRAME).
    #[must_use]
    pub const fn new(framing: Framing, limit: usize) -> Self {
        Self { assembler: Assembler::new(Some(framing), SentBy::Server, limit) }
    }

    /// Returns the next frame. Call it until it returns `None`, which means that all of `input` is consumed.
    ///
    /// A frame that is complete in `input` is returned in place, without a copy. An incomplete frame is buffered until
    /// the rest arrives. The buffer grows with the received bytes only. While no frame is incomplete, about 2 MiB of it
    /// are kept at most for the next one; [`trim`](Self::trim) frees them.
    ///
    /// # Errors
    /// Returns [`FrameError`] if the stream is not valid. Close the connection then: every later call returns the same
    /// error.
    pub fn next<'s, 'b: 's>(&'s mut self, input: &mut &'b mut [u8]) -> Result<Option<Frame<'s>>, FrameError> {
        Ok(self.locate(input)?.map(|located| self.resolve(located)))
    }

    /// Frees the memory kept for the next frame.
    pub fn trim(&mut self) {
        self.assembler.trim();
    }

    /// Finds the next frame without borrowing the decoder. [`resolve`](Self::resolve) returns the frame.
    pub(super) fn locate<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<Located<'b>>, FrameError> {
        while let Some((found, location)) = self.assembler.next(input)? {
            let payload = match found {
                StreamItem::QuickAck(token) => return Ok(Some(Located::QuickAck(token))),
                StreamItem::Error(code) => return Ok(Some(Located::Error(code))),
                StreamItem::Frame { payload, .. } => payload,
            };
            match read_short(self.assembler.peek(&location).get(payload.clone()).unwrap_or_default()) {
                None => return Ok(Some(Located::Payload(payload, location))),
                Some(Short::Ignored) => {}
                Some(Short::QuickAck(token)) => return Ok(Some(Located::QuickAck(token))),
                Some(Short::Error(code)) => return Ok(Some(Located::Error(code))),
                Some(Short::Broken) => {
                    let error = FrameError::TooShort { length: payload.len() };
                    *input = &mut [];
                    self.assembler.fail(error);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Returns the frame that [`locate`](Self::locate) found last.
    pub(super) fn resolve<'s, 'b: 's>(&'s mut self, located: Located<'b>) -> Frame<'s> {
        match located {
            Located::Payload(payload, location) => {
                // The assembler has measured the payload, so the range is never out of bounds.
                Frame::Payload(self.assembler.bytes(location).get_mut(payload).unwrap_or_default())
            }
            Located::Error(code) => Frame::Error(code),
            Located::QuickAck(token) => Frame::QuickAck(token),
        }
    }
}

/// A [`Frame`] by the location of its bytes.
pub(super) enum Located<'b> {
    Payload(Range<usize>, FrameLocation<'b>),
    Error(i32),
    QuickAck(u32),
}

enum Short {
    /// Begins with 0, which is no error code and the token of no request.
    Ignored,
    QuickAck(u32),
    Error(i32),
    Broken,
}

/// Interprets a payload that is too short for a packet. Returns `None` if it is a packet.
fn read_short(payload: &[u8]) -> Option<Short> {
    if payload.len() >= SHORTEST_PACKET {
        return None;
    }
    let (code, rest) = payload.split_first_chunk()?;
    Some(match (i32::from_le_bytes(*code), rest.first_chunk()) {
        (0, _) => Short::Ignored,
        (-1, Some(token)) => Short::QuickAck(u32::from_le_bytes(*token)),
        // Transport errors are negated HTTP status codes (`mtproto-transports#transport-errors`).
        (code, _) if code < 0 => Short::Error(code),
        _ => Short::Broken,
    })
}
