//! All that lies between the frames of a connection and its byte stream, put together:
//! \[fake TLS or WebSocket\] around \[obfuscation\] around the framing.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::decode::Located;
use super::fake_tls::{FakeTls, FakeTlsError, HelloForm};
use super::obfuscated::{OBFUSCATED_HEADER_LEN, Obfuscation};
use super::proxy_secret::{ProxyMode, ProxySecret};
use super::websocket::{WebSocket, WebSocketError, WebSocketTarget};
use super::{EncodeError, Frame, FrameDecoder, FrameEncoder, FrameError, TransportKind};
use crate::crypto::SecureRandom;

/// What a connection looks like from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StreamMode {
    /// Frames directly on the stream.
    #[default]
    Plain,
    /// The stream is [obfuscated](Obfuscation).
    Obfuscated,
    /// The connection goes to the MTProxy with this secret, obfuscated under it; [`ProxyMode::FakeTls`] puts
    /// [fake TLS](FakeTls) around that.
    MtProxy(ProxySecret),
    /// The obfuscated stream travels through a [`WebSocket`].
    WebSocket(WebSocketTarget),
}

impl StreamMode {
    /// The framing in which such a connection speaks, if `wanted` is what its owner would like best.
    ///
    /// Secrets with `dd` and `ee` want [`PaddedIntermediate`](TransportKind::PaddedIntermediate).
    /// [`Full`](TransportKind::Full) cannot be obfuscated: [`Intermediate`](TransportKind::Intermediate) takes its
    /// place.
    #[must_use]
    pub const fn framing(&self, wanted: TransportKind) -> TransportKind {
        match (self, wanted) {
            (Self::Plain, _) => wanted,
            (Self::MtProxy(secret), _) if !matches!(secret.mode(), ProxyMode::Plain) => {
                TransportKind::PaddedIntermediate
            }
            (_, TransportKind::Full) => TransportKind::Intermediate,
            _ => wanted,
        }
    }
}

/// What a connection is to be.
#[derive(Clone, Copy, Debug)]
pub struct StackOptions<'a> {
    /// How frames should be cut; [`StreamMode::framing`] has the last word.
    pub transport: TransportKind,
    /// What lies around the frames.
    pub disguise: &'a StreamMode,
    /// The DC's number as on the wire: plus 10,000 for test DCs, negative for media. Only disguises tell it.
    pub dc: i16,
    /// The longest payload to accept, in bytes; see [`DEFAULT_LIMIT`](super::DEFAULT_LIMIT).
    pub limit: usize,
    /// The time since 1970 of the clock that is most likely right; fake TLS tells it to the proxy.
    pub unix: Duration,
    /// How the first message of fake TLS looks.
    pub hello: HelloForm,
}

/// The client's end of one connection: frames on one side, the bytes of the stream on the other.
///
/// To send: [`control`](Self::control) for what the layers say themselves, then, unless [`begin`](Self::begin) says
/// that it is too early, frames by the [`encoder`](Self::encoder), then [`finish`](Self::finish). To receive:
/// [`read`](Self::read).
///
/// A plain connection costs nothing more than its framing. The others work in place in the caller's buffers; while a
/// connection lasts they allocate nothing but pongs.
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
/// use sansgram_core::transport::{DEFAULT_LIMIT, StreamMode, HelloForm, StackOptions, TransportStack, TransportKind};
///
/// let options = StackOptions {
///     transport: TransportKind::Abridged,
///     disguise: &StreamMode::Obfuscated,
///     dc: 2,
///     limit: DEFAULT_LIMIT,
///     unix: Duration::from_secs(1_800_000_000),
///     hello: HelloForm::default(),
/// };
/// let mut layers = TransportStack::new(&options, random);
/// let mut out = Vec::new();
/// layers.control(&mut out, random);
/// if let Some(batch) = layers.begin(&mut out) {
///     let frame = layers.encoder().begin(8, &mut out, false)?;
///     out.extend_from_slice(b"8 bytes.");
///     layers.encoder().finish(frame, &mut out, random)?;
///     layers.finish(batch, &mut out, random);
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
    first: First,
    /// Why the stream cannot be read on: an error is final.
    failed: Option<StackError>,
}

/// The first bytes of the stream as they came, which tell servers of other protocols.
#[derive(Default)]
struct First {
    bytes: [u8; 6],
    count: usize,
}

impl fmt::Debug for First {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.count)
    }
}

