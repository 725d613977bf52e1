//! Steps of one query, whose answer is the outcome of the step.

use alloc::boxed::Box;

use super::answer;
use super::error::LoginError;
use super::outcome::UserInfo;
use super::state::{AnswerContext, AnswerState, Transition};

/// A step of one query.
pub(super) struct SingleQuery<T> {
    pub(super) method: &'static str,
    /// Whether the query belongs to a login, not to a user who is logged in.
    pub(super) is_login: bool,
    /// Reads the answer.
    pub(super) read: fn(&[u8]) -> Result<T, LoginError>,
}

impl<T> AnswerState<T> for SingleQuery<T> {
    fn method(&self) -> &'static str {
        self.method
    }

    fn is_login(&self) -> bool {
        self.is_login
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        _: &mut AnswerContext<'_>,
    ) -> Result<Transition<T>, LoginError> {
        (self.read)(body).map(Transition::Done)
    }
}

/// A step of one query that logs in.
pub(super) struct LoginQuery {
    pub(super) method: &'static str,
}

impl AnswerState<UserInfo> for LoginQuery {
    fn method(&self) -> &'static str {
        self.method
    }

    fn answered(
        self: Box<Self>,
        body: &[u8],
        cx: &mut AnswerContext<'_>,
    ) -> Result<Transition<UserInfo>, LoginError> {
        answer::read_login(body, cx).map(Transition::Done)
    }
}
