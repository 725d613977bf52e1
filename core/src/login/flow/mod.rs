//! The steps of a login: each a small state machine over queries and answers.

mod begin;
mod password;
mod refused;
mod state;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use zeroize::Zeroizing;

use self::state::{Qr, State};
use super::answer::{self, Authorized, Sent, Token, reply};
use super::code::SentCode;
use super::error::LoginError;
use super::outcome::{Outcome, QrLink};
use super::password::PasswordKdfTask;
use crate::crypto::{Secret, SecureRandom};
use crate::dc::DcId;
use crate::policy;
use crate::rpc::InvokeError;
use crate::tl::{Serialize, functions};

/// How often one step may be sent to another DC.
pub const MAX_HOPS: u8 = policy::MAX_LOGIN_MIGRATIONS;

/// What a step wants next.
#[derive(Debug)]
#[must_use]
pub enum Progress {
    /// Send [`LoginFlow::query`] to the home DC.
    Send,
    /// Make this DC the home DC, then send [`LoginFlow::query`] there.
    Migrate(DcId),
    /// Run the task, then call [`LoginFlow::computed`].
    Compute(PasswordKdfTask),
    /// Show the link; call [`LoginFlow::renew`] before it expires, and when `updateLoginToken` arrives.
    ShowQr(QrLink),
    /// The server has trouble: send [`LoginFlow::query`] again after this time.
    RetryAfter(Duration),
    /// The server asks to wait for this long: then send [`LoginFlow::query`] again, or give up with
    /// [`LoginError::FloodWait`].
    FloodWait(Duration),
    /// The step is over.
    Done(Result<Outcome, LoginError>),
}

/// One step of a login. Begin by sending [`query`](Self::query).
pub struct LoginFlow {
    state: State,
    query: Secret<Vec<u8>>,
    hops: u8,
    repeats: u32,
    /// Whether the login came here from another DC.
    has_migrated: bool,
    future_auth_token: Option<Zeroizing<Vec<u8>>>,
}

impl LoginFlow {
    /// The query to send now: one boxed TL function. It may hold secrets.
    #[must_use]
    pub fn query(&self) -> &[u8] {
        self.query.expose()
    }

    /// Whether the step shows links and lives on updates.
    #[must_use]
    pub const fn is_qr_login(&self) -> bool {
        matches!(self.state, State::ExportToken(_) | State::ImportToken(_) | State::Shown(_))
    }

    /// The token that the server gave for a next login without a code (a secret), if it gave one.
    pub const fn take_future_auth_token(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.future_auth_token.take()
    }

    /// Takes the answer to [`query`](Self::query): one boxed TL object, or why there is none. After
    /// [`Progress::Done`] the step is over: a later answer changes nothing.
    pub fn answered(
        &mut self,
        answer: Result<&[u8], InvokeError>,
        random: &mut dyn SecureRandom,
    ) -> Progress {
        // What is over stays over, whatever comes late.
        if matches!(self.state, State::Over) {
            return Progress::Done(Err(LoginError::UnexpectedAnswer));
        }
        let progress = match answer {
            Ok(body) => {
                self.repeats = 0;
                self.proceed(body, random).unwrap_or_else(|error| Progress::Done(Err(error)))
            }
            Err(error) => self.refused(error),
        };
        self.end_with(progress)
    }

    /// The step is part of a login that came to its DC from another one. A DC may not know the key of such a login
    /// for a second or two, so `AUTH_KEY_UNREGISTERED` is met with [`Progress::RetryAfter`] three times.
    pub const fn follows_migration(&mut self) {
        self.has_migrated = true;
    }

    /// Nothing remains of a step that is done.
    fn end_with(&mut self, progress: Progress) -> Progress {
        if matches!(progress, Progress::Done(_)) {
            self.state = State::Over;
            self.query = Secret::new(Vec::new());
        }
        progress
    }

