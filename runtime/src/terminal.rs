//! The prompt that asks a person on the terminal of this process.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::thread;

use sansgram_core::login::QrLink;
use zeroize::Zeroizing;

use crate::oneshot::{Receiver, oneshot};
#[cfg(feature = "qr")]
use crate::prompt::show_qr_code;
use crate::prompt::{show_url, validity};
#[cfg(feature = "qr")]
use crate::qr::Background;
use crate::{Prompt, PromptError, Question};

mod again;
#[cfg(unix)]
mod hidden;
#[cfg(not(unix))]
#[path = "terminal/hidden_elsewhere.rs"]
mod hidden;
mod link;
mod size;
mod wrap;

use again::Asked;
use hidden::HiddenInput;
use link::Screen;
use wrap::fitted;
pub use wrap::{for_standard_error, wrapped};

/// The terminal of this process: answers from standard input, everything shown on standard error (so that standard
/// output stays free for results), or on the controlling terminal if standard error is redirected.
///
/// If there is no terminal, as in a container, a pipe or a service, every question fails at once with
/// [`PromptError::NoTerminal`]: it never waits for answers that cannot come.
///
/// A question that was given up (its future dropped) leaves its reader waiting; the next question of the same kind
/// takes it over.
#[derive(Debug)]
pub struct TerminalPrompt {
    output: Output,
    reading_line: Option<Receiver<io::Result<String>>>,
    reading_secret: Option<Receiver<io::Result<String>>>,
    /// How many lines of the screen the last link takes, while nothing was written behind it.
    link_lines: Option<u16>,
}

#[derive(Debug)]
enum Output {
    StandardError,
    Terminal(File),
    /// Lines go to standard error, but no question can be asked.
    Nowhere,
}

impl TerminalPrompt {
    /// The terminal of this process.
    ///
    /// # Errors
    /// [`PromptError::NoTerminal`] if there is none, before a login starts.
    pub fn new() -> Result<Self, PromptError> {
        let prompt = Self::lazy();
        prompt.check()?;
        Ok(prompt)
    }

    /// The terminal of this process. That there is none is an error only once a question is asked: if a user is logged in
    /// already, no question is.
    #[must_use]
    pub fn lazy() -> Self {
        let output = if !io::stdin().is_terminal() {
            Output::Nowhere
        } else if io::stderr().is_terminal() {
            Output::StandardError
        } else {
            let path = if cfg!(windows) { "CONOUT$" } else { "/dev/tty" };
            OpenOptions::new().write(true).open(path).map_or(Output::Nowhere, Output::Terminal)
        };
        Self { output, reading_line: None, reading_secret: None, link_lines: None }
    }

    /// Puts the terminal back as it was, if a secret is being asked for. For a caller that ends the process because of
    /// a signal: from then on every question for a secret fails with [`PromptError::Interrupted`]. Ctrl-C at such a
    /// question does this by itself.
    pub fn restore() {
        hidden::close();
    }

    /// Shows the question again that is open, if there is one, and turns the echo off again if it asks for a secret. To be
    /// called after the process was stopped and continues (SIGCONT), since another process had the terminal meanwhile.
    pub fn resume() {
        hidden::resume();
        again::show();
    }

    /// Drops what was typed and not read yet: the rest of a message that was pasted for a code is no password, and a try of
    /// it would be spent. Does nothing if there is no terminal.
    pub fn discard_typed(&self) {
        if self.is_available() {
            hidden::discard();
        }
    }

    /// Returns whether a question can be asked.
    #[must_use]
    pub const fn is_available(&self) -> bool {
        !matches!(self.output, Output::Nowhere)
    }

    const fn check(&self) -> Result<(), PromptError> {
        match self.output {
            Output::Nowhere => Err(PromptError::NoTerminal),
            Output::StandardError | Output::Terminal(_) => Ok(()),
        }
    }

    /// Shows a question and remembers it for [`resume`](Self::resume), which waits until both are done: the process may
    /// be stopped in between.
    fn open(&mut self, question: &str) -> Result<Asked, PromptError> {
        let shown = self.fitted(question).into_owned();
        let terminal = match &self.output {
            Output::StandardError | Output::Nowhere => None,
            Output::Terminal(file) => Some(file.try_clone()?),
        };
        Asked::new(&shown, terminal, || self.write(question, " "))
    }

