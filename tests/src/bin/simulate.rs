//! Runs the simulator over many seeds, on all cores.
//!
//! ```text
//! simulate --seeds A..B [--jobs N]                  runs the seeds A to B - 1
//! simulate --seed N [--faults 1,4] [--requests 0]   replays one, with all that happens; with these parts of it only
//! ```
//!
//! It fails if a seed breaks a rule of the model. For each such seed it prints the smallest schedule that still does,
//! and the command that replays it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sansgram_harness::simulation::{Plan, Summary, World, minimize, run, run_with};

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// Counts what each thread holds.
struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged. The thread's counter is a plain cell without a
// destructor: using it allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size().cast_signed());
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size().cast_signed());
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> isize {
    HELD.get()
}

/// What the command line asks for.
struct Options {
    seeds: Range<u64>,
    jobs: usize,
    replays: bool,
    faults: Option<Vec<usize>>,
    requests: Option<Vec<usize>>,
}

const USAGE: &str = "usage: simulate --seeds A..B [--jobs N] | --seed N [--faults I,J] [--requests I,J]";

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut options = Options { seeds: 0..2000, jobs, replays: false, faults: None, requests: None };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        let list = || {
            let parts = value.split(',').filter(|part| !part.is_empty());
            parts.map(|part| part.parse().ok()).collect::<Option<Vec<usize>>>()
        };
        match name.as_str() {
            "--seeds" => {
                let (first, end) = value.split_once("..")?;
                options.seeds = first.parse().ok()?..end.parse().ok()?;
            }
            "--seed" => {
                let seed: u64 = value.parse().ok()?;
                (options.seeds, options.replays) = (seed..seed.checked_add(1)?, true);
            }
            "--jobs" => options.jobs = value.parse().ok().filter(|jobs| *jobs > 0)?,
            "--faults" => options.faults = Some(list()?),
            "--requests" => options.requests = Some(list()?),
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let world = World::new();
    if options.replays {
        return replay(&world, &options);
    }
    // A panic is a broken rule of its seed, which the report has.
    std::panic::set_hook(Box::new(|_| ()));
    let begun = Instant::now();
    let next = AtomicU64::new(options.seeds.start);
    let total = Mutex::new((Summary::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                let mut summary = Summary::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.seeds.end {
                        break;
                    }
                    let plan = Plan::of_seed(seed);
                    let report = run(&world, &plan, Some(held));
                    summary.add(&plan, &report);
                    if let Some(violation) = &report.violation {
                        let at = report.figures.virtual_time.as_secs_f64();
                        println!("seed {seed} failed after {at:.3} s: {violation}");
                        total.lock().expect("no thread panics").1.push(seed);
                    }
                }
                total.lock().expect("no thread panics").0.merge(&summary);
            });
        }
    });
    let took = begun.elapsed();
    let (summary, mut failed) = total.into_inner().expect("no thread panics");
    failed.sort_unstable();
    for seed in failed.iter().take(MINIMIZED) {
        explain(&world, *seed);
    }
    print!("\n{}", summary.to_text(took, options.jobs));
    if summary.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The most seeds that are minimized: each takes some hundred runs.
const MINIMIZED: usize = 10;

/// Prints the smallest schedule of a seed that fails.
fn explain(world: &World, seed: u64) {
    let plan = Plan::of_seed(seed);
    let Some(minimal) = minimize(world, &plan, Some(held)) else {
        println!("seed {seed} does not fail again: it depends on something else than its seed");
        return;
    };
    let join = |list: &[usize]| list.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    println!("\nseed {seed}, {}, at least:", plan.setup.flow);
    for at in &minimal.requests {
        println!("  request {:?}", plan.requests[*at]);
    }
    for at in &minimal.faults {
        println!("  fault {}", plan.faults[*at]);
    }
    if let Some(violation) = &minimal.report.violation {
        let at = minimal.report.figures.virtual_time.as_secs_f64();
        println!("  after {at:.3} s: {violation}");
    }
    println!(
        "  cargo run -p sansgram-harness --bin simulate -- --seed {seed} --faults {} --requests {}",
        quoted(&join(&minimal.faults)),
        quoted(&join(&minimal.requests))
    );
}

/// An empty list as an argument of a shell.
fn quoted(list: &str) -> String {
    if list.is_empty() { "''".into() } else { list.into() }
}

fn replay(world: &World, options: &Options) -> ExitCode {
    let seed = options.seeds.start;
    let plan = Plan::of_seed(seed).only(options.faults.as_deref(), options.requests.as_deref());
    println!("seed {seed}: {:#?}", plan.setup);
    let mut summary = Summary::default();
    let begun = Instant::now();
    let report = run_with(world, &plan, Some(held), &mut |line| println!("{line}"));
    summary.add(&plan, &report);
    print!("\n{}", summary.to_text(begun.elapsed(), 1));
    match report.violation {
        None => ExitCode::SUCCESS,
        Some(violation) => {
            println!("failed after {:.3} s: {violation}", report.figures.virtual_time.as_secs_f64());
            ExitCode::FAILURE
        }
    }
}