    /// The link is about to expire, or `updateLoginToken` says that it was scanned. `None`: no link is shown.
    pub fn renew(&mut self) -> Option<Progress> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Shown(qr) => {
                let query = qr.export();
                Some(self.continue_with(State::ExportToken(qr), &query))
            }
            state => {
                self.state = state;
                None
            }
        }
    }

    fn proceed(&mut self, body: &[u8], random: &mut dyn SecureRandom) -> Result<Progress, LoginError> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::SendCode(phone, _) => self.sent(answer::sent_code(phone, body)?),
            State::VerifyEmail(phone) => self.sent(answer::email_verified(phone, body)?),
            State::SignIn(token) => self.authorized(Some(token), authorization(body)?),
            State::SignUp | State::CheckPassword(_) | State::Recover | State::ImportBot => {
                self.authorized(None, authorization(body)?)
            }
            State::CancelCode => Ok(done(answer::done(body, Outcome::CodeCancelled)?)),
            State::AcceptTerms => Ok(done(answer::done(body, Outcome::TermsAccepted)?)),
            State::SendEmailCode => Ok(done(answer::email_code(body)?)),
            State::AskHint => Ok(done(Outcome::PasswordRequired(answer::hint(body)?))),
            State::AskParameters(password) => {
                let parameters = answer::parameters(body, random)?;
                let task = Progress::Compute(parameters.algorithm.kdf_task(&password.text));
                self.state = State::Stretching(password, Box::new(parameters));
                Ok(task)
            }
            State::AskAlgorithm(code, new) => {
                let algorithm = answer::new_algorithm(body, random)?;
                let task = Progress::Compute(algorithm.kdf_task(&new.text));
                self.state = State::StretchingNew(code, new, Box::new(algorithm));
                Ok(task)
            }
            State::RequestRecovery => Ok(done(answer::recovery_code(body)?)),
            State::CheckRecovery => match answer::done(body, Outcome::RecoveryCodeAccepted) {
                Err(LoginError::UnexpectedAnswer) => Err(LoginError::RecoveryCodeInvalid),
                result => Ok(done(result?)),
            },
            State::ResetPassword => Ok(done(answer::password_reset(body)?)),
            State::DeclineReset => Ok(done(answer::done(body, Outcome::PasswordResetDeclined)?)),
            State::ExportToken(qr) | State::ImportToken(qr) => self.token(qr, answer::login_token(body)?),
            State::IsAuthorized => Ok(done(Outcome::Authorized(answer::whoever(body)?))),
            State::GetMe => Ok(done(Outcome::Me(answer::user(body)?))),
            State::SignOut => {
                self.future_auth_token = answer::signed_out(body)?;
                Ok(done(Outcome::SignedOut))
            }
            // Nothing was asked.
            State::Stretching(..) | State::StretchingNew(..) | State::Shown(_) | State::Over => {
                Err(LoginError::UnexpectedAnswer)
            }
        }
    }

    fn sent(&mut self, sent: Sent) -> Result<Progress, LoginError> {
        match sent {
            Sent::Code(token) => Ok(done(Outcome::CodeSent(token))),
            Sent::Authorized(answer) => self.authorized(None, answer),
        }
    }

    fn authorized(&mut self, token: Option<SentCode>, answer: Authorized) -> Result<Progress, LoginError> {
        match answer {
            Authorized::LoggedIn { user, future_auth_token } => {
                self.future_auth_token = future_auth_token;
                Ok(done(Outcome::LoggedIn(user)))
            }
            Authorized::SignUpRequired(terms) => {
                // Only who gave a code can be told to sign up.
                let token = token.ok_or(LoginError::UnexpectedAnswer)?;
                Ok(done(answer::sign_up_required(token, terms)))
            }
        }
    }

    fn token(&mut self, mut qr: Qr, token: Token) -> Result<Progress, LoginError> {
        match token {
            Token::Show { expires, token } => {
                let url = answer::login_url(&token).ok_or(LoginError::UnexpectedAnswer)?;
                qr.shown = qr.shown.saturating_add(1);
                let link = QrLink { url, expires, lifetime: Duration::ZERO, number: qr.shown };
                self.state = State::Shown(qr);
                // Only what happens without a person in between is a loop.
                self.hops = 0;
                Ok(Progress::ShowQr(link))
            }
            Token::MigrateTo { dc, token } => {
                let query = functions::auth::ImportLoginToken { token: token.to_vec() };
                let _ = self.continue_with(State::ImportToken(qr), &query);
                Ok(self.migrate(dc.into()))
            }
            Token::Authorized(answer) => self.authorized(None, answer),
        }
    }

    fn continue_with(&mut self, state: State, query: &impl Serialize) -> Progress {
        self.state = state;
        self.query = secret_bytes(query, 0);
        self.repeats = 0;
        Progress::Send
    }
}

impl fmt::Debug for LoginFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("state", &self.state.name())
            .field("hops", &self.hops)
            .finish_non_exhaustive()
    }
}

/// The bytes of a query in one piece: a buffer that grows leaves copies behind. `more`: how many bytes it may have
/// beyond the usual ones.
fn secret_bytes(query: &impl Serialize, more: usize) -> Secret<Vec<u8>> {
    /// More than a query has whose texts are of usual lengths.
    const ROOM: usize = 1024;
    let mut bytes = Vec::with_capacity(ROOM + more);
    query.serialize(&mut bytes);
    Secret::new(bytes)
}

