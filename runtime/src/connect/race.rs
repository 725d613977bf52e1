//! Several addresses of one peer, raced ("Happy Eyeballs", RFC 8305, 4 and 5).

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use sansgram_core::client::IoFailure;

use super::io_failure::io_failure;
use crate::policy::CONNECTION_ATTEMPT_DELAY;
use crate::{Runtime, Timer};

/// Connects to the first of `endpoints` that answers; the others' attempts are dropped, and with them their streams.
/// The next attempt begins 250 ms after the last, or as soon as one fails.
///
/// # Errors
/// If all failed, the failure that tells most: that a server refused, not that this host has no IPv6.
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
            let alone = running.len() == count && count > 0;
            if waiting.len() == 0 {
                return if running.is_empty() { Poll::Ready(Err(copy_of(&failure))) } else { Poll::Pending };
            }
            if alone && timer.as_mut().is_some_and(|timer| timer.poll_expired(cx).is_pending()) {
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

/// Polls all attempts, and drops those that failed.
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
                if tells(&error) >= tells(failure) {
                    *failure = error;
                }
                false
            }
        }
    });
    winner
}

/// How much a failure tells of the peer: nothing, if this host cannot even try.
fn tells(error: &io::Error) -> u8 {
    match io_failure(error) {
        IoFailure::Unreachable if error.kind() != io::ErrorKind::HostUnreachable => 0,
        IoFailure::Other => 1,
        _ => 2,
    }
}

fn copy_of(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// The addresses with the families in turn, beginning with that of the first (RFC 8305, 4): if one family leads
/// nowhere, the second attempt uses the other.
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
