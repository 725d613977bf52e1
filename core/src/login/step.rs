//! One step of a login: a state machine over queries and answers.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

use zeroize::Zeroizing;

use super::error::LoginError;
use super::outcome::AccountChange;
use super::password::{PasswordKdfOutput, PasswordKdfTask};
use super::qr_link::QrLink;
use super::state::{
    AnswerContext, AnswerState, KdfState, LoginContext, Migrations, QrState, QueryWithState, Transition,
    cancelled,
};
use crate::crypto::{Secret, SecureRandom};
use crate::dc::DcId;
use crate::rpc::{InvokeError, retry};

/// What the caller of a step must do next.
#[derive(Debug)]
#[must_use]
pub enum StepAction<T> {
    /// Send [`LoginStep::query`] to the home DC.
    Send,
    /// Make this DC the home DC, then send [`LoginStep::query`] there.
    Migrate(DcId),
    /// Run the task, then call [`LoginStep::computed`].
    Compute(PasswordKdfTask),
    /// Show the link. Call [`LoginStep::renew`] after [`QrLink::renew_after`], and when `updateLoginToken` arrives.
    ShowQr(QrLink),
    /// The server reported an internal error: send [`LoginStep::query`] again after this time.
    RetryAfter(Duration),
    /// The server demands this wait. After it, send [`LoginStep::query`] again, or abandon the step with
    /// [`LoginError::FloodWait`].
    FloodWait(Duration),
    /// The step has ended.
    Done(Result<T, LoginError>),
}

impl<T> StepAction<T> {
    /// Replaces the outcome of the step.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> StepAction<U> {
        match self {
            Self::Send => StepAction::Send,
            Self::Migrate(dc) => StepAction::Migrate(dc),
            Self::Compute(task) => StepAction::Compute(task),
            Self::ShowQr(link) => StepAction::ShowQr(link),
            Self::RetryAfter(pause) => StepAction::RetryAfter(pause),
            Self::FloodWait(wait) => StepAction::FloodWait(wait),
            Self::Done(result) => StepAction::Done(result.map(change)),
        }
    }
}

/// One step of a login, with the outcome `T`.
///
/// A client starts it with [`Client::start_step`](crate::client::Client::start_step). Without that client: call
/// [`start`](Self::start), then do what each [`StepAction`] says, until [`StepAction::Done`].
pub struct LoginStep<T> {
    phase: Phase<T>,
    account_change: fn(&T) -> AccountChange,
    query: Secret<Vec<u8>>,
    migrations: Migrations,
    retries: u32,
    has_migrated: bool,
    future_auth_token: Option<Zeroizing<Vec<u8>>>,
}

