//! Reading a secret from the terminal without showing it, on Unix.
//!
//! The echo is turned off before the question is shown, so that early input is not shown either. It is turned on again
//! before anything else happens, also after Ctrl-C and Ctrl-Z.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use super::open_question;
use crate::policy::SIGTSTP_DELAY;

/// The open question. Its lock is held whenever the modes of the terminal change, so that a thread cannot restore them
/// before another one has turned the echo off.
static STATE: Mutex<State> = Mutex::new(State { open: None, is_closed: false });

struct State {
    open: Option<Open>,
    /// True if the process ends, so that no question may turn the echo off.
    is_closed: bool,
}

struct Open {
    terminal: File,
    /// The modes of the terminal before the question.
    original: Termios,
    hidden: Termios,
}

impl Open {
    fn set(&self, modes: &Termios) {
        // Fails if the terminal is gone.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, modes);
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn restore(&mut self) {
        if let Some(open) = self.open.take() {
            open.set(&open.original);
        }
    }
}

/// Restores the terminal if a question is open, and prevents later questions from changing it, as the process ends.
pub(super) fn close() {
    let mut state = state();
    state.restore();
    state.is_closed = true;
}

/// Turns the echo off again if a question is open: while the process was stopped, the shell changed the modes.
pub(super) fn resume() {
    if let Some(open) = &state().open {
        open.set(&open.hidden);
    }
}

/// Discards input that was typed and not read yet.
pub(super) fn discard() {
    if let Ok(terminal) = open() {
        // Fails if the terminal is gone; the reader then fails too.
        let _ = tcflush(&terminal, QueueSelector::IFlush);
    }
}

/// Restores the terminal and stops the process group, as Ctrl-Z does outside of a question for a secret.
fn stop() {
    if let Some(open) = &state().open {
        open.set(&open.original);
    }
    // Does nothing if no process could continue this one, for example without a shell.
    let _ = kill_current_process_group(Signal::TSTP);
    thread::sleep(SIGTSTP_DELAY);
    resume();
    open_question::show_again();
}

/// Opens the controlling terminal. If there is none (`su -c`, `setsid`), returns the terminal that is standard input or
/// standard error.
fn open() -> io::Result<File> {
    let no_controlling_terminal = match OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => return Ok(terminal),
        Err(error) => error,
    };
    let inherited = if io::stdin().is_terminal() {
        io::stdin().as_fd().try_clone_to_owned()
    } else if io::stderr().is_terminal() {
        io::stderr().as_fd().try_clone_to_owned()
    } else {
        return Err(no_controlling_terminal);
    };
    inherited.map(File::from)
}

/// A terminal whose echo is off until this is dropped.
pub(super) struct HiddenInput {
    terminal: File,
}

impl HiddenInput {
    /// Turns the echo off.
    ///
    /// Errors with [`Interrupted`](io::ErrorKind::Interrupted) once [`close`] was called.
    pub(super) fn new() -> io::Result<Self> {
        let mut state = state();
        if state.is_closed {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let terminal = open()?;
        let original = tcgetattr(&terminal)?;
        let mut hidden = original.clone();
        // Input arrives byte by byte, and Ctrl-C sends no signal: it would end the process with the echo off.
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        let open = Open { terminal: terminal.try_clone()?, original, hidden };
        tcsetattr(&terminal, OptionalActions::Now, &open.hidden)?;
        state.open = Some(open);
        Ok(Self { terminal })
    }

    /// Reads a line. Ctrl-C and Ctrl-\ interrupt the process (SIGINT), and Ctrl-Z stops it.
    pub(super) fn read_line(self) -> io::Result<String> {
        let result = read_line(&mut &self.terminal, stop, open_question::times_shown_again);
        if result.as_ref().map_or_else(|error| error.kind() == io::ErrorKind::InvalidData, |_| true) {
            // Standard input may be read-only.
            let _ = (&self.terminal).write_all(b"\n").or_else(|_| io::stderr().write_all(b"\n"));
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
        state().restore();
    }
}

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 0x15;
const CTRL_Z: u8 = 0x1a;
const CTRL_BACKSLASH: u8 = 0x1c;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// Reads up to the end of the line, with the editing keys that make sense without an echo. Calls `stop` at Ctrl-Z.
/// Whenever the result of `times_shown` changes, the question was shown again, and the line starts again.
fn read_line(
    input: &mut impl Read,
    mut stop: impl FnMut(),
    times_shown: impl Fn() -> u32,
) -> io::Result<String> {
    let mut typed = Zeroizing::new(Vec::with_capacity(256));
    let mut last_shown = times_shown();
    loop {
        let byte = read_byte(input)?;
        let now_shown = times_shown();
        if now_shown != last_shown {
            last_shown = now_shown;
            typed.clear();
        }
        match byte {
            b'\n' | b'\r' => break,
            // Ctrl-\ must not write a core dump, which would contain the secret.
            CTRL_C | CTRL_BACKSLASH => return Err(io::ErrorKind::Interrupted.into()),
            CTRL_D if typed.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            CTRL_U => typed.clear(),
            CTRL_Z => {
                stop();
                typed.clear();
            }
            BACKSPACE | DELETE => {
                // Removes up to the first byte of the character; the other bytes of UTF-8 are 10xxxxxx.
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

/// Skips the bytes that a key such as an arrow sends after `ESC`: `[` or `O`, then all bytes up to one from `@` to `~`.
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
        read_line(&mut keys, || panic!("no key stops it"), || 0).map_err(|error| error.kind())
    }

    #[test]
    fn a_stop_discards_the_line() {
        let mut stops = 0;
        let line = read_line(&mut &b"half\x1a\x1awhole\n"[..], || stops += 1, || 0);
        assert_eq!((line.unwrap().as_str(), stops), ("whole", 2));
    }

    #[test]
    fn a_question_that_is_shown_again_discards_the_line() {
        // Called before the line and after each byte; the question is shown again after the fourth byte.
        let asked = std::cell::Cell::new(0);
        let shown = || {
            asked.set(asked.get() + 1);
            u32::from(asked.get() > 5)
        };
        assert_eq!(read_line(&mut &b"halfwhole\n"[..], || (), shown).unwrap(), "whole");
    }

    #[test]
    fn no_question_turns_the_echo_off_once_the_process_ends() {
        close();
        assert_eq!(HiddenInput::new().err().map(|error| error.kind()), Some(io::ErrorKind::Interrupted));
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
    fn an_incomplete_line_is_an_error() {
        assert_eq!(typed(b"half"), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"half\x1b["), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"\x04"), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"half\x03"), Err(io::ErrorKind::Interrupted));
        assert_eq!(typed(b"half\x1c"), Err(io::ErrorKind::Interrupted));
        assert_eq!(typed(b"\xff\n"), Err(io::ErrorKind::InvalidData));
    }
}
