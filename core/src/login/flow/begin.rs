//! How each step begins: its first query.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use zeroize::{Zeroize, Zeroizing};

use super::state::{Password, Qr, State};
use super::{LoginFlow, secret_bytes};
use crate::crypto::Secret;
use crate::login::code::{SentCode, without_gaps};
use crate::login::credentials::{ApiCredentials, BotToken};
use crate::login::error::LoginError;
use crate::login::outcome::TermsOfService;
use crate::login::password::NewPassword;
use crate::login::phone::PhoneNumber;
use crate::tl::{Serialize, enums, functions, types};

impl LoginFlow {
    /// `auth.sendCode`: ends in [`Outcome::CodeSent`](super::Outcome::CodeSent), or at once in
    /// [`Outcome::LoggedIn`](super::Outcome::LoggedIn) or
    /// [`Outcome::PasswordRequired`](super::Outcome::PasswordRequired) where one of `logout_tokens` (those that earlier
    /// logouts left, at most 20) is the account's.
    #[must_use]
    pub fn request_code(
        phone: PhoneNumber,
        api: &ApiCredentials,
        logout_tokens: &[Zeroizing<Vec<u8>>],
    ) -> Self {
        let tokens = logout_tokens.iter().map(|token| token.to_vec()).collect();
        let tokens = (!logout_tokens.is_empty()).then_some(tokens);
        let mut query = functions::auth::SendCode {
            phone_number: phone.digits().into(),
            api_id: api.id,
            api_hash: api.hash.clone(),
            settings: types::CodeSettings { logout_tokens: tokens, ..Default::default() }.into(),
        };
        // Each may take 8 bytes besides its own, and the writer wants room for 4 more.
        let more = logout_tokens.iter().map(|token| token.len() + 12).sum();
        let flow = Self::of(State::SendCode(phone, "auth.sendCode"), secret_bytes(&query, more));
        let enums::CodeSettings::CodeSettings(settings) = &mut query.settings;
        settings.logout_tokens.zeroize();
        flow
    }

