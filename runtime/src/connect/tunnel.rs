//! The dialogue with a proxy over a stream.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use futures_io::{AsyncRead, AsyncWrite};
use sansgram_core::client::ProxyFault;

use crate::policy::PROXY_READ_LEN;
use crate::proxy::{Dialogue, Step};
use crate::write_all::poll_write_all;

/// Runs `dialogue` to its end and returns the stream, which then carries only bytes of the target.
pub(super) async fn tunnel<S>(mut stream: S, mut dialogue: Dialogue) -> Result<S, ProxyFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match dialogue.step() {
            Step::Done => return Ok(stream),
            Step::Write(bytes) => write_all(&mut stream, &bytes).await?,
            Step::Read(at_most) => {
                let mut buffer = [0; PROXY_READ_LEN];
                let room = buffer.get_mut(..at_most.min(PROXY_READ_LEN)).unwrap_or_default();
                let read = poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, room)).await;
                let len = read.map_err(|error| fault(&error))?;
                if len == 0 {
                    return Err(ProxyFault::Closed);
                }
                let mut input = room.get(..len).unwrap_or_default();
                dialogue.receive(&mut input).map_err(|error| {
                    tracing::debug!(%error, "the dialogue with the proxy failed");
                    error.fault()
                })?;
            }
        }
    }
}

async fn write_all<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), ProxyFault> {
    let mut written = 0;
    let done = poll_fn(|cx| poll_write_all(stream, bytes, &mut written, cx));
    done.await.map_err(|error| fault(&error))
}

fn fault(error: &io::Error) -> ProxyFault {
    tracing::debug!(%error, "the connection to the proxy is lost");
    ProxyFault::Closed
}