impl First {
    /// Looks at what arrived. What a TLS or web server says to our first bytes, it says in the clear; that a server of
    /// ours begins like this by chance happens once in 2^40 connections.
    fn look(&mut self, input: &[u8]) -> Result<(), FrameError> {
        let Some(room @ [_, ..]) = self.bytes.get_mut(self.count..) else { return Ok(()) };
        let count = room.len().min(input.len());
        room.iter_mut().zip(input).for_each(|(byte, came)| *byte = *came);
        self.count += count;
        match (self.count, self.bytes) {
            // An alert of any version: two bytes, the first of which is 1 or 2.
            (6, [21, 3, 0..=4, 0, 2, 1..=2]) => Err(FrameError::TlsServer),
            (6, [b'H', b'T', b'T', b'P', b'/', _]) => Err(FrameError::WebServer),
            (6, [b'S', b'S', b'H', b'-', b'1' | b'2', b'.']) => Err(FrameError::SshServer),
            // A page without a status line, or behind the answer of an HTTP proxy.
            (6, bytes) if bytes[..5].eq_ignore_ascii_case(b"<html") => Err(FrameError::WebServer),
            (6, bytes) if bytes[..5].eq_ignore_ascii_case(b"<!doc") => Err(FrameError::WebServer),
            _ => Ok(()),
        }
    }
}

struct Obfuscated {
    ciphers: Obfuscation,
    /// Until it is sent.
    header: Option<[u8; OBFUSCATED_HEADER_LEN]>,
}

impl fmt::Debug for Obfuscated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a proxy's secret, the header holds the keys of all that follows.
        f.debug_struct("Obfuscated").field("is_header_sent", &self.header.is_none()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Tunnel {
    None,
    FakeTls(Box<FakeTls>),
    WebSocket(Box<WebSocket>),
}

/// Frames that are being written: they leave together.
#[derive(Debug)]
#[must_use = "frames may leave only after `finish`"]
pub struct Batch {
    /// Where in the buffer the tunnel's payload begins, and where behind it the frames.
    payload: usize,
    frames: usize,
}

/// Why a connection cannot be read on. Close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Fake TLS failed.
    #[error(transparent)]
    FakeTls(#[from] FakeTlsError),
    /// The WebSocket failed, or was closed.
    #[error(transparent)]
    WebSocket(#[from] WebSocketError),
}

impl TransportStack {
    /// The layers of a new connection.
    #[must_use]
    pub fn new(options: &StackOptions<'_>, random: &mut dyn SecureRandom) -> Self {
        let disguise = options.disguise;
        let kind = disguise.framing(options.transport);
        let decoder = FrameDecoder::new(kind, options.limit);
        let (proxy_key, tunnel) = match disguise {
            StreamMode::Plain | StreamMode::Obfuscated => (None, Tunnel::None),
            StreamMode::MtProxy(secret) => {
                let tunnel = match secret.mode() {
                    ProxyMode::Plain | ProxyMode::Padded => Tunnel::None,
                    ProxyMode::FakeTls { domain } => {
                        let StackOptions { hello, unix, .. } = *options;
                        Tunnel::FakeTls(Box::new(FakeTls::new(secret.key(), domain, hello, unix, random)))
                    }
                };
                (Some(secret.key()), tunnel)
            }
            StreamMode::WebSocket(target) => {
                (None, Tunnel::WebSocket(Box::new(WebSocket::new(target, random))))
            }
        };
        match kind.obfuscated_tag().filter(|_| *disguise != StreamMode::Plain) {
            Some(tag) => {
                let (ciphers, header) = Obfuscation::with_tag(tag, Some(options.dc), proxy_key, random);
                let obfuscated = Some(Box::new(Obfuscated { ciphers, header: Some(header) }));
                Self {
                    encoder: FrameEncoder::without_tag(kind),
                    decoder,
                    obfuscated,
                    tunnel,
                    first: First::default(),
                    failed: None,
                }
            }
            None => Self {
                encoder: FrameEncoder::new(kind),
                decoder,
                obfuscated: None,
                tunnel,
                first: First::default(),
                failed: None,
            },
        }
    }

    /// Appends what the layers themselves have to send: first messages, answers to pings. Whether there was anything.
    /// It must leave before what is written later.
    pub fn control(&mut self, out: &mut Vec<u8>, random: &mut dyn SecureRandom) -> bool {
        match &mut self.tunnel {
            Tunnel::None => false,
            Tunnel::FakeTls(tls) => {
                let mut hello = tls.take_hello();
                let any = !hello.is_empty();
                out.append(&mut hello);
                any
            }
            Tunnel::WebSocket(socket) => socket.control(out, random),
        }
    }

    /// Whether frames may leave: fake TLS and WebSockets wait for the peer's first answer.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match &self.tunnel {
            Tunnel::None => true,
            Tunnel::FakeTls(tls) => tls.is_open(),
            Tunnel::WebSocket(socket) => socket.is_open(),
        }
    }

    /// Begins to write frames behind what `out` has; `None` while none may leave. Write them with
    /// [`encoder`](Self::encoder), then call [`finish`](Self::finish).
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

    /// Writes the frames of a [`Batch`].
    pub const fn encoder(&mut self) -> &mut FrameEncoder {
        &mut self.encoder
    }

    /// Puts the layers around the frames that were written since `batch` began, in place. Where there are none, `out`
    /// is left as it was before it.
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
        match &mut self.tunnel {
            Tunnel::None => {}
            Tunnel::FakeTls(tls) => tls.wrap(out, payload),
            Tunnel::WebSocket(socket) => socket.wrap(out, payload, random),
        }
    }

    /// Writes one frame with this payload behind what `out` has: `false` while none may leave.
    ///
    /// # Errors
    /// [`EncodeError`]; `out` is left as it was.
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

    /// Takes what arrived, in any chunking; read the frames in it with [`Incoming::next`] until `None`. What is left
    /// unread is lost, and with it the place in the stream.
    pub fn read<'l, 'b>(&'l mut self, input: &'b mut [u8]) -> Incoming<'l, 'b> {
        let mut incoming = Incoming { layers: self, outer: &mut [], clear: &mut [] };
        match incoming.layers.tunnel {
            Tunnel::None => {
                if let Err(foreign) = incoming.layers.first.look(input) {
                    incoming.layers.failed = Some(foreign.into());
                }
                incoming.clear = incoming.layers.deobfuscate(input);
            }
            _ => incoming.outer = input,
        }
        incoming
    }

    fn deobfuscate<'b>(&mut self, bytes: &'b mut [u8]) -> &'b mut [u8] {
        if let Some(obfuscated) = self.obfuscated.as_deref_mut() {
            obfuscated.ciphers.decrypt(bytes);
        }
        bytes
    }

    /// The next piece of the tunnel's payload, in the clear.
    fn next_piece<'b>(&mut self, outer: &mut &'b mut [u8]) -> Result<Option<&'b mut [u8]>, StackError> {
        let piece = match &mut self.tunnel {
            Tunnel::None => return Ok(None),
            Tunnel::FakeTls(tls) => tls.next(outer)?,
            Tunnel::WebSocket(socket) => socket.next(outer)?,
        };
        Ok(piece.map(|piece| self.deobfuscate(piece)))
    }
}