    /// `auth.resendCode`: ends in [`Outcome::CodeSent`](super::Outcome::CodeSent) with a new token.
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`] where the token has no hash: then request a code anew.
    pub fn resend_code(token: &SentCode) -> Result<Self, LoginError> {
        let query = functions::auth::ResendCode {
            phone_number: token.phone.digits().into(),
            phone_code_hash: hash(token)?,
            reason: None,
        };
        Ok(Self::new(State::SendCode(token.phone.clone(), "auth.resendCode"), &query))
    }

    /// `auth.cancelCode`: ends in [`Outcome::CodeCancelled`](super::Outcome::CodeCancelled).
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`].
    pub fn cancel_code(token: &SentCode) -> Result<Self, LoginError> {
        let query = functions::auth::CancelCode {
            phone_number: token.phone.digits().into(),
            phone_code_hash: hash(token)?,
        };
        Ok(Self::new(State::CancelCode, &query))
    }

    /// `auth.signIn`: ends in [`Outcome::LoggedIn`](super::Outcome::LoggedIn),
    /// [`Outcome::PasswordRequired`](super::Outcome::PasswordRequired) or
    /// [`Outcome::SignUpRequired`](super::Outcome::SignUpRequired). The code is read by [`SentCode::read_code`]. One that
    /// came by e-mail is given as such.
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`]; [`LoginError::CodeForm`] if it cannot be the code that was sent.
    pub fn sign_in(token: &SentCode, code: &str) -> Result<Self, LoginError> {
        if token.is_by_email() {
            return Self::sign_in_with_email_code(token, code);
        }
        let code = token.read_code(code)?;
        Self::log_in_with(token, Some(code.as_str().into()), None)
    }

    /// `auth.signIn` with a code that came by e-mail: ends like [`sign_in`](Self::sign_in).
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`]; [`LoginError::CodeForm`] if it cannot be the code that was sent.
    pub fn sign_in_with_email_code(token: &SentCode, code: &str) -> Result<Self, LoginError> {
        let code = token.read_code(code)?;
        Self::log_in_with(token, None, Some(email_verification(&code)))
    }

    fn log_in_with(
        token: &SentCode,
        phone_code: Option<String>,
        email_verification: Option<enums::EmailVerification>,
    ) -> Result<Self, LoginError> {
        let query = functions::auth::SignIn {
            phone_number: token.phone.digits().into(),
            phone_code_hash: hash(token)?,
            phone_code,
            email_verification,
        };
        Ok(Self::new(State::SignIn(token.clone()), &query))
    }

    /// `auth.signUp`: ends in [`Outcome::LoggedIn`](super::Outcome::LoggedIn).
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`].
    pub fn sign_up(token: &SentCode, first_name: &str, last_name: &str) -> Result<Self, LoginError> {
        let query = functions::auth::SignUp {
            no_joined_notifications: false,
            phone_number: token.phone.digits().into(),
            phone_code_hash: hash(token)?,
            first_name: first_name.trim().into(),
            last_name: last_name.trim().into(),
        };
        Ok(Self::new(State::SignUp, &query))
    }

    /// `help.acceptTermsOfService`, after a sign-up: ends in [`Outcome::TermsAccepted`](super::Outcome::TermsAccepted).
    #[must_use]
    pub fn accept_terms(terms: &TermsOfService) -> Self {
        let id = types::DataJson { data: terms.id.clone() }.into();
        Self::new(State::AcceptTerms, &functions::help::AcceptTermsOfService { id })
    }

    /// `account.sendVerifyEmailCode`, where an e-mail address must be set up: ends in
    /// [`Outcome::EmailCodeSent`](super::Outcome::EmailCodeSent).
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`].
    pub fn send_email_code(token: &SentCode, email: &str) -> Result<Self, LoginError> {
        let query = functions::account::SendVerifyEmailCode {
            purpose: login_setup(token)?,
            email: email.trim().into(),
        };
        Ok(Self::new(State::SendEmailCode, &query))
    }

    /// `account.verifyEmail` with the code that came by e-mail: ends in
    /// [`Outcome::CodeSent`](super::Outcome::CodeSent), now for the login itself.
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`].
    pub fn verify_email(token: &SentCode, code: &str) -> Result<Self, LoginError> {
        let query = functions::account::VerifyEmail {
            purpose: login_setup(token)?,
            verification: email_verification(&without_gaps(code)),
        };
        Ok(Self::new(State::VerifyEmail(token.phone.clone()), &query))
    }

    /// `auth.resetLoginEmail`, where the mailbox is lost: ends in [`Outcome::CodeSent`](super::Outcome::CodeSent).
    ///
    /// # Errors
    /// [`LoginError::CodeUnusable`].
    pub fn reset_login_email(token: &SentCode) -> Result<Self, LoginError> {
        let query = functions::auth::ResetLoginEmail {
            phone_number: token.phone.digits().into(),
            phone_code_hash: hash(token)?,
        };
        Ok(Self::new(State::SendCode(token.phone.clone(), "auth.resetLoginEmail"), &query))
    }

    /// `account.getPassword` and `auth.checkPassword`: ends in [`Outcome::LoggedIn`](super::Outcome::LoggedIn).
    /// Parameters that went stale are fetched again once.
    #[must_use]
    pub fn check_password(password: &str) -> Self {
        let password = Password { text: Secret::new(password.into()), refreshed: false };
        Self::new(State::AskParameters(password), &functions::account::GetPassword {})
    }

    /// `auth.requestPasswordRecovery`: ends in [`Outcome::RecoveryCodeSent`](super::Outcome::RecoveryCodeSent).
    #[must_use]
    pub fn request_password_recovery() -> Self {
        Self::new(State::RequestRecovery, &functions::auth::RequestPasswordRecovery {})
    }

    /// `auth.checkRecoveryPassword`: ends in [`Outcome::RecoveryCodeAccepted`](super::Outcome::RecoveryCodeAccepted);
    /// the code is not used up.
    #[must_use]
    pub fn check_recovery_password(code: &str) -> Self {
        let query = functions::auth::CheckRecoveryPassword { code: without_gaps(code).as_str().into() };
        Self::new(State::CheckRecovery, &query)
    }

    /// `auth.recoverPassword`: ends in [`Outcome::LoggedIn`](super::Outcome::LoggedIn). Without a new password the
    /// account has none from now on.
    #[must_use]
    pub fn recover_password(code: &str, new: Option<NewPassword>) -> Self {
        let code = String::from(without_gaps(code).as_str());
        match new {
            Some(new) => {
                let state = State::AskAlgorithm(Secret::new(code), new);
                Self::new(state, &functions::account::GetPassword {})
            }
            None => {
                let query = functions::auth::RecoverPassword { code, new_settings: None };
                Self::new(State::Recover, &query)
            }
        }
    }

    /// `account.resetPassword`, in a session that is logged in: ends in
    /// [`Outcome::PasswordReset`](super::Outcome::PasswordReset).
    #[must_use]
    pub fn reset_password() -> Self {
        Self::new(State::ResetPassword, &functions::account::ResetPassword {})
    }

    /// `account.declinePasswordReset`: ends in
    /// [`Outcome::PasswordResetDeclined`](super::Outcome::PasswordResetDeclined).
    #[must_use]
    pub fn decline_password_reset() -> Self {
        Self::new(State::DeclineReset, &functions::account::DeclinePasswordReset {})
    }

    /// `auth.exportLoginToken` and what follows: [`Progress::ShowQr`](super::Progress::ShowQr) says what is to be scanned;
    /// ends in [`Outcome::LoggedIn`](super::Outcome::LoggedIn) or
    /// [`Outcome::PasswordRequired`](super::Outcome::PasswordRequired). Users of `except_ids` cannot scan it.
    #[must_use]
    pub fn qr_login(api: &ApiCredentials, except_ids: &[i64]) -> Self {
        let qr = Qr { api: api.clone(), except_ids: except_ids.to_vec(), shown: 0 };
        let query = qr.export();
        Self::new(State::ExportToken(qr), &query)
    }

    /// `auth.importBotAuthorization`: ends in [`Outcome::LoggedIn`](super::Outcome::LoggedIn).
    #[must_use]
    pub fn bot_login(token: &BotToken, api: &ApiCredentials) -> Self {
        let query = functions::auth::ImportBotAuthorization {
            flags: 0,
            api_id: api.id,
            api_hash: api.hash.clone(),
            bot_auth_token: token.expose().into(),
        };
        Self::new(State::ImportBot, &query)
    }

    /// `users.getUsers`: ends in [`Outcome::Authorized`](super::Outcome::Authorized), or in
    /// [`Outcome::PasswordRequired`](super::Outcome::PasswordRequired) if a login of this key waits for the password.
    #[must_use]
    pub fn is_authorized() -> Self {
        Self::new(State::IsAuthorized, &get_self())
    }

    /// `users.getUsers`: ends in [`Outcome::Me`](super::Outcome::Me).
    #[must_use]
    pub fn get_me() -> Self {
        Self::new(State::GetMe, &get_self())
    }

    /// `auth.logOut`: ends in [`Outcome::SignedOut`](super::Outcome::SignedOut), also where nobody was logged in.
    #[must_use]
    pub fn sign_out() -> Self {
        Self::new(State::SignOut, &functions::auth::LogOut {})
    }

    fn new(state: State, query: &impl Serialize) -> Self {
        Self::of(state, secret_bytes(query, 0))
    }

    fn of(state: State, query: Secret<Vec<u8>>) -> Self {
        Self { state, query, hops: 0, repeats: 0, has_migrated: false, future_auth_token: None }
    }
}

fn get_self() -> functions::users::GetUsers {
    functions::users::GetUsers { id: vec![types::InputUserSelf {}.into()] }
}

fn hash(token: &SentCode) -> Result<String, LoginError> {
    token.hash.as_deref().cloned().ok_or(LoginError::CodeUnusable)
}

fn login_setup(token: &SentCode) -> Result<enums::EmailVerifyPurpose, LoginError> {
    let phone_number = token.phone.digits().into();
    Ok(types::EmailVerifyPurposeLoginSetup { phone_number, phone_code_hash: hash(token)? }.into())
}

fn email_verification(code: &str) -> enums::EmailVerification {
    types::EmailVerificationCode { code: code.into() }.into()
}
