//! Login by questions and answers.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use sansgram_core::login::{LoginError, PhoneNumber, SavedLogin, SignUpRequired, UserInfo};
use zeroize::Zeroizing;

use crate::continuation::{asks_again, asks_for_another_identity, starts_over};
use crate::messages::{self, name};
use crate::policy::{MAX_EMPTY_ANSWERS, MAX_TRIES};
use crate::text::printable_unlimited;
use crate::{Client, Error, LoginProgress, Prompt, QrStep, Question};

impl Client {
    /// Logs in by questions: the phone number (confirmed before it is used), the code, and the password if the account
    /// has one. A bot token in place of the phone number logs in a bot, and `qr` shows a QR code. A wrong answer is
    /// asked for again, with the reason. In place of the code, `resend` requests another code and `cancel` returns to
    /// the phone number. The login also returns to the phone number if the server wants it to begin again. A forgotten
    /// password can be recovered, and a number without an account can sign up. If a user is logged in already, this
    /// method says so and asks nothing.
    ///
    /// # Errors
    /// Returns [`Error::Prompt`] if the prompt has no answer, [`Error::TooManyTries`] after 10 wrong answers to one
    /// question, [`Error::SignUpRequired`] if the number has no account and the sign-up is declined, [`Error::Login`]
    /// for errors that no other answer can correct, and [`Error::Store`] if the session cannot be saved.
    pub async fn interactive_login<P: Prompt>(&self, prompt: &mut P) -> Result<UserInfo, Error> {
        self.converse(prompt, None).await
    }

    /// Resumes a login that another process or an earlier run has saved, with the same session. Anything that has
    /// expired meanwhile is requested again.
    ///
    /// # Errors
    /// Returns the same errors as [`interactive_login`](Self::interactive_login).
    pub async fn resume_login<P: Prompt>(
        &self,
        prompt: &mut P,
        pending: SavedLogin,
    ) -> Result<UserInfo, Error> {
        self.converse(prompt, Some(pending)).await
    }

    async fn converse<P: Prompt>(
        &self,
        prompt: &mut P,
        mut pending: Option<SavedLogin>,
    ) -> Result<UserInfo, Error> {
        // Without an auth key, no user is logged in.
        if !self.stored_session().keys.is_empty() && self.is_authorized().await? {
            let user = self.get_me().await?;
            prompt.show(&format!("Already logged in as {}.", name(&user)))?;
            return Ok(user);
        }
        let mut conversation = Conversation { client: self, prompt };
        let mut tries = Tries::default();
        let user = loop {
            let result = match pending.take() {
                Some(pending) => conversation.resume(pending).await,
                None => conversation.identify().await,
            };
            match result {
                Ok(Some(user)) => break user,
                // The login returns to the first question.
                Ok(None) => tries.count()?,
                Err(error)
                    if asks_for_another_identity(&error) || asks_again(&error) || starts_over(&error) =>
                {
                    tries.again(conversation.prompt, &error)?;
                }
                Err(error) => return Err(error),
            }
            conversation.prompt.on_checkpoint(None);
        };
        conversation.prompt.on_checkpoint(None);
        conversation.prompt.show(&format!("Logged in as {}.", name(&user)))?;
        Ok(user)
    }

    /// Awaits `call`, and shows each wait that the server demands.
    async fn waiting<T>(
        &self,
        prompt: &mut impl Prompt,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut call = pin!(call);
        let mut seen = self.shared().lock().flood_waits.count;
        loop {
            let mut flood = pin!(self.shared().until(move |state| {
                let waits = state.flood_waits;
                (waits.count > seen).then_some(waits)
            }));
            let next = poll_fn(|cx| {
                if let Poll::Ready(result) = call.as_mut().poll(cx) {
                    return Poll::Ready(Ok(result));
                }
                flood.as_mut().poll(cx).map(Err)
            });
            match next.await {
                Ok(result) => return result,
                Err(flood) => {
                    let waits = flood?;
                    seen = waits.count;
                    prompt.on_flood_wait(waits.last)?;
                }
            }
        }
    }
}

/// A login and the prompt that it uses.
struct Conversation<'a, P> {
    client: &'a Client,
    prompt: &'a mut P,
}

/// Awaits a call of the client and shows flood waits.
macro_rules! with_flood_waits {
    ($conversation:expr, $call:expr) => {
        $conversation.client.waiting($conversation.prompt, $call).await
    };
}

// These modules use the macro, so they come after it.
mod code;
mod email;
mod password;

/// The logged-in user, or `None` if the login returns to the first question.
type LoginResult = Result<Option<UserInfo>, Error>;

