//! The loads of a client over a socket, and how they are measured: the same for every library.

use std::env;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::Row;
use crate::socket_server::SocketServer;

/// Requests that a client makes, each of them with a query of [`QUERY_LEN`](crate::socket_server::QUERY_LEN) bytes.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The length of each result in bytes.
    pub result_len: usize,
    /// The number of requests at a time.
    pub in_flight: usize,
    /// The number of requests in one round.
    pub requests: u64,
}

const LOADS: [Load; 7] = [
    Load { result_len: 100, in_flight: 1, requests: 3_000 },
    Load { result_len: 100, in_flight: 10, requests: 20_000 },
    Load { result_len: 100, in_flight: 100, requests: 50_000 },
    Load { result_len: 100, in_flight: 1000, requests: 50_000 },
    Load { result_len: 16 << 10, in_flight: 100, requests: 4_000 },
    Load { result_len: 512 << 10, in_flight: 8, requests: 160 },
    Load { result_len: 1 << 20, in_flight: 8, requests: 80 },
];

/// What no client over a socket can be faster than: writing packets and reading the answers, one after the other.
pub const BARE: &str = "bare tokio";

impl Load {
    /// Whether this library has the load: several small requests in flight share the packets of the bare socket.
    fn has(&self, library: &str) -> bool {
        library != BARE || self.in_flight == 1 || self.result_len > 100
    }

    /// The row of `bench-report`: `socket` by the number in flight, `download` by the length of a result.
    fn row(&self, library: &str, time: Duration) -> Row {
        let nanoseconds = time.as_secs_f64() * 1e9;
        if self.result_len == 100 {
            Row::nanoseconds("socket", library, self.in_flight, nanoseconds)
        } else {
            Row::nanoseconds("download", library, self.result_len, nanoseconds)
        }
    }

    /// Futures that make the requests together, each of them one after the other.
    pub fn calls<C, F, W>(&self, client: &C, call: F) -> Vec<impl Future<Output = ()> + Send + use<C, F, W>>
    where
        C: Clone + Send,
        F: Fn(C) -> W + Clone + Send,
        W: Future<Output = usize> + Send,
    {
        let (left, length) = (Arc::new(AtomicU64::new(self.requests)), self.result_len);
        let one = |_| {
            let (client, call, left) = (client.clone(), call.clone(), left.clone());
            async move {
                let next = || {
                    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_ok()
                };
                while next() {
                    assert_eq!(call(client.clone()).await, length);
                }
            }
        };
        (0..self.in_flight).map(one).collect()
    }
}

/// Measures all loads whose results have up to `max_result_len` bytes, with each of the `libraries` in turn: `run` makes the
/// requests of one round. Prints a table, or the rows of `bench-report`.
///
/// The arguments of the program are the number of rounds (10 without it), `--rows`, and parts of the rows' names, such as
/// `smol` or `tokio/100`, whose number is a whole one; all rows if there is none.
pub fn measure(
    server: &SocketServer,
    libraries: &[&str],
    max_result_len: usize,
    mut run: impl FnMut(&str, &Load),
) {
    let (mut rounds, mut prints_rows) = (10, false);
    let mut chosen = Vec::new();
    for argument in env::args().skip(1) {
        match argument.parse() {
            Ok(number) => rounds = number,
            Err(_) if argument == "--rows" => prints_rows = true,
            Err(_) => chosen.push(argument),
        }
    }
    if !prints_rows {
        println!("| requests | µs a request, best | median | MB/s per core, best | median |");
        println!("|---|--:|--:|--:|--:|");
    }
    for load in LOADS.iter().filter(|load| load.result_len <= max_result_len) {
        let mut times = vec![Vec::new(); libraries.len()];
        // The first round warms up.
        for round in 0..=rounds {
            for (library, times) in libraries.iter().zip(&mut times) {
                let name = load.row(library, Duration::ZERO).name.to_string();
                if load.has(library) && (chosen.is_empty() || chosen.iter().any(|part| is_part(part, &name)))
                {
                    let before = worked(server);
                    run(library, load);
                    let time = worked(server).saturating_sub(before);
                    times.extend((round > 0).then_some(time.div_f64(load.requests as f64)));
                }
            }
        }
        for (library, mut times) in libraries.iter().zip(times) {
            times.sort_unstable();
            let (Some(&best), Some(&median)) = (times.first(), times.get(times.len() / 2)) else { continue };
            let row = load.row(library, best);
            if prints_rows {
                println!("{row}");
                continue;
            }
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            let rate = |time: Duration| load.result_len as f64 / micros(time);
            println!(
                "| {} | {:.2} | {:.2} | {:.0} | {:.0} |",
                row.name,
                micros(best),
                micros(median),
                rate(best),
                rate(median),
            );
        }
    }
}

/// Returns whether a row's name has this part. A number at its end is that at the end of the name.
fn is_part(part: &str, name: &str) -> bool {
    if part.ends_with(|last: char| last.is_ascii_digit()) {
        name.ends_with(part)
    } else {
        name.contains(part)
    }
}

/// The processor time of this process without the server's threads.
fn worked(server: &SocketServer) -> Duration {
    // The server publishes its time before it waits again.
    thread::sleep(Duration::from_millis(5));
    process_time().saturating_sub(server.worked())
}

#[cfg(unix)]
fn process_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The time since the first call.
#[cfg(not(unix))]
fn process_time() -> Duration {
    crate::CpuTime::now()
}