type Start<T> = Box<dyn FnOnce(&LoginContext<'_>) -> Result<QueryWithState<T>, LoginError> + Send>;

enum Phase<T> {
    New(Start<T>),
    Waiting(Box<dyn AnswerState<T>>),
    Computing(Box<dyn KdfState<T>>),
    ShowingQr(Box<dyn QrState<T>>),
    Over,
}

impl<T> LoginStep<T> {
    /// Creates a step whose first request is what `start` returns. `account_change` returns what its outcome says about the
    /// account.
    pub(super) fn new(
        account_change: fn(&T) -> AccountChange,
        start: impl FnOnce(&LoginContext<'_>) -> Result<QueryWithState<T>, LoginError> + Send + 'static,
    ) -> Self {
        Self {
            phase: Phase::New(Box::new(start)),
            account_change,
            query: Secret::new(Vec::new()),
            migrations: Migrations::default(),
            retries: 0,
            has_migrated: false,
            future_auth_token: None,
        }
    }

    /// Starts the step. User input is validated first: if it is invalid, the step fails before anything is sent.
    pub fn start(&mut self, cx: &LoginContext<'_>) -> StepAction<T> {
        match mem::replace(&mut self.phase, Phase::Over) {
            Phase::New(start) => {
                self.has_migrated = cx.has_migrated;
                let next = start(cx).map(Transition::Send);
                self.advance(next)
            }
            phase => {
                self.phase = phase;
                StepAction::Done(Err(cancelled()))
            }
        }
    }

    /// Returns the query to send now: one boxed TL function, which may contain secrets. It is empty before the step has
    /// started and after it has ended.
    #[must_use]
    pub fn query(&self) -> &[u8] {
        self.query.expose()
    }

    /// Returns whether this is a login by QR code, which shows links and requires updates.
    #[must_use]
    pub fn is_qr_login(&self) -> bool {
        match &self.phase {
            Phase::Waiting(state) => state.is_qr_login(),
            Phase::ShowingQr(_) => true,
            Phase::New(_) | Phase::Computing(_) | Phase::Over => false,
        }
    }

    /// Takes the future auth token (a secret), with which the next login needs no code. Returns `None` if the server sent
    /// none.
    pub const fn take_future_auth_token(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.future_auth_token.take()
    }

    /// Returns what the outcome of this step says about the account.
    pub(crate) fn account_change(&self, outcome: &T) -> AccountChange {
        (self.account_change)(outcome)
    }

    /// Processes the answer to [`query`](Self::query): one boxed TL object, or the error. `server_time`
    /// is in seconds since 1970.
    ///
    /// A step that has ended stays ended: an answer after [`StepAction::Done`] is ignored and yields the result of a
    /// cancelled step.
    pub fn answered(
        &mut self,
        answer: Result<&[u8], InvokeError>,
        server_time: i64,
        random: &mut dyn SecureRandom,
    ) -> StepAction<T> {
        let Phase::Waiting(state) = mem::replace(&mut self.phase, Phase::Over) else {
            return StepAction::Done(Err(cancelled()));
        };
        match answer {
            Ok(body) => {
                self.retries = 0;
                let future_auth_token = &mut self.future_auth_token;
                let next =
                    state.answered(body, &mut AnswerContext { server_time, random, future_auth_token });
                self.advance(next)
            }
            Err(error) => self.on_error(state, error),
        }
    }

    /// Processes the output of the task of [`StepAction::Compute`].
    pub fn computed(&mut self, output: &PasswordKdfOutput, random: &mut dyn SecureRandom) -> StepAction<T> {
        let Phase::Computing(state) = mem::replace(&mut self.phase, Phase::Over) else {
            return StepAction::Done(Err(cancelled()));
        };
        let next = state.computed(output, random);
        self.advance(next)
    }

    /// Requests another link, because the shown one is about to expire or `updateLoginToken` reports that it was scanned.
    /// Returns `None` if no link is shown.
    pub fn renew(&mut self) -> Option<StepAction<T>> {
        match mem::replace(&mut self.phase, Phase::Over) {
            Phase::ShowingQr(state) => {
                self.wait_for(state.renew());
                Some(StepAction::Send)
            }
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// Waits in the state that the request leads to.
    fn wait_for(&mut self, request: QueryWithState<T>) {
        self.phase = Phase::Waiting(request.state);
        self.query = request.query;
        self.retries = 0;
    }

    fn advance(&mut self, next: Result<Transition<T>, LoginError>) -> StepAction<T> {
        let result = match next {
            Ok(Transition::Send(request)) => {
                self.wait_for(request);
                return StepAction::Send;
            }
            Ok(Transition::Migrate(target, request)) => {
                self.query = request.query;
                self.retries = 0;
                return self.migrate(request.state, target);
            }
            Ok(Transition::Compute(task, state)) => {
                self.phase = Phase::Computing(state);
                return StepAction::Compute(task);
            }
            Ok(Transition::ShowQr(link, state)) => {
                self.phase = Phase::ShowingQr(state);
                // Migrations form a loop only if no link is shown between them.
                self.migrations = Migrations::default();
                return StepAction::ShowQr(link);
            }
            Ok(Transition::Done(outcome)) => Ok(outcome),
            Err(error) => Err(error),
        };
        self.phase = Phase::Over;
        self.query = Secret::new(Vec::new());
        StepAction::Done(result)
    }

    /// Handles an error: the server refused the query, or the query failed before it was answered.
    fn on_error(&mut self, state: Box<dyn AnswerState<T>>, error: InvokeError) -> StepAction<T> {
        let retries =
            retry::login_retry_limit(&error, state.is_renewing_link(), self.has_migrated && state.is_login());
        let error = match (error, retries) {
            (InvokeError::Rpc(error), _) => error,
            (error, Some(limit)) => return self.repeat(state, error.into(), limit),
            (error, None) => return self.finish_after_error(state, error.into()),
        };
        if let Some(target) = error.migrate_to() {
            return self.migrate(state, target);
        }
        let meaning = LoginError::from_rpc(state.method(), error.clone());
        if let Some(limit) = retries {
            return self.repeat(state, meaning, limit);
        }
        if let LoginError::FloodWait(wait) = meaning {
            self.phase = Phase::Waiting(state);
            return StepAction::FloodWait(wait);
        }
        let next = state.refused(error, &mut self.migrations);
        self.advance(next)
    }

    fn migrate(&mut self, state: Box<dyn AnswerState<T>>, target: i64) -> StepAction<T> {
        if !self.migrations.try_count() {
            return self.finish_after_error(state, LoginError::MigrationLoop);
        }
        self.has_migrated = true;
        match DcId::new(target) {
            Ok(dc) => {
                self.phase = Phase::Waiting(state);
                StepAction::Migrate(dc)
            }
            Err(_) => self.finish_after_error(state, LoginError::MigrationTarget(target)),
        }
    }

    fn repeat(&mut self, state: Box<dyn AnswerState<T>>, error: LoginError, limit: u32) -> StepAction<T> {
        if self.retries == limit {
            return self.finish_after_error(state, error);
        }
        let pause = retry::login_retry_delay(self.retries);
        self.retries += 1;
        self.phase = Phase::Waiting(state);
        StepAction::RetryAfter(pause)
    }

    /// Ends the step after `error`, as its state decides: a state may end it with a result all the same.
    fn finish_after_error(&mut self, state: Box<dyn AnswerState<T>>, error: LoginError) -> StepAction<T> {
        let next = state.failed(error);
        self.advance(next)
    }
}

impl<T> fmt::Debug for LoginStep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.phase {
            Phase::New(_) => "New",
            Phase::Waiting(state) => state.method(),
            Phase::Computing(_) => "Computing",
            Phase::ShowingQr(_) => "ShowingQr",
            Phase::Over => "Over",
        };
        f.debug_struct("LoginStep")
            .field("state", &state)
            .field("migrations", &format_args!("{}", self.migrations))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::LoginState;
    use crate::login::code::{InvalidCode, SentCode, SentCodeType};
    use crate::login::credentials::ApiCredentials;
    use crate::login::phone::PhoneNumber;
    use crate::rpc::RpcError;
    use crate::tl::{Serialize, enums, types, write};

    struct NoRandom;

    impl SecureRandom for NoRandom {
        fn fill(&mut self, _: &mut [u8]) {}
    }

    fn context(api: &ApiCredentials) -> LoginContext<'_> {
        LoginContext { api: Some(api), logout_tokens: &[], is_logged_in: false, has_migrated: false }
    }

    fn api() -> ApiCredentials {
        ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() }
    }

    fn asked(answer: Result<&[u8], InvokeError>) -> Result<LoginState, LoginError> {
        let mut step = LoginStep::login_state();
        assert!(matches!(step.start(&context(&api())), StepAction::Send));
        match step.answered(answer, 0, &mut NoRandom) {
            StepAction::Done(result) => result,
            other => panic!("{other:?}"),
        }
    }

    fn users(users: &[enums::User]) -> Vec<u8> {
        let mut out = Vec::new();
        write::vector(&mut out, users, |out, user| user.serialize(out));
        out
    }

    #[test]
    fn only_the_server_says_that_no_user_is_logged_in() {
        let no = Ok(LoginState::NotLoggedIn);
        let one_user = users(&[types::User::new(7).into()]);
        assert!(matches!(asked(Ok(&one_user)), Ok(LoginState::LoggedIn(user)) if user.id == 7));
        assert_eq!(asked(Ok(&users(&[]))), no);
        assert_eq!(asked(Ok(&users(&[types::UserEmpty { id: 7 }.into()]))), no);

        // An unreadable answer must not start a new login over the existing one.
        let is_unclear = |result| {
            matches!(
                result,
                Err(LoginError::Invoke(InvokeError::Decode(_))
                    | LoginError::Refused(_)
                    | LoginError::Unsupported(_))
            )
        };
        for cut in 0..one_user.len() {
            assert!(is_unclear(asked(one_user.get(..cut).ok_or(InvokeError::Cancelled))), "cut at {cut}");
        }
        assert!(is_unclear(asked(Ok(&true.to_bytes()))));

        let refused = |code, name| asked(Err(InvokeError::Rpc(RpcError::parse(code, name))));
        assert_eq!(refused(401, "AUTH_KEY_UNREGISTERED"), no);
        assert_eq!(refused(406, "AUTH_KEY_DUPLICATED"), no);
        assert!(is_unclear(refused(400, "INPUT_FETCH_ERROR")));
        // That concerns only the temporary key.
        assert!(is_unclear(refused(401, "AUTH_KEY_PERM_EMPTY")));
    }

    /// However the step ended, a late answer logs in no user and leaves no token.
    #[test]
    fn f16_a_step_that_is_over_stays_over() {
        let rpc = |code, name| InvokeError::Rpc(RpcError::parse(code, name));
        let timed_out = InvokeError::TimedOut { delivery: crate::session::Delivery::Packed, problem: None };
        let endings = [
            (1, timed_out),
            (1, InvokeError::Cancelled),
            (1, rpc(400, "ACCESS_TOKEN_INVALID")),
            (1, rpc(303, "USER_MIGRATE_0")),
            (6, rpc(303, "USER_MIGRATE_2")),
            (4, rpc(500, "STRANGE")),
        ];
        let user = types::User::new(7);
        let authorization = types::auth::Authorization {
            setup_password_required: false,
            otherwise_relogin_days: None,
            tmp_sessions: None,
            future_auth_token: Some(alloc::vec![7; 32]),
            user: user.into(),
        };
        let late = enums::auth::Authorization::from(authorization).to_bytes();
        for (times, ending) in endings {
            let mut step = LoginStep::bot_login("1:sandbox");
            assert!(matches!(step.start(&context(&api())), StepAction::Send));
            for time in 1..=times {
                let is_done =
                    matches!(step.answered(Err(ending.clone()), 0, &mut NoRandom), StepAction::Done(Err(_)));
                assert_eq!(is_done, time == times, "{ending} {time}");
            }
            let shown = alloc::format!("{step:?}");
            assert!(shown.contains("Over") && step.query().is_empty(), "{ending}: {shown}");
            for answer in [Ok(&late[..]), Err(rpc(500, "STRANGE")), Err(rpc(420, "FLOOD_WAIT_1"))] {
                let progress = step.answered(answer, 0, &mut NoRandom);
                assert!(matches!(progress, StepAction::Done(Err(_))), "{ending}: {progress:?}");
            }
            assert!(step.take_future_auth_token().is_none() && step.renew().is_none(), "{ending}");
            assert_eq!(alloc::format!("{step:?}"), shown);
        }
    }

    #[test]
    fn d4_a_text_without_a_digit_is_not_sent_as_a_code() {
        fn ends_unsent<T: fmt::Debug>(mut step: LoginStep<T>) -> LoginError {
            match step.start(&context(&api())) {
                StepAction::Done(Err(error)) if step.query().is_empty() => error,
                other => panic!("{other:?}"),
            }
        }
        let code = LoginError::CodeForm(InvalidCode::NoDigits);
        let sent = SentCode {
            phone: PhoneNumber::parse("9996620001").unwrap(),
            hash: Some(Zeroizing::new("hash".into())),
            kind: SentCodeType::EmailSetUpRequired,
            next: None,
            timeout: None,
        };
        for text in ["hello", "what code?", "\u{200b}x"] {
            assert_eq!(ends_unsent(LoginStep::verify_email(&sent, text)), code, "{text}");
            assert_eq!(ends_unsent(LoginStep::check_recovery_password(text)), code, "{text}");
            assert_eq!(ends_unsent(LoginStep::recover_password(text, None)), code, "{text}");
        }
        assert_eq!(ends_unsent(LoginStep::verify_email(&sent, " ")), LoginError::CodeInvalid);
        assert_eq!(ends_unsent(LoginStep::check_recovery_password("")), LoginError::RecoveryCodeInvalid);
        for text in ["abc1", "12 34 56"] {
            assert!(matches!(LoginStep::verify_email(&sent, text).start(&context(&api())), StepAction::Send));
            let mut step = LoginStep::check_recovery_password(text);
            assert!(matches!(step.start(&context(&api())), StepAction::Send));
        }
    }
}
