//! The e-mail address that login codes go to.

use super::code::{CodeRequested, email_verification, hash, not_empty, request_code};
use crate::login::answer;
use crate::login::code::{SentCode, read_code_with_digits};
use crate::login::error::LoginError;
use crate::login::flow::LoginFlow;
use crate::login::outcome::{AccountChange, EmailCode, LoginStep};
use crate::login::single_query::SingleQuery;
use crate::login::state::{Request, secret_bytes};
use crate::tl::{enums, functions, types};

impl LoginFlow<EmailCode> {
    /// Names the e-mail address for future codes, if `sent` is of the kind
    /// [`EmailSetUpRequired`](crate::login::SentCodeType::EmailSetUpRequired) (`account.sendVerifyEmailCode`). Give the
    /// code that arrives there to [`verify_email`](LoginFlow::verify_email), with the same `sent`.
    #[must_use]
    pub fn send_email_code(sent: &SentCode, email: &str) -> Self {
        let query = not_empty(email, LoginError::EmailInvalid).and_then(|email| {
            let query = functions::account::SendVerifyEmailCode {
                purpose: login_setup(sent)?,
                email: email.trim().into(),
            };
            Ok(secret_bytes(&query, email.len()))
        });
        let state =
            SingleQuery { method: "account.sendVerifyEmailCode", is_login: true, read: answer::email_code };
        Self::new(|_| AccountChange::Unchanged, |_| Ok(Request::new(state, query?)))
    }
}

impl LoginFlow<LoginStep> {
    /// Gives the code that came to the address that is being set up (`account.verifyEmail`). Ends in
    /// [`LoginStep::CodeSent`], now for the login itself.
    ///
    /// The step fails with [`LoginError::CodeForm`] if the text has no digit: the server is not asked, which would spend
    /// a try. [`EmailCode::read_code`] checks the length as well.
    #[must_use]
    pub fn verify_email(sent: &SentCode, code: &str) -> Self {
        let query = not_empty(code, LoginError::CodeInvalid).and_then(|code| {
            let code = read_code_with_digits(code)?;
            let query = functions::account::VerifyEmail {
                purpose: login_setup(sent)?,
                verification: email_verification(&code),
            };
            Ok(secret_bytes(&query, code.len()))
        });
        let state = CodeRequested {
            method: "account.verifyEmail",
            phone: sent.phone.clone(),
            read: answer::email_verified,
        };
        Self::new(AccountChange::of_step, |_| Ok(Request::new(state, query?)))
    }

    /// Gives up a mailbox that cannot be reached, so that codes come by telephone (`auth.resetLoginEmail`): at once, or
    /// after the time that the new [`LoginStep::CodeSent`] names.
    #[must_use]
    pub fn reset_login_email(sent: &SentCode) -> Self {
        let query = hash(sent).map(|phone_code_hash| {
            let phone_number = sent.phone.digits().into();
            secret_bytes(&functions::auth::ResetLoginEmail { phone_number, phone_code_hash }, 0)
        });
        let phone = sent.phone.clone();
        Self::new(AccountChange::of_step, |_| Ok(request_code("auth.resetLoginEmail", phone, query?)))
    }
}

fn login_setup(sent: &SentCode) -> Result<enums::EmailVerifyPurpose, LoginError> {
    let phone_number = sent.phone.digits().into();
    Ok(types::EmailVerifyPurposeLoginSetup { phone_number, phone_code_hash: hash(sent)? }.into())
}
