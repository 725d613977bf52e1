//! Sign-in by questions and answers.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use sansgram_core::login::{
    CodeKind, CodeToken, Continuation, EmailCode, LoginError, NewPassword, PasswordHint, PendingSignIn,
    PhoneNumber, SignUpRequired, UserInfo,
};
use zeroize::Zeroizing;

use crate::text::{harmless, printable};
use crate::words::{self, name};
use crate::{Client, Error, LoginStep, Prompt, QrStep, Question};

/// How many wrong answers one question takes: enough for any person, and an end for a script that knows no other.
const MAX_TRIES: u32 = 10;
/// How often an answer is taken that is not wrong and leads nowhere: nothing at all, or that the number is another one.
const MAX_IDLE: u32 = 100;
const RECOVER: &str = "Recover the password by a code that is sent by e-mail? (y/n)";
const REMOVE: &str = "Remove the password, so that the code alone signs in from now on? (y/n)";
/// What follows once the address is confirmed.
const WITH_ANOTHER_CODE: &str = "; now the login code follows, which is another one";

impl Client {
    /// Signs in by questions: the phone number (confirmed before it is used), the code, the password where the
    /// account has one; or a bot's token in place of the phone number, or `qr` to show a QR code. A wrong answer is
    /// asked for again, with the reason. In place of the code, `resend` asks for another one and `cancel` goes back to
    /// the phone number, as does a server that wants the sign-in to begin again. A forgotten password can be recovered,
    /// a number that nobody has can sign up. Where somebody is signed in already, it says so and asks nothing.
    ///
    /// # Errors
    /// [`Error::Prompt`] where nobody answers, [`Error::TooManyTries`] after 10 wrong answers to one question,
    /// [`Error::SignUpRequired`] where somebody without an account does not want one, [`Error::Login`] for what no
    /// other answer can mend, [`Error::Store`].
    pub async fn interactive_login<P: Prompt>(&self, prompt: &mut P) -> Result<UserInfo, Error> {
        self.talk(prompt, None).await
    }

    /// Goes on with a sign-in that another process, or an earlier run, put away; with the session of that one. What
    /// went stale meanwhile is asked for anew.
    ///
    /// # Errors
    /// As [`interactive_login`](Self::interactive_login).
    pub async fn resume_login<P: Prompt>(
        &self,
        prompt: &mut P,
        pending: PendingSignIn,
    ) -> Result<UserInfo, Error> {
        self.talk(prompt, Some(pending)).await
    }

    async fn talk<P: Prompt>(
        &self,
        prompt: &mut P,
        mut pending: Option<PendingSignIn>,
    ) -> Result<UserInfo, Error> {
        // Without a key nobody can be.
        if !self.session().keys.is_empty() && self.is_authorized().await? {
            let user = self.get_me().await?;
            prompt.show(&format!("Already signed in as {}.", name(&user)))?;
            return Ok(user);
        }
        let mut talk = Talk { client: self, prompt };
        let mut tries = Tries::default();
        let user = loop {
            let turn = match pending.take() {
                Some(pending) => talk.resume(pending).await,
                None => talk.identify().await,
            };
            match turn {
                Ok(Some(user)) => break user,
                // Back to the first question.
                Ok(None) => tries.count()?,
                Err(error)
                    if asks_for_another_identity(&error) || asks_again(&error) || begins_again(&error) =>
                {
                    tries.again(talk.prompt, &error)?;
                }
                Err(error) => return Err(error),
            }
            talk.prompt.pending(None);
        };
        talk.prompt.pending(None);
        talk.prompt.show(&format!("Signed in as {}.", name(&user)))?;
        Ok(user)
    }

