//! Login on the machine: steps that it carries out to their end, over as many requests and DCs as they need.

use alloc::vec::Vec;
use core::time::Duration;

use super::error::ApiMisuse;
use super::io::{Event, LogoutCause, Output};
use super::machine::Client;
use super::steps::{Alarm, Step};
use super::stored_session::LoggedInUser;
use crate::login::{
    ApiCredentials, BotToken, LoginError, LoginFlow, NewPassword, Outcome, PasswordKdfOutput, PhoneNumber,
    Progress, QrLink, SentCode, TermsOfService,
};
use crate::policy;
use crate::rpc::{InvokeError, RequestId, Requester};
use crate::time::Now;
use crate::tl::{Constructor, types};

/// The login side of a [`Client`], borrowed for one call. Each method starts a step: [`Event::Completed`] says when
/// [`Client::take_login`] has its outcome.
///
/// All of them fail with [`ApiMisuse::Closed`] on a closed machine, and report everything else as the outcome.
#[derive(Debug)]
pub struct Login<'a> {
    client: &'a mut Client,
    now: Now,
}

impl Client {
    /// Login: see [`Login`].
    pub fn login(&mut self, now: Now) -> Login<'_> {
        Login { client: self, now }
    }

    /// Takes the outcome of a step, once it is there.
    pub fn take_login(&mut self, id: RequestId) -> Option<Result<Outcome, LoginError>> {
        self.steps.results.remove(&id)
    }

    /// What a login by QR code shows at the moment; [`Event::QrLink`] says when it is another.
    #[must_use]
    pub fn login_link(&self, id: RequestId) -> Option<&QrLink> {
        self.steps.flows.get(&id)?.link.as_ref()
    }

    /// Lets the steps go on whose time has come.
    pub(super) fn run_timers(&mut self, now: Now) {
        while let Some((id, alarm)) = self.steps.take_due(now.monotonic) {
            match alarm {
                Alarm::Abandoned => self.finish(now, id, Err(LoginError::ComputeTimedOut)),
                Alarm::Repeat => self.send_query(now, id),
                Alarm::Renew => self.renew_link(now, id),
                Alarm::Move(dc) => self.step_on(now, id, Progress::Migrate(dc)),
            }
        }
    }

    /// `updateLoginToken` arrived: one of the links was scanned.
    pub(super) fn links_scanned(&mut self, now: Now) {
        let shown: Vec<RequestId> = self.steps.flows.keys().copied().collect();
        for id in shown {
            let Some(step) = self.steps.flows.get_mut(&id).filter(|step| step.flow.is_qr_login()) else {
                continue;
            };
            if step.query.is_some() {
                // The answer on its way may have left before.
                step.was_scanned = true;
            } else if matches!(step.alarm, None | Some((_, Alarm::Renew))) {
                self.renew_scanned(now, id);
            }
        }
    }

    /// Asks what came of a scan; at once, unless the server tells of scans all the time.
    fn renew_scanned(&mut self, now: Now, id: RequestId) {
        let Some(step) = self.steps.flows.get_mut(&id) else { return };
        if step.scans_from > now.monotonic {
            step.alarm = Some((step.scans_from, Alarm::Renew));
        } else {
            step.alarm = None;
            step.scans_from = now.monotonic + policy::MIN_QR_LIFETIME;
            self.renew_link(now, id);
        }
    }

    /// Ends the steps that wait for something else than an answer.
    pub(super) fn end_steps(&mut self, now: Now, error: &InvokeError) {
        let idle: Vec<RequestId> =
            self.steps.flows.iter().filter(|(_, step)| step.query.is_none()).map(|(id, _)| *id).collect();
        for id in idle {
            self.finish(now, id, Err(error.clone().into()));
        }
    }

    fn renew_link(&mut self, now: Now, id: RequestId) {
        let Some(step) = self.steps.flows.get_mut(&id) else { return };
        if let Some(progress) = step.flow.renew() {
            self.step_on(now, id, progress);
        }
    }

    pub(super) fn step_answered(&mut self, now: Now, query: RequestId, id: RequestId) {
        let Some(answer) = self.table.take(query) else { return };
        let Some(step) = self.steps.flows.get_mut(&id) else { return };
        step.query = None;
        let answer = answer.as_ref().map(|body| body.expose().as_slice()).map_err(InvokeError::clone);
        let error = match &answer {
            Err(InvokeError::Rpc(error)) => Some(error.clone()),
            _ => None,
        };
        let progress = step.flow.answered(answer, &mut *self.random);
        step.trouble = error.filter(|_| matches!(progress, Progress::FloodWait(_) | Progress::RetryAfter(_)));
        self.step_on(now, id, progress);
    }

    pub(super) fn step_computed(&mut self, now: Now, outcome: &PasswordKdfOutput) {
        let id = outcome.step;
        let Some(step) = self.steps.flows.get_mut(&id) else { return };
        step.alarm = None;
        let progress = step.flow.computed(outcome, &mut *self.random);
        self.step_on(now, id, progress);
    }

    fn step_on(&mut self, now: Now, id: RequestId, progress: Progress) {
        match progress {
            Progress::Send => self.send_query(now, id),
            // The server is being asked where its DCs are.
            Progress::Migrate(dc) if !self.knows(dc) && self.asks_addresses() => {
                self.set_alarm(now, id, policy::MIGRATION_ADDRESS_WAIT, Alarm::Move(dc));
            }
            // Nobody could go on from a home that has no address.
            Progress::Migrate(dc) if !self.knows(dc) => {
                self.finish(now, id, Err(InvokeError::UnknownDc(dc).into()));
            }
            Progress::Migrate(dc) => {
                self.move_home(dc);
                self.steps.have_moved = true;
                self.send_query(now, id);
            }
            Progress::Compute(mut task) => {
                task.step = id;
                let limit = self.config.request_timeout.unwrap_or(policy::PASSWORD_KDF_TIMEOUT);
                self.set_alarm(now, id, limit, Alarm::Abandoned);
                self.outputs.push_back(Output::Compute(task));
            }
            Progress::ShowQr(link) => self.show(now, id, link),
            Progress::RetryAfter(pause) => self.set_alarm(now, id, pause, Alarm::Repeat),
            Progress::FloodWait(wait) => {
                let wait = wait.max(policy::MIN_FLOOD_WAIT);
                let limit = self.config.flood_sleep_threshold;
                let step = self.steps.flows.get_mut(&id);
                if let Some(step) = step.filter(|step| step.slept + wait <= limit) {
                    step.slept += wait;
                    step.floods += 1;
                    self.set_alarm(now, id, wait, Alarm::Repeat);
                    self.outputs.push_back(Output::Event(Event::FloodWait { id, wait }));
                } else {
                    self.finish(now, id, Err(self.too_long_a_wait(id, wait)));
                }
            }
            Progress::Done(result) => self.finish(now, id, result),
        }
    }

    /// What to say of a wait that is not slept: after others that led nowhere, one more would lead nowhere either.
    fn too_long_a_wait(&self, id: RequestId, wait: Duration) -> LoginError {
        match self.steps.flows.get(&id) {
            Some(step) if step.floods >= policy::MANY_FLOOD_WAITS => {
                LoginError::EndlessFloodWait { times: step.floods, total: step.slept }
            }
            _ => LoginError::FloodWait(wait),
        }
    }

    /// Whether the login came to its DC from another one, in this process or an earlier one.
    fn has_migrated(&self) -> bool {
        self.steps.have_moved || (self.data.user.is_none() && self.home() != self.config.initial_dc)
    }

    fn set_alarm(&mut self, now: Now, id: RequestId, wait: Duration, alarm: Alarm) {
        if let Some(step) = self.steps.flows.get_mut(&id) {
            step.alarm = Some((now.monotonic + wait, alarm));
        }
    }

    fn show(&mut self, now: Now, id: RequestId, mut link: QrLink) {
        let server_time = (now.unix.as_secs() as i64).saturating_add(self.data.clock_offset);
        let left = u64::try_from(i64::from(link.expires).saturating_sub(server_time)).unwrap_or(0);
        link.lifetime = Duration::from_secs(left).clamp(policy::MIN_QR_LIFETIME, policy::MAX_QR_LIFETIME);
        let wait = link.lifetime - policy::QR_RENEWAL_MARGIN.min(link.lifetime / 4);
        let Some(step) = self.steps.flows.get_mut(&id) else { return };
        step.link = Some(link);
        let was_scanned = core::mem::take(&mut step.was_scanned);
        if was_scanned && step.scans_from <= now.monotonic {
            return self.renew_scanned(now, id);
        }
        self.set_alarm(
            now,
            id,
            if was_scanned { policy::MIN_QR_LIFETIME } else { wait.max(policy::MIN_QR_LIFETIME) },
            Alarm::Renew,
        );
        self.outputs.push_back(Output::Event(Event::QrLink(id)));
    }

    fn send_query(&mut self, now: Now, id: RequestId) {
        let Some(query) = self.steps.flows.get(&id).map(|step| step.flow.query().to_vec()) else { return };
        let request = self.send_own(now, Requester::Step(id), self.home(), query);
        if let Some(step) = self.steps.flows.get_mut(&id) {
            step.query = Some(request);
        }
    }

    fn finish(&mut self, now: Now, id: RequestId, result: Result<Outcome, LoginError>) {
        let step = self.steps.flows.remove(&id);
        if let Some(token) = step.and_then(|mut step| step.flow.take_future_auth_token()) {
            self.data.keep_logout_token(token);
            self.dirty = true;
        }
        let api_id = self.config.api.as_ref().map(|api| api.id).filter(|_| result.is_ok());
        if api_id.is_some() && self.data.api_id != api_id {
            // The server has accepted it: whoever goes on from here need not know it.
            self.data.api_id = api_id;
            self.dirty = true;
        }
        match &result {
            Ok(Outcome::LoggedIn(user)) => {
                self.data.user = Some(LoggedInUser { id: user.id, is_bot: user.is_bot });
                self.data.home_dc = Some(self.home());
                self.want_updates();
                self.dirty = true;
            }
            // A session that was imported may have a key, and not know whose.
            Ok(Outcome::Me(user) | Outcome::Authorized(Some(user))) if self.data.user.is_none() => {
                self.data.user = Some(LoggedInUser { id: user.id, is_bot: user.is_bot });
                self.data.home_dc = Some(self.home());
                self.want_updates();
                self.dirty = true;
            }
            // Of a key that owes its password no user is logged in.
            Ok(Outcome::Authorized(None) | Outcome::PasswordRequired(_)) => {
                self.logged_out_by_server(LogoutCause::Unregistered);
            }
            Ok(Outcome::SignedOut) => {
                self.forget_login(now);
                // The step ends when the servers have forgotten the keys, or had their time for it.
                return self.pending_logouts.push((id, result));
            }
            _ => {}
        }
        self.steps.results.insert(id, result);
        self.outputs.push_back(Output::Event(Event::Completed(id)));
    }
}

