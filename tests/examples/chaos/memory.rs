//! The memory of this process while it runs.

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two readings.
const INTERVAL: Duration = Duration::from_secs(1);
/// Before this many readings, memory may grow: connections open, buffers and tables take their size.
const WARM_UP: usize = 120;
/// With fewer readings afterwards, nothing can be said.
const MIN_READINGS: usize = 60;
/// How far memory may be from the middle afterwards, in percent.
const TOLERANCE: f64 = 5.0;

/// Reads the resident memory each second.
pub(crate) struct Memory {
    end: Sender<()>,
    thread: JoinHandle<Vec<u64>>,
}

impl Memory {
    pub(crate) fn watch() -> Self {
        let (end, ended) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut readings = Vec::new();
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                readings.extend(resident());
            }
            readings
        });
        Self { end, thread }
    }

    pub(crate) fn stop(self) -> Readings {
        drop(self.end);
        Readings(self.thread.join().unwrap_or_default())
    }
}

/// Resident memory in bytes, once a second.
pub(crate) struct Readings(Vec<u64>);

impl Readings {
    /// The smallest and the largest reading after the warm-up.
    fn band(&self) -> Option<(u64, u64)> {
        let after = self.0.get(WARM_UP..).filter(|after| after.len() >= MIN_READINGS)?;
        Some((*after.iter().min()?, *after.iter().max()?))
    }

    /// How far the band is from its middle, in percent.
    fn deviation((least, most): (u64, u64)) -> f64 {
        100.0 * (most - least) as f64 / (most + least) as f64
    }

    pub(crate) fn problem(&self) -> Option<String> {
        let deviation = Self::deviation(self.band()?);
        (deviation > TOLERANCE).then(|| format!("memory is not flat: ± {deviation:.1} %"))
    }
}

impl fmt::Display for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        match self.band() {
            Some(band) => write!(
                f,
                "{:.1} to {:.1} MiB from minute 2 on (± {:.1} %)",
                mib(band.0),
                mib(band.1),
                Self::deviation(band)
            ),
            None => write!(
                f,
                "at most {:.1} MiB; the run was too short to say more",
                self.0.iter().copied().max().map_or(0.0, mib)
            ),
        }
    }
}

/// The resident memory of this process in bytes, if the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