impl<P: Prompt> Conversation<'_, P> {
    /// Asks for the identity and logs in with it.
    async fn identify(&mut self) -> LoginResult {
        // A rejected confirmation of the number is not a wrong answer.
        for _ in 0..MAX_EMPTY_ANSWERS {
            let question = "Phone number with country code, or bot token:";
            let typed = self.ask_something(Question::Identity, question).await?;
            // A link to a number also contains a colon.
            if typed.contains(':') && PhoneNumber::parse(&typed).is_err() {
                return with_flood_waits!(self, self.client.bot_login(&typed)).map(Some);
            }
            if typed.eq_ignore_ascii_case("qr") {
                return self.qr_code(&[]).await;
            }
            let phone = PhoneNumber::parse(&typed).map_err(LoginError::from)?;
            let question = format!("Is \"{}\" correct? (y/n)", phone.grouped());
            if self.confirm(Question::ConfirmPhone, &question).await? {
                let outcome = self.new_code(phone.digits()).await?;
                return self.continue_from(outcome.into(), true).await;
            }
        }
        Err(Error::TooManyTries(MAX_EMPTY_ANSWERS))
    }

    async fn resume(&mut self, pending: SavedLogin) -> LoginResult {
        match pending {
            SavedLogin::Code(sent_code) => {
                self.continue_from(LoginProgress::CodeSent(sent_code), false).await
            }
            SavedLogin::EmailCode(sent_code, code) => {
                match self.set_up_email(&sent_code, Some(code)).await? {
                    Some(outcome) => self.continue_from(outcome.into(), true).await,
                    None => Ok(None),
                }
            }
            SavedLogin::SignUp(required) => {
                self.continue_from(LoginProgress::SignUpRequired(required), true).await
            }
            SavedLogin::Password(hint) => {
                self.continue_from(LoginProgress::PasswordRequired(hint), true).await
            }
            SavedLogin::Qr { except_ids } => self.qr_code(&except_ids).await,
            _ => Ok(None),
        }
    }

    async fn continue_from(&mut self, mut progress: LoginProgress, mut is_fresh: bool) -> LoginResult {
        let mut tries = Tries::default();
        let mut renewed = Vec::new();
        loop {
            self.prompt.on_checkpoint(progress.saved_login().as_ref());
            progress = match progress {
                LoginProgress::CodeSent(sent_code) => {
                    match self.code(sent_code, &mut tries, &mut renewed, is_fresh).await? {
                        Some(progress) => progress,
                        None => return Ok(None),
                    }
                }
                LoginProgress::PasswordRequired(hint) => return self.password(&hint).await.map(Some),
                LoginProgress::SignUpRequired(required) => return self.sign_up(required).await.map(Some),
                LoginProgress::LoggedIn(user) => return Ok(Some(user)),
            };
            is_fresh = true;
        }
    }

    async fn sign_up(&mut self, required: SignUpRequired) -> Result<UserInfo, Error> {
        self.prompt.show("This number has no account yet.")?;
        if let Some(terms) = &required.terms_of_service {
            for line in messages::terms(terms) {
                self.prompt.show(&line)?;
            }
        }
        if !self.confirm(Question::AcceptTerms, "Sign up with this number, under these terms? (y/n)").await? {
            return Err(Error::SignUpRequired(Box::new(required)));
        }
        let mut tries = Tries::default();
        let user = loop {
            let first_name = self.ask_something(Question::FirstName, "First name:").await?;
            let last_name = self.ask(Question::LastName, "Last name (may be empty):").await?;
            match with_flood_waits!(self, self.client.sign_up(&required.sent_code, &first_name, &last_name)) {
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                result => break result?,
            }
        };
        if let Some(terms) = &required.terms_of_service {
            with_flood_waits!(self, self.client.accept_terms(terms))?;
        }
        Ok(user)
    }

    async fn qr_code(&mut self, except_ids: &[i64]) -> LoginResult {
        self.prompt.show(
            "Scan this QR code with Telegram on a logged-in phone: Settings, Devices, Link Desktop Device.",
        )?;
        let mut login = self.client.qr_login(except_ids)?;
        loop {
            match with_flood_waits!(self, login.next())? {
                QrStep::Link(link) => {
                    // Until there is a link, the previous pending login may still be valid.
                    if link.number == 1 {
                        let except_ids = except_ids.to_vec();
                        self.prompt.on_checkpoint(Some(&SavedLogin::Qr { except_ids }));
                    }
                    self.prompt.show_link(&link)?;
                }
                QrStep::Done(outcome) => return self.continue_from(outcome.into(), true).await,
            }
        }
    }

    /// Asks a question and removes the invisible marks and the outer white space of pasted text from the answer.
    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, Error> {
        let answer = self.prompt.ask(kind, question).await?;
        Ok(Zeroizing::new(printable_unlimited(answer.trim())))
    }

    /// Asks until the answer is not empty. An empty line does not count as a wrong answer.
    async fn ask_something(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, Error> {
        for _ in 0..MAX_EMPTY_ANSWERS {
            let answer = self.ask(kind, question).await?;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
        Err(Error::TooManyTries(MAX_EMPTY_ANSWERS))
    }

    async fn confirm(&mut self, kind: Question, question: &str) -> Result<bool, Error> {
        let mut tries = Tries::default();
        for _ in 0..MAX_EMPTY_ANSWERS {
            match self.ask(kind, question).await?.to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                // An empty line does not count as a wrong answer.
                "" => {}
                _ => tries.count()?,
            }
            self.prompt.show("Please answer y for yes or n for no.")?;
        }
        Err(Error::TooManyTries(MAX_EMPTY_ANSWERS))
    }
}

/// A counter of the wrong answers to one question.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    fn count(&mut self) -> Result<(), Error> {
        self.0 += 1;
        if self.0 == MAX_TRIES { Err(Error::TooManyTries(self.0)) } else { Ok(()) }
    }

    fn again<P: Prompt>(&mut self, prompt: &mut P, reason: &Error) -> Result<(), Error> {
        self.count()?;
        prompt.on_rejected(reason)
    }
}
