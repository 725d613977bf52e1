//! Values from standard input, one on each line, or one that is all of it.

use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;

use sansgram_runtime::core::Secret;
use sansgram_runtime::read_file;
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::policy::MAX_STDIN_LINE_LEN;

/// The value of a line, in the order of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Phone,
    Code,
    Password,
    BotToken,
    Passcode,
}

impl Line {
    const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone number",
            Self::Code => "login code",
            Self::Password => "password",
            Self::BotToken => "bot token",
            Self::Passcode => "passcode",
        }
    }
}

/// The lines that have not been read yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(VecDeque<Line>);

impl Lines {
    /// Returns the lines that the options name, in their order. Returns none if standard input is a terminal: the questions
    /// are asked there, which hides the password.
    pub(crate) fn named(named: impl IntoIterator<Item = (Line, bool)>) -> Self {
        if io::stdin().is_terminal() {
            return Self::default();
        }
        Self(named.into_iter().filter(|(_, is_named)| *is_named).map(|(line, _)| line).collect())
    }

    pub(crate) fn contains(&self, line: Line) -> bool {
        self.0.contains(&line)
    }

    /// Reads up to this line, which must not have been read yet. Blocks without a limit.
    pub(crate) fn read(&mut self, wanted: Line) -> Result<Secret<String>, String> {
        while let Some(line) = self.0.pop_front() {
            let value = read(&mut io::stdin().lock(), line)?;
            if line == wanted {
                return Ok(value);
            }
        }
        Err(end_of_input(wanted))
    }
}

/// Reads standard input to its end, at most `limit` bytes.
pub(crate) fn all(limit: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    read_file(Path::new("/dev/stdin"), limit)
        .map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))
}

/// Reads one line with the value `line`.
pub(crate) fn read(input: &mut impl BufRead, line: Line) -> Result<Secret<String>, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    let read = input.by_ref().take(MAX_STDIN_LINE_LEN).read_until(b'\n', &mut bytes);
    read.map_err(|error| format!("standard input cannot be read: {error}"))?;
    if bytes.is_empty() {
        return Err(end_of_input(line));
    }
    if bytes.len() as u64 == MAX_STDIN_LINE_LEN && bytes.last() != Some(&b'\n') {
        return Err(format!("the line of standard input for the {} is too long", line.name()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| format!("the {} is not UTF-8", line.name()))?;
    // Windows puts a byte order mark before a text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("the line of standard input for the {} is empty", line.name())),
        text => Ok(Secret::new(text.into())),
    }
}

fn end_of_input(line: Line) -> String {
    format!("standard input ended before the {}", line.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_value() {
        let mut input = &b"+999 66\r\n pass word \n\nlast"[..];
        let mut next = || read(&mut input, Line::Code).map(|value| value.expose().clone());
        assert_eq!(next().unwrap(), "+999 66");
        assert_eq!(next().unwrap(), " pass word ");
        assert_eq!(next().unwrap_err(), "the line of standard input for the login code is empty");
        assert_eq!(next().unwrap(), "last");
        assert_eq!(next().unwrap_err(), "standard input ended before the login code");
        assert_eq!(read(&mut "\u{feff}p w\r\n".as_bytes(), Line::Password).unwrap().expose(), "p w");
        assert!(read(&mut &b"\xff\n"[..], Line::Password).unwrap_err().contains("UTF-8"));
    }
}