    /// Does `call`, and says so where the server makes it wait.
    async fn waiting<T>(
        &self,
        prompt: &mut impl Prompt,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut call = pin!(call);
        let mut seen = self.shared().lock().floods.0;
        loop {
            let mut flood = pin!(self.shared().until(move |state| {
                let (count, wait) = state.floods;
                (count > seen).then_some((count, wait))
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
                    let (count, wait) = flood?;
                    seen = count;
                    prompt.waits(wait)?;
                }
            }
        }
    }
}

/// A sign-in and the person that it talks with.
struct Talk<'a, P> {
    client: &'a Client,
    prompt: &'a mut P,
}

/// Does a call of the client while floods are shown.
macro_rules! calling {
    ($talk:expr, $call:expr) => {
        $talk.client.waiting($talk.prompt, $call).await
    };
}

/// What a person says in the place of a code.
enum CodeAnswer {
    Code(Zeroizing<String>),
    Resend,
    Cancel,
    Lost,
}

/// What becomes of the code that went to a new address.
enum EmailAnswer {
    Done(LoginStep),
    Resend,
    AnotherAddress,
}

/// `None`, where the person wants to go back to the first question.
type Turn = Result<Option<UserInfo>, Error>;

impl<P: Prompt> Talk<'_, P> {
    /// Asks who is to be signed in, and does it.
    async fn identify(&mut self) -> Turn {
        // To look twice at a number is nothing wrong.
        for _ in 0..MAX_IDLE {
            let question = "Phone number with country code, or bot token:";
            let typed = self.ask_something(Question::Identity, question).await?;
            // A link to a number has a colon too.
            if typed.contains(':') && PhoneNumber::parse(&typed).is_err() {
                return calling!(self, self.client.bot_sign_in(&typed)).map(Some);
            }
            if typed.eq_ignore_ascii_case("qr") {
                return self.qr_code(&[]).await;
            }
            let phone = PhoneNumber::parse(&typed).map_err(LoginError::from)?;
            let question = format!("Is \"{}\" correct? (y/n)", phone.grouped());
            if self.confirm(Question::ConfirmPhone, &question).await? {
                let step = self.new_code(phone.digits()).await?;
                return self.go_on(step, true).await;
            }
        }
        Err(Error::TooManyTries(MAX_IDLE))
    }

    async fn resume(&mut self, pending: PendingSignIn) -> Turn {
        match pending {
            PendingSignIn::Code(token) => self.go_on(LoginStep::CodeSent(token), false).await,
            PendingSignIn::EmailCode(token, code) => match self.set_up_email(&token, Some(code)).await? {
                Some(step) => self.go_on(step, true).await,
                None => Ok(None),
            },
            PendingSignIn::SignUp(required) => self.go_on(LoginStep::SignUpRequired(required), true).await,
            PendingSignIn::Password(hint) => self.go_on(LoginStep::PasswordRequired(hint), true).await,
            PendingSignIn::Qr { except_ids } => self.qr_code(&except_ids).await,
            _ => Ok(None),
        }
    }

    async fn go_on(&mut self, mut step: LoginStep, mut is_fresh: bool) -> Turn {
        let mut tries = Tries::default();
        let mut renewed = Vec::new();
        loop {
            self.prompt.pending(step.pending().as_ref());
            step = match step {
                LoginStep::CodeSent(token) => {
                    match self.code(token, &mut tries, &mut renewed, is_fresh).await? {
                        Some(step) => step,
                        None => return Ok(None),
                    }
                }
                LoginStep::PasswordRequired(hint) => return self.password(&hint).await.map(Some),
                LoginStep::SignUpRequired(required) => return self.sign_up(required).await.map(Some),
                LoginStep::SignedIn(user) => return Ok(Some(user)),
            };
            is_fresh = true;
        }
    }

    /// Asks for the code of `token` and gives it, or does what is asked in its place. `renewed`: why new codes were asked
    /// for without a question.
    async fn code(
        &mut self,
        token: CodeToken,
        tries: &mut Tries,
        renewed: &mut Vec<Error>,
        is_fresh: bool,
    ) -> Result<Option<LoginStep>, Error> {
        if token.kind == CodeKind::EmailSetUpRequired {
            return self.set_up_email(&token, None).await;
        }
        // Of a code that was put away nobody knows how old it is.
        let resend_at =
            token.timeout.filter(|_| is_fresh).and_then(|timeout| Instant::now().checked_add(timeout));
        self.prompt.show(&words::whereabouts(&token))?;
        if !token.is_usable() || matches!(token.kind, CodeKind::Firebase { .. }) {
            return self.another_way(&token, tries).await.map(Some);
        }
        self.prompt.show(&words::other_ways(&token, resend_at.and(token.timeout)))?;
        let mut slips = Tries::default();
        loop {
            let code = match self.ask_code(&token).await? {
                CodeAnswer::Code(code) => code,
                CodeAnswer::Cancel => {
                    // It expires by itself where the server does not listen.
                    let _ = self.client.cancel_code(&token).await;
                    return Ok(None);
                }
                CodeAnswer::Lost => match calling!(self, self.client.reset_login_email(&token)) {
                    Err(error) if asks_again(&error) => {
                        tries.again(self.prompt, &error)?;
                        continue;
                    }
                    result => return result.map(Some),
                },
                CodeAnswer::Resend => {
                    let left =
                        resend_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
                    if !left.is_zero() {
                        let left = words::span(Duration::from_secs(left.as_secs() + 1));
                        tries.count()?;
                        self.prompt.show(&format!("Another code can be asked for in {left}."))?;
                        continue;
                    }
                    match calling!(self, self.client.resend_code(&token)) {
                        Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                        Err(error) if wants_another_code(&error) => {
                            return self.another_code(&token, error, tries, renewed).await;
                        }
                        result => return result.map(Some),
                    }
                    continue;
                }
            };
            match calling!(self, self.client.sign_in(&token, &code)) {
                // The server was not asked, so that no try is spent.
                Err(error @ Error::Login(LoginError::CodeForm(_))) => {
                    slips.again(self.prompt, &error)?;
                }
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                Err(error) if wants_another_code(&error) => {
                    return self.another_code(&token, error, tries, renewed).await;
                }
                result => return result.map(Some),
            }
        }
    }

    async fn ask_code(&mut self, token: &CodeToken) -> Result<CodeAnswer, Error> {
        let (kind, question) = if token.is_by_email() {
            (Question::EmailCode, "Code from the e-mail:")
        } else {
            (Question::Code, "Code:")
        };
        match self.code_answer(kind, question).await? {
            CodeAnswer::Code(word) if token.is_by_email() && word.eq_ignore_ascii_case("lost") => {
                Ok(CodeAnswer::Lost)
            }
            answer => Ok(answer),
        }
    }

    async fn code_answer(&mut self, kind: Question, question: &str) -> Result<CodeAnswer, Error> {
        let answer = self.ask_something(kind, question).await?;
        Ok(match answer.to_ascii_lowercase().as_str() {
            "resend" => CodeAnswer::Resend,
            "cancel" => CodeAnswer::Cancel,
            _ => CodeAnswer::Code(answer),
        })
    }

    /// The code cannot be given, so the next one is asked for without a question.
    async fn another_way(&mut self, token: &CodeToken, tries: &mut Tries) -> Result<LoginStep, Error> {
        tries.count()?;
        match calling!(self, self.client.resend_code(token)) {
            Err(Error::Login(LoginError::NoOtherWay)) => Err(LoginError::OfficialAppsOnly.into()),
            result => result,
        }
    }

    /// Asks for a first code. A server that wants to begin again gets its way once.
    async fn new_code(&mut self, phone: &str) -> Result<LoginStep, Error> {
        match calling!(self, self.client.request_login_code(phone)) {
            Err(Error::Login(LoginError::Restart)) => calling!(self, self.client.request_login_code(phone)),
            result => result,
        }
    }

    /// In place of a code that is of no more use: once for each reason without a question, since each new code counts
    /// against the limits of the number.
    async fn another_code(
        &mut self,
        token: &CodeToken,
        reason: Error,
        tries: &mut Tries,
        renewed: &mut Vec<Error>,
    ) -> Result<Option<LoginStep>, Error> {
        tries.again(self.prompt, &reason)?;
        let is_known = renewed.iter().any(|known| known.to_string() == reason.to_string());
        if is_known && !self.wants_new_code().await? {
            return Ok(None);
        }
        if !is_known {
            self.prompt.show(words::NEW_CODE)?;
            renewed.push(reason);
        }
        self.new_code(token.phone.digits()).await.map(Some)
    }

    /// Asks whether to send a new code or to go back to the first question.
    async fn wants_new_code(&mut self) -> Result<bool, Error> {
        // The old one is of no use to another process either.
        self.prompt.pending(None);
        let mut tries = Tries::default();
        loop {
            self.prompt.show(words::NO_NEW_CODE)?;
            match self.code_answer(Question::Code, "\"resend\" or \"cancel\":").await? {
                CodeAnswer::Resend => return Ok(true),
                CodeAnswer::Cancel => return Ok(false),
                CodeAnswer::Code(_) | CodeAnswer::Lost => tries.count()?,
            }
        }
    }

    /// Asks for an address and for the code that went there, which `sent` tells where it did already. `None`: back to
    /// the first question.
    async fn set_up_email(
        &mut self,
        token: &CodeToken,
        mut sent: Option<EmailCode>,
    ) -> Result<Option<LoginStep>, Error> {
        if sent.is_none() {
            self.prompt
                .show("Telegram wants an e-mail address, to send the login codes of this account there.")?;
        }
        let mut tries = Tries::default();
        let mut address: Option<Zeroizing<String>> = None;
        loop {
            let Some(code) = sent.take() else {
                let to = match &address {
                    Some(address) => address,
                    None => &*address.insert(self.ask_something(Question::Email, "E-mail address:").await?),
                };
                if to.eq_ignore_ascii_case("cancel") {
                    return Ok(None);
                }
                match calling!(self, self.client.send_email_code(token, to)) {
                    Err(error) if asks_again(&error) => {
                        tries.again(self.prompt, &error)?;
                        address = None;
                    }
                    result => sent = Some(result?),
                }
                continue;
            };
            match self.email_code(token, &code, &mut tries).await? {
                EmailAnswer::Done(step) => return Ok(Some(step)),
                // Where another process sent the code, the address is not known here.
                EmailAnswer::Resend => tries.count()?,
                EmailAnswer::AnotherAddress => {
                    tries.count()?;
                    address = None;
                    self.prompt.pending(Some(&PendingSignIn::Code(token.clone())));
                }
            }
        }
    }

    /// Asks for the code that went to the new address.
    async fn email_code(
        &mut self,
        token: &CodeToken,
        code: &EmailCode,
        tries: &mut Tries,
    ) -> Result<EmailAnswer, Error> {
        self.prompt.pending(Some(&PendingSignIn::EmailCode(token.clone(), code.clone())));
        let place = format!("by e-mail to {}", printable(&code.pattern));
        self.prompt.show(&words::sent(&place, code.length))?;
        self.prompt.show("Type \"resend\" for another code, \"cancel\" for another address.")?;
        loop {
            let typed = match self.code_answer(Question::EmailCode, "Code from the e-mail:").await? {
                CodeAnswer::Code(typed) => typed,
                CodeAnswer::Resend => return Ok(EmailAnswer::Resend),
                CodeAnswer::Cancel | CodeAnswer::Lost => return Ok(EmailAnswer::AnotherAddress),
            };
            match calling!(self, self.client.verify_email(token, &typed)) {
                Err(error @ Error::Login(LoginError::EmailInvalid | LoginError::EmailNotAllowed)) => {
                    tries.again(self.prompt, &error)?;
                    return Ok(EmailAnswer::AnotherAddress);
                }
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                result => {
                    let step = result?;
                    let next = if matches!(step, LoginStep::CodeSent(_)) { WITH_ANOTHER_CODE } else { "" };
                    self.prompt.show(&format!("The address is confirmed{next}."))?;
                    return Ok(EmailAnswer::Done(step));
                }
            }
        }
    }

    async fn password(&mut self, hint: &PasswordHint) -> Result<UserInfo, Error> {
        let mut tries = Tries::default();
        for _ in 0..MAX_IDLE {
            let question = words::password_question(hint, tries.0 > 0);
            let password = self.prompt.answer(Question::Password, &question).await?;
            if password.is_empty() {
                // An Enter by mistake sends no e-mail.
                if hint.has_recovery
                    && self.confirm(Question::ConfirmRecovery, RECOVER).await?
                    && let Some(user) = self.recover().await?
                {
                    return Ok(user);
                }
                self.prompt.show(words::RESET)?;
                continue;
            }
            match calling!(self, self.client.check_password(&password)) {
                Err(error) if asks_again(&error) => {
                    tries.again(self.prompt, &error)?;
                    // A password may have them, so they are not dropped.
                    if password.trim().len() < password.len() {
                        self.prompt.show(words::SPACES)?;
                    }
                }
                result => return result,
            }
        }
        Err(Error::TooManyTries(MAX_IDLE))
    }

    /// Recovers the password by e-mail. `None`: back to the password.
    async fn recover(&mut self) -> Result<Option<UserInfo>, Error> {
        let mut tries = Tries::default();
        let sent = match calling!(self, self.client.request_password_recovery()) {
            Err(error) if asks_again(&error) => {
                tries.again(self.prompt, &error)?;
                return Ok(None);
            }
            result => result?,
        };
        self.prompt.show(&words::sent(&format!("by e-mail to {}", printable(&sent.pattern)), 0))?;
        loop {
            let code = self.ask(Question::RecoveryCode, "Recovery code (empty to go back):").await?;
            if code.is_empty() {
                return Ok(None);
            }
            match calling!(self, self.client.check_recovery_password(&code)) {
                Err(error @ Error::Login(LoginError::RecoveryCodeExpired)) => {
                    tries.again(self.prompt, &error)?;
                    return Ok(None);
                }
                Err(error) if asks_again(&error) => {
                    tries.again(self.prompt, &error)?;
                    continue;
                }
                result => result?,
            }
            match self.recover_with(&code, &mut tries).await {
                Err(error @ Error::Login(LoginError::RecoveryCodeExpired)) => {
                    tries.again(self.prompt, &error)?;
                    return Ok(None);
                }
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                result => return result.map(Some),
            }
        }
    }

    /// Gives the recovery code, with a password in place of the forgotten one; asks again for one that is not accepted.
    async fn recover_with(&mut self, code: &str, tries: &mut Tries) -> Result<UserInfo, Error> {
        loop {
            let new = self.new_password(tries).await?;
            let new = (!new.is_empty()).then(|| NewPassword::new(&new));
            match calling!(self, self.client.recover_password(code, new)) {
                Err(error @ Error::Login(LoginError::NewPasswordRefused)) => {
                    tries.again(self.prompt, &error)?;
                }
                result => return result,
            }
        }
    }

    /// Asks for a password in place of the forgotten one; none at all only where that is meant.
    async fn new_password(&mut self, tries: &mut Tries) -> Result<Zeroizing<String>, Error> {
        for _ in 0..MAX_IDLE {
            let new = self.prompt.answer(Question::NewPassword, "New password (empty for none):").await?;
            if new.is_empty() {
                if self.confirm(Question::ConfirmNoPassword, REMOVE).await? {
                    return Ok(new);
                }
                continue;
            }
            if new == self.prompt.answer(Question::NewPassword, "The same again:").await? {
                return Ok(new);
            }
            tries.count()?;
            self.prompt.show("These were two different passwords.")?;
        }
        Err(Error::TooManyTries(MAX_IDLE))
    }

    async fn sign_up(&mut self, required: SignUpRequired) -> Result<UserInfo, Error> {
        self.prompt.show("Nobody has an account with this number yet.")?;
        if let Some(terms) = &required.terms_of_service {
            for line in words::terms(terms) {
                self.prompt.show(&line)?;
            }
        }
        if !self.confirm(Question::AcceptTerms, "Sign up with this number, under these terms? (y/n)").await? {
            return Err(Error::SignUpRequired(Box::new(required)));
        }
        let mut tries = Tries::default();
        let user = loop {
            let first_name = self.ask(Question::FirstName, "First name:").await?;
            let last_name = self.ask(Question::LastName, "Last name (may be empty):").await?;
            match calling!(self, self.client.sign_up(&required.token, &first_name, &last_name)) {
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                result => break result?,
            }
        };
        if let Some(terms) = &required.terms_of_service {
            calling!(self, self.client.accept_terms(terms))?;
        }
        Ok(user)
    }

    async fn qr_code(&mut self, except_ids: &[i64]) -> Turn {
        self.prompt.show(
            "Scan this with Telegram on a phone that is signed in: Settings, Devices, Link Desktop Device.",
        )?;
        let mut login = self.client.qr_login(except_ids)?;
        loop {
            match calling!(self, login.next())? {
                QrStep::Link(link) => {
                    // Until there is a link, what was pending before may still be of use.
                    if link.number == 1 {
                        let except_ids = except_ids.to_vec();
                        self.prompt.pending(Some(&PendingSignIn::Qr { except_ids }));
                    }
                    self.prompt.show_link(&link)?;
                }
                QrStep::Done(step) => return self.go_on(step, true).await,
            }
        }
    }

    /// Asks for what may carry invisible marks where it was pasted, and white space around it; they belong to no
    /// answer.
    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, Error> {
        let answer = self.prompt.answer(kind, question).await?;
        Ok(Zeroizing::new(harmless(answer.trim())))
    }

    /// Asks for what is not empty. An Enter by mistake is no wrong answer.
    async fn ask_something(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, Error> {
        for _ in 0..MAX_IDLE {
            let answer = self.ask(kind, question).await?;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
        Err(Error::TooManyTries(MAX_IDLE))
    }

    async fn confirm(&mut self, kind: Question, question: &str) -> Result<bool, Error> {
        let mut tries = Tries::default();
        loop {
            match self.ask_something(kind, question).await?.to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => {
                    tries.count()?;
                    self.prompt.show("Please answer y for yes or n for no.")?;
                }
            }
        }
    }
}

