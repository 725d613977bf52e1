//! Login codes and sign-up.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroize;

use super::hint::{is_password_needed, request_hint};
use crate::crypto::Secret;
use crate::login::answer::{self, Authorization};
use crate::login::code::SentCode;
use crate::login::error::LoginError;
use crate::login::outcome::{
    AccountChange, LoginProgress, PasswordHint, SendCodeOutcome, SignUpRequired, TermsOfService, UserInfo,
};
use crate::login::phone::PhoneNumber;
use crate::login::single_query::{LoginQuery, SingleQuery};
use crate::login::state::{
    AnswerContext, AnswerState, LoginContext, Migrations, QueryWithState, Transition, serialize_secret,
};
use crate::login::step::LoginStep;
use crate::rpc::RpcError;
use crate::tl::{enums, functions, types};

impl LoginStep<SendCodeOutcome> {
    /// Requests a login code for a phone number as people type it, such as `+1 (123) 456-7890` (`auth.sendCode`). No code
    /// is sent if one of the tokens that earlier logouts left belongs to the account.
    ///
    /// The step fails with [`LoginError::PhoneForm`], [`LoginError::AlreadyLoggedIn`],
    /// [`LoginError::ApiCredentialsMissing`] or [`LoginError::ApiHashForm`] before anything is sent.
    #[must_use]
    pub fn send_code(phone: &str) -> Self {
        let phone = PhoneNumber::parse(phone);
        Self::new(SendCodeOutcome::account_change, |cx| send_code(phone?, cx))
    }

    /// Requests another code, in the way that [`SentCode::next`] names and after [`SentCode::timeout`]
    /// (`auth.resendCode`). It replaces `sent_code`. If `sent_code` is not [usable](SentCode::is_usable), a first code is
    /// requested.
    #[must_use]
    pub fn resend_code(sent_code: &SentCode) -> Self {
        let sent_code = sent_code.clone();
        Self::new(SendCodeOutcome::account_change, |cx| {
            if !sent_code.is_usable() {
                return send_code(sent_code.phone, cx);
            }
            let query = functions::auth::ResendCode {
                phone_number: sent_code.phone.digits().into(),
                phone_code_hash: phone_code_hash(&sent_code)?,
                reason: None,
            };
            Ok(request_code("auth.resendCode", sent_code.phone, serialize_secret(&query, 0)))
        })
    }
}

/// The outcome of [`sign_in`](LoginStep::sign_in).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The account has a password: submit it with [`check_password`](LoginStep::check_password).
    PasswordRequired(PasswordHint),
    /// No account has this number: create one with [`sign_up`](LoginStep::sign_up).
    SignUpRequired(SignUpRequired),
    /// The user is logged in.
    LoggedIn(UserInfo),
}

impl SignInOutcome {
    const fn account_change(&self) -> AccountChange {
        match self {
            Self::PasswordRequired(_) => AccountChange::NotLoggedIn,
            Self::SignUpRequired(_) => AccountChange::Unchanged,
            Self::LoggedIn(user) => AccountChange::of_login(user),
        }
    }
}

impl From<SignInOutcome> for LoginProgress {
    fn from(outcome: SignInOutcome) -> Self {
        match outcome {
            SignInOutcome::PasswordRequired(hint) => Self::PasswordRequired(hint),
            SignInOutcome::SignUpRequired(required) => Self::SignUpRequired(required),
            SignInOutcome::LoggedIn(user) => Self::LoggedIn(user),
        }
    }
}

impl LoginStep<SignInOutcome> {
    /// Logs in with the code that the user received (`auth.signIn`). [`SentCode::read_code`] reads it.
    ///
    /// After [`LoginError::CodeInvalid`] and [`LoginError::CodeForm`] (it cannot be the code, so it is not sent) the same
    /// `sent_code` takes another code.
    #[must_use]
    pub fn sign_in(sent_code: &SentCode, code: &str) -> Self {
        sign_in(sent_code, code, sent_code.is_by_email())
    }

