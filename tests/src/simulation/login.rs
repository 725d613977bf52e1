//! The user who logs in: one step after the other, again after an error, from the saved login after a restart.

use std::fmt::Debug;

use sansgram_core::client::{Client, RequestId, StepHandle};
use sansgram_core::login::{
    Continuation, EmailCode, LoginError, LoginProgress, LoginState, LoginStep, QrLoginOutcome, SavedLogin,
    SendCodeOutcome, SentCodeType, SignInOutcome, UserInfo,
};
use sansgram_core::time::Now;
use sansgram_testkit::accounts::AccountEvent;

use super::flow::Flow;

/// The address that is set up for e-mail codes.
const EMAIL: &str = "ada@home.example";
/// How often a step is tried again before the user asks the server for the state of the login.
const TRIES: u32 = 3;

/// The user.
pub(super) struct Login {
    flow: Flow,
    stage: Stage,
    /// Errors of the same step in a row.
    errors: u32,
    /// The last error, for the report.
    pub(super) last_error: String,
}

enum Stage {
    /// The next step is started when the user is ready.
    Next(Next),
    Running(Next, Handle),
    LoggedIn(i64),
}

/// What the user does next.
#[derive(Clone)]
enum Next {
    Start,
    AskState,
    Resume(SavedLogin),
}

#[derive(Clone, Copy)]
enum Handle {
    SendCode(StepHandle<SendCodeOutcome>),
    SignIn(StepHandle<SignInOutcome>),
    User(StepHandle<UserInfo>),
    EmailCode(StepHandle<EmailCode>),
    Qr(StepHandle<QrLoginOutcome>),
    State(StepHandle<LoginState>),
}

impl Login {
    pub(super) const fn new(flow: Flow) -> Self {
        Self { flow, stage: Stage::Next(Next::Start), errors: 0, last_error: String::new() }
    }

    /// The user who is logged in, as far as the application knows.
    pub(super) const fn user(&self) -> Option<i64> {
        match self.stage {
            Stage::LoggedIn(user) => Some(user),
            _ => None,
        }
    }

    /// Whether the user does the next step when ready.
    pub(super) const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Next(_))
    }

    /// Whether this is the step that runs.
    pub(super) fn is_running(&self, id: RequestId) -> bool {
        self.running().is_some_and(|handle| handle.id() == id)
    }

    /// Whether the step that runs only asks for the state of the login.
    pub(super) const fn is_asking_state(&self) -> bool {
        matches!(self.running(), Some(Handle::State(_)))
    }

    const fn running(&self) -> Option<Handle> {
        match self.stage {
            Stage::Running(_, handle) => Some(handle),
            _ => None,
        }
    }

    /// The link of a QR code that is shown.
    pub(super) fn link(&self, client: &Client) -> Option<String> {
        Some(client.qr_link(self.running()?.id())?.url().to_owned())
    }

    /// The login between two steps, as it is saved.
    pub(super) fn saved(&self) -> Option<String> {
        match &self.stage {
            Stage::Next(Next::Resume(saved)) | Stage::Running(Next::Resume(saved), _) => {
                Some(saved.to_text().to_string())
            }
            Stage::Running(Next::Start, Handle::Qr(_)) => {
                Some(SavedLogin::Qr { except_ids: Vec::new() }.to_text().to_string())
            }
            _ => None,
        }
    }

    /// Another process continues, from the saved login if there is one.
    pub(super) fn restart(&mut self, saved: Option<&str>, is_logged_in: bool) {
        self.errors = 0;
        let saved = saved.map(|text| SavedLogin::from_text(text).expect("a saved login can be read"));
        let resumed = saved.filter(|_| !is_logged_in);
        self.stage = Stage::Next(resumed.map_or(Next::AskState, Next::Resume));
    }

    /// The server is asked whether the user is still logged in.
    pub(super) fn ask_state(&mut self) {
        self.stage = Stage::Next(Next::AskState);
    }

    /// The server has ended the login.
    pub(super) fn logged_out(&mut self) {
        if matches!(self.stage, Stage::LoggedIn(_)) {
            self.stage = Stage::Next(Next::Start);
        }
    }

    /// Does the next step. `mails`: the events of the accounts, with the codes.
    pub(super) fn begin(&mut self, client: &mut Client, now: Now, mails: &[AccountEvent]) {
        let Stage::Next(next) = &self.stage else { return };
        let next = next.clone();
        let code = || self.flow.phone().get(5..6).unwrap_or_default().repeat(5);
        let handle = match &next {
            Next::AskState => client.start_step(now, LoginStep::login_state()).map(Handle::State),
            Next::Start => match self.flow {
                Flow::Bot { .. } => {
                    client.start_step(now, LoginStep::bot_login(self.flow.token())).map(Handle::User)
                }
                Flow::Phone { .. } => {
                    client.start_step(now, LoginStep::send_code(&self.flow.phone())).map(Handle::SendCode)
                }
                Flow::Qr { .. } => client.start_step(now, LoginStep::qr_login(&[])).map(Handle::Qr),
            },
            Next::Resume(SavedLogin::Qr { except_ids }) => {
                client.start_step(now, LoginStep::qr_login(except_ids)).map(Handle::Qr)
            }
            Next::Resume(SavedLogin::Code(sent_code)) => match sent_code.kind {
                SentCodeType::EmailSetUpRequired => client
                    .start_step(now, LoginStep::send_email_code(sent_code, EMAIL))
                    .map(Handle::EmailCode),
                SentCodeType::Email { .. } => {
                    client.start_step(now, LoginStep::sign_in(sent_code, &mailed(mails))).map(Handle::SignIn)
                }
                _ => client.start_step(now, LoginStep::sign_in(sent_code, &code())).map(Handle::SignIn),
            },
            Next::Resume(SavedLogin::EmailCode(sent_code, _)) => client
                .start_step(now, LoginStep::verify_email(sent_code, &mailed(mails)))
                .map(Handle::SendCode),
            Next::Resume(SavedLogin::SignUp(required)) => {
                client.start_step(now, LoginStep::sign_up(&required.sent_code, "Ada", "")).map(Handle::User)
            }
            Next::Resume(_) => client.start_step(now, LoginStep::check_password("sandbox")).map(Handle::User),
        };
        match handle {
            Ok(handle) => self.stage = Stage::Running(next, handle),
            Err(error) => self.last_error = error.to_string(),
        }
    }

    /// Takes the result of the step that has ended; returns what it prints, or `None` if there is none.
    pub(super) fn end(&mut self, client: &mut Client) -> Option<String> {
        let Stage::Running(next, handle) = &self.stage else { return None };
        let next = next.clone();
        let (printed, ended) = match *handle {
            Handle::SendCode(handle) => taken(client, handle, |outcome| Ended::Progress(outcome.into())),
            Handle::SignIn(handle) => taken(client, handle, |outcome| Ended::Progress(outcome.into())),
            Handle::User(handle) => {
                taken(client, handle, |user| Ended::Progress(LoginProgress::LoggedIn(user)))
            }
            Handle::Qr(handle) => taken(client, handle, |outcome| Ended::Progress(outcome.into())),
            Handle::EmailCode(handle) => taken(client, handle, Ended::EmailCode),
            Handle::State(handle) => taken(client, handle, Ended::State),
        }?;
        match ended {
            Ok(ended) => {
                self.errors = 0;
                self.stage = ended.next(next);
            }
            Err(error) => self.fail(next, &error),
        }
        Some(printed)
    }

    fn fail(&mut self, next: Next, error: &LoginError) {
        self.errors += 1;
        self.last_error = format!("{error:?}");
        let again = match error.continuation() {
            Continuation::StartOver => Next::Start,
            _ if *error == LoginError::AlreadyLoggedIn || self.errors.is_multiple_of(TRIES) => Next::AskState,
            Continuation::AskAgain | Continuation::Wait => next,
            Continuation::Fatal => Next::Start,
        };
        self.stage = Stage::Next(again);
    }
}

