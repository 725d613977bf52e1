//! What a runtime must offer: streams, a timer, tasks. About 100 lines implement it; see `sansgram-tokio`.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_io::{AsyncRead, AsyncWrite};

use crate::oneshot::oneshot;

/// An async runtime, as far as a client needs one.
///
/// All methods are called from inside the runtime: from the task that [`spawn`](Self::spawn) started, or from a
/// future of the [`Client`](crate::Client). None of them is called while a lock of this crate is held.
pub trait Runtime: Send + Sync + 'static {
    /// A connected byte stream.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
    /// A timer that can be set again.
    type Timer: Timer;

    /// Opens a stream to `address`, without Nagle's delay (`TCP_NODELAY`: with it a request costs up to 45 ms).
    ///
    /// # Errors
    /// Those of the operating system; their kind decides what the machine is told.
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// The addresses of a name, best first, each with `port`. As it is, it asks the operating system on a thread for
    /// blocking work.
    ///
    /// # Errors
    /// Those of the operating system.
    fn resolve(&self, name: String, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send {
        let (sender, receiver) = oneshot();
        self.spawn_blocking(move || {
            sender.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect));
        });
        async { receiver.await.unwrap_or_else(|| Err(io::ErrorKind::Interrupted.into())) }
    }

    /// A timer that expires at `deadline`.
    fn timer(&self, deadline: Instant) -> Self::Timer;

    /// Runs `task` to its end, beside everything else.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Runs `work` on a thread that may block for a tenth of a second, or for the disk.
    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static);

    /// The monotonic clock that the timers run on.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A timer that can be set again without being made anew.
pub trait Timer: Send + Unpin + 'static {
    /// Sets the timer to `deadline`, whether or not it has expired.
    fn reset(&mut self, deadline: Instant);

    /// Ready once the deadline has passed; otherwise the task of `context` is woken then.
    fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<()>;
}