    /// What is broken between words, if the terminal is too narrow for it.
    fn fitted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.output {
            Output::StandardError | Output::Nowhere => fitted(text, &io::stderr()),
            Output::Terminal(file) => fitted(text, file),
        }
    }

    fn write(&mut self, text: &str, end: &str) -> Result<(), PromptError> {
        let text = self.fitted(text);
        self.write_as_it_is(&format!("{text}{end}"))
    }

    fn write_as_it_is(&mut self, text: &str) -> Result<(), PromptError> {
        self.link_lines = None;
        let output: &mut dyn Write = match &mut self.output {
            Output::StandardError | Output::Nowhere => &mut io::stderr().lock(),
            Output::Terminal(file) => file,
        };
        write!(output, "{text}")?;
        Ok(output.flush()?)
    }
    /// Asks a question of the caller's own and returns the line that is typed, without its line break.
    ///
    /// # Errors
    /// [`PromptError`].
    pub async fn read_line(&mut self, question: &str) -> Result<String, PromptError> {
        self.check()?;
        loop {
            let _asked = self.open(question)?;
            match answer(&mut self.reading_line, Some(read_line)).await {
                Err(error) if is_no_text(&error) => self.show(NO_TEXT)?,
                result => return result,
            }
        }
    }

    /// As [`read_line`](Self::read_line), but shows nothing of what is typed.
    ///
    /// # Errors
    /// [`PromptError`].
    pub async fn read_secret(&mut self, question: &str) -> Result<Zeroizing<String>, PromptError> {
        self.check()?;
        loop {
            // The echo is off before the question appears.
            let input = match self.reading_secret {
                Some(_) => None,
                None => match HiddenInput::new() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        return Err(PromptError::Interrupted);
                    }
                    input => Some(input?),
                },
            };
            let _asked = self.open(question)?;
            match answer(&mut self.reading_secret, input.map(|input| move || input.read_line())).await {
                Err(error) if is_no_text(&error) => self.show(NO_TEXT)?,
                result => return result.map(Zeroizing::new),
            }
        }
    }
}

impl Prompt for TerminalPrompt {
    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        if kind == Question::Password {
            self.discard_typed();
        }
        if kind.is_secret() {
            self.read_secret(question).await
        } else {
            self.read_line(question).await.map(Zeroizing::new)
        }
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        self.write(line, "\n")
    }

    /// On a terminal the picture is black on white, whatever the terminal's own colours are, and takes the place of the
    /// one before. Elsewhere, and if `NO_COLOR` is set or `TERM` is `dumb`, no escape code is written.
    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        let screen = match &self.output {
            Output::Nowhere => None,
            Output::StandardError => Screen::of(&io::stderr()),
            Output::Terminal(file) => Screen::of(file),
        };
        let Some(screen) = screen else {
            #[cfg(feature = "qr")]
            show_qr_code(self, link, Background::of_terminal())?;
            return show_url(self, link);
        };
        let before = self.link_lines.take();
        let (text, lines) = screen.link(link.url(), &validity(link), before);
        self.write_as_it_is(&text)?;
        self.link_lines = Some(lines);
        Ok(())
    }
}

/// The line that `read` gets, on a thread of its own: it belongs to no runtime and may wait as long as a person does.
/// If one is being read already, that one.
async fn answer(
    reading: &mut Option<Receiver<io::Result<String>>>,
    read: Option<impl FnOnce() -> io::Result<String> + Send + 'static>,
) -> Result<String, PromptError> {
    if let Some(read) = read.filter(|_| reading.is_none()) {
        let (sender, receiver) = oneshot();
        thread::Builder::new().name("sansgram-prompt".into()).spawn(move || sender.send(read()))?;
        *reading = Some(receiver);
    }
    let line = match reading.as_mut() {
        Some(receiver) => receiver.await,
        None => None,
    };
    *reading = None;
    match line {
        Some(Ok(line)) => Ok(line),
        Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(PromptError::Ended),
        Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Err(PromptError::Interrupted),
        Some(Err(error)) => Err(PromptError::Io(error)),
        None => Err(PromptError::Ended),
    }
}

/// Why the same is asked again: a terminal of another encoding, or a key that sends bytes of its own.
const NO_TEXT: &str = "This is not UTF-8 text; type it again.";

fn is_no_text(error: &PromptError) -> bool {
    matches!(error, PromptError::Io(error) if error.kind() == io::ErrorKind::InvalidData)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(without_keys(line))
}

/// A line without what keys such as arrows send, and what a terminal puts around what is pasted (ECMA-48, 5.4: `ESC [`, then
/// all up to a character from `@` to `~`).
fn without_keys(line: String) -> String {
    const ESCAPE: char = '\u{1b}';
    if !line.contains(ESCAPE) {
        return line;
    }
    let line = Zeroizing::new(line);
    let mut kept = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char != ESCAPE {
            kept.push(char);
        } else if matches!(chars.next(), Some('[' | 'O')) {
            chars.by_ref().find(|char| matches!(char, '@'..='~'));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d4_keys_and_the_marks_of_a_paste_are_no_part_of_an_answer() {
        for (typed, answer) in [
            ("+49 151", "+49 151"),
            ("\u{1b}[200~+49 151\u{1b}[201~", "+49 151"),
            ("1\u{1b}[A2\u{1b}[1;5C3\u{1b}OP4\u{1b}", "1234"),
            ("12\u{1b}[", "12"),
            ("ü\u{1b}[3~ö", "üö"),
        ] {
            assert_eq!(without_keys(typed.into()), answer, "{typed:?}");
        }
    }
}
