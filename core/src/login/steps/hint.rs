//! The hint of a password that the server asks for: the end of every step that finds out that there is one.

use alloc::boxed::Box;

use crate::login::answer;
use crate::login::error::LoginError;
use crate::login::outcome::{LoginStep, PasswordHint};
use crate::login::state::{AnswerContext, Next, State, secret_bytes};
use crate::tl::functions;

/// The code was right; the hint is asked for.
struct GetHint<T> {
    finish: fn(LoginStep) -> T,
}

/// Whether the server wants the password of the account.
pub(super) fn is_password_needed(error: &crate::rpc::RpcError) -> bool {
    error.is("SESSION_PASSWORD_NEEDED")
}

/// Asks for the hint, and ends in what `finish` makes of [`LoginStep::PasswordRequired`].
pub(super) fn get_hint<T: 'static>(finish: fn(LoginStep) -> T) -> Next<T> {
    Next::send(GetHint { finish }, secret_bytes(&functions::account::GetPassword {}, 0))
}

impl<T> State<T> for GetHint<T> {
    fn method(&self) -> &'static str {
        "account.getPassword"
    }

    fn answered(self: Box<Self>, body: &[u8], _: &mut AnswerContext<'_>) -> Result<Next<T>, LoginError> {
        Ok(Next::Done((self.finish)(LoginStep::PasswordRequired(answer::hint(body)?))))
    }

    fn failed(self: Box<Self>, error: LoginError) -> Result<Next<T>, LoginError> {
        if error.continuation().keeps_pending() {
            // The code is used up: the password is needed, with a hint or without.
            Ok(Next::Done((self.finish)(LoginStep::PasswordRequired(PasswordHint::default()))))
        } else {
            Err(error)
        }
    }
}