/// Takes the result of a step, and what it prints.
fn taken<T: Debug + Send + 'static>(
    client: &mut Client,
    handle: StepHandle<T>,
    ended: impl FnOnce(T) -> Ended,
) -> Option<(String, Result<Ended, LoginError>)> {
    let outcome = client.take_step(handle)?;
    let error = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
    Some((format!("{outcome:?} {error}"), outcome.map(ended)))
}

/// What a step has led to.
enum Ended {
    Progress(LoginProgress),
    EmailCode(EmailCode),
    State(LoginState),
}

impl Ended {
    fn next(self, before: Next) -> Stage {
        match self {
            Self::Progress(LoginProgress::LoggedIn(user)) | Self::State(LoginState::LoggedIn(user)) => {
                Stage::LoggedIn(user.id)
            }
            Self::Progress(progress) => {
                Stage::Next(progress.saved_login().map_or(Next::AskState, Next::Resume))
            }
            Self::EmailCode(code) => Stage::Next(match before {
                Next::Resume(SavedLogin::Code(sent_code)) => {
                    Next::Resume(SavedLogin::EmailCode(sent_code, code))
                }
                _ => Next::Start,
            }),
            Self::State(LoginState::NotLoggedIn) => Stage::Next(Next::Start),
            Self::State(LoginState::PasswordRequired(hint)) => {
                Stage::Next(Next::Resume(SavedLogin::Password(hint)))
            }
        }
    }
}

impl Handle {
    const fn id(self) -> RequestId {
        match self {
            Self::SendCode(handle) => handle.id(),
            Self::SignIn(handle) => handle.id(),
            Self::User(handle) => handle.id(),
            Self::EmailCode(handle) => handle.id(),
            Self::Qr(handle) => handle.id(),
            Self::State(handle) => handle.id(),
        }
    }
}

/// The code of the last e-mail.
fn mailed(events: &[AccountEvent]) -> String {
    let code = events.iter().rev().find_map(|event| match event {
        AccountEvent::EmailSent { code, .. } => Some(code.clone()),
        _ => None,
    });
    code.unwrap_or_else(|| "000000".into())
}
