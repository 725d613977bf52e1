//! Answers the questions of a login from the given values, or else by asking the user at the terminal, if any.

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
use crate::policy::MAX_QR_LINKS;
use crate::sandbox::Sandbox;
use crate::saved_login::{SavedLoginFile, words};
use crate::stdin_values::Line;
use crate::timeout::{Pause, Remains, Watch};
use crate::{interrupt, output};

/// Answers, and the other output of a login. The time that the user takes does not count. In a sandbox, the codes that
/// arrived are shown before a question.
pub(super) struct Answers<'a> {
    args: &'a LoginArgs,
    pub(super) client: &'a Client,
    pub(super) watch: &'a Watch,
    pub(super) sandbox: Option<&'a Sandbox>,
    pub(super) saved_login: Option<&'a SavedLoginFile>,
    pub(super) picture: Option<&'a PictureFile>,
    /// Who scans the links in a sandbox.
    pub(super) scanner: Option<String>,
    pub(super) number: Option<Secret<String>>,
    pub(super) given: Given,
    terminal: TerminalPrompt,
    /// Whether everything is printed at once, or only what leads to a question.
    is_conversation: bool,
    untold: Vec<String>,
    was_given: bool,
    /// Whether the value in place of a code was to cancel the login.
    pub(super) was_cancelled: bool,
    /// Whether the number needs no confirmation.
    number_was_given: bool,
    /// While a link is looked at.
    pause: Option<Pause<'a>>,
    pub(super) phone: Option<String>,
    pending: Option<SavedLogin>,
    /// Whether the pending login is saved for another call.
    is_kept: bool,
}

impl<'a> Answers<'a> {
    pub(super) fn new(args: &'a LoginArgs, client: &'a Client, watch: &'a Watch, given: Given) -> Self {
        Self {
            args,
            client,
            watch,
            sandbox: None,
            saved_login: None,
            picture: None,
            scanner: None,
            number: None,
            given,
            terminal: TerminalPrompt::lazy(),
            is_conversation: false,
            untold: Vec::new(),
            was_given: false,
            was_cancelled: false,
            number_was_given: false,
            pause: None,
            phone: None,
            pending: None,
            is_kept: false,
        }
    }

    /// Prints everything from now on.
    pub(super) fn converse(&mut self) {
        self.is_conversation = true;
    }

    /// Returns what the login waits for.
    pub(super) const fn stands_at(&self) -> Option<&SavedLogin> {
        self.pending.as_ref()
    }

    /// Resumes a saved login, which stays saved if the server cannot be reached.
    pub(super) fn resumes_with(&mut self, pending: &SavedLogin) {
        self.pending = Some(pending.clone());
        self.is_kept = true;
        self.tell_watch();
    }

    /// Returns the login that another call can resume, which a link is not.
    pub(super) fn remains(&self) -> Option<&SavedLogin> {
        let pending = self.pending.as_ref().filter(|it| !matches!(it, SavedLogin::Qr { .. }));
        pending.filter(|_| self.is_kept)
    }

    /// Says how to resume the login, and whether a given value was not used.
    pub(super) fn how(&self, pending: &SavedLogin) -> String {
        let how = messages::how(pending, self.args);
        match self.unused(pending) {
            Some(value) => format!("the {value} was not used; {how}"),
            None => how,
        }
    }

