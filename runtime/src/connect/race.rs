//! A race between several addresses of one peer ("Happy Eyeballs", RFC 8305, 4 and 5).

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use sansgram_core::client::IoFailure;

use super::io_failure::io_failure;
use crate::policy::CONNECTION_ATTEMPT_DELAY;
use crate::{Runtime, Timer};

/// Connects to the first of `endpoints` that answers, and drops the other attempts. The next attempt starts 250 ms
/// after the previous one, or as soon as one fails.
///
/// # Errors
/// Returns the most informative error if all attempts fail: that a server refused, not that this host has no IPv6.
pub(super) async fn race<R: Runtime>(runtime: &R, endpoints: &[SocketAddr]) -> io::Result<R::Stream> {
    let mut waiting = interleaved(endpoints).into_iter();
    let mut running: Vec<Attempt<'_, R::Stream>> = Vec::new();
    let mut timer: Option<R::Timer> = None;
    let mut failure = io::Error::from(io::ErrorKind::NetworkUnreachable);
    poll_fn(|cx| {
        loop {
            let count = running.len();
            if let Some(stream) = poll_all(&mut running, &mut failure, cx) {
                return Poll::Ready(Ok(stream));
            }
            let none_failed = running.len() == count && count > 0;
            if waiting.len() == 0 {
                return if running.is_empty() { Poll::Ready(Err(copy_of(&failure))) } else { Poll::Pending };
            }
            if none_failed && timer.as_mut().is_some_and(|timer| timer.poll_expired(cx).is_pending()) {
                return Poll::Pending;
            }
            if let Some(endpoint) = waiting.next() {
                running.push(Attempt { endpoint, connecting: Box::pin(runtime.connect(endpoint)) });
            }
            timer = (waiting.len() > 0).then(|| runtime.timer(runtime.now() + CONNECTION_ATTEMPT_DELAY));
        }
    })
    .await
}

struct Attempt<'r, S> {
    endpoint: SocketAddr,
    connecting: Pin<Box<dyn Future<Output = io::Result<S>> + Send + 'r>>,
}

/// Polls all attempts, and drops those that fail. Returns the first stream.
fn poll_all<S>(
    running: &mut Vec<Attempt<'_, S>>,
    failure: &mut io::Error,
    cx: &mut Context<'_>,
) -> Option<S> {
    let mut winner = None;
    running.retain_mut(|attempt| {
        if winner.is_some() {
            return true;
        }
        match attempt.connecting.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(Ok(stream)) => {
                winner = Some(stream);
                false
            }
            Poll::Ready(Err(error)) => {
                tracing::debug!(endpoint = %attempt.endpoint, %error, "cannot connect");
                if informativeness(&error) >= informativeness(failure) {
                    *failure = error;
                }
                false
            }
        }
    });
    winner
}

/// Ranks an error by how much it says about the peer; 0 if this host could not even try.
fn informativeness(error: &io::Error) -> u8 {
    match io_failure(error) {
        IoFailure::Unreachable if error.kind() != io::ErrorKind::HostUnreachable => 0,
        IoFailure::Other => 1,
        _ => 2,
    }
}

fn copy_of(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// Returns the addresses with alternating families, starting with the family of the first one (RFC 8305, 4): if one
/// family does not work, the second attempt uses the other.
fn interleaved(endpoints: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = endpoints.first() else { return Vec::new() };
    let (preferred, others): (Vec<_>, Vec<_>) =
        endpoints.iter().copied().partition(|endpoint| endpoint.is_ipv6() == first.is_ipv6());
    let mut others = others.into_iter();
    let mut out = Vec::with_capacity(endpoints.len());
    for endpoint in preferred {
        out.push(endpoint);
        out.extend(others.next());
    }
    out.extend(others);
    out
}

#[cfg(test)]
mod tests;