    /// Does the same as [`sign_in`](Self::sign_in), with a code that came by e-mail even if `sent_code` names another way.
    #[must_use]
    pub fn sign_in_with_email_code(sent_code: &SentCode, code: &str) -> Self {
        sign_in(sent_code, code, true)
    }
}

impl LoginStep<()> {
    /// Cancels a code (`auth.cancelCode`).
    #[must_use]
    pub fn cancel_code(sent_code: &SentCode) -> Self {
        let query = phone_code_hash(sent_code).map(|phone_code_hash| {
            let phone_number = sent_code.phone.digits().into();
            serialize_secret(&functions::auth::CancelCode { phone_number, phone_code_hash }, 0)
        });
        let state = SingleQuery { method: "auth.cancelCode", is_login: true, read: answer::expect_true };
        Self::new(|()| AccountChange::Unchanged, |_| Ok(QueryWithState::new(state, query?)))
    }

    /// Tells the server, after the sign-up, that the terms of service were accepted (`help.acceptTermsOfService`).
    #[must_use]
    pub fn accept_terms(terms: &TermsOfService) -> Self {
        let id = types::DataJson { data: terms.id.clone() }.into();
        let query = serialize_secret(&functions::help::AcceptTermsOfService { id }, 0);
        let state =
            SingleQuery { method: "help.acceptTermsOfService", is_login: false, read: answer::expect_true };
        Self::new(|()| AccountChange::Unchanged, |_| Ok(QueryWithState::new(state, query)))
    }
}

impl LoginStep<UserInfo> {
    /// Creates an account for the number of [`SignUpRequired::sent_code`] (`auth.signUp`). This accepts the terms of
    /// service, so show them before. The last name may be empty.
    #[must_use]
    pub fn sign_up(sent_code: &SentCode, first_name: &str, last_name: &str) -> Self {
        let query = not_empty(first_name, LoginError::FirstNameInvalid).and_then(|first_name| {
            let query = functions::auth::SignUp {
                no_joined_notifications: false,
                phone_number: sent_code.phone.digits().into(),
                phone_code_hash: phone_code_hash(sent_code)?,
                first_name: first_name.trim().into(),
                last_name: last_name.trim().into(),
            };
            Ok(serialize_secret(&query, first_name.len() + last_name.len()))
        });
        let state = LoginQuery { method: "auth.signUp" };
        Self::new(AccountChange::of_login, |_| Ok(QueryWithState::new(state, query?)))
    }
}

/// Waits for an `auth.SentCode`.
pub(super) struct AwaitSentCode {
    /// The method that sends the code.
    pub(super) method: &'static str,
    pub(super) phone: PhoneNumber,
    /// Reads the answer.
    pub(super) read: fn(PhoneNumber, &[u8], &mut AnswerContext<'_>) -> Result<SendCodeOutcome, LoginError>,
}

/// Returns the request of a method that answers with an `auth.SentCode`.
pub(super) fn request_code(
    method: &'static str,
    phone: PhoneNumber,
    query: Secret<Vec<u8>>,
) -> QueryWithState<SendCodeOutcome> {
    QueryWithState::new(AwaitSentCode { method, phone, read: answer::sent_code }, query)
}

impl AnswerState<SendCodeOutcome> for AwaitSentCode {
    fn method(&self) -> &'static str {
        self.method
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<SendCodeOutcome>, LoginError> {
        (self.read)(self.phone, body, cx).map(Transition::Done)
    }