    /// Returns the name of the given value that the login waits for, if it was not sent to the server.
    pub(super) fn unused(&self, pending: &SavedLogin) -> Option<&'static str> {
        match words::name(pending) {
            "code" if self.given.has_code() => Some("code"),
            "password" if self.given.has_password() => Some("password"),
            _ => None,
        }
    }

    /// Tells the watch what remains if the time runs out.
    fn tell_watch(&self) {
        self.watch.remains(self.remains().map(|pending| Remains {
            line: self.args.json.then(|| words::json(pending)),
            how: self.how(pending),
            file: self.saved_login.cloned(),
        }));
    }

    /// Prints codes that arrived in the sandbox, if no user is asked for them.
    pub(super) fn tell_arrived(&self) {
        self.arrived().iter().for_each(|line| output::note(line));
    }

    fn arrived(&self) -> Vec<String> {
        self.sandbox.map(Sandbox::arrived).unwrap_or_default()
    }

    /// Takes the value that was given for a question, if it was not used yet.
    async fn take(&mut self, kind: Question) -> Result<Option<Zeroizing<String>>, PromptError> {
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
        match line.filter(|line| value.is_none() && self.given.lines.have(*line)) {
            None => Ok(value.map(|value| Zeroizing::new(value.expose().clone()))),
            Some(line) => {
                self.tell_arrived();
                let _pause = self.watch.pause();
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

    /// Shows the output that belongs before a question or a link.
    fn catch_up(&mut self) -> Result<(), PromptError> {
        self.pause = None;
        let mut lines = mem::take(&mut self.untold);
        lines.extend(self.arrived());
        lines.iter().try_for_each(|line| self.terminal.show(line))
    }

    /// Ends the line of the question if no answer did.
    fn end_line<T>(&mut self, answer: Result<T, PromptError>) -> Result<T, PromptError> {
        if matches!(answer, Err(PromptError::EndOfInput)) {
            self.terminal.show("")?;
        }
        answer
    }

    /// Describes how the awaited code was sent, for a call that cannot ask for it.
    pub(super) fn describe_code_delivery(&self) -> Option<String> {
        match &self.pending {
            // While an email address is set up, no code has been sent.
            Some(SavedLogin::Code(token)) if !words::is_email_set_up(token) => {
                Some(describe_code_delivery(token))
            }
            _ => None,
        }
    }

    /// Asks the user a question of the command itself.
    pub(super) async fn read_line(&mut self, question: &str) -> Result<String, PromptError> {
        self.catch_up()?;
        let _pause = self.watch.pause();
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
        if self.is_conversation {
            return self.terminal.show(line);
        }
        self.untold.push(line.into());
        Ok(())
    }

    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        self.pause = None;
        if kind == Question::ConfirmPhone {
            self.watch.doing("asking for a login code");
        }
        if kind == Question::Identity && self.was_cancelled {
            return Err(PromptError::NoValue(kind));
        }
        let value = self.take(kind).await?;
        self.was_given = value.is_some();
        self.was_cancelled = matches!(kind, Question::Code | Question::EmailCode)
            && value.as_ref().is_some_and(|value| value.trim().eq_ignore_ascii_case("cancel"));
        self.tell_watch();
        if let Some(value) = value {
            // These lines belong to this question only.
            self.untold.clear();
            return Ok(value);
        }
        if !self.terminal.is_available() {
            return Err(PromptError::NoValue(kind));
        }
        self.catch_up()?;
        let _pause = self.watch.pause();
        let answer = self.terminal.ask(kind, question).await;
        self.end_line(answer)
    }

    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        if link.number > MAX_QR_LINKS {
            return Err(PromptError::Other(format!("none of the {MAX_QR_LINKS} QR codes was scanned")));
        }
        self.watch.doing("waiting for a QR code");
        self.catch_up()?;
        if let Some(picture) = self.picture {
            picture.write(link).map_err(PromptError::Other)?;
            if link.number == 1 {
                self.terminal.show(&format!("The picture is in {}.", printable(&picture.name())))?;
            }
        }
        self.terminal.show_link(link)?;
        self.pause = Some(self.watch.pause());
        self.scan(link)
    }

    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        if self.was_given {
            return Err(reason.clone());
        }
        self.catch_up()?;
        self.terminal.on_rejected(reason)
    }

    fn on_flood_wait(&mut self, time: Duration) -> Result<(), PromptError> {
        self.catch_up()?;
        self.terminal.on_flood_wait(time)
    }

    fn on_checkpoint(&mut self, pending: Option<&SavedLogin>) {
        self.pause = None;
        self.watch.doing(match pending {
            Some(SavedLogin::Code(_) | SavedLogin::EmailCode(..)) => "giving the login code",
            Some(SavedLogin::Password(_)) => "checking the password",
            Some(SavedLogin::SignUp(_)) => "signing up",
            Some(SavedLogin::Qr { .. }) => "asking for a QR code",
            _ => "logging in",
        });
        if let Some(SavedLogin::Code(token)) = pending {
            self.phone = Some(token.phone.digits().into());
        }
        self.pending = pending.cloned();
        let Some(saved_login) = self.saved_login else { return self.tell_watch() };
        let kept = match pending {
            Some(pending) => saved_login
                .save(pending, self.phone.as_deref(), &self.client.session(), self.client.home())
                .map_err(|error| format!("the login cannot be saved: {error}")),
            // A failure to remove it is reported at the end of the login.
            None => {
                let _ = saved_login.remove();
                Ok(())
            }
        };
        self.is_kept = pending.is_some() && kept.is_ok();
        self.tell_watch();
        interrupt::advise(self.is_kept.then_some(messages::RESUMES));
        if let Err(reason) = kept {
            output::note(&format!("note: {}", printable(&reason)));
        }
    }
}
