//! What happens to the DCs meanwhile: they are killed and restarted, and stopped for a while.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sansgram_testkit::random::SeededRandomForTestingOnly;

use crate::dc::Dc;
use crate::load::Tally;

/// Between two faults, in milliseconds.
const INTERVAL: Range<u64> = 2_000..8_000;
/// A fault comes earlier if this part of all requests was made since the last one, so that short runs have some, too.
const PARTS: usize = 8;
/// How long the DCs are stopped, in milliseconds.
const STOPPED: Range<u64> = 100..4_000;

/// The faults so far.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    pub(crate) killed: usize,
    stopped: usize,
}

impl fmt::Display for Restarts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "killed and restarted {} times, stopped and continued {} times", self.killed, self.stopped)
    }
}

/// Makes the faults, and owns the DCs.
pub(crate) struct Faults {
    end: Sender<()>,
    thread: JoinHandle<(Dc, Restarts)>,
}

impl Faults {
    /// Ends the faults. Returns the DCs, which run on, and what happened to them.
    pub(crate) fn stop(self) -> (Dc, Restarts) {
        drop(self.end);
        self.thread.join().expect("the DCs can be restarted")
    }
}

/// Starts to disturb the DCs, unless it `is_calm`.
pub(crate) fn start(mut dc: Dc, seed: u64, tally: Arc<Tally>, is_calm: Arc<AtomicBool>) -> Faults {
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let mut random = SeededRandomForTestingOnly::new(!seed);
        let mut milliseconds =
            |range: Range<u64>| Duration::from_millis(range.start + random.below(range.end - range.start));
        let mut restarts = Restarts::default();
        loop {
            let (pause, begin, part) = (milliseconds(INTERVAL), Instant::now(), tally.part(PARTS));
            while begin.elapsed() < pause && tally.part(PARTS) == part {
                if ended.recv_timeout(Duration::from_millis(20)) != Err(RecvTimeoutError::Timeout) {
                    return (dc, restarts);
                }
            }
            if is_calm.load(Ordering::Relaxed) {
                continue;
            }
            if restarts.killed <= restarts.stopped {
                dc.restart().expect("the DCs can be restarted");
                restarts.killed += 1;
            } else {
                pause_process(&dc, milliseconds(STOPPED));
                restarts.stopped += 1;
            }
        }
    });
    Faults { end, thread }
}

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
