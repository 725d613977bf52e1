//! One connection of the driver: opened, written and read without blocking.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use sansgram_core::client::{ConnId, DcId, IoFailure};

use crate::connect::{self, ProxyWaits, io_failure};
use crate::{Proxy, Runtime};

/// What a link has for the machine.
pub(crate) enum Ready {
    Opened,
    /// So many bytes of the read buffer.
    Received(usize),
    Sent(Vec<u8>),
    /// The link is of no use any more.
    Lost(IoFailure),
}

pub(crate) struct Link<S> {
    pub(crate) conn: ConnId,
    state: State<S>,
}

type Opening<S> = Pin<Box<dyn Future<Output = Result<S, IoFailure>> + Send>>;

enum State<S> {
    Opening(Opening<S>),
    Open {
        stream: S,
        outgoing: Option<Outgoing>,
        /// Whether reading comes first the next time: neither direction may starve the other.
        read_first: bool,
    },
}

struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Link<S> {
    pub(crate) fn open<R: Runtime<Stream = S>>(
        runtime: Arc<R>,
        proxy: Option<Arc<Proxy>>,
        waits: ProxyWaits,
        (conn, dc): (ConnId, DcId),
        endpoints: Vec<SocketAddr>,
    ) -> Self {
        Self { conn, state: State::Opening(Box::pin(connect::open(runtime, proxy, waits, dc, endpoints))) }
    }

    /// Takes the bytes of the machine's transmit; they are written as far as the stream takes them, then come back
    /// as [`Ready::Sent`].
    pub(crate) fn transmit(&mut self, bytes: Vec<u8>) {
        if let State::Open { outgoing, .. } = &mut self.state {
            *outgoing = Some(Outgoing { bytes, written: 0 });
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Ready> {
        match &mut self.state {
            State::Opening(opening) => opening.as_mut().poll(cx).map(|opened| match opened {
                Ok(stream) => {
                    self.state = State::Open { stream, outgoing: None, read_first: false };
                    Ready::Opened
                }
                Err(cause) => Ready::Lost(cause),
            }),
            State::Open { stream, outgoing, read_first } => {
                *read_first = !*read_first;
                // Both are polled unless the first is ready, so that both wake us.
                if *read_first {
                    match poll_read(stream, cx, buffer) {
                        Poll::Pending => poll_write(stream, outgoing, cx),
                        ready => ready,
                    }
                } else {
                    match poll_write(stream, outgoing, cx) {
                        Poll::Pending => poll_read(stream, cx, buffer),
                        ready => ready,
                    }
                }
            }
        }
    }

    /// Writes what is left and says goodbye to the peer, as far as neither needs waiting (TCP's FIN does not), and
    /// closes.
    pub(crate) fn close(self, cx: &mut Context<'_>) {
        if let State::Open { mut stream, mut outgoing, .. } = self.state {
            // Whether it went well no longer matters.
            let _ = poll_write(&mut stream, &mut outgoing, cx);
            let _ = Pin::new(&mut stream).poll_close(cx);
        }
    }
}

fn poll_read<S: AsyncRead + Unpin>(stream: &mut S, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Ready> {
    Pin::new(stream).poll_read(cx, buffer).map(|read| match read {
        Ok(0) => Ready::Lost(IoFailure::Closed),
        Ok(len) => Ready::Received(len),
        Err(error) => Ready::Lost(io_failure(&error)),
    })
}

fn poll_write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    outgoing: &mut Option<Outgoing>,
    cx: &mut Context<'_>,
) -> Poll<Ready> {
    let Some(Outgoing { bytes, written }) = outgoing else { return Poll::Pending };
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match Pin::new(&mut *stream).poll_write(cx, rest) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Ready::Lost(IoFailure::Other)),
            Poll::Ready(Ok(len)) => *written += len,
            Poll::Ready(Err(error)) => return Poll::Ready(Ready::Lost(io_failure(&error))),
            Poll::Pending => return Poll::Pending,
        }
    }
    // A plain TCP stream has nothing to flush; an encrypted or buffered one has.
    match Pin::new(stream).poll_flush(cx) {
        Poll::Ready(Ok(())) => {
            Poll::Ready(Ready::Sent(outgoing.take().map(|it| it.bytes).unwrap_or_default()))
        }
        Poll::Ready(Err(error)) => Poll::Ready(Ready::Lost(io_failure(&error))),
        Poll::Pending => Poll::Pending,
    }
}
