//! Writing all of a buffer, without blocking.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

/// Writes the bytes after the first `written`, which it advances, then flushes the stream: a plain TCP stream has
/// nothing to flush, an encrypted or buffered one has.
pub(crate) fn poll_write_all<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    written: &mut usize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match ready!(Pin::new(&mut *stream).poll_write(cx, rest))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            len => *written += len,
        }
    }
    Pin::new(stream).poll_flush(cx)
}
