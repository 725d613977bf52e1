use std::collections::BTreeMap;
use std::future::pending;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Mutex;
use std::task::Waker;
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};

use super::*;

/// A runtime that answers with a stream, an error or nothing, by address. The test advances its clock.
struct Host {
    clock: Mutex<Instant>,
    begun: Instant,
    peers: BTreeMap<SocketAddr, Result<(), ErrorKind>>,
    /// The attempts: milliseconds since the start, and the address.
    tried: Mutex<Vec<(u128, SocketAddr)>>,
}

/// A stream to this address that carries no bytes.
struct Peer(SocketAddr);

impl AsyncRead for Peer {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

impl AsyncWrite for Peer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

/// A timer, and the clock that it reads.
struct At(Instant, &'static Mutex<Option<Instant>>);

/// Returns the clock of this thread's test.
fn shared_clock() -> &'static Mutex<Option<Instant>> {
    thread_local!(static CLOCK: &'static Mutex<Option<Instant>> = Box::leak(Box::new(Mutex::new(None))));
    CLOCK.with(|clock| *clock)
}

impl Timer for At {
    fn reset(&mut self, deadline: Instant) {
        self.0 = deadline;
    }

    fn poll_expired(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.1.lock().unwrap().is_some_and(|now| now >= self.0) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Runtime for Host {
    type Stream = Peer;
    type Timer = At;

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        let after = *self.clock.lock().unwrap() - self.begun;
        self.tried.lock().unwrap().push((after.as_millis(), address));
        match self.peers.get(&address) {
            Some(Ok(())) => Ok(Peer(address)),
            Some(Err(kind)) => Err((*kind).into()),
            None => pending().await,
        }
    }

    fn reset(&self, _: Peer) {}

    fn timer(&self, deadline: Instant) -> At {
        At(deadline, shared_clock())
    }

    fn spawn(&self, _: impl Future<Output = ()> + Send + 'static) {}

    fn spawn_blocking(&self, _: impl FnOnce() + Send + 'static) {}

    fn now(&self) -> Instant {
        *self.clock.lock().unwrap()
    }
}

fn v4(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 443))
}

fn v6(last: u16) -> SocketAddr {
    SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, last], 443))
}

/// The winner or the failure, and what was tried when.
type Raced = (Option<Result<String, ErrorKind>>, Vec<(u128, SocketAddr)>);

/// Races `endpoints` for at most five seconds.
fn run(peers: &[(SocketAddr, Result<(), ErrorKind>)], endpoints: &[SocketAddr]) -> Raced {
    let begun = Instant::now();
    let host = Host {
        clock: Mutex::new(begun),
        begun,
        peers: peers.iter().copied().collect(),
        tried: Mutex::default(),
    };
    *shared_clock().lock().unwrap() = Some(begun);
    let outcome = {
        let mut racing = pin!(race(&host, endpoints));
        let mut cx = Context::from_waker(Waker::noop());
        (0..500).find_map(|_| {
            if let Poll::Ready(result) = racing.as_mut().poll(&mut cx) {
                let winner = result.map(|peer| peer.0.to_string());
                return Some(winner.map_err(|error| error.kind()));
            }
            let mut clock = host.clock.lock().unwrap();
            *clock += Duration::from_millis(10);
            *shared_clock().lock().unwrap() = Some(*clock);
            None
        })
    };
    (outcome, host.tried.into_inner().unwrap())
}

#[test]
fn families_take_turns() {
    assert_eq!(interleaved(&[v4(1), v4(2), v6(1)]), [v4(1), v6(1), v4(2)]);
    assert_eq!(interleaved(&[v6(1), v4(1), v4(2), v4(3)]), [v6(1), v4(1), v4(2), v4(3)]);
    assert_eq!(interleaved(&[v4(2), v4(1)]), [v4(2), v4(1)]);
    assert_eq!(interleaved(&[]), []);
}

#[test]
fn a_family_that_the_host_lacks_costs_no_time() {
    let endpoints = [v4(1), v4(2), v6(1), v6(2)];
    for (has, has_not) in [([v4(1), v4(2)], [v6(1), v6(2)]), ([v6(1), v6(2)], [v4(1), v4(2)])] {
        for kind in [ErrorKind::NetworkUnreachable, ErrorKind::AddrNotAvailable, ErrorKind::Other] {
            let peers =
                [(has[0], Ok(())), (has[1], Ok(())), (has_not[0], Err(kind)), (has_not[1], Err(kind))];
            let (outcome, tried) = run(&peers, &endpoints);
            assert_eq!(outcome, Some(Ok(has[0].to_string())));
            assert!(tried.iter().all(|(after, _)| *after == 0) && tried.len() <= 2, "{tried:?}");
        }
    }
}

#[test]
fn an_unreachable_family_costs_one_attempt_delay() {
    for (silent, answers) in [(v4(1), v6(1)), (v6(1), v4(1))] {
        let (outcome, tried) = run(&[(answers, Ok(()))], &[silent, answers]);
        assert_eq!(outcome, Some(Ok(answers.to_string())));
        assert_eq!(tried, [(0, silent), (250, answers)]);
    }
}

#[test]
fn the_most_informative_error_is_returned() {
    use ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, Other};
    for (first, second, told) in [
        (ConnectionRefused, NetworkUnreachable, ConnectionRefused),
        (NetworkUnreachable, ConnectionRefused, ConnectionRefused),
        (Other, NetworkUnreachable, Other),
        (HostUnreachable, NetworkUnreachable, HostUnreachable),
        (NetworkUnreachable, NetworkUnreachable, NetworkUnreachable),
    ] {
        let (outcome, _) = run(&[(v4(1), Err(first)), (v6(1), Err(second))], &[v4(1), v6(1)]);
        assert_eq!(outcome, Some(Err(told)));
    }
}
