//! The question that is open, to be shown again after the process was stopped and went on.

use crate::policy::RESHOW_WINDOW;
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

/// How often a question was shown again.
static COUNT: AtomicU32 = AtomicU32::new(0);

struct Open {
    question: String,
    /// `None`: standard error.
    terminal: Option<File>,
    shown_again: Option<Instant>,
}

/// A question is open as long as this lives.
pub(super) struct Asked(());

impl Asked {
    /// Opens a question, which `write` shows.
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

impl Drop for Asked {
    fn drop(&mut self) {
        *OPEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Shows the open question again, if there is one.
pub(super) fn show() {
    let mut guard = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(open) = &mut *guard else { return };
    let now = Instant::now();
    if open.shown_again.is_some_and(|at| now.saturating_duration_since(at) < RESHOW_WINDOW) {
        return;
    }
    open.shown_again = Some(now);
    COUNT.fetch_add(1, Ordering::Relaxed);
    // Over itself, if nothing was written behind it.
    let text = format!("\r{} ", open.question);
    // Fails if the terminal is gone.
    let _ = match &mut open.terminal {
        None => write(&mut io::stderr().lock(), &text),
        Some(terminal) => write(terminal, &text),
    };
}

/// Changes whenever a question is shown again: what was typed before does not count.
#[cfg(unix)]
pub(super) fn count() -> u32 {
    COUNT.load(Ordering::Relaxed)
}

fn write(output: &mut impl Write, text: &str) -> io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.flush()
}
