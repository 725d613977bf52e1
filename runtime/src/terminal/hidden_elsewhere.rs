//! Reading a secret from the terminal without showing it, elsewhere than on Unix.

use std::io;

/// The console is put back by itself.
pub(super) const fn close() {}

/// Nothing stops a process there.
pub(super) const fn resume() {}

/// The console, which shows nothing while a line is read.
pub(super) struct HiddenInput;

impl HiddenInput {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn read_line(self) -> io::Result<String> {
        rpassword::read_password()
    }
}

/// Elsewhere what was typed is read line by line.
pub(super) const fn discard() {}
