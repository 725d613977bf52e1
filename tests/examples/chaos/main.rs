//! Chaos over sockets: many clients of one process make requests at test DCs of another, through a proxy that cuts,
//! resets, delays and throttles connections or lets them fall silent, while the DCs are killed, restarted with their state
//! and stopped, and the clients have no free descriptors or another date (by libfaketime, if it is installed).
//!
//! ```sh
//! cargo run --release -p sansgram-harness --example chaos -- --clients 1000 --requests 1000000
//! ```
//!
//! Afterwards all faults stop and each client makes one more request. It fails if
//! - a request that must not be executed twice was, by the log of the DCs, which survives their end;
//! - a request was answered without being executed, or has no result, or an error that is no report about it;
//! - a client is stuck;
//! - nothing went wrong, since there were too few requests;
//! - the memory of the clients' process leaves a band of 5 % around its middle from the second minute on.
//!
//! `--seed N` chooses the faults of each connection (what meets what still depends on the scheduler), `--calm` has none.

#[path = "../../../runtime/stores/tests/shared/clock.rs"]
#[allow(dead_code, reason = "the tests of the stores step other clocks, too")]
mod clock;
mod dc;
mod faults;
mod load;
mod memory;
mod proxy;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::clock::SteppedClock;
use self::dc::Dc;
use self::load::Tally;
use self::memory::Memory;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the arguments say.
struct Arguments {
    clients: usize,
    requests: usize,
    seed: u64,
    calm: bool,
}

impl Arguments {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut parsed = Self { clients: 100, requests: 20_000, seed: 1, calm: false };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let mut number = || -> Result<u64> {
                let value = rest.next().ok_or_else(|| format!("{name} needs a number"))?;
                value.parse().map_err(|_| format!("{name} needs a number, not {value:?}").into())
            };
            match name.as_str() {
                "--clients" => parsed.clients = usize::try_from(number()?)?.max(1),
                "--requests" => parsed.requests = usize::try_from(number()?)?,
                "--seed" => parsed.seed = number()?,
                "--calm" => parsed.calm = true,
                _ => return Err(format!("{name:?} is no option; see the top of main.rs").into()),
            }
        }
        Ok(parsed)
    }
}

/// A directory that is removed on drop.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("sansgram-chaos-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match &arguments[..] {
        [command, port, state, log] if command == "dc" => dc::serve(port, Path::new(state), Path::new(log)),
        _ => Arguments::parse(&arguments).and_then(|arguments| run(&arguments)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let clock = if arguments.calm { None } else { stepped_clock()? };
    raise_descriptor_limit();
    let directory = Directory::new()?;
    let dc = Dc::start(&directory.0)?;
    let config = dc.config();
    let log = dc.log().to_owned();
    let is_calm = Arc::new(AtomicBool::new(arguments.calm));
    let proxy = proxy::start(dc.address(), arguments.seed, is_calm.clone())?;
    let tally = Arc::new(Tally::new(arguments.requests));
    let memory = Memory::watch();
    let faults = faults::start(dc, clock, arguments.seed, tally.clone(), is_calm.clone());

    let begin = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let progress = load::report_progress(tally.clone());
    let (stuck, happened) = runtime.block_on(async {
        let clients = load::start(&config, proxy.address, arguments.clients).await?;
        load::make_requests(&clients, &tally).await;
        // From here on nothing goes wrong any more.
        is_calm.store(true, Ordering::Relaxed);
        let (dc, happened) = faults.stop();
        let stuck = load::count_stuck(&clients).await;
        drop(dc);
        Ok::<_, Box<dyn Error>>((stuck, happened))
    })?;
    let took = begin.elapsed();
    progress.stop();
    let memory = memory.stop();
    let connections = proxy.counts();
    let ended_early = ["cut", "reset"].iter().filter_map(|fate| connections.get(fate)).sum::<usize>();
    println!("{happened}");
    println!("connections: {}", load::list(&connections));
    runtime.shutdown_timeout(Duration::from_secs(1));

    let executions = dc::read_log(&log, arguments.requests)?;
    let verdict = tally.verdict(&executions);
    println!("requests: {verdict}");
    println!("memory of the clients' process: {memory}");
    println!("{} clients, {:.0} s", arguments.clients, took.as_secs_f64());
    let mut problems = verdict.problems();
    problems.extend((stuck > 0).then(|| format!("{stuck} clients are stuck")));
    problems.extend(memory.problem());
    if !arguments.calm && (happened.killed == 0 || ended_early == 0) {
        problems.push("too little went wrong; make more requests".into());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ").into()) }
}

/// Each client takes three descriptors: its own socket, and the two of the proxy.
#[cfg(unix)]
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // What is not granted shows when a socket is refused.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(not(unix))]
fn raise_descriptor_limit() {}

/// Returns the clock of this process, if libfaketime is installed. Begins the process again, with the library, unless it
/// has it.
#[cfg(unix)]
fn stepped_clock() -> Result<Option<SteppedClock>> {
    use std::os::unix::process::CommandExt;
    if clock::library().is_none() {
        println!("libfaketime is not installed, so no date is set (Debian: apt-get install faketime)");
        return Ok(None);
    }
    // Its file is named after the process, which is the same before and after.
    let clock = SteppedClock::new(clock::Clock::Date);
    if std::env::var_os("FAKETIME_TIMESTAMP_FILE").is_some() {
        return Ok(Some(clock));
    }
    let mut again = std::process::Command::new(std::env::current_exe()?);
    Err(again.args(std::env::args_os().skip(1)).envs(clock.environment()).exec().into())
}

#[cfg(not(unix))]
fn stepped_clock() -> Result<Option<SteppedClock>> {
    Ok(None)
}
