//! The open question. It is shown again if the process continues after a stop.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::policy::RESHOW_WINDOW;

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

/// The number of times that a question was shown again.
static TIMES_SHOWN_AGAIN: AtomicU32 = AtomicU32::new(0);

struct Open {
    question: String,
    /// The terminal that shows the question; `None` for standard error.
    terminal: Option<File>,
    shown_again: Option<Instant>,
}

/// An open question, until this is dropped.
pub(super) struct OpenQuestion(());

impl OpenQuestion {
    /// Shows a question with `write` and opens it.
    pub(super) fn new<E>(
        question: &str,
        terminal: Option<File>,
        write: impl FnOnce() -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut guard = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        write()?;
        *guard = Some(Open { question: question.into(), terminal, shown_again: None });
        Ok(Self(()))
    }
}

impl Drop for OpenQuestion {
    fn drop(&mut self) {
        *OPEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Shows the open question again, if there is one.
pub(super) fn show_again() {
    let mut guard = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(open) = &mut *guard else { return };
    let now = Instant::now();
    if open.shown_again.is_some_and(|at| now.saturating_duration_since(at) < RESHOW_WINDOW) {
        return;
    }
    open.shown_again = Some(now);
    TIMES_SHOWN_AGAIN.fetch_add(1, Ordering::Relaxed);
    // The text overwrites the question if nothing was written after it.
    let text = format!("\r{} ", open.question);
    // Fails if the terminal is gone.
    let _ = match &mut open.terminal {
        None => write(&mut io::stderr().lock(), &text),
        Some(terminal) => write(terminal, &text),
    };
}

/// Returns how often a question was shown again. If the number rises, the reader discards what was typed before.
#[cfg(unix)]
pub(super) fn times_shown_again() -> u32 {
    TIMES_SHOWN_AGAIN.load(Ordering::Relaxed)
}

fn write(output: &mut impl Write, text: &str) -> io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.flush()
}
