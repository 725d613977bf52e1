//! Codes: asking for one, giving it, and what may follow.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroize;

use super::hint::{get_hint, is_password_needed};
use crate::crypto::Secret;
use crate::login::answer::{self, Authorized, CodeOrLogin};
use crate::login::code::SentCode;
use crate::login::error::LoginError;
use crate::login::flow::LoginFlow;
use crate::login::outcome::{AccountChange, LoginStep, SignUpRequired, TermsOfService, UserInfo};
use crate::login::phone::PhoneNumber;
use crate::login::single_query::{LogsIn, SingleQuery};
use crate::login::state::{AnswerContext, Hops, LoginContext, Next, Request, State, secret_bytes};
use crate::rpc::RpcError;
use crate::tl::{enums, functions, types};

impl LoginFlow<LoginStep> {
    /// Asks for a login code for a phone number as people type it, such as `+1 (123) 456-7890` (`auth.sendCode`). Ends in
    /// [`LoginStep::CodeSent`], or without a code if one of the tokens that earlier logouts left is the account's.
    ///
    /// The step fails with [`LoginError::PhoneForm`], [`LoginError::AlreadyLoggedIn`],
    /// [`LoginError::ApiCredentialsMissing`] or [`LoginError::ApiHashForm`] before anything is sent.
    #[must_use]
    pub fn send_code(phone: &str) -> Self {
        let phone = PhoneNumber::parse(phone);
        Self::new(AccountChange::of_step, |cx| send_code(phone?, cx))
    }

    /// Asks for another code, in the way that [`SentCode::next`] names and after [`SentCode::timeout`]
    /// (`auth.resendCode`). Ends in [`LoginStep::CodeSent`], which replaces `sent`. If `sent` is not
    /// [usable](SentCode::is_usable), a first code is asked for.
    #[must_use]
    pub fn resend_code(sent: &SentCode) -> Self {
        let sent = sent.clone();
        Self::new(AccountChange::of_step, |cx| {
            if !sent.is_usable() {
                return send_code(sent.phone, cx);
            }
            let query = functions::auth::ResendCode {
                phone_number: sent.phone.digits().into(),
                phone_code_hash: hash(&sent)?,
                reason: None,
            };
            Ok(request_code("auth.resendCode", sent.phone, secret_bytes(&query, 0)))
        })
    }

    /// Gives the code that the person received (`auth.signIn`). It is read by [`SentCode::read_code`], and sent as a code
    /// from an e-mail if it came by e-mail. Ends in [`LoginStep::LoggedIn`], [`LoginStep::PasswordRequired`] or
    /// [`LoginStep::SignUpRequired`].
    ///
    /// After [`LoginError::CodeInvalid`] and [`LoginError::CodeForm`] (it cannot be the code, so the server is not asked)
    /// the same `sent` takes another code.
    #[must_use]
    pub fn sign_in(sent: &SentCode, code: &str) -> Self {
        sign_in(sent, code, sent.is_by_email())
    }

    /// As [`sign_in`](Self::sign_in), with a code that came by e-mail, whatever `sent` says.
    #[must_use]
    pub fn sign_in_with_email_code(sent: &SentCode, code: &str) -> Self {
        sign_in(sent, code, true)
    }
}

impl LoginFlow<()> {
    /// Cancels a code (`auth.cancelCode`).
    #[must_use]
    pub fn cancel_code(sent: &SentCode) -> Self {
        let query = hash(sent).map(|phone_code_hash| {
            let phone_number = sent.phone.digits().into();
            secret_bytes(&functions::auth::CancelCode { phone_number, phone_code_hash }, 0)
        });
        let state = SingleQuery { method: "auth.cancelCode", is_login: true, read: answer::is_true };
        Self::new(|()| AccountChange::Unchanged, |_| Ok(Request::new(state, query?)))
    }

    /// Tells the server, after the sign-up, that the terms of service were accepted (`help.acceptTermsOfService`).
    #[must_use]
    pub fn accept_terms(terms: &TermsOfService) -> Self {
        let id = types::DataJson { data: terms.id.clone() }.into();
        let query = secret_bytes(&functions::help::AcceptTermsOfService { id }, 0);
        let state =
            SingleQuery { method: "help.acceptTermsOfService", is_login: false, read: answer::is_true };
        Self::new(|()| AccountChange::Unchanged, |_| Ok(Request::new(state, query)))
    }
}

