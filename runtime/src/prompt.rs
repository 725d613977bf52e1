//! Where an interactive login asks: any [`Prompt`], or the terminal.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

use sansgram_core::login::{QrLink, SavedLogin};
use zeroize::Zeroizing;

use crate::oneshot::{Receiver, oneshot};
use crate::qr::{Background, QrImage};
use crate::text::{fitted, printable};
use crate::{Error, messages};

mod again;
#[cfg(unix)]
mod hidden;
#[cfg(not(unix))]
#[path = "prompt/hidden_elsewhere.rs"]
mod hidden;
pub(crate) mod picture;

use again::Asked;
use hidden::HiddenInput;
use picture::Screen;

/// Someone who answers questions: a person at a terminal, a dialog, a script.
///
/// Questions and lines come without a line break at their end and hold nothing that a terminal would obey.
pub trait Prompt: Send {
    /// Asks a question whose answer may be seen while it is typed.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn ask(&mut self, question: &str) -> impl Future<Output = Result<String, PromptError>> + Send;

    /// Asks for a secret: nothing of the answer may be seen.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn ask_hidden(
        &mut self,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send;

    /// Shows a line: what happens, or why a question is asked again.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn show(&mut self, line: &str) -> Result<(), PromptError>;

    /// Asks a question of a known kind. Whoever has the answers already need not understand the words: as it stands,
    /// it calls [`ask`](Self::ask) or [`ask_hidden`](Self::ask_hidden).
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn ask_for(
        &mut self,
        kind: Question,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send {
        async move {
            if kind.is_secret() {
                self.ask_hidden(question).await
            } else {
                self.ask(question).await.map(Zeroizing::new)
            }
        }
    }

    /// Shows a link to be scanned as a QR code, each time in place of the last one. As it stands, it shows the picture
    /// in half-blocks for a dark ground, line by line, and the link beside it.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        show_link(self, link, Background::Dark)
    }

    /// Why the last answer was not accepted; the question is asked again. As it stands, it shows the reason.
    ///
    /// # Errors
    /// Whoever has no other answer gives the reason back: it ends the login. Or a [`PromptError`].
    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        Ok(self.show(&messages::sentence(reason))?)
    }

    /// The server wants us to wait this long before it goes on by itself. As it stands, it shows that.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn on_flood_wait(&mut self, time: Duration) -> Result<(), PromptError> {
        self.show(&format!("Telegram asks to wait {}…", messages::span(time)))
    }

    /// Where the login stands, whenever that changes, and `None` once it is over: put it away (it is a secret) to go
    /// on in another process by [`Client::resume_login`](crate::Client::resume_login). As it stands, it does nothing.
    fn on_checkpoint(&mut self, pending: Option<&SavedLogin>) {
        let _ = pending;
    }
}

impl<P: Prompt + ?Sized> Prompt for &mut P {
    fn ask(&mut self, question: &str) -> impl Future<Output = Result<String, PromptError>> + Send {
        (**self).ask(question)
    }

    fn ask_hidden(
        &mut self,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send {
        (**self).ask_hidden(question)
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        (**self).show(line)
    }

    fn ask_for(
        &mut self,
        kind: Question,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send {
        (**self).ask_for(kind, question)
    }

    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        (**self).show_link(link)
    }

    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        (**self).on_rejected(reason)
    }

    fn on_flood_wait(&mut self, time: Duration) -> Result<(), PromptError> {
        (**self).on_flood_wait(time)
    }

    fn on_checkpoint(&mut self, pending: Option<&SavedLogin>) {
        (**self).on_checkpoint(pending);
    }
}

/// What a question of a login is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Question {
    /// A phone number, a bot's token, or `qr`.
    Identity,
    /// Whether the phone number is right: `y` or `n`.
    ConfirmPhone,
    /// The code that was sent by telephone or to another application; or `resend`, or `cancel`.
    Code,
    /// The e-mail address to set up.
    Email,
    /// The code that was sent by e-mail.
    EmailCode,
    /// The password.
    Password,
    /// Whether a code is to be sent by e-mail, to recover the forgotten password with: `y` or `n`.
    ConfirmRecovery,
    /// The code that was sent by e-mail to recover the password with.
    RecoveryCode,
    /// A new password in place of the forgotten one; empty for none.
    NewPassword,
    /// Whether the account is to have no password from now on: `y` or `n`.
    ConfirmNoPassword,
    /// Whether to sign up under the terms that were shown: `y` or `n`.
    AcceptTerms,
    /// A newcomer's first name.
    FirstName,
    /// A newcomer's last name; may be empty.
    LastName,
}

impl Question {
    /// Whether nothing of the answer may be seen.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::NewPassword)
    }

    /// What the answer is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "phone number or bot token",
            Self::ConfirmPhone => "confirmation of the phone number",
            Self::Code => "login code",
            Self::Email => "e-mail address",
            Self::EmailCode => "code from the e-mail",
            Self::Password => "password",
            Self::ConfirmRecovery => "consent to a recovery of the password",
            Self::RecoveryCode => "recovery code",
            Self::NewPassword => "new password",
            Self::ConfirmNoPassword => "consent to have no password",
            Self::AcceptTerms => "consent to the terms of service",
            Self::FirstName => "first name",
            Self::LastName => "last name",
        }
    }
}

/// Shows a link's picture line by line, and the link itself.
pub(crate) fn show_link<P: Prompt + ?Sized>(
    prompt: &mut P,
    link: &QrLink,
    ground: Background,
) -> Result<(), PromptError> {
    if let Some(picture) = QrImage::of(link.url()) {
        for line in picture.half_blocks(ground).lines() {
            prompt.show(line)?;
        }
    }
    prompt.show(link.url())?;
    prompt.show(&validity(link))
}