impl Login<'_> {
    /// Asks for a login code for a phone number as people type it; ends in [`Outcome::CodeSent`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn request_code(self, phone: &str) -> Result<RequestId, ApiMisuse> {
        let flow = PhoneNumber::parse(phone).map_err(LoginError::from).and_then(|phone| {
            Ok(LoginFlow::request_code(phone, self.api()?, &self.client.data.logout_tokens))
        });
        self.start(flow)
    }

    /// Asks for another code in the next way ([`SentCode::next`], after [`SentCode::timeout`]); ends in
    /// [`Outcome::CodeSent`] with a new token, the old one is of no more use. Where the old one cannot be used in the
    /// first place, it asks for a first code anew.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn resend_code(self, token: &SentCode) -> Result<RequestId, ApiMisuse> {
        let flow = if token.is_usable() {
            LoginFlow::resend_code(token)
        } else {
            let tokens = &self.client.data.logout_tokens;
            self.api().map(|api| LoginFlow::request_code(token.phone.clone(), api, tokens))
        };
        self.start(flow)
    }

    /// Calls a code back; ends in [`Outcome::CodeCancelled`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn cancel_code(self, token: &SentCode) -> Result<RequestId, ApiMisuse> {
        let flow = LoginFlow::cancel_code(token);
        self.start(flow)
    }

    /// Gives the code that the person got; ends in [`Outcome::LoggedIn`], [`Outcome::PasswordRequired`] or
    /// [`Outcome::SignUpRequired`]. After [`LoginError::CodeInvalid`] the same token takes another try.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn sign_in(self, token: &SentCode, code: &str) -> Result<RequestId, ApiMisuse> {
        self.start(given(code, LoginError::CodeInvalid).and_then(|code| LoginFlow::sign_in(token, code)))
    }

    /// Gives a code that came by e-mail; [`sign_in`](Self::sign_in) does so, too, where the token says that it did.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn sign_in_with_email_code(self, token: &SentCode, code: &str) -> Result<RequestId, ApiMisuse> {
        self.start(
            given(code, LoginError::CodeInvalid)
                .and_then(|code| LoginFlow::sign_in_with_email_code(token, code)),
        )
    }

    /// Names the e-mail address that must be set up, after a token of the kind `EmailSetUpRequired`; ends in
    /// [`Outcome::EmailCodeSent`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn send_email_code(self, token: &SentCode, email: &str) -> Result<RequestId, ApiMisuse> {
        self.start(
            given(email, LoginError::EmailInvalid).and_then(|email| LoginFlow::send_email_code(token, email)),
        )
    }

    /// Gives the code that came to the address that is being set up; ends in [`Outcome::CodeSent`] with the token of
    /// the login itself.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn verify_email(self, token: &SentCode, code: &str) -> Result<RequestId, ApiMisuse> {
        self.start(given(code, LoginError::CodeInvalid).and_then(|code| LoginFlow::verify_email(token, code)))
    }

    /// Gives the mailbox up, so that codes come by telephone; ends in [`Outcome::CodeSent`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn reset_login_email(self, token: &SentCode) -> Result<RequestId, ApiMisuse> {
        let flow = LoginFlow::reset_login_email(token);
        self.start(flow)
    }

    /// Makes an account, after [`Outcome::SignUpRequired`] and with its token; ends in [`Outcome::LoggedIn`]. The last
    /// name may be empty. It accepts the terms of service: show them before.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn sign_up(
        self,
        token: &SentCode,
        first_name: &str,
        last_name: &str,
    ) -> Result<RequestId, ApiMisuse> {
        self.start(
            given(first_name, LoginError::FirstNameInvalid)
                .and_then(|first_name| LoginFlow::sign_up(token, first_name, last_name)),
        )
    }

    /// Tells the server that the terms were accepted, after the sign-up; ends in [`Outcome::TermsAccepted`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn accept_terms(self, terms: &TermsOfService) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::accept_terms(terms)))
    }

    /// Gives the account's password; ends in [`Outcome::LoggedIn`]. It asks for [`Output::Compute`] on its way. After
    /// [`LoginError::PasswordInvalid`] it can be called again.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn check_password(self, password: &str) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::check_password(password)))
    }

    /// Asks for a code by e-mail to recover the password with, after [`Outcome::PasswordRequired`]; ends in
    /// [`Outcome::RecoveryCodeSent`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn request_password_recovery(self) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::request_password_recovery()))
    }

    /// Asks whether the recovery code is right, before a new password is thought up; ends in
    /// [`Outcome::RecoveryCodeAccepted`] or [`LoginError::RecoveryCodeInvalid`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn check_recovery_password(self, code: &str) -> Result<RequestId, ApiMisuse> {
        self.start(given(code, LoginError::RecoveryCodeInvalid).map(LoginFlow::check_recovery_password))
    }

    /// Logs in with the recovery code in place of the password; ends in [`Outcome::LoggedIn`]. The new password takes
    /// the old one's place, by [`Output::Compute`]; without one, the account has none from then on.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn recover_password(self, code: &str, new: Option<NewPassword>) -> Result<RequestId, ApiMisuse> {
        self.start(
            given(code, LoginError::RecoveryCodeInvalid).map(|code| LoginFlow::recover_password(code, new)),
        )
    }

    /// Asks, in a session that is logged in, to do without the forgotten password: 7 days later, asked again, it is
    /// gone. Ends in [`Outcome::PasswordReset`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn reset_password(self) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::reset_password()))
    }

    /// Takes that wish back; ends in [`Outcome::PasswordResetDeclined`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn decline_password_reset(self) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::decline_password_reset()))
    }

    /// Logs in by a QR code that another device of the account scans; ends in [`Outcome::LoggedIn`] or
    /// [`Outcome::PasswordRequired`]. [`Event::QrLink`] says when [`Client::login_link`] has something to show; it
    /// is renewed before it expires. The users of `except_ids`, who are logged in here already, cannot scan it. It goes
    /// on until it is scanned: [`Client::cancel`] ends it.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn qr_login(self, except_ids: &[i64]) -> Result<RequestId, ApiMisuse> {
        let flow = self.api().map(|api| LoginFlow::qr_login(api, except_ids));
        self.start(flow)
    }

    /// Signs a bot in; ends in [`Outcome::LoggedIn`]. A token of the wrong form costs no traffic.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn bot_login(self, token: &str) -> Result<RequestId, ApiMisuse> {
        let flow = BotToken::parse(token)
            .map_err(LoginError::from)
            .and_then(|token| Ok(LoginFlow::bot_login(&token, self.api()?)));
        self.start(flow)
    }

    /// Asks whether a user is logged in; ends in [`Outcome::Authorized`], or in [`Outcome::PasswordRequired`] if a
    /// login of this session waits for the password.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn is_authorized(self) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::is_authorized()))
    }

    /// Asks who is logged in; ends in [`Outcome::Me`], or [`LoginError::NotLoggedIn`].
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn get_me(self) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::get_me()))
    }

    /// Logs out and forgets all keys; ends in [`Outcome::SignedOut`], also where nobody was logged in.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`].
    pub fn sign_out(self) -> Result<RequestId, ApiMisuse> {
        self.start(Ok(LoginFlow::sign_out()))
    }

    /// What a login begins with; none begins where somebody is logged in, whose place it would take.
    fn api(&self) -> Result<&ApiCredentials, LoginError> {
        if self.client.data.user.is_some() {
            return Err(LoginError::AlreadyLoggedIn);
        }
        let api = self.client.config.api.as_ref().ok_or(LoginError::ApiCredentialsMissing)?;
        api.check()?;
        Ok(api)
    }

    fn start(self, flow: Result<LoginFlow, LoginError>) -> Result<RequestId, ApiMisuse> {
        let Self { client, now } = self;
        if client.closed {
            return Err(ApiMisuse::Closed);
        }
        let id = client.new_request_id();
        match flow {
            Ok(mut flow) => {
                if client.has_migrated() {
                    flow.follows_migration();
                }
                client.steps.flows.insert(id, Step::new(flow));
                client.send_query(now, id);
            }
            Err(error) => client.finish(now, id, Err(error)),
        }
        client.advance(now);
        Ok(id)
    }
}

/// What a person gave; `or`, where that is nothing, without asking the server.
fn given(text: &str, or: LoginError) -> Result<&str, LoginError> {
    if text.trim().is_empty() { Err(or) } else { Ok(text) }
}

/// Whether an update says that a login token was scanned. It stands alone, in `updateShort`, or among others; where it
/// stands among others it is looked for by its constructor, since a mistake costs one query and a miss a login.
pub(super) fn tells_of_a_scan(update: &[u8]) -> bool {
    let wanted = types::UpdateLoginToken::ID.to_le_bytes();
    update.chunks_exact(4).any(|word| word == wanted)
}
