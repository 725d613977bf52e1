//! The layers between the frames of a connection and its byte stream: the framing, optionally obfuscation around it,
//! and fake TLS or a WebSocket around that.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::decode::{Frame, FrameDecoder, Located};
use super::encode::{EncodeError, FrameEncoder};
use super::framing::{OTHER_PROTOCOL_LEN, check_protocol};
use super::header::FrameError;
use super::obfuscated::{OBFUSCATED_HEADER_LEN, Obfuscation};
use super::stack_error::StackError;
use super::stack_options::StackOptions;
use super::stream_mode::StreamMode;
use super::tunnel::Tunnel;
use crate::crypto::SecureRandom;

/// The client's end of one connection: frames on one side, the bytes of the stream on the other.
///
/// To send, call [`write_control`](Self::write_control), which writes the layers' own bytes; then
/// [`begin`](Self::begin), write frames with the [`encoder`](Self::encoder), and call [`finish`](Self::finish). To
/// receive, call [`read`](Self::read).
///
/// A plain connection has no overhead besides its framing. The other layers work in place in the caller's buffers, and
/// allocate only for pongs once the connection is open.
///
/// ```
/// # struct Counting(u8);
/// # impl sansgram_core::crypto::SecureRandom for Counting {
/// #     fn fill(&mut self, buffer: &mut [u8]) {
/// #         buffer.fill_with(|| { self.0 = self.0.wrapping_add(1); self.0 });
/// #     }
/// # }
/// # let random = &mut Counting(0);
/// use core::time::Duration;
/// use sansgram_core::transport::{StackOptions, StreamMode, Framing, TransportStack};
///
/// let now = Duration::from_secs(1_800_000_000);
/// let options = StackOptions::new(Framing::Abridged, &StreamMode::Obfuscated, 2, now);
/// let mut stack = TransportStack::new(&options, random);
/// let mut out = Vec::new();
/// stack.write_control(&mut out, random);
/// if let Some(batch) = stack.begin(&mut out) {
///     let frame = stack.encoder().begin(8, &mut out, false)?;
///     out.extend_from_slice(b"8 bytes.");
///     stack.encoder().finish(frame, &mut out, random)?;
///     stack.finish(batch, &mut out, random);
/// }
/// assert_eq!(out.len(), 64 + 1 + 8);
/// # Ok::<(), sansgram_core::transport::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct TransportStack {
    encoder: FrameEncoder,
    decoder: FrameDecoder,
    obfuscated: Option<Box<Obfuscated>>,
    tunnel: Tunnel,
    prefix: StreamPrefix,
    /// The error that ended the stream: errors are final.
    failed: Option<StackError>,
}

/// The first bytes of the stream, which identify servers of other protocols.
#[derive(Default)]
struct StreamPrefix {
    bytes: [u8; OTHER_PROTOCOL_LEN],
    count: u8,
    is_certain: bool,
}

/// Bytes that were kept back and are to be read now.
#[derive(Default)]
struct KeptBack {
    bytes: [u8; OTHER_PROTOCOL_LEN],
    start: u8,
    end: u8,
}

impl fmt::Debug for StreamPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.count)
    }
}

impl KeptBack {
    fn rest(&mut self) -> &mut [u8] {
        self.bytes.get_mut(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }
}

impl StreamPrefix {
    /// Takes the first bytes. Returns those of earlier calls once the stream is certainly of this protocol; until then,
    /// returns `None` and keeps all of `input`, so that nothing is made of the answer of another server. Errors if the
    /// stream starts like another protocol. An obfuscated stream starts like that by chance in one of 2^40 connections.
    fn take(&mut self, input: &[u8]) -> Result<Option<KeptBack>, FrameError> {
        if self.is_certain {
            return Ok(Some(KeptBack::default()));
        }
        let end = self.count;
        for (byte, received) in self.bytes.iter_mut().skip(usize::from(end)).zip(input) {
            *byte = *received;
            self.count += 1;
        }
        self.is_certain = check_protocol(self.bytes.get(..usize::from(self.count)).unwrap_or_default())?;
        Ok(self.is_certain.then_some(KeptBack { bytes: self.bytes, start: 0, end }))
    }
}

struct Obfuscated {
    ciphers: Obfuscation,
    /// The header to send, or `None` once it is sent.
    header: Option<[u8; OBFUSCATED_HEADER_LEN]>,
}

impl fmt::Debug for Obfuscated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a proxy's secret, the keys of the whole stream are in the header.
        f.debug_struct("Obfuscated").field("is_header_sent", &self.header.is_none()).finish_non_exhaustive()
    }
}

