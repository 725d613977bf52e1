//! The e-mail address that login codes go to.

use super::code::{AwaitSentCode, email_verification, not_empty, phone_code_hash, request_code};
use crate::login::answer;
use crate::login::code::{SentCode, read_code_with_digits};
use crate::login::error::LoginError;
use crate::login::outcome::{AccountChange, EmailCode, SendCodeOutcome};
use crate::login::single_query::SingleQuery;
use crate::login::state::{QueryWithState, serialize_secret};
use crate::login::step::LoginStep;
use crate::tl::{enums, functions, types};

impl LoginStep<EmailCode> {
    /// Sets the e-mail address for future codes and sends a code to it, if `sent_code` is of the type
    /// [`EmailSetUpRequired`](crate::login::SentCodeType::EmailSetUpRequired) (`account.sendVerifyEmailCode`). Give that
    /// code to [`verify_email`](LoginStep::verify_email), with the same `sent_code`.
    #[must_use]
    pub fn send_email_code(sent_code: &SentCode, email: &str) -> Self {
        let query = not_empty(email, LoginError::EmailInvalid).and_then(|email| {
            let query = functions::account::SendVerifyEmailCode {
                purpose: login_setup(sent_code)?,
                email: email.trim().into(),
            };
            Ok(serialize_secret(&query, email.len()))
        });
        let state =
            SingleQuery { method: "account.sendVerifyEmailCode", is_login: true, read: answer::email_code };
        Self::new(|_| AccountChange::Unchanged, |_| Ok(QueryWithState::new(state, query?)))
    }
}

impl LoginStep<SendCodeOutcome> {
    /// Confirms the address with the code that was sent to it (`account.verifyEmail`). The server then sends a code for
    /// the login itself.
    ///
    /// The step fails with [`LoginError::CodeForm`] if the text has no digit. It is not sent then, since the server accepts
    /// few tries. [`EmailCode::read_code`] checks the length as well.
    #[must_use]
    pub fn verify_email(sent_code: &SentCode, code: &str) -> Self {
        let query = not_empty(code, LoginError::CodeInvalid).and_then(|code| {
            let code = read_code_with_digits(code)?;
            let query = functions::account::VerifyEmail {
                purpose: login_setup(sent_code)?,
                verification: email_verification(&code),
            };
            Ok(serialize_secret(&query, code.len()))
        });
        let state = AwaitSentCode {
            method: "account.verifyEmail",
            phone: sent_code.phone.clone(),
            read: answer::email_verified,
        };
        Self::new(SendCodeOutcome::account_change, |_| Ok(QueryWithState::new(state, query?)))
    }

    /// Removes the e-mail address if the user cannot open the mailbox, so that codes come by telephone
    /// (`auth.resetLoginEmail`): at once, or after the time that the new [`SentCode`] names.
    #[must_use]
    pub fn reset_login_email(sent_code: &SentCode) -> Self {
        let query = phone_code_hash(sent_code).map(|phone_code_hash| {
            let phone_number = sent_code.phone.digits().into();
            serialize_secret(&functions::auth::ResetLoginEmail { phone_number, phone_code_hash }, 0)
        });
        let phone = sent_code.phone.clone();
        Self::new(SendCodeOutcome::account_change, |_| {
            Ok(request_code("auth.resetLoginEmail", phone, query?))
        })
    }
}

fn login_setup(sent_code: &SentCode) -> Result<enums::EmailVerifyPurpose, LoginError> {
    let phone_number = sent_code.phone.digits().into();
    Ok(types::EmailVerifyPurposeLoginSetup { phone_number, phone_code_hash: phone_code_hash(sent_code)? }
        .into())
}
