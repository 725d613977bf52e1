//! Answers the questions of a login with the given values, or else by asking the user on the terminal, if there is one.

use std::mem;
use std::time::Duration;

use sansgram_runtime::core::Secret;
use sansgram_runtime::core::login::{QrLink, SavedLogin};
use sansgram_runtime::text::printable;
use sansgram_runtime::{
    Client, Error, Prompt, PromptError, Question, TerminalPrompt, describe_code_delivery,
};
use zeroize::Zeroizing;

use super::args::LoginArgs;
use super::identity::Given;
use super::messages;
use super::qr::PictureFile;
use super::setup::Setup;
use crate::policy::MAX_QR_LINKS;
use crate::sandbox::Sandbox;
use crate::saved_login::{LoadedLogin, SavedLoginFile, messages as saved_messages};
use crate::stdin_values::Line;
use crate::timeout::{Pause, Resumable, TimeLimit};
use crate::{interrupt, output};

/// The prompt of a login. The time that the user takes to answer does not count. In a sandbox, a question is preceded by
/// the codes that have arrived.
pub(super) struct Answers<'a> {
    args: &'a LoginArgs,
    client: &'a Client,
    time_limit: &'a TimeLimit,
    sandbox: Option<&'a Sandbox>,
    saved_login: Option<&'a SavedLoginFile>,
    picture: Option<&'a PictureFile>,
    /// The phone number of the account that scans the links in a sandbox.
    pub(super) scanner: Option<String>,
    pub(super) number: Option<Secret<String>>,
    pub(super) given: Given,
    terminal: TerminalPrompt,
    output: Output,
    last_answer: LastAnswer,
    /// Whether the phone number was given, and needs no confirmation.
    number_was_given: bool,
    /// Pauses the time limit while a link is shown.
    pause: Option<Pause<'a>>,
    /// The phone number to save with the login, in digits.
    phone: Option<String>,
    pending: Pending,
}

/// When lines are printed.
#[derive(Debug)]
enum Output {
    /// Immediately, since there are prompts from the beginning.
    Immediate,
    /// Before the next question, since the given values may be enough.
    Buffered(Vec<String>),
}

/// Where the answer to the last question came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastAnswer {
    /// The user typed it, or there was no question yet.
    Typed,
    /// It was a given value.
    Given,
    /// It was a given value, "cancel" in place of a code.
    GivenCancel,
}

/// What the login waits for.
#[derive(Debug)]
enum Pending {
    Nothing,
    /// This process can continue it.
    Unsaved(SavedLogin),
    /// Another call can continue it as well.
    Saved(SavedLogin),
}

impl<'a> Answers<'a> {
    pub(super) fn new(setup: &'a Setup<'_>, client: &'a Client, given: Given) -> Self {
        Self {
            args: setup.args,
            client,
            time_limit: setup.time_limit,
            sandbox: setup.sandbox.as_ref(),
            saved_login: setup.saved_login.as_ref(),
            picture: setup.args.qr_file.as_ref(),
            scanner: None,
            number: None,
            given,
            terminal: TerminalPrompt::lazy(),
            output: Output::Buffered(Vec::new()),
            last_answer: LastAnswer::Typed,
            number_was_given: false,
            pause: None,
            phone: None,
            pending: Pending::Nothing,
        }
    }

    /// Prints all lines from now on.
    pub(super) fn start_conversation(&mut self) {
        self.output = Output::Immediate;
    }

    /// Returns what the login waits for.
    pub(super) const fn pending(&self) -> Option<&SavedLogin> {
        match &self.pending {
            Pending::Nothing => None,
            Pending::Unsaved(login) | Pending::Saved(login) => Some(login),
        }
    }

    /// Returns whether "cancel" was given in place of a code.
    pub(super) fn is_cancelled(&self) -> bool {
        self.last_answer == LastAnswer::GivenCancel
    }

    /// Resumes a saved login, which stays saved if the server cannot be reached.
    pub(super) fn resume(&mut self, saved: &LoadedLogin) {
        self.phone.clone_from(&saved.phone);
        self.pending = Pending::Saved(saved.pending.clone());
        self.update_time_limit();
    }

    /// Returns the login that another call can resume. A QR login is not resumed, since a new link is shown.
    pub(super) const fn saved(&self) -> Option<&SavedLogin> {
        match &self.pending {
            Pending::Nothing | Pending::Unsaved(_) | Pending::Saved(SavedLogin::Qr { .. }) => None,
            Pending::Saved(login) => Some(login),
        }
    }

