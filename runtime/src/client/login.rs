//! The steps of a login, as methods: each runs the [`LoginStep`] of its name to its end.

use std::time::Duration;

use sansgram_core::client::{InvokeError, RequestOptions};
use sansgram_core::login::{
    EmailCode, LoginError, LoginState, LoginStep, NewPassword, PasswordReset, RecoveryCode, SendCodeOutcome,
    SentCode, SignInOutcome, TermsOfService, UserInfo,
};
use sansgram_core::tl::{Serialize, functions};

use super::Client;
use super::request::CancelOnDrop;
use crate::Error;
use crate::qr_login::QrLogin;

/// The steps of a login. Every step can fail with [`Error::Login`], which contains the reason, and with
/// [`Error::Stopped`]. Steps that change the session, such as [`sign_in`](Self::sign_in), can fail with
/// [`Error::Store`] too.
impl Client {
    /// Runs a step of a login to its end. The other methods run the step of their name.
    ///
    /// If the future is dropped, the step is cancelled.
    ///
    /// # Errors
    /// Returns [`Error::Login`] with the reason, and [`Error::Stopped`] if the client has stopped.
    pub async fn run_step<T: Send + 'static>(&self, step: LoginStep<T>) -> Result<T, Error> {
        let handle = self.shared().with_state(|state, now| state.machine.start_step(now, step))?;
        let pending = CancelOnDrop::new(self, handle.id());
        let output = pending.outcome(move |machine, _| machine.take_step(handle)).await??;
        self.shared().lock().clear_logout_if_logged_in();
        Ok(output)
    }

    /// Runs a step, then waits until its change of the session is saved.
    async fn run_and_save<T: Send + 'static>(&self, step: LoginStep<T>) -> Result<T, Error> {
        let output = self.run_step(step).await?;
        self.wait_saved().await?;
        Ok(output)
    }

    /// Runs a step that may log in a user. The auth key is saved first: if it were lost after the login, no client
    /// could log out.
    async fn run_with_saved_key<T: Send + 'static>(&self, step: LoginStep<T>) -> Result<T, Error> {
        self.wait_saved_or_retry().await?;
        self.run_and_save(step).await
    }

    /// Asks the server whether a user is logged in.
    ///
    /// # Errors
    /// Returns [`Error::Login`] if the server cannot be asked.
    pub async fn is_authorized(&self) -> Result<bool, Error> {
        Ok(matches!(self.login_state().await?, LoginState::LoggedIn(_)))
    }

    /// Asks the server for the state of this session's login: [`LoginStep::login_state`].
    ///
    /// # Errors
    /// Returns [`Error::Login`] if the server cannot be asked.
    pub async fn login_state(&self) -> Result<LoginState, Error> {
        self.run_step(LoginStep::login_state()).await
    }

    /// Requests a login code for `phone`, which may be formatted as people type it: [`LoginStep::send_code`].
    ///
    /// # Errors
    /// Returns [`Error::Login`] with the reason, such as `AlreadyLoggedIn`; the caller may try again. Returns
    /// [`Error::Store`] if the session cannot be saved.
    pub async fn send_code(&self, phone: &str) -> Result<SendCodeOutcome, Error> {
        self.run_and_save(LoginStep::send_code(phone)).await
    }

    /// Logs in with the code that the user received: [`LoginStep::sign_in`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: after `CodeInvalid` and `CodeForm`, `sent_code` accepts another code; after `CodeExpired`,
    /// a new code must be requested. Returns [`Error::Store`] if the session cannot be saved.
    pub async fn sign_in(&self, sent_code: &SentCode, code: &str) -> Result<SignInOutcome, Error> {
        self.run_with_saved_key(LoginStep::sign_in(sent_code, code)).await
    }

    /// Logs in with a code that was sent by e-mail, even if `sent_code` names another way:
    /// [`LoginStep::sign_in_with_email_code`].
    ///
    /// # Errors
    /// Returns the same errors as [`sign_in`](Self::sign_in).
    pub async fn sign_in_with_email_code(
        &self,
        sent_code: &SentCode,
        code: &str,
    ) -> Result<SignInOutcome, Error> {
        self.run_with_saved_key(LoginStep::sign_in_with_email_code(sent_code, code)).await
    }

    /// Requests another code, which is sent in the next way: [`LoginStep::resend_code`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: `NoOtherWay` if no other way is left, `CodeExpired` if a new code must be requested
    /// with [`send_code`](Self::send_code). Returns [`Error::Store`] if the session cannot be saved.
    pub async fn resend_code(&self, sent_code: &SentCode) -> Result<SendCodeOutcome, Error> {
        self.run_and_save(LoginStep::resend_code(sent_code)).await
    }

    /// Cancels a code: [`LoginStep::cancel_code`].
    ///
    /// # Errors
    /// Returns [`Error::Login`] with the reason, for example if the code has expired.
    pub async fn cancel_code(&self, sent_code: &SentCode) -> Result<(), Error> {
        self.run_step(LoginStep::cancel_code(sent_code)).await
    }

    /// Sets the e-mail address for login codes and sends a code to it: [`LoginStep::send_email_code`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: after `EmailInvalid`, the caller may try another address.
    pub async fn send_email_code(&self, sent_code: &SentCode, email: &str) -> Result<EmailCode, Error> {
        self.run_step(LoginStep::send_email_code(sent_code, email)).await
    }

    /// Confirms the e-mail address with the code that was sent to it: [`LoginStep::verify_email`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: after `CodeInvalid` and `CodeForm`, the caller may try another code. Returns
    /// [`Error::Store`] if the session cannot be saved.
    pub async fn verify_email(&self, sent_code: &SentCode, code: &str) -> Result<SendCodeOutcome, Error> {
        self.run_and_save(LoginStep::verify_email(sent_code, code)).await
    }

    /// Removes the e-mail address for login codes if the user cannot open the mailbox:
    /// [`LoginStep::reset_login_email`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: `EmailResetPending` if the removal was requested before. Returns [`Error::Store`] if
    /// the session cannot be saved.
    pub async fn reset_login_email(&self, sent_code: &SentCode) -> Result<SendCodeOutcome, Error> {
        self.run_and_save(LoginStep::reset_login_email(sent_code)).await
    }

    /// Creates an account, which accepts the terms of service: [`LoginStep::sign_up`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: after `FirstNameInvalid` and `LastNameInvalid`, the caller may try another name.
    /// Returns [`Error::Store`] if the session cannot be saved.
    pub async fn sign_up(
        &self,
        sent_code: &SentCode,
        first_name: &str,
        last_name: &str,
    ) -> Result<UserInfo, Error> {
        self.run_with_saved_key(LoginStep::sign_up(sent_code, first_name, last_name)).await
    }

    /// Tells the server, after the sign-up, that the terms were accepted: [`LoginStep::accept_terms`].
    ///
    /// # Errors
    /// Returns [`Error::Login`] with the reason.
    pub async fn accept_terms(&self, terms: &TermsOfService) -> Result<(), Error> {
        self.run_step(LoginStep::accept_terms(terms)).await
    }

    /// Logs in with the account's password, if the outcome of the previous step is `PasswordRequired`:
    /// [`LoginStep::check_password`].
    ///
    /// The computation takes about 0.1 seconds on a thread for blocking work, and several seconds if this library is
    /// compiled without optimization (the README has the profile that prevents it).
    ///
    /// # Errors
    /// Returns [`Error::Login`]: after `PasswordInvalid`, the caller may try another password; `Restart` if the server
    /// expects a code first. Returns [`Error::Store`] if the session cannot be saved.
    pub async fn check_password(&self, password: &str) -> Result<UserInfo, Error> {
        self.run_with_saved_key(LoginStep::check_password(password)).await
    }

    /// Requests a code by e-mail to recover the password: [`LoginStep::request_password_recovery`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: `NoRecovery` if the account has no e-mail address for the recovery.
    pub async fn request_password_recovery(&self) -> Result<RecoveryCode, Error> {
        self.run_step(LoginStep::request_password_recovery()).await
    }

    /// Checks a recovery code, without using it up: [`LoginStep::check_recovery_password`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: after `RecoveryCodeInvalid` and `CodeForm`, the caller may try another code.
    pub async fn check_recovery_password(&self, code: &str) -> Result<(), Error> {
        self.run_step(LoginStep::check_recovery_password(code)).await
    }

    /// Logs in with the recovery code, and replaces or removes the password: [`LoginStep::recover_password`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: after `RecoveryCodeInvalid` and `CodeForm`, the caller may try another code. Returns
    /// [`Error::Store`] if the session cannot be saved.
    pub async fn recover_password(&self, code: &str, new: Option<NewPassword>) -> Result<UserInfo, Error> {
        self.run_with_saved_key(LoginStep::recover_password(code, new)).await
    }

    /// Requests the removal of the forgotten password of the user who is logged in: [`LoginStep::reset_password`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: `NoPassword` if the account has no password.
    pub async fn reset_password(&self) -> Result<PasswordReset, Error> {
        self.run_step(LoginStep::reset_password()).await
    }

    /// Cancels the pending removal of the password: [`LoginStep::decline_password_reset`].
    ///
    /// # Errors
    /// Returns [`Error::Login`] with the reason.
    pub async fn decline_password_reset(&self) -> Result<(), Error> {
        self.run_step(LoginStep::decline_password_reset()).await
    }

    /// Starts a login by QR code: another device of the account scans what [`QrLogin::next`] returns. The users of
    /// `except_ids` cannot scan it.
    ///
    /// # Errors
    /// Returns [`Error::Stopped`] if the client has stopped.
    pub fn qr_login(&self, except_ids: &[i64]) -> Result<QrLogin, Error> {
        QrLogin::start(self.clone(), except_ids)
    }

    /// Logs in a bot: [`LoginStep::bot_login`]. If there is no auth key yet, a `help.getConfig` before it creates one,
    /// which is saved first.
    ///
    /// # Errors
    /// Returns [`Error::Login`] with the reason, such as `AlreadyLoggedIn`; the caller may try again. Returns
    /// [`Error::Store`] if the session cannot be saved.
    pub async fn bot_login(&self, token: &str) -> Result<UserInfo, Error> {
        sansgram_core::login::BotToken::parse(token).map_err(LoginError::from)?;
        self.ensure_key().await?;
        self.run_with_saved_key(LoginStep::bot_login(token)).await
    }

    /// Creates an auth key if there is none, so that it can be saved before the login. In a login by phone, the request
    /// for the code creates it.
    async fn ensure_key(&self) -> Result<(), Error> {
        let has_key = {
            let shared = self.shared().lock();
            shared.machine.stored_session().keys.contains_key(&shared.machine.home())
        };
        if has_key {
            return Ok(());
        }
        // Only the waits of login steps are shown. The key exists also if the server demands one.
        let options = RequestOptions::default().with_flood_sleep_threshold(Duration::ZERO);
        // Of the machine's own requests, so that a test's answers to others are for the application's calls.
        match self.invoke_raw_with(functions::help::GetConfig {}.to_bytes(), options).await {
            // If the login then fails too, it has a better reason.
            Ok(_) | Err(Error::Invoke(InvokeError::Rpc(_))) => Ok(()),
            Err(Error::Invoke(error)) => Err(LoginError::from(error).into()),
            Err(error) => Err(error),
        }
    }

    /// Asks which user is logged in: [`LoginStep::get_me`].
    ///
    /// # Errors
    /// Returns [`Error::Login`]: `NotLoggedIn` if no user is logged in, `PasswordNeeded` if the login still needs the
    /// account's password, or the reason why the server cannot be asked.
    pub async fn get_me(&self) -> Result<UserInfo, Error> {
        self.run_step(LoginStep::get_me()).await
    }

    /// Logs out and deletes the auth keys: [`LoginStep::log_out`]. Also succeeds if no user is logged in.
    ///
    /// # Errors
    /// Returns [`Error::Login`] if the server cannot be reached; the session is then unchanged. Returns
    /// [`Error::Store`] if the session cannot be saved.
    pub async fn log_out(&self) -> Result<(), Error> {
        self.run_and_save(LoginStep::log_out()).await
    }
}
