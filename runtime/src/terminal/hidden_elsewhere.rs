//! Reading a secret from the terminal without showing it, on systems other than Unix.

use std::io;

/// Does nothing: the console restores itself.
pub(super) const fn close() {}

/// Does nothing: these systems do not stop processes.
pub(super) const fn resume() {}

/// The console, whose echo is off while a line is read.
pub(super) struct HiddenInput;

impl HiddenInput {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn read_line(self) -> io::Result<String> {
        rpassword::read_password()
    }
}

/// Does nothing: these systems offer no portable way to discard typed input.
pub(super) const fn discard() {}