/// Frames that are written and sent together.
#[derive(Debug)]
#[must_use = "the frames are complete only after `finish`"]
pub struct Batch {
    /// Offset of the tunnel's payload in the buffer.
    payload: usize,
    /// Offset of the first frame in the buffer.
    frames: usize,
}

impl TransportStack {
    /// Creates the layers of a new connection.
    #[must_use]
    pub fn new(options: &StackOptions<'_>, random: &mut dyn SecureRandom) -> Self {
        let mode = options.stream_mode;
        let framing = mode.framing(options.framing);
        let tunnel = Tunnel::new(options, random);
        let proxy_key = match mode {
            #[cfg(feature = "mtproxy")]
            StreamMode::MtProxy(secret) => Some(secret.key()),
            _ => None,
        };
        let tag = framing.obfuscated_tag().filter(|_| *mode != StreamMode::Plain);
        let obfuscated = tag.map(|tag| {
            let (ciphers, header) = Obfuscation::with_tag(tag, Some(options.dc), proxy_key, random);
            Box::new(Obfuscated { ciphers, header: Some(header) })
        });
        Self {
            encoder: match obfuscated {
                Some(_) => FrameEncoder::without_tag(framing),
                None => FrameEncoder::new(framing),
            },
            decoder: FrameDecoder::new(framing, options.limit),
            obfuscated,
            tunnel,
            prefix: StreamPrefix::default(),
            failed: None,
        }
    }

    /// Appends the layers' own bytes (first messages, pongs). Returns whether there were any. They must be sent before
    /// any bytes written later.
    pub fn write_control(&mut self, out: &mut Vec<u8>, random: &mut dyn SecureRandom) -> bool {
        self.tunnel.write_control(out, random)
    }

    /// Returns whether frames can be sent. Fake TLS and WebSockets first wait for the peer's answer.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.tunnel.is_open()
    }

    /// Starts a batch of frames in `out`. Returns `None` while frames cannot be [sent](Self::is_open). Write the frames
    /// with the [`encoder`](Self::encoder), then call [`finish`](Self::finish).
    #[must_use]
    pub fn begin(&mut self, out: &mut Vec<u8>) -> Option<Batch> {
        if !self.is_open() {
            return None;
        }
        let payload = out.len();
        if let Some(Obfuscated { header: Some(header), .. }) = self.obfuscated.as_deref() {
            out.extend_from_slice(header);
        }
        Some(Batch { payload, frames: out.len() })
    }

    /// Returns the encoder that writes the frames of a [`Batch`].
    pub const fn encoder(&mut self) -> &mut FrameEncoder {
        &mut self.encoder
    }

    /// Wraps the frames of `batch` into the layers, in place. If there are no frames, restores `out` to its state
    /// before the batch.
    #[expect(clippy::needless_pass_by_value, reason = "a batch is finished once")]
    pub fn finish(&mut self, batch: Batch, out: &mut Vec<u8>, random: &mut dyn SecureRandom) {
        let Batch { payload, frames } = batch;
        if out.len() <= frames {
            out.truncate(payload);
            return;
        }
        if let Some(obfuscated) = self.obfuscated.as_deref_mut() {
            obfuscated.header = None;
            obfuscated.ciphers.encrypt(out.get_mut(frames..).unwrap_or_default());
        }
        self.tunnel.wrap(out, payload, random);
    }

    /// Appends one frame with this payload to `out`. Returns `false` while frames cannot be [sent](Self::is_open).
    ///
    /// # Errors
    /// Returns [`EncodeError`] if the length of the payload is not valid. `out` is left unchanged.
    pub fn write(
        &mut self,
        payload: &[u8],
        out: &mut Vec<u8>,
        random: &mut dyn SecureRandom,
    ) -> Result<bool, EncodeError> {
        let Some(batch) = self.begin(out) else { return Ok(false) };
        let written = self.encoder.begin(payload.len(), out, false).and_then(|frame| {
            out.extend_from_slice(payload);
            self.encoder.finish(frame, out, random)
        });
        self.finish(batch, out, random);
        written.map(|()| true)
    }

    /// Frees the memory kept for the next frame.
    pub fn trim(&mut self) {
        self.decoder.trim();
    }

    /// Starts to read received bytes, split in any way. Call [`Incoming::next`] until it returns `None`: bytes that are
    /// not read are lost, and the stream cannot be read any further.
    pub fn read<'l, 'b>(&'l mut self, input: &'b mut [u8]) -> Incoming<'l, 'b> {
        let kept_back = KeptBack::default();
        let mut incoming = Incoming { stack: self, kept_back, tunnel_input: &mut [], frame_input: &mut [] };
        if !incoming.stack.tunnel.is_none() {
            incoming.tunnel_input = input;
            return incoming;
        }
        match incoming.stack.prefix.take(input) {
            Ok(Some(mut kept_back)) => {
                incoming.stack.deobfuscate(kept_back.rest());
                incoming.kept_back = kept_back;
                incoming.frame_input = incoming.stack.deobfuscate(input);
            }
            Ok(None) => {}
            Err(other_protocol) => incoming.stack.failed = Some(other_protocol.into()),
        }
        incoming
    }

    fn deobfuscate<'b>(&mut self, bytes: &'b mut [u8]) -> &'b mut [u8] {
        if let Some(obfuscated) = self.obfuscated.as_deref_mut() {
            obfuscated.ciphers.decrypt(bytes);
        }
        bytes
    }

    /// Returns the next piece of the tunnel's payload, decrypted.
    fn next_piece<'b>(
        &mut self,
        tunnel_input: &mut &'b mut [u8],
    ) -> Result<Option<&'b mut [u8]>, StackError> {
        let piece = self.tunnel.next(tunnel_input)?;
        Ok(piece.map(|piece| self.deobfuscate(piece)))
    }
}