/// A link is renewed before its end, so the words need not be exact.
fn validity(link: &QrLink) -> String {
    format!("The link is valid for {}; a new one follows by itself.", messages::span(link.lifetime))
}

/// Why nobody answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// Standard input is no terminal, or nothing can be shown on one.
    #[error(
        "there is no terminal to ask on: give the phone number, the code and the password, or the bot token, as \
         values instead"
    )]
    NoTerminal,
    /// The input ended (Ctrl-D).
    #[error("the input ended before the login was complete; start it again to go on")]
    Ended,
    /// The person broke it off (Ctrl-C).
    #[error("the login was interrupted; start it again to go on")]
    Interrupted,
    /// No value was given for what is asked.
    #[error("no {} was given", .0.name())]
    NoValue(Question),
    /// The value that was given is wrong, and there is no other.
    #[error("the {} that was given is not accepted: {reason}", .question.name())]
    WrongValue {
        /// What was asked.
        question: Question,
        /// What was said about the value.
        reason: String,
    },
    /// The operating system reported an error.
    #[error("the terminal cannot be used: {0}")]
    Io(io::Error),
    /// A reason of the prompt's own, in one sentence without a full stop.
    #[error("{}", printable(.0))]
    Other(String),
}

// Not by `#[from]`: what a text says already is no source of it.
impl From<io::Error> for PromptError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The terminal of this process: answers from standard input, everything shown on standard error (so that standard
/// output stays free for results), or on the controlling terminal where standard error goes elsewhere.
///
/// Where there is no terminal, as in a container, a pipe or a service, every question fails at once with
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
    /// Lines go to standard error, but nobody can be asked.
    Nowhere,
}

impl TerminalPrompt {
    /// The terminal of this process.
    ///
    /// # Errors
    /// [`PromptError::NoTerminal`] where there is none, so that a login need not begin.
    pub fn new() -> Result<Self, PromptError> {
        let prompt = Self::lazy();
        prompt.check()?;
        Ok(prompt)
    }

    /// The terminal of this process, which is missed only once a question is asked: where somebody is logged in
    /// already, there is none.
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

    /// Puts the terminal back as it was, where a secret is being asked for. For who is about to end the process
    /// because of a signal: Ctrl-C at such a question is seen to already.
    pub fn restore() {
        hidden::restore();
    }

    /// Shows the question again that is open, if there is one, and hides again what is typed where that is a secret. For
    /// who sees that the process goes on after it was stopped (SIGCONT): until then somebody else had the terminal.
    pub fn resume() {
        hidden::resume();
        again::show();
    }

    /// Drops what was typed and not read yet: the rest of a message that was pasted for a code is no password, and a try of
    /// it would be spent. Does nothing where there is no terminal.
    pub fn discard_typed(&self) {
        if self.is_available() {
            hidden::discard();
        }
    }

    /// Whether somebody can be asked.
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

    /// Remembers what is asked, for [`resume`](Self::resume).
    fn asked(&self, question: &str) -> Result<Asked, PromptError> {
        let question = &*self.fitted(question);
        let terminal = match &self.output {
            Output::StandardError | Output::Nowhere => None,
            Output::Terminal(file) => Some(file),
        };
        Ok(Asked::new(question, terminal)?)
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
}

impl Prompt for TerminalPrompt {
    async fn ask(&mut self, question: &str) -> Result<String, PromptError> {
        self.check()?;
        loop {
            self.write(question, " ")?;
            let _asked = self.asked(question)?;
            match answer(&mut self.reading_line, Some(read_line)).await {
                Err(error) if is_no_text(&error) => self.show(NO_TEXT)?,
                result => return result,
            }
        }
    }

    async fn ask_hidden(&mut self, question: &str) -> Result<Zeroizing<String>, PromptError> {
        self.check()?;
        loop {
            // Nothing may show from the moment on that the question does.
            let input = if self.reading_secret.is_none() { Some(HiddenInput::new()?) } else { None };
            self.write(question, " ")?;
            let _asked = self.asked(question)?;
            match answer(&mut self.reading_secret, input.map(|input| move || input.read_line())).await {
                Err(error) if is_no_text(&error) => self.show(NO_TEXT)?,
                result => return result.map(Zeroizing::new),
            }
        }
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        self.write(line, "\n")
    }

    async fn ask_for(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        if kind == Question::Password {
            self.discard_typed();
        }
        if kind.is_secret() {
            self.ask_hidden(question).await
        } else {
            self.ask(question).await.map(Zeroizing::new)
        }
    }

    /// On a terminal the picture is black on white, whatever the terminal's own colours are, and takes the place of the
    /// one before. Elsewhere, and where `NO_COLOR` is set or `TERM` is `dumb`, there is no escape code.
    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        let screen = match &self.output {
            Output::Nowhere => None,
            Output::StandardError => Screen::of(&io::stderr()),
            Output::Terminal(file) => Screen::of(file),
        };
        let Some(screen) = screen else { return show_link(self, link, Background::of_terminal()) };
        let before = self.link_lines.take();
        let (text, lines) = screen.link(link.url(), &validity(link), before);
        self.write_as_it_is(&text)?;
        self.link_lines = Some(lines);
        Ok(())
    }
}

/// The line that `read` gets, on a thread of its own: it belongs to no runtime and may wait as long as a person does.
/// Where one is being read already, that one.
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
