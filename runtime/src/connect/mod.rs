//! Opening a stream to a DC: the addresses are raced, or a proxy is asked for one address after the other.

mod io_failure;
mod proxy_waits;
mod race;
mod tunnel;

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sansgram_core::client::{DcId, IoFailure, ProxyFault};

use crate::policy::{PROXY_ADDRESS_TIMEOUT, PROXY_LOOKUP_TIMEOUT, PROXY_TIMEOUT, PROXY_TOTAL_TIMEOUT};
use crate::proxy::{Host, Proxy, Target};
use crate::{Runtime, Timer};
pub(crate) use io_failure::io_failure;
pub(crate) use proxy_waits::ProxyWaits;
use race::race;
use tunnel::tunnel;

/// Opens a stream to one of `endpoints`, which are addresses of `dc`. While a proxy has accepted the connection and not
/// answered yet, `waits` contains an entry for it.
pub(crate) async fn open<R: Runtime>(
    runtime: Arc<R>,
    proxy: Option<Arc<Proxy>>,
    waits: ProxyWaits,
    dc: DcId,
    endpoints: Vec<SocketAddr>,
) -> Result<R::Stream, IoFailure> {
    match proxy {
        None => race(&*runtime, &endpoints).await.map_err(|error| io_failure(&error)),
        Some(proxy) => {
            connect_via_proxy(&*runtime, &proxy, &waits, dc, &endpoints).await.map_err(IoFailure::Proxy)
        }
    }
}

/// Asks the proxy for one address after the other, since some proxies refuse many connections at once.
async fn connect_via_proxy<R: Runtime>(
    runtime: &R,
    proxy: &Proxy,
    waits: &ProxyWaits,
    dc: DcId,
    endpoints: &[SocketAddr],
) -> Result<R::Stream, ProxyFault> {
    let end = runtime.now() + PROXY_TOTAL_TIMEOUT;
    let addresses = match proxy.host() {
        Host::Ip(ip) => vec![SocketAddr::new(*ip, proxy.port())],
        Host::Name(name) => {
            let lookup = within(runtime, PROXY_LOOKUP_TIMEOUT, runtime.resolve(name.clone(), proxy.port()));
            match lookup.await {
                Some(found) => found.unwrap_or_else(|error| {
                    tracing::debug!(%proxy, %error, "cannot resolve");
                    Vec::new()
                }),
                None => return Err(ProxyFault::LookupTimedOut),
            }
        }
    };
    if addresses.is_empty() {
        return Err(ProxyFault::UnknownHost);
    }
    let mut fault = ProxyFault::Silent;
    let last = endpoints.len().saturating_sub(1);
    for (index, endpoint) in endpoints.iter().enumerate() {
        let left = end.saturating_duration_since(runtime.now());
        let limit = left.min(if index < last { PROXY_ADDRESS_TIMEOUT } else { PROXY_TIMEOUT });
        if limit.is_zero() {
            break;
        }
        let attempt = async {
            let stream = race(runtime, &addresses).await.map_err(|error| {
                tracing::debug!(%proxy, %error, "cannot connect to the proxy");
                match error.kind() {
                    io::ErrorKind::ConnectionRefused => ProxyFault::Refused,
                    _ => ProxyFault::Unreachable,
                }
            })?;
            let _wait = waits.begin(dc);
            tunnel(stream, proxy.dialogue(&Target::from(*endpoint))).await
        };
        fault = match within(runtime, limit, attempt).await.unwrap_or(Err(ProxyFault::Silent)) {
            Ok(stream) => return Ok(stream),
            // The proxy may reach another address.
            Err(
                fault @ (ProxyFault::Socks5(_)
                | ProxyFault::Http(_)
                | ProxyFault::Silent
                | ProxyFault::Closed),
            ) => fault,
            Err(fault) => return Err(fault),
        };
        tracing::debug!(%proxy, %endpoint, %fault, "cannot connect");
    }
    Err(fault)
}

/// Returns the output of `future`, or `None` if it takes longer than `limit`.
async fn within<R: Runtime, T>(runtime: &R, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = runtime.timer(runtime.now() + limit);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => timer.poll_expired(cx).map(|()| None),
    })
    .await
}
