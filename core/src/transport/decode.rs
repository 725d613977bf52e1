//! What a client reads.

use core::fmt;
use core::ops::Range;

use super::TransportKind;
use super::assemble::{Assembler, Found, Place};
use super::header::{FrameError, SentBy};

/// Finds the frames in what a server sent.
#[derive(Debug)]
pub struct FrameDecoder {
    assembler: Assembler,
}

/// One thing that a server sent. `Debug` shows how long a payload is, not what is in it.
#[derive(PartialEq, Eq)]
pub enum Frame<'a> {
    /// A packet, encrypted or plain. It may be decrypted in place with
    /// [`message::open`](crate::crypto::message::open).
    ///
    /// Padded intermediate leaves up to 15 bytes of padding behind it.
    Payload(&'a mut [u8]),
    /// A transport error such as -404. It is not authenticated: anybody on the way can send it.
    Error(i32),
    /// The server has received and decrypted the packet with this
    /// [`QuickAckToken`](crate::crypto::message::QuickAckToken). Unknown ones are to be ignored.
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

/// A plain packet has 20 bytes before its body and the body at least 4; encrypted ones are longer. What is shorter
/// says something itself. (Errors are 4 bytes and quick acks 8, and padding adds up to 15.)
const SHORTEST_PACKET: usize = 24;

impl FrameDecoder {
    /// A decoder for the beginning of a connection. Payloads above `limit` bytes are refused before they are
    /// buffered; see [`DEFAULT_LIMIT`](super::DEFAULT_LIMIT).
    #[must_use]
    pub const fn new(kind: TransportKind, limit: usize) -> Self {
        Self { assembler: Assembler::new(Some(kind), SentBy::Server, limit) }
    }

    /// The next frame; call again until `None`, which means that all of `input` is used up.
    ///
    /// A frame that lies in `input` as a whole is handed out there, without a copy. Beginnings of frames are kept
    /// until the rest comes; the memory for that grows with the bytes that came, and is given back when none wait.
    ///
    /// # Errors
    /// [`FrameError`]: close the connection. Every later call answers with the same error.
    pub fn next<'s, 'b: 's>(&'s mut self, input: &mut &'b mut [u8]) -> Result<Option<Frame<'s>>, FrameError> {
        Ok(self.locate(input)?.map(|located| self.show(located)))
    }

    /// Finds the next frame without holding on to the decoder; [`show`](Self::show) gives it.
    pub(super) fn locate<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<Located<'b>>, FrameError> {
        while let Some((found, place)) = self.assembler.next(input)? {
            let payload = match found {
                Found::QuickAck(token) => return Ok(Some(Located::QuickAck(token))),
                Found::Frame { payload, .. } => payload,
            };
            match read_short(self.assembler.peek(&place).get(payload.clone()).unwrap_or_default()) {
                None => return Ok(Some(Located::Payload(payload, place))),
                Some(Short::Nothing) => {}
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

    /// The frame that [`locate`](Self::locate) found last.
    pub(super) fn show<'s, 'b: 's>(&'s mut self, located: Located<'b>) -> Frame<'s> {
        match located {
            Located::Payload(payload, place) => {
                // The assembler has measured it; nothing is ever cut short here.
                Frame::Payload(self.assembler.bytes(place).get_mut(payload).unwrap_or_default())
            }
            Located::Error(code) => Frame::Error(code),
            Located::QuickAck(token) => Frame::QuickAck(token),
        }
    }
}

/// A [`Frame`], by where it lies.
pub(super) enum Located<'b> {
    Payload(Range<usize>, Place<'b>),
    Error(i32),
    QuickAck(u32),
}

enum Short {
    Nothing,
    QuickAck(u32),
    Error(i32),
    Broken,
}

/// What a payload that is no packet says; `None`: it is one.
fn read_short(payload: &[u8]) -> Option<Short> {
    if payload.len() >= SHORTEST_PACKET {
        return None;
    }
    let (code, rest) = payload.split_first_chunk()?;
    Some(match (i32::from_le_bytes(*code), rest.first_chunk()) {
        (0, _) => Short::Nothing,
        (-1, Some(token)) => Short::QuickAck(u32::from_le_bytes(*token)),
        // Transport errors are HTTP's numbers, negated (`mtproto-transports#transport-errors`).
        (code, _) if code < 0 => Short::Error(code),
        _ => Short::Broken,
    })
}
