//! The steps of a login, as methods: each runs the [`LoginFlow`] of its name to its end.

use sansgram_core::client::InvokeError;
use sansgram_core::login::{
    EmailCode, LoginError, LoginFlow, LoginStep, NewPassword, PasswordReset, RecoveryCode, SentCode,
    TermsOfService, UserInfo,
};
use sansgram_core::tl::functions;

use super::Client;
use super::request::CancelOnDrop;
use crate::Error;
use crate::qr_login::QrLogin;

/// Every step can fail with [`Error::Login`], which says why and what to do, and with [`Error::Stopped`]. Those that change
/// the session, such as [`sign_in`](Self::sign_in), can fail with [`Error::Store`] as well.
impl Client {
    /// Runs a step of a login to its end. The other methods do that with the step of their name.
    ///
    /// The future may be dropped: the step is then cancelled.
    ///
    /// # Errors
    /// [`Error::Login`] with the reason. [`Error::Stopped`].
    pub async fn run_login<T: Send + 'static>(&self, flow: LoginFlow<T>) -> Result<T, Error> {
        let step = self.shared().call(|state, now| state.machine.start_login(now, flow))?;
        let pending = CancelOnDrop::new(self, step.id());
        let output = pending.outcome(move |machine, _| machine.take_login(step)).await??;
        self.shared().lock().note_login();
        Ok(output)
    }

    /// Runs a step whose effect on the session is saved before the step counts as done.
    async fn run_and_save<T: Send + 'static>(&self, flow: LoginFlow<T>) -> Result<T, Error> {
        let output = self.run_login(flow).await?;
        self.wait_saved().await?;
        Ok(output)
    }

    /// Runs a step that may log in. The key that it logs in under is saved before: without it, nothing could log out.
    async fn run_with_saved_key<T: Send + 'static>(&self, flow: LoginFlow<T>) -> Result<T, Error> {
        self.wait_all_saved().await?;
        self.run_and_save(flow).await
    }

    /// Asks the server whether a user is logged in.
    ///
    /// # Errors
    /// [`Error::Login`] if the server cannot be asked.
    pub async fn is_authorized(&self) -> Result<bool, Error> {
        Ok(matches!(self.login_state().await?, Some(LoginStep::LoggedIn(_))))
    }

    /// Asks the server how far the login of this session has come: [`LoginFlow::login_state`].
    ///
    /// # Errors
    /// [`Error::Login`] if the server cannot be asked.
    pub async fn login_state(&self) -> Result<Option<LoginStep>, Error> {
        self.run_login(LoginFlow::login_state()).await
    }

    /// Asks for a login code for `phone`, as people type it: [`LoginFlow::send_code`].
    ///
    /// # Errors
    /// [`Error::Login`] with the reason, such as `AlreadyLoggedIn`; the call may be made again. [`Error::Store`].
    pub async fn send_code(&self, phone: &str) -> Result<LoginStep, Error> {
        self.run_and_save(LoginFlow::send_code(phone)).await
    }

    /// Gives the code that the person received: [`LoginFlow::sign_in`].
    ///
    /// # Errors
    /// [`Error::Login`]: after `CodeInvalid` and `CodeForm` the same `sent` takes another code, after `CodeExpired` a new
    /// code must be asked for. [`Error::Store`].
    pub async fn sign_in(&self, sent: &SentCode, code: &str) -> Result<LoginStep, Error> {
        self.run_with_saved_key(LoginFlow::sign_in(sent, code)).await
    }

    /// Gives a code that came by e-mail, whatever `sent` says: [`LoginFlow::sign_in_with_email_code`].
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in).
    pub async fn sign_in_with_email_code(&self, sent: &SentCode, code: &str) -> Result<LoginStep, Error> {
        self.run_with_saved_key(LoginFlow::sign_in_with_email_code(sent, code)).await
    }

    /// Asks for another code, in the next way: [`LoginFlow::resend_code`].
    ///
    /// # Errors
    /// [`Error::Login`]: `NoOtherWay` if no other way is left, `CodeExpired` if a first code must be asked for.
    /// [`Error::Store`].
    pub async fn resend_code(&self, sent: &SentCode) -> Result<LoginStep, Error> {
        self.run_and_save(LoginFlow::resend_code(sent)).await
    }

    /// Cancels a code: [`LoginFlow::cancel_code`].
    ///
    /// # Errors
    /// [`Error::Login`], also if the code has expired.
    pub async fn cancel_code(&self, sent: &SentCode) -> Result<(), Error> {
        self.run_login(LoginFlow::cancel_code(sent)).await
    }

    /// Names the e-mail address for future codes: [`LoginFlow::send_email_code`].
    ///
    /// # Errors
    /// [`Error::Login`]: after `EmailInvalid` the call may be made again.
    pub async fn send_email_code(&self, sent: &SentCode, email: &str) -> Result<EmailCode, Error> {
        self.run_login(LoginFlow::send_email_code(sent, email)).await
    }

    /// Gives the code that came to the address that is being set up: [`LoginFlow::verify_email`].
    ///
    /// # Errors
    /// [`Error::Login`]: after `CodeInvalid` and `CodeForm` the call may be made again. [`Error::Store`].
    pub async fn verify_email(&self, sent: &SentCode, code: &str) -> Result<LoginStep, Error> {
        self.run_and_save(LoginFlow::verify_email(sent, code)).await
    }

    /// Gives up a mailbox that cannot be reached: [`LoginFlow::reset_login_email`].
    ///
    /// # Errors
    /// [`Error::Login`]: `EmailResetPending` if that was done before. [`Error::Store`].
    pub async fn reset_login_email(&self, sent: &SentCode) -> Result<LoginStep, Error> {
        self.run_and_save(LoginFlow::reset_login_email(sent)).await
    }

    /// Makes an account, which accepts the terms of service: [`LoginFlow::sign_up`].
    ///
    /// # Errors
    /// [`Error::Login`]: after `FirstNameInvalid` and `LastNameInvalid` the call may be made again. [`Error::Store`].
    pub async fn sign_up(
        &self,
        sent: &SentCode,
        first_name: &str,
        last_name: &str,
    ) -> Result<UserInfo, Error> {
        self.run_with_saved_key(LoginFlow::sign_up(sent, first_name, last_name)).await
    }

    /// Tells the server, after the sign-up, that the terms were accepted: [`LoginFlow::accept_terms`].
    ///
    /// # Errors
    /// [`Error::Login`].
    pub async fn accept_terms(&self, terms: &TermsOfService) -> Result<(), Error> {
        self.run_login(LoginFlow::accept_terms(terms)).await
    }

    /// Gives the account's password, after [`LoginStep::PasswordRequired`]: [`LoginFlow::check_password`].
    ///
    /// Takes about a tenth of a second of computing, on a thread for blocking work; several seconds if this library is
    /// compiled without optimisation (the README has the two lines against that).
    ///
    /// # Errors
    /// [`Error::Login`]: after `PasswordInvalid` the call may be made again; `Restart` if the server awaits a code first.
    /// [`Error::Store`].
    pub async fn check_password(&self, password: &str) -> Result<UserInfo, Error> {
        self.run_with_saved_key(LoginFlow::check_password(password)).await
    }

    /// Asks for a code by e-mail to recover the password with: [`LoginFlow::request_password_recovery`].
    ///
    /// # Errors
    /// [`Error::Login`]: `NoRecovery` if the account has no address for that.
    pub async fn request_password_recovery(&self) -> Result<RecoveryCode, Error> {
        self.run_login(LoginFlow::request_password_recovery()).await
    }

    /// Checks a recovery code, without using it up: [`LoginFlow::check_recovery_password`].
    ///
    /// # Errors
    /// [`Error::Login`]: after `RecoveryCodeInvalid` and `CodeForm` the call may be made again.
    pub async fn check_recovery_password(&self, code: &str) -> Result<(), Error> {
        self.run_login(LoginFlow::check_recovery_password(code)).await
    }

    /// Logs in with the recovery code, and replaces or removes the password: [`LoginFlow::recover_password`].
    ///
    /// # Errors
    /// [`Error::Login`]: after `RecoveryCodeInvalid` and `CodeForm` the call may be made again. [`Error::Store`].
    pub async fn recover_password(&self, code: &str, new: Option<NewPassword>) -> Result<UserInfo, Error> {
        self.run_with_saved_key(LoginFlow::recover_password(code, new)).await
    }

    /// Asks to remove the forgotten password of the account that is logged in: [`LoginFlow::reset_password`].
    ///
    /// # Errors
    /// [`Error::Login`]: `NoPassword` if there is none.
    pub async fn reset_password(&self) -> Result<PasswordReset, Error> {
        self.run_login(LoginFlow::reset_password()).await
    }

    /// Declines that: [`LoginFlow::decline_password_reset`].
    ///
    /// # Errors
    /// [`Error::Login`].
    pub async fn decline_password_reset(&self) -> Result<(), Error> {
        self.run_login(LoginFlow::decline_password_reset()).await
    }

    /// Starts a login by QR code: another device of the account scans what [`QrLogin::next`] returns. The users of
    /// `except_ids` cannot scan it.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn qr_login(&self, except_ids: &[i64]) -> Result<QrLogin, Error> {
        QrLogin::start(self.clone(), except_ids)
    }

    /// Logs a bot in: [`LoginFlow::bot_login`].
    ///
    /// # Errors
    /// [`Error::Login`] with the reason, such as `AlreadyLoggedIn`; the call may be made again. [`Error::Store`].
    pub async fn bot_login(&self, token: &str) -> Result<UserInfo, Error> {
        sansgram_core::login::BotToken::parse(token).map_err(LoginError::from)?;
        self.make_key().await?;
        self.run_with_saved_key(LoginFlow::bot_login(token)).await
    }

    /// Makes a key if there is none, so that it can be saved before the login. In a login by phone, the request for the
    /// code does that.
    async fn make_key(&self) -> Result<(), Error> {
        let has_key = {
            let shared = self.shared().lock();
            shared.machine.session().keys.contains_key(&shared.machine.home())
        };
        if has_key {
            return Ok(());
        }
        match self.invoke(&functions::help::GetNearestDc {}).await {
            // A refusal comes again with the login, with a better reason.
            Ok(_) | Err(Error::Invoke(InvokeError::Rpc(_))) => Ok(()),
            Err(Error::Invoke(error)) => Err(LoginError::from(error).into()),
            Err(error) => Err(error),
        }
    }

    /// Asks which user is logged in: [`LoginFlow::get_me`].
    ///
    /// # Errors
    /// [`Error::Login`]: `NotLoggedIn` if no user is, `PasswordNeeded` if the account's password is still to be given, or
    /// the reason why the server cannot be asked.
    pub async fn get_me(&self) -> Result<UserInfo, Error> {
        self.run_login(LoginFlow::get_me()).await
    }

    /// Logs out and forgets the keys: [`LoginFlow::log_out`]. The session is useless then. Succeeds as well if no user was
    /// logged in.
    ///
    /// # Errors
    /// [`Error::Login`] if the server cannot be told; the session is then kept. [`Error::Store`].
    pub async fn log_out(&self) -> Result<(), Error> {
        self.run_and_save(LoginFlow::log_out()).await
    }
}
