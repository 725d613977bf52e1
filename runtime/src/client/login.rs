//! The steps of a login, as methods.

use sansgram_core::client::{self as sansio, ApiMisuse, InvokeError, RequestId};
use sansgram_core::login::{
    BotToken, EmailCode, LoginError, NewPassword, Outcome, PasswordReset, RecoveryCode, SentCode,
    TermsOfService, UserInfo,
};
use sansgram_core::time::Now;
use sansgram_core::tl::functions;

use super::Client;
use super::request::Pending;
use crate::Error;
use crate::login_step::{LoginStep, login_step};
use crate::qr_login::QrLogin;

impl Client {
    /// Whether somebody is logged in, as the server sees it.
    ///
    /// # Errors
    /// [`Error::Login`] where the server cannot be asked.
    pub async fn is_authorized(&self) -> Result<bool, Error> {
        Ok(matches!(self.login_state().await?, Some(LoginStep::LoggedIn(_))))
    }

    /// How far the login of this session has come, as the server sees it: [`LoginStep::LoggedIn`],
    /// [`LoginStep::PasswordRequired`] if it waits for the account's password, or `None`.
    ///
    /// # Errors
    /// [`Error::Login`] if the server cannot be asked.
    pub async fn login_state(&self) -> Result<Option<LoginStep>, Error> {
        match self.step(|machine, now| machine.login(now).is_authorized()).await? {
            Outcome::Authorized(user) => Ok(user.map(LoginStep::LoggedIn)),
            Outcome::PasswordRequired(hint) => Ok(Some(LoginStep::PasswordRequired(hint))),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Asks for a login code for `phone`, as people type it: `+1 (123) 456-7890`. Ends in [`LoginStep::CodeSent`];
    /// rarely the server logs in at once.
    ///
    /// # Errors
    /// [`Error::Login`], with the reason, such as `AlreadyLoggedIn`; the call may be made again. [`Error::Store`].
    pub async fn request_login_code(&self, phone: &str) -> Result<LoginStep, Error> {
        login_step(self.saved_step(|machine, now| machine.login(now).request_code(phone)).await?)
    }

    /// Gives the code that the person got, for the number of `token`. Ends in any other [`LoginStep`] than
    /// `CodeSent`.
    ///
    /// # Errors
    /// [`Error::Login`]: after `CodeInvalid` the same token takes another try, after `CodeExpired` a new code must be
    /// asked for. [`Error::Store`].
    pub async fn sign_in(&self, token: &SentCode, code: &str) -> Result<LoginStep, Error> {
        login_step(self.signing_step(|machine, now| machine.login(now).sign_in(token, code)).await?)
    }

    /// Asks for another code in the next way that the token names, once its time is over. The old token is of no more
    /// use.
    ///
    /// # Errors
    /// [`Error::Login`]: `NoOtherWay` where no other way is left, `CodeExpired` where a first code must be asked for.
    /// [`Error::Store`].
    pub async fn resend_code(&self, token: &SentCode) -> Result<LoginStep, Error> {
        login_step(self.saved_step(|machine, now| machine.login(now).resend_code(token)).await?)
    }

    /// Calls a code back.
    ///
    /// # Errors
    /// [`Error::Login`], also where the code has expired already.
    pub async fn cancel_code(&self, token: &SentCode) -> Result<(), Error> {
        match self.step(|machine, now| machine.login(now).cancel_code(token)).await? {
            Outcome::CodeCancelled => Ok(()),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Gives a code that came by e-mail; [`sign_in`](Self::sign_in) does so, too, where the token says that it did.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in).
    pub async fn sign_in_with_email_code(&self, token: &SentCode, code: &str) -> Result<LoginStep, Error> {
        login_step(
            self.signing_step(|machine, now| machine.login(now).sign_in_with_email_code(token, code)).await?,
        )
    }

    /// Names the e-mail address for future codes, where the token's kind is `EmailSetUpRequired`. Give the code that
    /// arrives there to [`verify_email`](Self::verify_email), with the same token.
    ///
    /// # Errors
    /// [`Error::Login`]: after `EmailInvalid` the call may be made again.
    pub async fn send_email_code(&self, token: &SentCode, email: &str) -> Result<EmailCode, Error> {
        match self.step(|machine, now| machine.login(now).send_email_code(token, email)).await? {
            Outcome::EmailCodeSent(code) => Ok(code),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Gives the code that came to the address that is being set up. Ends in [`LoginStep::CodeSent`], for the login
    /// itself.
    ///
    /// # Errors
    /// [`Error::Login`]: after `CodeInvalid` the call may be made again.
    pub async fn verify_email(&self, token: &SentCode, code: &str) -> Result<LoginStep, Error> {
        login_step(self.saved_step(|machine, now| machine.login(now).verify_email(token, code)).await?)
    }

    /// Gives up a mailbox that is lost, so that codes come by telephone: at once or after the time that the new token
    /// names.
    ///
    /// # Errors
    /// [`Error::Login`]: `EmailResetPending` where that was done already.
    pub async fn reset_login_email(&self, token: &SentCode) -> Result<LoginStep, Error> {
        login_step(self.saved_step(|machine, now| machine.login(now).reset_login_email(token)).await?)
    }

    /// Makes an account, after [`LoginStep::SignUpRequired`] and with its token. The last name may be empty. It accepts
    /// the terms of service: show them before.
    ///
    /// # Errors
    /// [`Error::Login`]: after `FirstNameInvalid` and `LastNameInvalid` the call may be made again. [`Error::Store`].
    pub async fn sign_up(
        &self,
        token: &SentCode,
        first_name: &str,
        last_name: &str,
    ) -> Result<UserInfo, Error> {
        user(
            self.signing_step(|machine, now| machine.login(now).sign_up(token, first_name, last_name))
                .await?,
        )
    }

    /// Tells the server, after the sign-up, that the terms were accepted.
    ///
    /// # Errors
    /// [`Error::Login`].
    pub async fn accept_terms(&self, terms: &TermsOfService) -> Result<(), Error> {
        match self.step(|machine, now| machine.login(now).accept_terms(terms)).await? {
            Outcome::TermsAccepted => Ok(()),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Asks for a code by e-mail to recover the password with, where the hint says that there is an address.
    ///
    /// # Errors
    /// [`Error::Login`]: `NoRecovery` where there is none.
    pub async fn request_password_recovery(&self) -> Result<RecoveryCode, Error> {
        match self.step(|machine, now| machine.login(now).request_password_recovery()).await? {
            Outcome::RecoveryCodeSent(code) => Ok(code),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Asks whether a recovery code is right, before a new password is thought up. It is not used up.
    ///
    /// # Errors
    /// [`Error::Login`]: after `RecoveryCodeInvalid` the call may be made again.
    pub async fn check_recovery_password(&self, code: &str) -> Result<(), Error> {
        match self.step(|machine, now| machine.login(now).check_recovery_password(code)).await? {
            Outcome::RecoveryCodeAccepted => Ok(()),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Logs in with the recovery code in place of the password. `new` takes the old one's place; without one, the
    /// account has none from then on.
    ///
    /// # Errors
    /// [`Error::Login`]: after `RecoveryCodeInvalid` the call may be made again. [`Error::Store`].
    pub async fn recover_password(&self, code: &str, new: Option<NewPassword>) -> Result<UserInfo, Error> {
        user(self.signing_step(|machine, now| machine.login(now).recover_password(code, new)).await?)
    }

    /// Asks, where somebody is logged in, to do without the forgotten password: a week later, asked again, it is gone.
    ///
    /// # Errors
    /// [`Error::Login`]: `NoPassword` where there is none.
    pub async fn reset_password(&self) -> Result<PasswordReset, Error> {
        match self.step(|machine, now| machine.login(now).reset_password()).await? {
            Outcome::PasswordReset(reset) => Ok(reset),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Takes that wish back.
    ///
    /// # Errors
    /// [`Error::Login`].
    pub async fn decline_password_reset(&self) -> Result<(), Error> {
        match self.step(|machine, now| machine.login(now).decline_password_reset()).await? {
            Outcome::PasswordResetDeclined => Ok(()),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// Begins a login by QR code: another device of the account scans what [`QrLogin::next`] shows. The users of
    /// `except_ids`, who are logged in here already, cannot scan it.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn qr_login(&self, except_ids: &[i64]) -> Result<QrLogin, Error> {
        QrLogin::start(self.clone(), except_ids)
    }

    /// Gives the account's password, after [`LoginStep::PasswordRequired`]. Takes about a tenth of a second of
    /// computing, on a thread for blocking work; several seconds where this library is compiled without optimisation
    /// (the README has the two lines against it).
    ///
    /// # Errors
    /// [`Error::Login`]: after `PasswordInvalid` the call may be made again, `Restart` where the server awaits a code
    /// first. [`Error::Store`].
    pub async fn check_password(&self, password: &str) -> Result<UserInfo, Error> {
        user(self.signing_step(|machine, now| machine.login(now).check_password(password)).await?)
    }

    /// Signs a bot in. A token of the wrong form costs no traffic.
    ///
    /// # Errors
    /// [`Error::Login`], with the reason, such as `AlreadyLoggedIn`; the call may be made again. [`Error::Store`].
    pub async fn bot_login(&self, token: &str) -> Result<UserInfo, Error> {
        BotToken::parse(token).map_err(LoginError::from)?;
        let has_key = |it: &sansio::Client| it.session().keys.contains_key(&it.home());
        if !has_key(&self.shared().lock().machine) {
            // Nothing made a key before: this is the first step of its login.
            match self.invoke(&functions::help::GetNearestDc {}).await {
                // What is refused here is refused there, with a better reason.
                Ok(_) | Err(Error::Invoke(InvokeError::Rpc(_))) => {}
                Err(Error::Invoke(error)) => return Err(LoginError::from(error).into()),
                Err(error) => return Err(error),
            }
        }
        user(self.signing_step(|machine, now| machine.login(now).bot_login(token)).await?)
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// [`Error::Login`] with `NotLoggedIn` if no user is, with `PasswordNeeded` if the account's password is still to be
    /// given, or if the server cannot be asked.
    pub async fn get_me(&self) -> Result<UserInfo, Error> {
        user(self.step(|machine, now| machine.login(now).get_me()).await?)
    }

    /// Logs out: the session is of no more use and its keys are forgotten. Well also where nobody was logged in.
    ///
    /// # Errors
    /// [`Error::Login`] where the server cannot be told; the session is then kept. [`Error::Store`].
    pub async fn sign_out(&self) -> Result<(), Error> {
        match self.saved_step(|machine, now| machine.login(now).sign_out()).await? {
            Outcome::SignedOut => Ok(()),
            _ => Err(LoginError::UnexpectedAnswer.into()),
        }
    }

    /// A step that may log in: the key that it does so under is on the disk before, so that whoever is logged in can
    /// also log out.
    async fn signing_step<S>(&self, start: S) -> Result<Outcome, Error>
    where
        S: FnOnce(&mut sansio::Client, Now) -> Result<RequestId, ApiMisuse>,
    {
        self.kept().await?;
        self.saved_step(start).await
    }

    /// A step whose effect on the session is on the disk before it counts as done.
    async fn saved_step<S>(&self, start: S) -> Result<Outcome, Error>
    where
        S: FnOnce(&mut sansio::Client, Now) -> Result<RequestId, ApiMisuse>,
    {
        let outcome = self.step(start).await?;
        self.saved().await?;
        Ok(outcome)
    }

    async fn step<S>(&self, start: S) -> Result<Outcome, Error>
    where
        S: FnOnce(&mut sansio::Client, Now) -> Result<RequestId, ApiMisuse>,
    {
        let outcome = Pending::start(self, start)?.outcome(sansio::Client::take_login).await??;
        if matches!(outcome, Outcome::LoggedIn(_)) {
            self.shared().lock().logged_in();
        }
        Ok(outcome)
    }
}

fn user(outcome: Outcome) -> Result<UserInfo, Error> {
    match outcome {
        Outcome::LoggedIn(user) | Outcome::Me(user) => Ok(user),
        _ => Err(LoginError::UnexpectedAnswer.into()),
    }
}
