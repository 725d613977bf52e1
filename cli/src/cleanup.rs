//! What is put right before the process ends, however it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sansgram_runtime::{FileStore, TerminalPrompt};

/// A file that is of no use behind the end.
static LEFTOVER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Removes this file at the end.
pub(crate) fn remove(file: &Path) {
    *LEFTOVER.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.into());
}

/// The terminal is as it was, and nothing lies about. For the last moment: work that was given up may still be under
/// way.
pub(crate) fn tidy() {
    TerminalPrompt::restore();
    if let Some(file) = LEFTOVER.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Nobody misses it.
        let _ = fs::remove_file(file);
    }
    FileStore::remove_lock_files();
}