/// Bytes that arrived, on their way to frames. See [`TransportStack::read`].
pub struct Incoming<'l, 'b> {
    layers: &'l mut TransportStack,
    /// What the tunnel has not read yet.
    outer: &'b mut [u8],
    /// What came through all layers but the framing.
    clear: &'b mut [u8],
}

impl fmt::Debug for Incoming<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("layers", &self.layers)
            .field("outer", &format_args!("{} bytes", self.outer.len()))
            .field("clear", &format_args!("{} bytes", self.clear.len()))
            .finish()
    }
}

impl<'b> Incoming<'_, 'b> {
    /// The next frame; `None`: all bytes are used up.
    ///
    /// # Errors
    /// [`StackError`]: close the connection. Every later call, also after another [`TransportStack::read`], answers with the same
    /// error.
    #[expect(clippy::should_implement_trait, reason = "what it gives borrows from it")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, StackError> {
        match self.locate() {
            Ok(located) => Ok(located.map(|located| self.layers.decoder.show(located))),
            Err(error) => {
                self.layers.failed = Some(error);
                Err(error)
            }
        }
    }

    fn locate(&mut self) -> Result<Option<Located<'b>>, StackError> {
        if let Some(error) = self.layers.failed {
            return Err(error);
        }
        loop {
            if let Some(located) = self.layers.decoder.locate(&mut self.clear)? {
                return Ok(Some(located));
            }
            match self.layers.next_piece(&mut self.outer)? {
                Some(piece) => self.clear = piece,
                None => return Ok(None),
            }
        }
    }
}