fn done(outcome: Outcome) -> Progress {
    Progress::Done(Ok(outcome))
}

fn authorization(body: &[u8]) -> Result<Authorized, LoginError> {
    answer::authorization(reply::<functions::auth::SignIn>(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::RpcError;
    use crate::tl::{enums, types, write};

    struct NoRandom;

    impl SecureRandom for NoRandom {
        fn fill(&mut self, _: &mut [u8]) {}
    }

    fn asked(answer: Result<&[u8], InvokeError>) -> Result<Outcome, LoginError> {
        match LoginFlow::is_authorized().answered(answer, &mut NoRandom) {
            Progress::Done(result) => result,
            other => panic!("{other:?}"),
        }
    }

    fn users(users: &[enums::User]) -> Vec<u8> {
        let mut out = Vec::new();
        write::vector(&mut out, users, |out, user| user.serialize(out));
        out
    }

    #[test]
    fn only_the_server_says_that_nobody_is_logged_in() {
        let no = Ok(Outcome::Authorized(None));
        let somebody = users(&[types::User { id: 7, ..Default::default() }.into()]);
        assert!(matches!(asked(Ok(&somebody)), Ok(Outcome::Authorized(Some(user))) if user.id == 7));
        assert_eq!(asked(Ok(&users(&[]))), no);
        assert_eq!(asked(Ok(&users(&[types::UserEmpty { id: 7 }.into()]))), no);

        // What cannot be read must not begin a new login over the one that is there.
        let is_unclear = |result| {
            matches!(
                result,
                Err(LoginError::Invoke(InvokeError::Decode(_))
                    | LoginError::Refused(_)
                    | LoginError::Unsupported(_))
            )
        };
        for cut in 0..somebody.len() {
            assert!(is_unclear(asked(somebody.get(..cut).ok_or(InvokeError::Cancelled))), "cut at {cut}");
        }
        assert!(is_unclear(asked(Ok(&true.to_bytes()))));

        let refused = |code, name| asked(Err(InvokeError::Rpc(RpcError::parse(code, name))));
        assert_eq!(refused(401, "AUTH_KEY_UNREGISTERED"), no);
        assert_eq!(refused(406, "AUTH_KEY_DUPLICATED"), no);
        assert!(is_unclear(refused(400, "INPUT_FETCH_ERROR")));
        // That is said of the temporary key alone.
        assert!(is_unclear(refused(401, "AUTH_KEY_PERM_EMPTY")));
    }

    /// Whatever ended it, an answer that comes late signs nobody in and leaves no token behind.
    #[test]
    fn f16_a_step_that_is_over_stays_over() {
        let rpc = |code, name| InvokeError::Rpc(RpcError::parse(code, name));
        let timed_out = InvokeError::TimedOut { delivery: crate::session::Delivery::Packed, trouble: None };
        let endings = [
            (1, timed_out),
            (1, InvokeError::Cancelled),
            (1, rpc(400, "ACCESS_TOKEN_INVALID")),
            (1, rpc(303, "USER_MIGRATE_0")),
            (6, rpc(303, "USER_MIGRATE_2")),
            (4, rpc(500, "STRANGE")),
        ];
        let user = types::User { id: 7, ..Default::default() };
        let authorization = types::auth::Authorization {
            setup_password_required: false,
            otherwise_relogin_days: None,
            tmp_sessions: None,
            future_auth_token: Some(alloc::vec![7; 32]),
            user: user.into(),
        };
        let late = enums::auth::Authorization::from(authorization).to_bytes();
        let api = super::super::ApiCredentials { id: 1, hash: "feed".into() };
        let token = super::super::BotToken::parse("1:sandbox").unwrap();
        for (times, ending) in endings {
            let mut flow = LoginFlow::bot_login(&token, &api);
            for time in 1..=times {
                let is_done =
                    matches!(flow.answered(Err(ending.clone()), &mut NoRandom), Progress::Done(Err(_)));
                assert_eq!(is_done, time == times, "{ending} {time}");
            }
            let shown = alloc::format!("{flow:?}");
            assert!(shown.contains("Over") && flow.query().is_empty(), "{ending}: {shown}");
            for answer in [Ok(&late[..]), Err(rpc(500, "STRANGE")), Err(rpc(420, "FLOOD_WAIT_1"))] {
                let progress = flow.answered(answer, &mut NoRandom);
                assert!(matches!(progress, Progress::Done(Err(_))), "{ending}: {progress:?}");
            }
            assert!(flow.take_future_auth_token().is_none() && flow.renew().is_none(), "{ending}");
            assert_eq!(alloc::format!("{flow:?}"), shown);
        }
    }
}
