//! Requests over a loopback socket, through tokio and smol: the client's processor time for each, and megabytes of results
//! per second of it. The server is in threads of its own, whose time is not counted.
//!
//! Both runtimes have one thread: tokio's current-thread runtime and smol's global executor, on which the calls run, too.
//! "tokio, worker" is the multi-thread runtime with one worker; "smol, block_on" calls from another thread, as a `main`
//! with `smol::block_on` does. The runtimes take turns. Arguments are the number of rounds (default 10), and words that choose rows by their names: `socket 20 "tokio 100 B"`. With
//! `--rows` the fastest rounds are printed for `bench-report`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sansgram_benches::Row;
use sansgram_benches::socket_server::{SocketServer, query};
use sansgram_runtime::core::client::Route;
use sansgram_runtime::{Client, MemoryStore};
use tokio::runtime::{Builder, Runtime};

/// Result length in bytes, in flight, and requests in one round.
const LOADS: [(usize, usize, u64); 6] = [
    (100, 1, 3_000),
    (100, 100, 50_000),
    (100, 1000, 50_000),
    (16 << 10, 100, 4_000),
    (512 << 10, 8, 160),
    (1 << 20, 8, 80),
];

const RUNTIMES: [&str; 4] = ["tokio", "tokio, worker", "smol", "smol, block_on"];

fn main() {
    let (mut rounds, mut rows) = (10, false);
    let mut words = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.parse() {
            Ok(number) => rounds = number,
            Err(_) if argument == "--rows" => rows = true,
            Err(_) => words.push(argument),
        }
    }
    let server = SocketServer::start();
    let bench = Bench::new(&server);
    if !rows {
        println!(
            "| result, in flight | runtime | µs a request, best | median | MB/s per core, best | median |"
        );
        println!("|---|---|--:|--:|--:|--:|");
    }
    for (length, in_flight, requests) in LOADS {
        let mut times = RUNTIMES.map(|_| Vec::new());
        // The first round warms up.
        for round in 0..=rounds {
            for (runtime, times) in RUNTIMES.iter().zip(&mut times) {
                let name = format!("{runtime} {}, {in_flight}", size(length));
                if words.is_empty() || words.iter().any(|word| name.contains(word)) {
                    let time = bench.run(runtime, length, in_flight, requests);
                    times.extend((round > 0).then_some(time.div_f64(requests as f64)));
                }
            }
        }
        for (runtime, mut times) in RUNTIMES.iter().zip(times) {
            times.sort_unstable();
            let (Some(&best), Some(&median)) = (times.first(), times.get(times.len() / 2)) else { continue };
            if rows {
                let parameter = format!("{}, {in_flight} in flight, {runtime}", size(length));
                println!("{}", Row::nanoseconds("socket", "sansgram", parameter, best.as_secs_f64() * 1e9));
                continue;
            }
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            let rate = |time: Duration| length as f64 / micros(time);
            println!(
                "| {}, {in_flight} | {runtime} | {:.2} | {:.2} | {:.0} | {:.0} |",
                size(length),
                micros(best),
                micros(median),
                rate(best),
                rate(median),
            );
        }
    }
}

/// The runtimes, with a client on each.
struct Bench<'a> {
    server: &'a SocketServer,
    current_thread: Runtime,
    worker: Runtime,
    on_current_thread: Client,
    on_worker: Client,
    on_smol: Client,
}

impl<'a> Bench<'a> {
    fn new(server: &'a SocketServer) -> Self {
        let current_thread = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let worker = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let store = || MemoryStore::with_session(server.session());
        let on_tokio = |tokio: &Runtime| {
            tokio.block_on(sansgram_tokio::start(server.config(), store())).expect("a client")
        };
        let (on_current_thread, on_worker) = (on_tokio(&current_thread), on_tokio(&worker));
        let on_smol = smol::block_on(sansgram_smol::start(server.config(), store())).expect("a client");
        Self { server, current_thread, worker, on_current_thread, on_worker, on_smol }
    }

    /// Makes the requests. Returns the processor time that they took.
    fn run(&self, runtime: &str, length: usize, in_flight: usize, requests: u64) -> Duration {
        let before = self.worked();
        let calls = |client| calls(client, length, in_flight, requests);
        match runtime {
            "tokio" => on_tokio(&self.current_thread, calls(&self.on_current_thread)),
            "tokio, worker" => on_tokio(&self.worker, calls(&self.on_worker)),
            "smol" => {
                let calls: Vec<_> = calls(&self.on_smol).into_iter().map(smol::spawn).collect();
                // This thread leaves the reactor to the executor's.
                smol::future::block_on(async {
                    for call in calls {
                        call.await;
                    }
                });
            }
            _ => {
                let executor = smol::LocalExecutor::new();
                let calls: Vec<_> =
                    calls(&self.on_smol).into_iter().map(|call| executor.spawn(call)).collect();
                smol::block_on(executor.run(async {
                    for call in calls {
                        call.await;
                    }
                }));
            }
        }
        // The server publishes its time before it waits again.
        std::thread::sleep(Duration::from_millis(5));
        self.worked() - before
    }

    /// The processor time of this process without the server's threads.
    fn worked(&self) -> Duration {
        process_time().saturating_sub(self.server.worked())
    }
}

fn on_tokio(tokio: &Runtime, calls: Vec<impl Future<Output = ()> + Send + 'static>) {
    let calls: Vec<_> = calls.into_iter().map(|call| tokio.spawn(call)).collect();
    tokio.block_on(async {
        for call in calls {
            call.await.expect("no panic");
        }
    });
}

/// Futures that make `requests` requests together, each one after the other.
fn calls(
    client: &Client,
    length: usize,
    in_flight: usize,
    requests: u64,
) -> Vec<impl Future<Output = ()> + Send + 'static> {
    let left = Arc::new(AtomicU64::new(requests));
    let query = query(length);
    let call = |_| {
        let (client, left, query) = (client.clone(), left.clone(), query.clone());
        async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                let result = client.invoke_raw(query.clone(), Route::Home).await.expect("a result");
                assert_eq!(result.len(), length);
            }
        }
    };
    (0..in_flight).map(call).collect()
}

#[cfg(unix)]
fn process_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The time since the first call.
#[cfg(not(unix))]
fn process_time() -> Duration {
    sansgram_benches::CpuTime::now()
}

fn size(length: usize) -> String {
    if length < 1024 { format!("{length} B") } else { format!("{} KiB", length >> 10) }
}
