//! The server's side of frame decoding.

use core::fmt;

use super::Framing;
use super::assemble::{Assembler, StreamItem};
use super::header::{FrameError, SentBy};

/// Decodes the frames that a client sends.
#[derive(Debug)]
pub struct ServerFrameDecoder {
    assembler: Assembler,
}

/// A packet that a client sent. Its `Debug` output shows the length of the packet, not its content.
#[derive(PartialEq, Eq)]
pub struct ClientPacket<'a> {
    /// The packet. In padded intermediate its padding follows it.
    pub payload: &'a mut [u8],
    /// Whether the client requests a quick ack.
    pub quick_ack: bool,
}

impl fmt::Debug for ClientPacket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientPacket")
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("quick_ack", &self.quick_ack)
            .finish()
    }
}

impl ServerFrameDecoder {
    /// Creates a decoder for a new connection. `framing` is the framing if a layer below has announced it; otherwise it is
    /// recognised by the first bytes. Payloads longer than `limit` bytes are rejected.
    #[must_use]
    pub const fn new(framing: Option<Framing>, limit: usize) -> Self {
        Self { assembler: Assembler::new(framing, SentBy::Client, limit) }
    }

    /// Returns the client's framing, or `None` if it is not known yet.
    #[must_use]
    pub const fn framing(&self) -> Option<Framing> {
        self.assembler.framing()
    }

    /// Returns the next packet, like [`FrameDecoder::next`](super::FrameDecoder::next).
    ///
    /// # Errors
    /// Returns [`FrameError`] if the stream is not valid. Close the connection then: every later call returns the same
    /// error.
    pub fn next<'s, 'b: 's>(
        &'s mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<ClientPacket<'s>>, FrameError> {
        let Some((found, location)) = self.assembler.next(input)? else { return Ok(None) };
        match found {
            StreamItem::Frame { payload, quick_ack } => {
                let payload = self.assembler.bytes(location).get_mut(payload);
                Ok(payload.map(|payload| ClientPacket { payload, quick_ack }))
            }
            // Never: only streams from a server have quick acks and transport errors.
            StreamItem::QuickAck(_) | StreamItem::Error(_) => Ok(None),
        }
    }
}
