//! Requests per second through the client machine and the test DC, both in one thread, without a network between them:
//! `help.getNearestDc`, one round after the other, at several numbers of requests in flight. Processor time, not wall
//! time.
//!
//! The test DC is slow, so the client's share is shown separately. Each figure is that of the fastest of many runs,
//! since other work on the machine only adds time. Arguments choose other numbers in flight; with `--rows` the client's
//! share is printed for `bench-report`.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use sansgram_benches::crowd::{clocks, config, log_in};
use sansgram_benches::{CpuTime, Row};
use sansgram_core::client::{Client, ConnId, Event, Input, Output, RequestHandle, Route};
use sansgram_core::crypto::OsRandom;
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::functions;
use sansgram_testkit::server::{ServerInput, ServerOutput, TestDcs};

/// The minimum of requests per run: few, so that some runs are not interrupted.
const REQUESTS: usize = 1000;
/// How long runs are repeated.
const LONG_ENOUGH: Duration = Duration::from_secs(3);

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged. The thread's counter is a plain cell without a
// destructor: using it allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let chosen: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let all = [1, 10, 100, 1000, 10_000];
    let rows = std::env::args().any(|argument| argument == "--rows");
    println!(
        "| in flight | client and DC, requests/s | ns a request | client alone, requests/s | ns a request | allocations a \
         request |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    for &in_flight in if chosen.is_empty() { &all[..] } else { &chosen } {
        let mut bench = Bench::new();
        // Runs are of whole rounds.
        let rounds = REQUESTS.div_ceil(in_flight);
        let requests = rounds * in_flight;
        bench.run(in_flight, rounds);
        // The client's share needs many readings of the clock, so it has runs of its own.
        let mut best = [Duration::MAX; 2];
        let begin = Instant::now();
        while begin.elapsed() < LONG_ENOUGH {
            for (best, only_client) in best.iter_mut().zip([false, true]) {
                bench.only_client = only_client;
                *best = bench.run(in_flight, rounds).min(*best);
            }
        }
        let [whole, client] = best;
        let per = |time: Duration| time.as_nanos() as f64 / requests as f64;
        println!(
            "| {in_flight} | {:.0} | {:.0} | {:.0} | {:.0} | {:.2} |",
            1e9 / per(whole),
            per(whole),
            1e9 / per(client),
            per(client),
            bench.allocations as f64 / requests as f64,
        );
        if rows {
            println!("{}", Row::nanoseconds("machine", "sansgram", in_flight, per(client)));
        }
    }
}

struct Bench {
    client: Client,
    dcs: TestDcs,
    now: Duration,
    /// Whether only the client's share is measured.
    only_client: bool,
    /// The time that reading the clock takes.
    reading: Duration,
    /// The client's processor time.
    worked: Duration,
    /// The number of its allocations in the last run.
    allocations: u64,
    conn: Option<ConnId>,
    completed: usize,
    outputs: Vec<Output>,
    to_client: Vec<Vec<u8>>,
}

impl Bench {
    fn new() -> Self {
        let logged_in = log_in(1);
        let now = logged_in.elapsed + Duration::from_secs(1);
        let client = Client::new(config(), logged_in.session, Box::new(OsRandom::new()))
            .expect("the session is one of these DCs");
        let readings = (0..1000).map(|_| {
            let from = CpuTime::now();
            CpuTime::now().saturating_sub(from)
        });
        Self {
            client,
            dcs: logged_in.dcs,
            now,
            only_client: false,
            reading: readings.min().unwrap_or_default(),
            worked: Duration::ZERO,
            allocations: 0,
            conn: None,
            completed: 0,
            outputs: Vec::new(),
            to_client: Vec::new(),
        }
    }

    fn clocks(&self) -> Now {
        clocks(Timestamp::from_origin(self.now))
    }

    /// Calls the client, and adds its time if only the client's share is measured.
    fn client(&mut self, work: impl FnOnce(&mut Client)) {
        let allocations = ALLOCATIONS.get();
        if self.only_client {
            let from = CpuTime::now();
            work(&mut self.client);
            self.worked += CpuTime::now().saturating_sub(from).saturating_sub(self.reading);
        } else {
            work(&mut self.client);
        }
        self.allocations += ALLOCATIONS.get() - allocations;
    }

    /// Makes `rounds` times `in_flight` requests. Returns the time that they took.
    fn run(&mut self, in_flight: usize, rounds: usize) -> Duration {
        (self.worked, self.allocations) = (Duration::ZERO, 0);
        let mut handles: Vec<RequestHandle<functions::help::GetNearestDc>> = Vec::with_capacity(in_flight);
        let begin = CpuTime::now();
        for _ in 0..rounds {
            // Time must pass, or the msg_ids would run ahead of the clock.
            self.now += Duration::from_micros(10) * u32::try_from(in_flight).unwrap_or(u32::MAX);
            let now = self.clocks();
            self.completed = 0;
            self.client(|client| {
                for _ in 0..in_flight {
                    let handle = client.invoke(now, &functions::help::GetNearestDc {}, Route::Home);
                    handles.push(handle.expect("the client takes it"));
                }
            });
            while self.completed < in_flight {
                self.turn();
            }
            self.client(|client| {
                for handle in handles.drain(..) {
                    client.take(&handle).expect("it is completed").expect("the DC answers");
                }
            });
        }
        if self.only_client { self.worked } else { CpuTime::now().saturating_sub(begin) }
    }

    /// Exchanges the outputs of both.
    fn turn(&mut self) {
        let now = self.clocks();
        let mut outputs = std::mem::take(&mut self.outputs);
        self.client(|client| {
            loop {
                match client.poll_output() {
                    Output::Timeout(_) => break,
                    output => outputs.push(output),
                }
            }
        });
        for output in outputs.drain(..) {
            match output {
                Output::Open { conn, .. } => {
                    self.conn = Some(conn);
                    self.dcs.handle(now, ServerInput::Accepted { conn: conn.0, dc: 2 });
                    self.client(|client| client.handle(now, Input::Opened { conn }));
                }
                Output::Transmit { conn, bytes } => {
                    self.dcs.handle(now, ServerInput::Received { conn: conn.0, bytes: &bytes });
                    self.client(|client| client.handle(now, Input::Transmitted { conn, buffer: bytes }));
                }
                Output::Event(Event::Completed(_)) => self.completed += 1,
                Output::Event(Event::Disconnected { reason, .. }) => panic!("{reason}"),
                _ => {}
            }
        }
        self.outputs = outputs;
        loop {
            match self.dcs.poll_output() {
                ServerOutput::Timeout(_) => break,
                ServerOutput::Transmit { bytes, .. } => self.to_client.push(bytes),
                ServerOutput::Refused { refusal, .. } => panic!("{refusal}"),
                _ => {}
            }
        }
        let Some(conn) = self.conn else { return };
        for mut bytes in std::mem::take(&mut self.to_client) {
            self.client(|client| client.handle(now, Input::Received { conn, bytes: &mut bytes }));
        }
    }
}
