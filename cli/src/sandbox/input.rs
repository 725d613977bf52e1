//! Links that the user pastes into the sandbox: `tg://login?token=...`, perhaps with the number of the account that scans.

use std::io::{self, BufRead};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// The phone number of the account that scans a link if none is given.
pub(crate) const DEFAULT_SCANNER: &str = "+9996621234";

/// A pasted line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PastedLine {
    /// A link, and the phone number of the account that scans it.
    Scan { link: String, phone: String },
    /// Anything else.
    Unrecognised,
    /// Standard input has ended.
    End,
}

/// Reads standard input to its end on a separate thread, unless that would stop the process.
pub(super) fn pasted_lines() -> io::Result<Receiver<PastedLine>> {
    let (sender, receiver) = mpsc::channel();
    if may_read() {
        thread::Builder::new().name("links".into()).spawn(move || {
            each_line(io::stdin().lock(), |line| {
                parse(line).is_none_or(|pasted| sender.send(pasted).is_ok())
            });
            // The receiver may have ended first.
            let _ = sender.send(PastedLine::End);
        })?;
    }
    Ok(receiver)
}

/// Passes each line to `take` until it returns `false`. Invalid UTF-8 is replaced.
fn each_line(mut input: impl BufRead, mut take: impl FnMut(&str) -> bool) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(1..) if take(&String::from_utf8_lossy(&line)) => {}
            _ => return,
        }
    }
}

/// Returns the link in a line and the number before or after it; `None` if the line is empty.
fn parse(line: &str) -> Option<PastedLine> {
    let (links, others): (Vec<&str>, Vec<&str>) =
        line.split_whitespace().partition(|word| word.starts_with("tg://"));
    let [link] = links[..] else {
        return (!links.is_empty() || !others.is_empty()).then_some(PastedLine::Unrecognised);
    };
    let phone = if others.is_empty() { DEFAULT_SCANNER.into() } else { others.concat() };
    Some(PastedLine::Scan { link: link.into(), phone })
}

/// Returns whether reading is safe. A background job is stopped if it reads from its terminal.
#[cfg(unix)]
fn may_read() -> bool {
    use rustix::process::getpgrp;
    use rustix::termios::{isatty, tcgetpgrp};
    let stdin = io::stdin();
    !isatty(&stdin) || tcgetpgrp(&stdin).is_ok_and(|foreground| foreground == getpgrp())
}

#[cfg(not(unix))]
const fn may_read() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_utf_8_is_replaced() {
        let mut lines = Vec::new();
        each_line(&b"a\xff\n\nlast"[..], |line| {
            lines.push(line.to_owned());
            true
        });
        assert_eq!(lines, ["a\u{fffd}\n", "\n", "last"]);
    }

    #[test]
    fn a_line_has_a_link_and_perhaps_a_number() {
        let link = "tg://login?token=AAAA";
        let scan = |phone: &str| Some(PastedLine::Scan { link: link.into(), phone: phone.into() });
        assert_eq!(parse(&format!(" {link}\r")), scan(DEFAULT_SCANNER));
        assert_eq!(parse(&format!("{link} 9996610002")), scan("9996610002"));
        assert_eq!(parse(&format!("+999 66 1 0002 {link}")), scan("+9996610002"));
        for line in ["9996610002", &format!("{link} {link}")] {
            assert_eq!(parse(line), Some(PastedLine::Unrecognised), "{line}");
        }
        assert_eq!(parse(" \r"), None);
    }
}