    /// Says how to resume the login, and whether a given value was not used.
    pub(super) fn how_to_continue(&self, pending: &SavedLogin) -> String {
        let how = messages::how_to_continue(pending, self.args);
        match self.unused_value(pending) {
            Some(value) => format!("the {value} was not used; {how}"),
            None => how,
        }
    }

    /// Returns the name of the given value that the login waits for, if it was not sent to the server.
    pub(super) fn unused_value(&self, pending: &SavedLogin) -> Option<&'static str> {
        match saved_messages::pending_name(pending) {
            "code" if self.given.has_code() => Some("code"),
            "password" if self.given.has_password() => Some("password"),
            _ => None,
        }
    }

    /// Tells the time limit which login can be resumed.
    fn update_time_limit(&self) {
        self.time_limit.set_saved_login(self.saved().map(|pending| Resumable {
            json: self.args.json.then(|| pending.clone()),
            how: self.how_to_continue(pending),
            file: self.saved_login.cloned(),
        }));
    }

    /// Prints the codes that have arrived in the sandbox.
    pub(super) fn print_arrived_codes(&self) {
        self.arrived_codes().iter().for_each(|line| output::note(line));
    }

    fn arrived_codes(&self) -> Vec<String> {
        self.sandbox.map(Sandbox::arrived_codes).unwrap_or_default()
    }

    /// Takes the given value for a question, if it has not been used yet.
    async fn take_given(&mut self, kind: Question) -> Result<Option<Zeroizing<String>>, PromptError> {
        let (value, line) = match kind {
            Question::Identity => {
                let value = self.number.take();
                self.number_was_given = value.is_some();
                (value, None)
            }
            Question::ConfirmPhone if self.number_was_given => (Some(Secret::new("y".to_owned())), None),
            Question::Code | Question::EmailCode => (self.given.code.take(), Some(Line::Code)),
            Question::Password => (self.given.password.take(), Some(Line::Password)),
            _ => (None, None),
        };
        match line.filter(|line| value.is_none() && self.given.lines.contains(*line)) {
            None => Ok(value.map(|value| Zeroizing::new(value.expose().clone()))),
            Some(line) => {
                self.print_arrived_codes();
                let _pause = self.time_limit.pause();
                let mut lines = mem::take(&mut self.given.lines);
                let (read, lines) = smol::unblock(move || (lines.read(line), lines)).await;
                self.given.lines = lines;
                match read {
                    Ok(value) => Ok(Some(Zeroizing::new(value.expose().clone()))),
                    Err(reason) => Err(PromptError::Other(reason)),
                }
            }
        }
    }

    /// Prints the lines that belong before a question or a link.
    fn print_buffered(&mut self) -> Result<(), PromptError> {
        self.pause = None;
        let mut lines = match &mut self.output {
            Output::Immediate => Vec::new(),
            Output::Buffered(lines) => mem::take(lines),
        };
        lines.extend(self.arrived_codes());
        lines.iter().try_for_each(|line| self.terminal.show(line))
    }

    /// Ends the line of the question, unless an answer did.
    fn end_line<T>(&mut self, answer: Result<T, PromptError>) -> Result<T, PromptError> {
        if matches!(answer, Err(PromptError::EndOfInput)) {
            self.terminal.show("")?;
        }
        answer
    }

    /// Describes how the code was sent, for a call that cannot prompt for it.
    pub(super) fn describe_code_delivery(&self) -> Option<String> {
        match self.pending() {
            // While an e-mail address is set up, no code has been sent.
            Some(SavedLogin::Code(token)) if !saved_messages::is_email_set_up(token) => {
                Some(describe_code_delivery(token))
            }
            _ => None,
        }
    }

    /// Saves the login for another call, or removes the saved login if there is nothing to wait for. Returns whether a
    /// login is saved.
    fn save(&self, pending: Option<&SavedLogin>) -> Result<bool, String> {
        let Some(file) = self.saved_login else { return Ok(false) };
        let Some(pending) = pending else {
            // The end of the login reports a failure to remove it.
            let _ = file.remove();
            return Ok(false);
        };
        file.save(pending, self.phone.as_deref(), &self.client.stored_session(), self.client.home())
            .map(|()| true)
            .map_err(|error| format!("the login cannot be saved: {error}"))
    }

    /// Asks the user a question of the command, not of the login.
    pub(super) async fn read_line(&mut self, question: &str) -> Result<String, PromptError> {
        self.print_buffered()?;
        let _pause = self.time_limit.pause();
        let answer = self.terminal.read_line(question).await;
        self.end_line(answer)
    }

    fn scan(&mut self, link: &QrLink) -> Result<(), PromptError> {
        let (Some(sandbox), Some(phone)) = (self.sandbox, &self.scanner) else { return Ok(()) };
        let line = match sandbox.scan(link.url(), phone) {
            Ok(()) => format!("Sandbox: {phone} scans the code."),
            Err(reason) => {
                return Err(PromptError::Other(format!(
                    "the sandbox's {phone} cannot scan the code: {reason}"
                )));
            }
        };
        output::note(&line);
        Ok(())
    }
}