    fn refused(
        self: Box<Self>,
        error: RpcError,
        _: &mut Migrations,
    ) -> Result<Transition<SendCodeOutcome>, LoginError> {
        if is_password_needed(&error) {
            return Ok(request_hint(SendCodeOutcome::PasswordRequired));
        }
        Err(LoginError::from_rpc(self.method, error))
    }
}

fn send_code(
    phone: PhoneNumber,
    cx: &LoginContext<'_>,
) -> Result<QueryWithState<SendCodeOutcome>, LoginError> {
    let api = cx.credentials_for_login()?;
    let tokens = cx.logout_tokens.iter().map(|token| token.to_vec()).collect();
    let tokens = (!cx.logout_tokens.is_empty()).then_some(tokens);
    let mut query = functions::auth::SendCode {
        phone_number: phone.digits().into(),
        api_id: api.id,
        api_hash: api.hash.clone(),
        settings: types::CodeSettings { logout_tokens: tokens, ..Default::default() }.into(),
    };
    // Each may take 8 bytes besides its own, and the writer wants room for 4 more.
    let more = cx.logout_tokens.iter().map(|token| token.len() + 12).sum();
    let bytes = serialize_secret(&query, more);
    let enums::CodeSettings::CodeSettings(settings) = &mut query.settings;
    settings.logout_tokens.zeroize();
    Ok(request_code("auth.sendCode", phone, bytes))
}

/// Waits for the answer to a code.
struct SignIn {
    sent_code: SentCode,
}

fn sign_in(sent_code: &SentCode, code: &str, is_from_email: bool) -> LoginStep<SignInOutcome> {
    let query = sign_in_query(sent_code, code, is_from_email);
    let sent_code = sent_code.clone();
    LoginStep::new(SignInOutcome::account_change, |_| Ok(QueryWithState::new(SignIn { sent_code }, query?)))
}

fn sign_in_query(
    sent_code: &SentCode,
    code: &str,
    is_from_email: bool,
) -> Result<Secret<Vec<u8>>, LoginError> {
    let code = sent_code.read_code(not_empty(code, LoginError::CodeInvalid)?)?;
    let (phone_code, verification) = if is_from_email {
        (None, Some(email_verification(&code)))
    } else {
        (Some(code.as_str().into()), None)
    };
    let query = functions::auth::SignIn {
        phone_number: sent_code.phone.digits().into(),
        phone_code_hash: phone_code_hash(sent_code)?,
        phone_code,
        email_verification: verification,
    };
    Ok(serialize_secret(&query, code.len()))
}

impl AnswerState<SignInOutcome> for SignIn {
    fn method(&self) -> &'static str {
        "auth.signIn"
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<SignInOutcome>, LoginError> {
        Ok(Transition::Done(match answer::read_authorization(body)? {
            Authorization::SignUpRequired(terms) => sign_up_required(self.sent_code, terms),
            authorization => SignInOutcome::LoggedIn(answer::expect_logged_in(authorization, cx)?),
        }))
    }

    fn refused(
        self: Box<Self>,
        error: RpcError,
        _: &mut Migrations,
    ) -> Result<Transition<SignInOutcome>, LoginError> {
        match error.name.as_str() {
            "PHONE_NUMBER_UNOCCUPIED" => Ok(Transition::Done(sign_up_required(self.sent_code, None))),
            _ if is_password_needed(&error) => Ok(request_hint(SignInOutcome::PasswordRequired)),
            _ => Err(LoginError::from_rpc("auth.signIn", error)),
        }
    }
}

fn sign_up_required(sent_code: SentCode, terms_of_service: Option<TermsOfService>) -> SignInOutcome {
    SignInOutcome::SignUpRequired(SignUpRequired { sent_code, terms_of_service })
}

/// Returns the text. Errors with `or` if it is empty, so that it is not sent.
pub(super) fn not_empty(text: &str, or: LoginError) -> Result<&str, LoginError> {
    if text.trim().is_empty() { Err(or) } else { Ok(text) }
}

pub(super) fn phone_code_hash(sent_code: &SentCode) -> Result<String, LoginError> {
    sent_code.hash.as_deref().cloned().ok_or(LoginError::CodeUnusable)
}

pub(super) fn email_verification(code: &str) -> enums::EmailVerification {
    types::EmailVerificationCode { code: code.into() }.into()
}