impl LoginFlow<UserInfo> {
    /// Makes an account, with the code of [`LoginStep::SignUpRequired`] (`auth.signUp`). It accepts the terms of service:
    /// show them before. The last name may be empty.
    #[must_use]
    pub fn sign_up(sent: &SentCode, first_name: &str, last_name: &str) -> Self {
        let query = not_empty(first_name, LoginError::FirstNameInvalid).and_then(|first_name| {
            let query = functions::auth::SignUp {
                no_joined_notifications: false,
                phone_number: sent.phone.digits().into(),
                phone_code_hash: hash(sent)?,
                first_name: first_name.trim().into(),
                last_name: last_name.trim().into(),
            };
            Ok(secret_bytes(&query, first_name.len() + last_name.len()))
        });
        let state = LogsIn { method: "auth.signUp", finish: |user| user };
        Self::new(AccountChange::of_login, |_| Ok(Request::new(state, query?)))
    }
}

/// Waits for an `auth.SentCode`.
pub(super) struct CodeRequested {
    /// Which of the methods that send a code.
    pub(super) method: &'static str,
    pub(super) phone: PhoneNumber,
    /// Reads the answer.
    pub(super) read: fn(PhoneNumber, &[u8]) -> Result<CodeOrLogin, LoginError>,
}

/// The request of a method that answers with an `auth.SentCode`.
pub(super) fn request_code(
    method: &'static str,
    phone: PhoneNumber,
    query: Secret<Vec<u8>>,
) -> Request<LoginStep> {
    Request::new(CodeRequested { method, phone, read: answer::sent_code }, query)
}

impl State<LoginStep> for CodeRequested {
    fn method(&self) -> &'static str {
        self.method
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Next<LoginStep>, LoginError> {
        (self.read)(self.phone, body)?.into_step(cx).map(Next::Done)
    }

    fn refused(self: Box<Self>, error: RpcError, _: &mut Hops) -> Result<Next<LoginStep>, LoginError> {
        if is_password_needed(&error) {
            return Ok(get_hint(|step| step));
        }
        Err(LoginError::of(self.method, error))
    }
}

fn send_code(phone: PhoneNumber, cx: &LoginContext<'_>) -> Result<Request<LoginStep>, LoginError> {
    let api = cx.api()?;
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
    let bytes = secret_bytes(&query, more);
    let enums::CodeSettings::CodeSettings(settings) = &mut query.settings;
    settings.logout_tokens.zeroize();
    Ok(request_code("auth.sendCode", phone, bytes))
}

/// A code was given.
struct SignIn {
    sent: SentCode,
}

fn sign_in(sent: &SentCode, code: &str, is_from_email: bool) -> LoginFlow<LoginStep> {
    let query = sign_in_query(sent, code, is_from_email);
    let sent = sent.clone();
    LoginFlow::new(AccountChange::of_step, |_| Ok(Request::new(SignIn { sent }, query?)))
}

fn sign_in_query(sent: &SentCode, code: &str, is_from_email: bool) -> Result<Secret<Vec<u8>>, LoginError> {
    let code = sent.read_code(not_empty(code, LoginError::CodeInvalid)?)?;
    let (phone_code, verification) = if is_from_email {
        (None, Some(email_verification(&code)))
    } else {
        (Some(code.as_str().into()), None)
    };
    let query = functions::auth::SignIn {
        phone_number: sent.phone.digits().into(),
        phone_code_hash: hash(sent)?,
        phone_code,
        email_verification: verification,
    };
    Ok(secret_bytes(&query, code.len()))
}

impl State<LoginStep> for SignIn {
    fn method(&self) -> &'static str {
        "auth.signIn"
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Next<LoginStep>, LoginError> {
        Ok(Next::Done(match answer::authorization(body)? {
            Authorized::SignUpRequired(terms) => sign_up_required(self.sent, terms),
            authorized => LoginStep::LoggedIn(answer::logged_in(authorized, cx)?),
        }))
    }

    fn refused(self: Box<Self>, error: RpcError, _: &mut Hops) -> Result<Next<LoginStep>, LoginError> {
        match error.name.as_str() {
            "PHONE_NUMBER_UNOCCUPIED" => Ok(Next::Done(sign_up_required(self.sent, None))),
            _ if is_password_needed(&error) => Ok(get_hint(|step| step)),
            _ => Err(LoginError::of("auth.signIn", error)),
        }
    }
}

fn sign_up_required(token: SentCode, terms_of_service: Option<TermsOfService>) -> LoginStep {
    LoginStep::SignUpRequired(SignUpRequired { token, terms_of_service })
}

/// What a person gave. Errors with `or` if that is nothing, so that the server need not be asked.
pub(super) fn not_empty(text: &str, or: LoginError) -> Result<&str, LoginError> {
    if text.trim().is_empty() { Err(or) } else { Ok(text) }
}

pub(super) fn hash(sent: &SentCode) -> Result<String, LoginError> {
    sent.hash.as_deref().cloned().ok_or(LoginError::CodeUnusable)
}

pub(super) fn email_verification(code: &str) -> enums::EmailVerification {
    types::EmailVerificationCode { code: code.into() }.into()
}