impl Prompt for Answers<'_> {
    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        // The result of the login says more.
        if line.starts_with(messages::LOGGED_IN) {
            return Ok(());
        }
        match &mut self.output {
            Output::Immediate => return self.terminal.show(line),
            Output::Buffered(lines) => lines.push(line.into()),
        }
        Ok(())
    }

    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        self.pause = None;
        if kind == Question::ConfirmPhone {
            self.time_limit.set_step("requesting a login code");
        }
        if kind == Question::Identity && self.is_cancelled() {
            return Err(PromptError::NoValue(kind));
        }
        let value = self.take_given(kind).await?;
        let is_code = matches!(kind, Question::Code | Question::EmailCode);
        self.last_answer = match &value {
            None => LastAnswer::Typed,
            Some(value) if is_code && value.trim().eq_ignore_ascii_case("cancel") => LastAnswer::GivenCancel,
            Some(_) => LastAnswer::Given,
        };
        self.update_time_limit();
        if let Some(value) = value {
            // These lines belong to the question, which is not asked.
            if let Output::Buffered(lines) = &mut self.output {
                lines.clear();
            }
            return Ok(value);
        }
        if !self.terminal.is_available() {
            return Err(PromptError::NoValue(kind));
        }
        self.print_buffered()?;
        let _pause = self.time_limit.pause();
        let answer = self.terminal.ask(kind, question).await;
        self.end_line(answer)
    }

    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        if link.number > MAX_QR_LINKS {
            return Err(PromptError::Other(format!(
                "none of the {MAX_QR_LINKS} QR codes was scanned; start again for new ones"
            )));
        }
        self.time_limit.set_step("waiting for the scan of the QR code");
        self.print_buffered()?;
        if let Some(picture) = self.picture {
            picture.write(link).map_err(PromptError::Other)?;
            if link.number == 1 {
                self.terminal.show(&format!("The QR code is in {}.", printable(&picture.name())))?;
            }
        }
        self.terminal.show_link(link)?;
        self.pause = Some(self.time_limit.pause());
        self.scan(link)
    }

    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        if self.last_answer != LastAnswer::Typed {
            return Err(reason.clone());
        }
        self.print_buffered()?;
        self.terminal.on_rejected(reason)
    }

    fn on_flood_wait(&mut self, time: Duration) -> Result<(), PromptError> {
        self.print_buffered()?;
        self.terminal.on_flood_wait(time)
    }

    fn on_checkpoint(&mut self, pending: Option<&SavedLogin>) {
        self.pause = None;
        self.time_limit.set_step(match pending {
            Some(SavedLogin::Code(_) | SavedLogin::EmailCode(..)) => "sending the login code",
            Some(SavedLogin::Password(_)) => "checking the password",
            Some(SavedLogin::SignUp(_)) => "signing up",
            Some(SavedLogin::Qr { .. }) => "requesting a QR code",
            _ => "logging in",
        });
        if let Some(SavedLogin::Code(token)) = pending {
            self.phone = Some(token.phone.digits().into());
        }
        let result = self.save(pending);
        let is_saved = matches!(result, Ok(true));
        self.pending = match pending.cloned() {
            None => Pending::Nothing,
            Some(login) if is_saved => Pending::Saved(login),
            Some(login) => Pending::Unsaved(login),
        };
        self.update_time_limit();
        interrupt::set_advice(is_saved.then_some(messages::RESUMES));
        if let Err(reason) = result {
            output::note(&format!("note: {}", printable(&reason)));
        }
    }
}
