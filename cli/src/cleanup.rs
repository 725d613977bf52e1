//! Cleans up before the process ends, whether it returns, fails or is interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sansgram_runtime::{FileStore, TerminalPrompt};

/// A file that is useless after the process ends. Static, since the thread for signals ends the process too.
static LEFTOVER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Registers a file to be removed when the process ends.
pub(crate) fn remove_at_exit(file: &Path) {
    *LEFTOVER.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.into());
}

/// Restores the terminal and removes leftover files. Must be the last step, since abandoned work may still be running.
pub(crate) fn run() {
    TerminalPrompt::restore();
    if let Some(file) = LEFTOVER.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // A failure is harmless.
        let _ = fs::remove_file(file);
    }
    FileStore::remove_lock_files();
}