/// Received bytes that are not decoded yet. See [`TransportStack::read`].
pub struct Incoming<'l, 'b> {
    stack: &'l mut TransportStack,
    /// The bytes before `frame_input`, which have passed all layers, too.
    kept_back: KeptBack,
    /// The bytes that the tunnel has not read yet.
    tunnel_input: &'b mut [u8],
    /// The bytes that have passed all layers except the framing.
    frame_input: &'b mut [u8],
}

impl fmt::Debug for Incoming<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("stack", &self.stack)
            .field("kept_back", &format_args!("{} bytes", self.kept_back.end - self.kept_back.start))
            .field("tunnel_input", &format_args!("{} bytes", self.tunnel_input.len()))
            .field("frame_input", &format_args!("{} bytes", self.frame_input.len()))
            .finish()
    }
}

impl<'b> Incoming<'_, 'b> {
    /// Returns the next frame, or `None` once all bytes are consumed.
    ///
    /// # Errors
    /// Returns [`StackError`] if a layer rejects the stream. Close the connection then: every later call returns the
    /// same error, even after another [`TransportStack::read`].
    #[allow(clippy::should_implement_trait, reason = "the frame borrows from it")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, StackError> {
        match self.locate() {
            Ok(located) => Ok(located.map(|located| self.stack.decoder.resolve(located))),
            Err(error) => {
                self.stack.failed = Some(error);
                Err(error)
            }
        }
    }

    fn locate(&mut self) -> Result<Option<Located<'b>>, StackError> {
        if let Some(error) = self.stack.failed {
            return Err(error);
        }
        if let Some(short) = self.locate_kept_back()? {
            return Ok(Some(short));
        }
        loop {
            if let Some(located) = self.stack.decoder.locate(&mut self.frame_input)? {
                return Ok(Some(located));
            }
            match self.stack.next_piece(&mut self.tunnel_input)? {
                Some(piece) => self.frame_input = piece,
                None => return Ok(None),
            }
        }
    }

    /// Finds the next frame in the bytes that were kept back, which are too few for a payload.
    fn locate_kept_back(&mut self) -> Result<Option<Located<'b>>, FrameError> {
        let mut input = self.kept_back.rest();
        if input.is_empty() {
            return Ok(None);
        }
        let located = match self.stack.decoder.locate(&mut input)? {
            Some(Located::QuickAck(token)) => Some(Located::QuickAck(token)),
            Some(Located::Error(code)) => Some(Located::Error(code)),
            Some(Located::Payload(..)) | None => None,
        };
        let left = input.len() as u8;
        self.kept_back.start = self.kept_back.end - left;
        Ok(located)
    }
}
