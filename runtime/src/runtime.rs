//! The interface to an async runtime: streams, timers and tasks. `sansgram-smol` is the shortest implementation.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_io::{AsyncRead, AsyncWrite};

use crate::oneshot::oneshot;

/// The part of an async runtime that a client needs.
///
/// The client calls the methods from inside the runtime: from the task that [`spawn`](Self::spawn) started, or from a
/// future of the [`Client`](crate::Client). It calls only [`now`](Self::now) while it holds a lock.
pub trait Runtime: Send + Sync + 'static {
    /// A connected byte stream.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
    /// A timer that can be set again.
    type Timer: Timer;

    /// Opens a stream to `address`, with Nagle's algorithm disabled (`TCP_NODELAY`): it delays a request by up to 45
    /// ms.
    ///
    /// # Errors
    /// Returns the error of the operating system; its kind decides which failure the client reports.
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Closes `stream` at once, without the bytes that it has not sent yet. For TCP, that is `SO_LINGER` with a timeout
    /// of 0. A stream that is only dropped may send them minutes later, when the network is back; by then the client has
    /// sent their requests again, and the server executes them twice.
    fn reset(&self, stream: Self::Stream);

    /// Resolves a name to addresses, best first, each with `port`. The default asks the operating system on a thread
    /// for blocking work.
    ///
    /// # Errors
    /// Returns the error of the operating system if the name cannot be resolved.
    fn resolve(&self, name: String, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send {
        let (sender, receiver) = oneshot();
        self.spawn_blocking(move || {
            sender.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect));
        });
        async { receiver.await.unwrap_or_else(|| Err(io::ErrorKind::Interrupted.into())) }
    }

    /// Creates a timer that expires at `deadline`.
    fn timer(&self, deadline: Instant) -> Self::Timer;

    /// Spawns `task`, which runs to its end without being awaited.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Runs `work` on a thread for blocking work. It may compute for 0.1 seconds or wait for the disk.
    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static);

    /// Reads the monotonic clock of the timers. The default is [`Instant::now`].
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A timer that can be reset.
pub trait Timer: Send + Unpin + 'static {
    /// Sets the timer to `deadline`. It may have expired already.
    fn reset(&mut self, deadline: Instant);

    /// Returns `Ready` once the deadline has passed. Otherwise, wakes the task of `context` at the deadline.
    fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<()>;
}