/// Counts the wrong answers to one question.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    fn count(&mut self) -> Result<(), Error> {
        self.0 += 1;
        if self.0 == MAX_TRIES { Err(Error::TooManyTries(self.0)) } else { Ok(()) }
    }

    fn again<P: Prompt>(&mut self, prompt: &mut P, reason: &Error) -> Result<(), Error> {
        self.count()?;
        prompt.refused(reason)
    }
}

/// The same question takes another answer.
const fn asks_again(error: &Error) -> bool {
    matches!(error, Error::Login(_)) && matches!(error.continuation(), Continuation::AskAgain)
}

/// What was begun is of no more use: everything is asked for again. A QR code is not: the next one is asked for by a call.
pub(crate) const fn begins_again(error: &Error) -> bool {
    matches!(error.continuation(), Continuation::BeginAgain)
        && !matches!(error, Error::Login(LoginError::LinkExpired))
}

/// The code is of no more use, but the number is.
const fn wants_another_code(error: &Error) -> bool {
    matches!(error, Error::Login(LoginError::CodeExpired | LoginError::Restart))
}

/// An answer to the first question that another one mends.
pub(crate) const fn asks_for_another_identity(error: &Error) -> bool {
    matches!(
        error,
        Error::Login(
            LoginError::PhoneForm(_)
                | LoginError::PhoneInvalid
                | LoginError::PhoneBanned
                | LoginError::PhoneFlood
                | LoginError::BotTokenForm(_)
                | LoginError::BotTokenInvalid
                | LoginError::BotTokenExpired
        )
    )
}
