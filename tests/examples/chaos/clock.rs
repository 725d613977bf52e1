//! The date of the clients' process, which is set ahead and back while it runs, by libfaketime.

use std::path::{Path, PathBuf};

/// Where the clock is, one step after the other: a day ahead, right, an hour behind, right.
const STEPS: [&str; 4] = ["+1d", "+0", "-1h", "+0"];

/// Name of the file in the directory of the run.
const FILE: &str = "clock";

/// The clock that the process has if libfaketime was loaded with it.
pub(crate) struct Clock {
    /// What it is ahead by is in this file, which the library reads again each second.
    file: PathBuf,
    steps: usize,
}

impl Clock {
    /// Returns the clock of this process, if its date can be set.
    pub(crate) fn of_this_process(directory: &Path) -> Option<Self> {
        let file = directory.join(FILE);
        let is_read = std::env::var_os("FAKETIME_TIMESTAMP_FILE").is_some_and(|it| *it == *file);
        is_read.then_some(Self { file, steps: 0 })
    }

    /// Sets the date to the next step.
    pub(crate) fn step(&mut self) -> std::io::Result<()> {
        let ahead = STEPS[self.steps % STEPS.len()];
        self.steps += 1;
        self.set(ahead)
    }

    /// Sets the right date.
    pub(crate) fn set_right(&self) -> std::io::Result<()> {
        self.set("+0")
    }

    /// The library never reads half of it.
    fn set(&self, ahead: &str) -> std::io::Result<()> {
        let new = self.file.with_extension("new");
        std::fs::write(&new, ahead)?;
        std::fs::rename(&new, &self.file)
    }
}

/// Begins this process again with libfaketime, if that is installed and has not been loaded yet. The monotonic clock
/// stays: no system sets it.
#[cfg(unix)]
pub(crate) fn load_library(directory: &Path) -> crate::Result<()> {
    use std::os::unix::process::CommandExt;
    if std::env::var_os("FAKETIME_TIMESTAMP_FILE").is_some() {
        return Ok(());
    }
    let Some(library) = library() else {
        println!("libfaketime is not installed, so no clock is set (Debian: apt-get install faketime)");
        return Ok(());
    };
    let error = std::process::Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", directory.join(FILE))
        .env("FAKETIME_CACHE_DURATION", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .exec();
    Err(error.into())
}

#[cfg(not(unix))]
pub(crate) fn load_library(_: &Path) -> crate::Result<()> {
    Ok(())
}

/// Returns the library's path, as Debian installs it.
#[cfg(unix)]
fn library() -> Option<PathBuf> {
    let architectures = std::fs::read_dir("/usr/lib").ok()?;
    let mut files = architectures.flatten().map(|it| it.path().join("faketime/libfaketimeMT.so.1"));
    files.find(|path| path.exists())
}
