//! What happens meanwhile: the DCs are killed and restarted, or stopped for a while, the clients' process has no free
//! descriptors, or its date is set.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sansgram_testkit::random::SeededRandomForTestingOnly;

use crate::clock::SteppedClock;
use crate::dc::Dc;
use crate::load::Tally;

/// Between two faults, in milliseconds.
const INTERVAL: Range<u64> = 2_000..8_000;
/// A fault comes earlier if this part of all requests was made since the last one, so that short runs have some, too.
const PARTS: usize = 8;
/// How long the DCs are stopped, or no descriptor is free, in milliseconds.
const LASTS: Range<u64> = 100..4_000;

/// What happens, one after the other.
const FAULTS: [Fault; 4] = [Fault::Kill, Fault::Stop, Fault::NoDescriptors, Fault::SetDate];

#[derive(Clone, Copy)]
enum Fault {
    Kill,
    Stop,
    /// The DCs are restarted, and the clients cannot open a socket to connect again.
    NoDescriptors,
    SetDate,
}

/// The faults so far.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    /// How often the DCs were killed and restarted.
    pub(crate) killed: usize,
    stopped: usize,
    without_descriptors: usize,
    dates: usize,
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { killed, stopped, without_descriptors, dates } = self;
        write!(
            f,
            "the DCs were killed and restarted {killed} times, stopped and continued {stopped} times; \
             the clients had no free descriptor {without_descriptors} times, and another date {dates} times"
        )
    }
}

/// Makes the faults, and owns the DCs.
pub(crate) struct Faults {
    end: Sender<()>,
    thread: JoinHandle<(Dc, Happened)>,
}

impl Faults {
    /// Ends the faults. Returns the DCs, which run on, and what happened to them.
    pub(crate) fn stop(self) -> (Dc, Happened) {
        drop(self.end);
        self.thread.join().expect("the DCs can be restarted")
    }
}

/// Starts the faults, unless it `is_calm`.
pub(crate) fn start(
    mut dc: Dc,
    clock: Option<SteppedClock>,
    seed: u64,
    tally: Arc<Tally>,
    is_calm: Arc<AtomicBool>,
) -> Faults {
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let mut random = SeededRandomForTestingOnly::new(!seed);
        let mut milliseconds =
            |range: Range<u64>| Duration::from_millis(range.start + random.below(range.end - range.start));
        let mut happened = Happened::default();
        for fault in FAULTS.into_iter().cycle() {
            let (pause, begin, part) = (milliseconds(INTERVAL), Instant::now(), tally.part(PARTS));
            while begin.elapsed() < pause && tally.part(PARTS) == part {
                if ended.recv_timeout(Duration::from_millis(20)) != Err(RecvTimeoutError::Timeout) {
                    if let Some(clock) = &clock {
                        // Every other step is to the right date.
                        if !happened.dates.is_multiple_of(2) {
                            clock.step();
                        }
                        clock.clean_up(std::process::id());
                    }
                    return (dc, happened);
                }
            }
            if is_calm.load(Ordering::Relaxed) {
                continue;
            }
            match (fault, &clock) {
                (Fault::Kill, _) => {
                    dc.restart().expect("the DCs can be restarted");
                    happened.killed += 1;
                }
                (Fault::Stop, _) => {
                    pause_process(&dc, milliseconds(LASTS));
                    happened.stopped += 1;
                }
                (Fault::NoDescriptors, _) => {
                    dc.restart().expect("the DCs can be restarted");
                    happened.killed += 1;
                    withhold_descriptors(milliseconds(LASTS));
                    happened.without_descriptors += 1;
                }
                (Fault::SetDate, Some(clock)) => {
                    clock.step();
                    happened.dates += 1;
                }
                (Fault::SetDate, None) => {}
            }
        }
        unreachable!("the faults go on until the end");
    });
    Faults { end, thread }
}

/// Lets this process open nothing for a while. What is open stays so.
#[cfg(unix)]
fn withhold_descriptors(duration: Duration) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Its lowest numbers are taken since it began.
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..limit }).expect("the limit can be lowered");
    std::fs::File::open("/dev/null").expect_err("no descriptor is free");
    std::thread::sleep(duration);
    setrlimit(Resource::Nofile, limit).expect("the limit can be raised again");
}

#[cfg(not(unix))]
fn withhold_descriptors(_: Duration) {}

#[cfg(unix)]
fn pause_process(dc: &Dc, duration: Duration) {
    use rustix::process::{Pid, Signal, kill_process};
    let Some(pid) = i32::try_from(dc.id()).ok().and_then(Pid::from_raw) else { return };
    let _ = kill_process(pid, Signal::STOP);
    std::thread::sleep(duration);
    let _ = kill_process(pid, Signal::CONT);
}

#[cfg(not(unix))]
fn pause_process(_: &Dc, duration: Duration) {
    std::thread::sleep(duration);
}
