//! What a server reads.

use core::fmt;

use super::TransportKind;
use super::assemble::{Assembler, Found};
use super::header::{FrameError, SentBy};

/// Finds the frames in what a client sent.
#[derive(Debug)]
pub struct ServerFrameDecoder {
    assembler: Assembler,
}

/// One packet of a client. `Debug` shows how long it is, not what is in it.
#[derive(PartialEq, Eq)]
pub struct Request<'a> {
    /// The packet, with the padding of padded intermediate behind it.
    pub payload: &'a mut [u8],
    /// Whether the client asks for a quick ack.
    pub quick_ack: bool,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("quick_ack", &self.quick_ack)
            .finish()
    }
}

impl ServerFrameDecoder {
    /// A decoder for the beginning of a connection. The framing is recognised by what the client sends first,
    /// unless a layer below has announced it: then it is `kind`. Payloads above `limit` bytes are refused.
    #[must_use]
    pub const fn new(kind: Option<TransportKind>, limit: usize) -> Self {
        Self { assembler: Assembler::new(kind, SentBy::Client, limit) }
    }

    /// The framing that the client speaks, once it is known.
    #[must_use]
    pub const fn kind(&self) -> Option<TransportKind> {
        self.assembler.kind()
    }

    /// The next packet, in the manner of [`FrameDecoder::next`](super::FrameDecoder::next).
    ///
    /// # Errors
    /// [`FrameError`]: close the connection. Every later call answers with the same error.
    pub fn next<'s, 'b: 's>(
        &'s mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Request<'s>>, FrameError> {
        let Some((found, place)) = self.assembler.next(input)? else { return Ok(None) };
        match found {
            Found::Frame { payload, quick_ack } => {
                let payload = self.assembler.bytes(place).get_mut(payload);
                Ok(payload.map(|payload| Request { payload, quick_ack }))
            }
            // Only what a server sent is read as one.
            Found::QuickAck(_) => Ok(None),
        }
    }
}
