//! The hint of the account's password: the last query of each step that learns that the account has one.

use alloc::boxed::Box;

use crate::login::answer;
use crate::login::error::LoginError;
use crate::login::outcome::PasswordHint;
use crate::login::state::{AnswerContext, AnswerState, Transition, serialize_secret};
use crate::tl::functions;

/// Waits for the hint.
struct GetHint<T> {
    finish: fn(PasswordHint) -> T,
}

/// Returns whether the server requires the account's password.
pub(super) fn is_password_needed(error: &crate::rpc::RpcError) -> bool {
    error.is("SESSION_PASSWORD_NEEDED")
}

/// Requests the hint, and ends in what `finish` makes of it.
pub(super) fn request_hint<T: 'static>(finish: fn(PasswordHint) -> T) -> Transition<T> {
    Transition::send(GetHint { finish }, serialize_secret(&functions::account::GetPassword {}, 0))
}

impl<T> AnswerState<T> for GetHint<T> {
    fn method(&self) -> &'static str {
        "account.getPassword"
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        _: &mut AnswerContext<'_>,
    ) -> Result<Transition<T>, LoginError> {
        Ok(Transition::Done((self.finish)(answer::hint(body)?)))
    }

    fn failed(self: Box<Self>, error: LoginError) -> Result<Transition<T>, LoginError> {
        if error.continuation().can_continue() {
            // The code is used up, so the password is required even without its hint.
            Ok(Transition::Done((self.finish)(PasswordHint::default())))
        } else {
            Err(error)
        }
    }
}
