//! One connection of the driver: opened, written and read without blocking.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use sansgram_core::client::{ConnId, DcId, IoFailure};

use crate::connect::{self, ProxyWaits, io_failure};
use crate::write_all::poll_write_all;
use crate::{Lease, Proxy, Runtime};

/// An event of a socket, for the machine.
pub(crate) enum SocketEvent {
    Opened,
    /// This many bytes are at the beginning of the read buffer.
    Received(usize),
    Transmitted(Vec<u8>),
    /// The connection failed or ended.
    Lost(IoFailure),
}

pub(crate) struct Socket<S> {
    pub(crate) conn: ConnId,
    state: State<S>,
}

type Opening<S> = Pin<Box<dyn Future<Output = Result<S, IoFailure>> + Send>>;

enum State<S> {
    Opening(Opening<S>),
    Open {
        stream: S,
        outgoing: Option<Outgoing>,
        /// True if the last poll read first. The order alternates, so that neither direction starves the other.
        read_first: bool,
    },
}

struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Socket<S> {
    pub(crate) fn open<R: Runtime<Stream = S>>(
        runtime: Arc<R>,
        proxy: Option<Arc<Proxy>>,
        waits: ProxyWaits,
        (conn, dc): (ConnId, DcId),
        endpoints: Vec<SocketAddr>,
    ) -> Self {
        Self { conn, state: State::Opening(Box::pin(connect::open(runtime, proxy, waits, dc, endpoints))) }
    }

    /// Sets the bytes to write. [`SocketEvent::Transmitted`] returns the buffer once all of them are written.
    pub(crate) fn transmit(&mut self, bytes: Vec<u8>) {
        if let State::Open { outgoing, .. } = &mut self.state {
            *outgoing = Some(Outgoing { bytes, written: 0 });
        }
    }

    /// Looks at the lease, if there is one, before each write.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        lease: Option<&Lease>,
    ) -> Poll<SocketEvent> {
        match &mut self.state {
            State::Opening(opening) => opening.as_mut().poll(cx).map(|opened| match opened {
                Ok(stream) => {
                    self.state = State::Open { stream, outgoing: None, read_first: false };
                    SocketEvent::Opened
                }
                Err(cause) => SocketEvent::Lost(cause),
            }),
            State::Open { stream, outgoing, read_first } => {
                *read_first = !*read_first;
                // Unless the first is ready, both are polled, so that both wake the driver.
                if *read_first {
                    match poll_read(stream, cx, buffer) {
                        Poll::Pending => poll_write(Leased { stream, lease }, outgoing, cx),
                        ready => ready,
                    }
                } else {
                    match poll_write(Leased { stream, lease }, outgoing, cx) {
                        Poll::Pending => poll_read(stream, cx, buffer),
                        ready => ready,
                    }
                }
            }
        }
    }

    /// Closes the stream without the bytes that are not sent yet.
    pub(crate) fn reset<R: Runtime<Stream = S>>(self, runtime: &R) {
        if let State::Open { stream, .. } = self.state {
            runtime.reset(stream);
        }
    }

    /// Writes the remaining bytes and closes the stream, as far as possible without waiting (TCP's FIN needs no
    /// waiting). With a lease, the stream is reset: the operating system would go on to send what it still has, while
    /// the next owner uses the session.
    pub(crate) fn close<R: Runtime<Stream = S>>(
        self,
        cx: &mut Context<'_>,
        runtime: &R,
        lease: Option<&Lease>,
    ) {
        if let State::Open { mut stream, mut outgoing, .. } = self.state {
            // The result no longer matters.
            let _ = poll_write(Leased { stream: &mut stream, lease }, &mut outgoing, cx);
            if lease.is_some() {
                runtime.reset(stream);
            } else {
                let _ = Pin::new(&mut stream).poll_close(cx);
            }
        }
    }
}

fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<SocketEvent> {
    Pin::new(stream).poll_read(cx, buffer).map(|read| match read {
        Ok(0) => SocketEvent::Lost(IoFailure::Closed),
        Ok(len) => SocketEvent::Received(len),
        Err(error) => SocketEvent::Lost(io_failure(&error)),
    })
}

fn poll_write<S: AsyncWrite + Unpin>(
    mut stream: Leased<'_, S>,
    outgoing: &mut Option<Outgoing>,
    cx: &mut Context<'_>,
) -> Poll<SocketEvent> {
    let Some(Outgoing { bytes, written }) = outgoing else { return Poll::Pending };
    poll_write_all(&mut stream, bytes, written, cx).map(|result| match result {
        Ok(()) => SocketEvent::Transmitted(outgoing.take().map(|it| it.bytes).unwrap_or_default()),
        Err(error) => SocketEvent::Lost(io_failure(&error)),
    })
}

/// A stream that takes no bytes once the lease of the session is over. Nothing but the system call comes between the
/// look at the lease and the write: a process that is stopped (SIGSTOP) is stopped anywhere.
struct Leased<'a, S> {
    stream: &'a mut S,
    lease: Option<&'a Lease>,
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Leased<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.lease.is_some_and(|lease| lease.remaining().is_zero()) {
            // The connection is then reset, and the driver ends.
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut *self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_close(cx)
    }
}
