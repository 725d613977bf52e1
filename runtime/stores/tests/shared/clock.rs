//! Clocks of processes that are stepped while they run, by libfaketime.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How far a clock is stepped.
pub(crate) const STEP: Duration = Duration::from_secs(3600);

/// Which clocks of a process are stepped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The date, ahead and back, as by NTP or by hand. This is what happens to computers.
    Date,
    /// The date and the monotonic clock that the timers use. No system sets that back, so only the first step, which is
    /// ahead, is one that can happen: in a virtual machine that was moved, for example.
    All,
}

/// The clock of one process.
pub(crate) struct SteppedClock {
    which: Clock,
    /// What it is ahead by is in this file, which the process reads again each second.
    file: PathBuf,
    steps: Cell<usize>,
}

impl SteppedClock {
    pub(crate) fn new(which: Clock) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sansgram-clock-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let this = Self { which, file: std::env::temp_dir().join(name), steps: Cell::new(0) };
        this.set("+0");
        this
    }

    /// Returns the variables of the process.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut environment = vec![
            ("LD_PRELOAD", library().expect("libfaketime is installed: apt-get install faketime")),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone()),
            ("FAKETIME_CACHE_DURATION", "1".into()),
        ];
        if let Clock::Date = self.which {
            environment.push(("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()));
        }
        environment
    }

    /// Sets the clock ahead, back to the right time, behind it, and ahead to the right time, by an hour each.
    pub(crate) fn step(&self) {
        self.steps.set(self.steps.get() + 1);
        self.set(["+0", "+1h", "+0", "-1h"][self.steps.get() % 4]);
    }

    /// Removes what the library leaves of a process that was killed, which would be in the way of another one with its
    /// number.
    pub(crate) fn clean_up(&self, process: u32) {
        for file in [format!("faketime_shm_{process}"), format!("sem.faketime_sem_{process}")] {
            let _ = std::fs::remove_file(PathBuf::from("/dev/shm").join(file));
        }
        let _ = std::fs::remove_file(&self.file);
    }

    /// The process never reads half of it.
    fn set(&self, ahead: &str) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, ahead).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }
}

/// Returns the library's path, as Debian installs it.
pub(crate) fn library() -> Option<PathBuf> {
    let architectures = std::fs::read_dir("/usr/lib").ok()?;
    let mut files = architectures.flatten().map(|it| it.path().join("faketime/libfaketimeMT.so.1"));
    files.find(|path| path.exists())
}
