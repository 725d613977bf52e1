//! A prompt on the terminal of this process.

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

#[cfg(unix)]
mod hidden;
#[cfg(not(unix))]
#[path = "terminal/hidden_elsewhere.rs"]
mod hidden;
mod link;
mod open_question;
mod size;
mod wrap;

use hidden::HiddenInput;
use link::Screen;
use open_question::OpenQuestion;
use wrap::fitted;
pub use wrap::{for_standard_error, wrapped};

/// The terminal of this process. Answers come from standard input. Output goes to standard error (so that standard
/// output remains free for results), or to the controlling terminal if standard error is redirected.
///
/// If there is no terminal, as in a container, a pipe or a service, every question fails at once with
/// [`PromptError::NoTerminal`]: the prompt never waits for answers that cannot come.
///
/// If the future of a question is dropped, its reader continues to wait; the next question of the same kind reuses it.
#[derive(Debug)]
pub struct TerminalPrompt {
    output: Output,
    reading_line: Option<Receiver<io::Result<String>>>,
    reading_secret: Option<Receiver<io::Result<String>>>,
    /// The number of lines of the last link on the screen, if nothing was written after it.
    link_lines: Option<u16>,
}

#[derive(Debug)]
enum Output {
    StandardError,
    Terminal(File),
    /// Lines are written to standard error, but no question can be asked.
    Nowhere,
}

impl TerminalPrompt {
    /// Opens the terminal of this process.
    ///
    /// # Errors
    /// Returns [`PromptError::NoTerminal`] if there is no terminal, before a login starts.
    pub fn new() -> Result<Self, PromptError> {
        let prompt = Self::lazy();
        prompt.check()?;
        Ok(prompt)
    }

    /// Opens the terminal of this process. A missing terminal is an error only once a question is asked: if a user is
    /// logged in already, no question is asked.
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

    /// Restores the terminal if a question for a secret is open. Intended for a caller that ends the process because of a
    /// signal: afterwards, every question for a secret fails with [`PromptError::Interrupted`]. Ctrl-C at such a
    /// question does this too.
    pub fn restore() {
        hidden::close();
    }

    /// Shows the open question again, if there is one, and turns the echo off again if it asks for a secret. Intended for
    /// a process that continues after a stop (SIGCONT): another process has used the terminal meanwhile.
    pub fn resume() {
        hidden::resume();
        open_question::show_again();
    }

    /// Discards input that was typed and not read yet. Otherwise, the rest of a message that was pasted as a code would
    /// be sent as a password, and use up one try. Does nothing if there is no terminal.
    fn discard_typed(&self) {
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

    /// Shows a question and remembers it for [`resume`](Self::resume). The process may be stopped between the two, so
    /// `resume` waits until both are done.
    fn open(&mut self, question: &str) -> Result<OpenQuestion, PromptError> {
        let shown = self.fitted(question).into_owned();
        let terminal = match &self.output {
            Output::StandardError | Output::Nowhere => None,
            Output::Terminal(file) => Some(file.try_clone()?),
        };
        OpenQuestion::new(&shown, terminal, || self.write(question, " "))
    }

    /// Returns the text wrapped between words if the terminal is too narrow for it.
    fn fitted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.output {
            Output::StandardError | Output::Nowhere => fitted(text, &io::stderr()),
            Output::Terminal(file) => fitted(text, file),
        }
    }

    fn write(&mut self, text: &str, end: &str) -> Result<(), PromptError> {
        let text = self.fitted(text);
        self.write_unwrapped(&format!("{text}{end}"))
    }

    fn write_unwrapped(&mut self, text: &str) -> Result<(), PromptError> {
        self.link_lines = None;
        let output: &mut dyn Write = match &mut self.output {
            Output::StandardError | Output::Nowhere => &mut io::stderr().lock(),
            Output::Terminal(file) => file,
        };
        write!(output, "{text}")?;
        Ok(output.flush()?)
    }

    /// Asks a question of the caller and returns the typed line without its line break.
    ///
    /// # Errors
    /// Returns a [`PromptError`] if the line cannot be read.
    pub async fn read_line(&mut self, question: &str) -> Result<String, PromptError> {
        self.check()?;
        loop {
            let _question = self.open(question)?;
            match answer(&mut self.reading_line, Some(read_line)).await {
                Err(error) if is_not_text(&error) => self.show(NOT_TEXT)?,
                result => return result,
            }
        }
    }

    /// Like [`read_line`](Self::read_line), but does not show the typed text.
    ///
    /// # Errors
    /// Returns a [`PromptError`] if the line cannot be read.
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
            let _question = self.open(question)?;
            match answer(&mut self.reading_secret, input.map(|input| move || input.read_line())).await {
                Err(error) if is_not_text(&error) => self.show(NOT_TEXT)?,
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

    /// On a terminal, the image is black on white, independent of the terminal's own colours, and replaces the previous
    /// one. Otherwise, and if `NO_COLOR` is set or `TERM` is `dumb`, no escape code is written.
    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        let screen = match &self.output {
            Output::Nowhere => None,
            Output::StandardError => Screen::of(&io::stderr()),
            Output::Terminal(file) => Screen::of(file),
        };
        let Some(screen) = screen else {
            #[cfg(feature = "qr")]
            show_qr_code(self, link, Background::detect())?;
            return show_url(self, link);
        };
        let before = self.link_lines.take();
        let (text, lines) = screen.link(link.url(), &validity(link), before);
        self.write_unwrapped(&text)?;
        self.link_lines = Some(lines);
        Ok(())
    }
}

/// Runs `read` on a thread of its own, which may wait for a long time, and returns the line. If another reader still
/// waits, returns its line.
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
        Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(PromptError::EndOfInput),
        Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Err(PromptError::Interrupted),
        Some(Err(error)) => Err(PromptError::Io(error)),
        None => Err(PromptError::EndOfInput),
    }
}

/// The reason why a question is repeated: the terminal has another encoding, or a key sent other bytes.
const NOT_TEXT: &str = "The input is not UTF-8; type it again.";

fn is_not_text(error: &PromptError) -> bool {
    matches!(error, PromptError::Io(error) if error.kind() == io::ErrorKind::InvalidData)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(without_escape_sequences(line))
}

/// Removes the escape sequences of keys such as arrows, and those that a terminal puts around pasted text (ECMA-48, 5.4:
/// `ESC [`, then everything up to a character from `@` to `~`).
fn without_escape_sequences(line: String) -> String {
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
    fn escape_sequences_are_removed_from_answers() {
        for (typed, answer) in [
            ("+49 151", "+49 151"),
            ("\u{1b}[200~+49 151\u{1b}[201~", "+49 151"),
            ("1\u{1b}[A2\u{1b}[1;5C3\u{1b}OP4\u{1b}", "1234"),
            ("12\u{1b}[", "12"),
            ("ü\u{1b}[3~ö", "üö"),
        ] {
            assert_eq!(without_escape_sequences(typed.into()), answer, "{typed:?}");
        }
    }
}
