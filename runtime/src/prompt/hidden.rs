//! Reading a secret from the terminal without showing it, on Unix.
//!
//! The echo is off before the question is shown, so that a fast typist (or a script) is not shown either, and the
//! terminal is as it was before anything else happens, also at Ctrl-C.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// How the terminal was before the question that is open now.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Puts the terminal back as it was, if a question is open.
pub(super) fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before
        && let Ok(terminal) = open()
    {
        // Fails where the terminal is gone.
        let _ = tcsetattr(terminal, OptionalActions::Now, &before);
    }
}

fn open() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

/// The controlling terminal, which shows nothing that is typed as long as this lives.
pub(super) struct HiddenInput {
    terminal: File,
}

impl HiddenInput {
    /// Turns the echo off.
    pub(super) fn new() -> io::Result<Self> {
        let terminal = open()?;
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        // Byte by byte, and Ctrl-C is ours to handle: the signal would end the process with the echo off.
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let input = Self { terminal };
        tcsetattr(&input.terminal, OptionalActions::Now, &hidden)?;
        Ok(input)
    }

    /// The line that is typed. Ctrl-C interrupts the process, as it does elsewhere.
    pub(super) fn read_line(self) -> io::Result<String> {
        let result = read_line(&mut &self.terminal);
        if result.as_ref().map_or_else(|error| error.kind() == io::ErrorKind::InvalidData, |_| true) {
            (&self.terminal).write_all(b"\n")?;
        }
        drop(self);
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            kill_process(getpid(), Signal::INT)?;
        }
        result
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        restore();
    }
}

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 0x15;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// Reads up to the end of the line, with the little editing that is possible without seeing anything.
fn read_line(input: &mut impl Read) -> io::Result<String> {
    let mut typed = Zeroizing::new(Vec::with_capacity(256));
    loop {
        match read_byte(input)? {
            b'\n' | b'\r' => break,
            CTRL_C => return Err(io::ErrorKind::Interrupted.into()),
            CTRL_D if typed.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            CTRL_U => typed.clear(),
            BACKSPACE | DELETE => {
                // A character ends where its first byte is: the others of UTF-8 are 10xxxxxx.
                while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            ESCAPE => skip_key(input)?,
            0..0x20 => {}
            byte => typed.push(byte),
        }
    }
    match std::str::from_utf8(&typed) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8")),
    }
}

/// Skips what a key like an arrow sends after `ESC`: `[` or `O`, then everything up to a letter or `~`.
fn skip_key(input: &mut impl Read) -> io::Result<()> {
    if matches!(read_byte(input)?, b'[' | b'O') {
        while !matches!(read_byte(input)?, b'@'..=b'~') {}
    }
    Ok(())
}

fn read_byte(input: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(mut keys: &[u8]) -> Result<String, io::ErrorKind> {
        read_line(&mut keys).map_err(|error| error.kind())
    }

    #[test]
    fn keys_become_a_line() {
        assert_eq!(typed(b"secret\nrest").unwrap(), "secret");
        assert_eq!(typed(b"secret\r").unwrap(), "secret");
        assert_eq!(typed(b" two words \n").unwrap(), " two words ");
        assert_eq!(typed("pä\u{7f}ass\n".as_bytes()).unwrap(), "pass");
        assert_eq!(typed("\u{7f}日本\u{8}x\n".as_bytes()).unwrap(), "日x");
        assert_eq!(typed(b"wrong\x15right\n").unwrap(), "right");
        assert_eq!(typed(b"a\x1b[Ab\x1b[1;5Cc\x1bOPd\x01\x04\n").unwrap(), "abcd");
        assert_eq!(typed(b"\n").unwrap(), "");
    }

    #[test]
    fn a_line_that_does_not_end_well_is_no_line() {
        assert_eq!(typed(b"half"), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"half\x1b["), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"\x04"), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"half\x03"), Err(io::ErrorKind::Interrupted));
        assert_eq!(typed(b"\xff\n"), Err(io::ErrorKind::InvalidData));
    }
}
