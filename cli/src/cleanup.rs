//! Cleans up before the process ends, whether it returns, fails or is interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sansgram_runtime::{FileStore, TerminalPrompt};

use crate::store;

/// A file that is useless after the process ends. Static, since the thread for signals ends the process too.
static LEFTOVER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Registers a file to be removed when the process ends.
pub(crate) fn remove_at_exit(file: &Path) {
    *LEFTOVER.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.into());
}

/// Held by a signal that ends the process, to the end.
static ENDING: Mutex<()> = Mutex::new(());

/// Restores the terminal, removes leftover files and gives sessions of a database back. Must be the last step, since
/// abandoned work may still be running. A second call waits until the guard of the first one is dropped.
pub(crate) fn run() -> MutexGuard<'static, ()> {
    let ending = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    TerminalPrompt::restore();
    if let Some(file) = LEFTOVER.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // A failure is harmless.
        let _ = fs::remove_file(file);
    }
    FileStore::remove_lock_files();
    store::release_all();
    ending
}
