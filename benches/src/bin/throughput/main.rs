//! Requests per second in one thread, without a network, one round after the other, at several numbers of requests in
//! flight. Processor time, not wall time.
//!
//! The first table is of `help.getNearestDc` through the client machine and the test DC. The test DC is slow, so the
//! client's share is shown separately. The second table is of small real queries: 100 bytes in each query and in each
//! reply, through the session layer alone (requests packed, replies read) and through the client machine, against the
//! same server.
//!
//! Each figure is that of the fastest of many runs, since other work on the machine only adds time. Arguments choose
//! other numbers in flight; with `--rows` the figures of small queries are printed for `bench-report`.

mod meter;
mod small;
mod test_dc;

use std::time::{Duration, Instant};

use sansgram_benches::Row;

/// The minimum of requests per run: few, so that some runs are not interrupted.
const REQUESTS: usize = 1000;
/// How long runs are repeated.
const LONG_ENOUGH: Duration = Duration::from_secs(3);

fn main() {
    let chosen: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let all = [1, 10, 100, 1000, 10_000];
    let in_flight = if chosen.is_empty() { &all[..] } else { &chosen };
    let rows = std::env::args().any(|argument| argument == "--rows");
    against_test_dc(in_flight);
    println!();
    small_queries(in_flight, rows);
}

fn against_test_dc(in_flight: &[usize]) {
    println!(
        "| in flight | client and DC, requests/s | ns a request | client alone, requests/s | ns a request | allocations a \
         request |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    for &in_flight in in_flight {
        let mut bench = test_dc::Bench::new();
        // Runs are of whole rounds.
        let rounds = REQUESTS.div_ceil(in_flight);
        bench.run(in_flight, rounds);
        // The client's share needs many readings of the clock, so it has runs of its own.
        let [whole, client] = fastest(|part| {
            bench.meter.is_timing = part == 1;
            bench.run(in_flight, rounds)
        });
        let requests = (rounds * in_flight) as f64;
        let per = |time: Duration| time.as_nanos() as f64 / requests;
        println!(
            "| {in_flight} | {:.0} | {:.0} | {:.0} | {:.0} | {:.2} |",
            1e9 / per(whole),
            per(whole),
            1e9 / per(client),
            per(client),
            bench.meter.allocations() as f64 / requests,
        );
    }
}

fn small_queries(in_flight: &[usize], rows: bool) {
    println!(
        "| in flight, 100 bytes | session layer alone, ns a request | client machine, ns a request | requests/s | \
         allocations a request |"
    );
    println!("|--:|--:|--:|--:|--:|");
    for &in_flight in in_flight {
        let (mut session, mut machine) = (small::OnlySession::new(), small::Machine::new());
        let rounds = REQUESTS.div_ceil(in_flight);
        session.run(in_flight, rounds);
        machine.run(in_flight, rounds);
        let [alone, whole] =
            fastest(
                |part| {
                    if part == 0 { session.run(in_flight, rounds) } else { machine.run(in_flight, rounds) }
                },
            );
        let requests = (rounds * in_flight) as f64;
        let per = |time: Duration| time.as_nanos() as f64 / requests;
        println!(
            "| {in_flight} | {:.0} | {:.0} | {:.0} | {:.2} |",
            per(alone),
            per(whole),
            1e9 / per(whole),
            machine.allocations() as f64 / requests,
        );
        if rows {
            println!("{}", Row::nanoseconds("session", "sansgram", in_flight, per(alone)));
            println!("{}", Row::nanoseconds("machine", "sansgram", in_flight, per(whole)));
        }
    }
}

/// Runs both parts in turn. Returns the time of the fastest run of each.
fn fastest(mut run: impl FnMut(usize) -> Duration) -> [Duration; 2] {
    let mut best = [Duration::MAX; 2];
    let begin = Instant::now();
    while begin.elapsed() < LONG_ENOUGH {
        for (part, best) in best.iter_mut().enumerate() {
            *best = run(part).min(*best);
        }
    }
    best
}
