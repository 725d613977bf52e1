//! Login on the client: it runs each step to its end, over as many requests and DCs as it needs.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::time::Duration;

use super::compute::ComputeTask;
use super::error::ApiMisuse;
use super::io::{Event, Output};
use super::machine::Client;
use super::steps::{ErasedOutcome, RunningStep, StepTimer};
use super::stored_session::LoggedInUser;
use crate::login::{
    AccountChange, LoginContext, LoginError, LoginStep, PasswordKdfOutput, QrLink, StepAction,
};
use crate::policy;
use crate::rpc::{InvokeError, LogoutCause, RequestId, Requester};
use crate::time::Now;
use crate::tl::{Constructor, types};

/// A step of a login that was started, whose result can be taken once it is there.
#[derive(Debug)]
pub struct StepHandle<T> {
    id: RequestId,
    output: PhantomData<fn() -> T>,
}

impl<T> StepHandle<T> {
    /// Returns the step, as [`Event::Completed`], [`Event::QrLink`] and [`Event::FloodWait`] name it.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.id
    }
}

impl<T> Clone for StepHandle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StepHandle<T> {}

impl Client {
    /// Starts a step of a login, such as [`LoginStep::send_code`], and runs it to its end, over as many requests and
    /// DCs as it needs. [`Event::Completed`] says when [`take_step`](Self::take_step) has its result;
    /// [`cancel`](Self::cancel) ends it early.
    ///
    /// A step may require an [`Output::Compute`]. Flood waits up to
    /// [`Config::flood_sleep_threshold`](super::Config::flood_sleep_threshold) are slept.
    ///
    /// # Errors
    /// [`ApiMisuse::Closed`]. Everything else is the result of the step.
    pub fn start_step<T: Send + 'static>(
        &mut self,
        now: Now,
        step: LoginStep<T>,
    ) -> Result<StepHandle<T>, ApiMisuse> {
        if self.closed {
            return Err(ApiMisuse::Closed);
        }
        let id = self.new_request_id();
        let mut step = RunningStep::new(Box::new(step));
        let action = step.inner.start(&LoginContext {
            api: self.config.api.as_ref(),
            logout_tokens: &self.stored.logout_tokens,
            is_logged_in: self.stored.user.is_some(),
            has_migrated: self.has_migrated(),
        });
        self.steps.running.insert(id, step);
        self.perform(now, id, action);
        self.advance_later(now);
        Ok(StepHandle { id, output: PhantomData })
    }

    /// Takes the result of a step once it is there. Returns `None` before that, and after it was taken.
    pub fn take_step<T: 'static>(&mut self, handle: StepHandle<T>) -> Option<Result<T, LoginError>> {
        let is_of_type = |result: &Result<ErasedOutcome, _>| {
            result.as_ref().map_or(true, |finished| finished.outcome.is::<T>())
        };
        self.steps.results.get(&handle.id).filter(|result| is_of_type(result))?;
        match self.steps.results.remove(&handle.id)? {
            Ok(finished) => Some(Ok(*finished.outcome.downcast().ok()?)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Returns whether this is the id of a login step that is running, not of a request.
    #[must_use]
    pub fn is_login_step(&self, id: RequestId) -> bool {
        self.steps.running.contains_key(&id)
    }

    /// Returns the link that a login by QR code currently shows. [`Event::QrLink`] reports each change.
    #[must_use]
    pub fn qr_link(&self, id: RequestId) -> Option<&QrLink> {
        self.steps.running.get(&id)?.link.as_ref()
    }

    /// Advances the steps whose timers are due.
    pub(super) fn run_step_timers(&mut self, now: Now) {
        while let Some((id, timer)) = self.steps.take_due(now.monotonic) {
            match timer {
                StepTimer::KdfTimeout => self.finish_step(now, id, Err(LoginError::ComputeTimedOut)),
                StepTimer::Repeat => self.send_query(now, id),
                StepTimer::Renew => self.renew_link(now, id),
                StepTimer::Migrate(dc) => self.perform(now, id, StepAction::Migrate(dc)),
            }
        }
    }

    /// `updateLoginToken` arrived: one of the links was scanned.
    pub(super) fn on_links_scanned(&mut self, now: Now) {
        let ids: Vec<RequestId> = self.steps.running.keys().copied().collect();
        for id in ids {
            let Some(step) = self.steps.running.get_mut(&id).filter(|step| step.inner.is_qr_login()) else {
                continue;
            };
            if step.pending_request.is_some() {
                // The server may have sent the pending answer before the scan.
                step.scan_is_reported = true;
            } else if matches!(step.timer, None | Some((_, StepTimer::Renew))) {
                self.renew_scanned(now, id);
            }
        }
    }

    /// Asks for the result of a scan: at once, unless the server reports scans all the time.
    fn renew_scanned(&mut self, now: Now, id: RequestId) {
        let Some(step) = self.steps.running.get_mut(&id) else { return };
        if step.scan_throttled_until > now.monotonic {
            step.timer = Some((step.scan_throttled_until, StepTimer::Renew));
        } else {
            step.timer = None;
            step.scan_throttled_until = now.monotonic + policy::MIN_QR_LIFETIME;
            self.renew_link(now, id);
        }
    }

    /// Ends the steps that wait for something other than an answer.
    pub(super) fn fail_idle_steps(&mut self, now: Now, error: &InvokeError) {
        let idle: Vec<RequestId> = self
            .steps
            .running
            .iter()
            .filter(|(_, step)| step.pending_request.is_none())
            .map(|(id, _)| *id)
            .collect();
        for id in idle {
            self.finish_step(now, id, Err(error.clone().into()));
        }
    }

    fn renew_link(&mut self, now: Now, id: RequestId) {
        let Some(step) = self.steps.running.get_mut(&id) else { return };
        if let Some(action) = step.inner.renew() {
            self.perform(now, id, action);
        }
    }

    /// Takes the result of `request`, which the step `id` awaits.
    pub(super) fn on_step_answer(&mut self, now: Now, request: RequestId, id: RequestId) {
        let Some(answer) = self.requests.take(request) else { return };
        let server_time = self.server_seconds(now).cast_signed();
        let Some(step) = self.steps.running.get_mut(&id) else { return };
        step.pending_request = None;
        let answer = answer.as_ref().map(|body| &**body).map_err(InvokeError::clone);
        let error = match &answer {
            Err(InvokeError::Rpc(error)) => Some(error.clone()),
            _ => None,
        };
        let action = step.inner.answered(answer, server_time, &mut *self.random);
        step.last_retry_error =
            error.filter(|_| matches!(action, StepAction::FloodWait(_) | StepAction::RetryAfter(_)));
        self.perform(now, id, action);
    }

    pub(super) fn on_step_computed(&mut self, now: Now, kdf_output: &PasswordKdfOutput) {
        let id = kdf_output.step;
        let Some(step) = self.steps.running.get_mut(&id) else { return };
        step.timer = None;
        let action = step.inner.computed(kdf_output, &mut *self.random);
        self.perform(now, id, action);
    }

    fn perform(&mut self, now: Now, id: RequestId, action: StepAction<ErasedOutcome>) {
        match action {
            StepAction::Send => self.send_query(now, id),
            // The addresses of the DCs are being queried.
            StepAction::Migrate(dc)
                if !self.knows_address(dc) && self.own_query_states.is_server_config_pending() =>
            {
                self.set_step_timer(now, id, policy::MIGRATION_ADDRESS_WAIT, StepTimer::Migrate(dc));
            }
            // A home DC without an address would be a dead end.
            StepAction::Migrate(dc) if !self.knows_address(dc) => {
                self.finish_step(now, id, Err(InvokeError::UnknownDc(dc).into()));
            }
            StepAction::Migrate(dc) => {
                self.move_home(dc);
                self.steps.have_migrated = true;
                self.send_query(now, id);
            }
            StepAction::Compute(mut task) => {
                task.step = id;
                let limit = self.config.request_timeout.unwrap_or(policy::PASSWORD_KDF_TIMEOUT);
                self.set_step_timer(now, id, limit, StepTimer::KdfTimeout);
                self.outputs.push_back(Output::Compute(ComputeTask::Password(task)));
            }
            StepAction::ShowQr(link) => self.show_link(now, id, link),
            StepAction::RetryAfter(pause) => self.set_step_timer(now, id, pause, StepTimer::Repeat),
            StepAction::FloodWait(wait) => {
                let wait = wait.max(policy::MIN_FLOOD_WAIT);
                let limit = self.config.flood_sleep_threshold;
                let step = self.steps.running.get_mut(&id);
                if let Some(step) = step.filter(|step| step.flood_waited + wait <= limit) {
                    step.flood_waited += wait;
                    step.flood_waits += 1;
                    self.set_step_timer(now, id, wait, StepTimer::Repeat);
                    self.outputs.push_back(Output::Event(Event::FloodWait { id, wait }));
                } else {
                    self.finish_step(now, id, Err(self.too_long_a_wait(id, wait)));
                }
            }
            StepAction::Done(result) => self.finish_step(now, id, result),
        }
    }

    /// Returns the error of a flood wait that is too long to sleep. After many of them, advice to wait again does not
    /// help.
    fn too_long_a_wait(&self, id: RequestId, wait: Duration) -> LoginError {
        match self.steps.running.get(&id) {
            Some(step) if step.flood_waits >= policy::MANY_FLOOD_WAITS => {
                LoginError::EndlessFloodWait { times: step.flood_waits, total: step.flood_waited }
            }
            _ => LoginError::FloodWait(wait),
        }
    }

    /// Returns whether the login came to its DC from another one, in this process or an earlier one.
    fn has_migrated(&self) -> bool {
        self.steps.have_migrated || (self.stored.user.is_none() && self.home() != self.config.initial_dc)
    }

    fn set_step_timer(&mut self, now: Now, id: RequestId, wait: Duration, timer: StepTimer) {
        if let Some(step) = self.steps.running.get_mut(&id) {
            step.timer = Some((now.monotonic + wait, timer));
        }
    }

    fn show_link(&mut self, now: Now, id: RequestId, link: QrLink) {
        let wait = link.renew_after();
        let Some(step) = self.steps.running.get_mut(&id) else { return };
        step.link = Some(link);
        let scan_is_reported = core::mem::take(&mut step.scan_is_reported);
        if scan_is_reported && step.scan_throttled_until <= now.monotonic {
            return self.renew_scanned(now, id);
        }
        self.set_step_timer(
            now,
            id,
            if scan_is_reported { policy::MIN_QR_LIFETIME } else { wait },
            StepTimer::Renew,
        );
        self.outputs.push_back(Output::Event(Event::QrLink(id)));
    }

    fn send_query(&mut self, now: Now, id: RequestId) {
        let Some(query) = self.steps.running.get(&id).map(|step| step.inner.query().to_vec()) else { return };
        let request = self.send_internal_query(now, Requester::Step(id), self.home(), query);
        if let Some(step) = self.steps.running.get_mut(&id) {
            step.pending_request = Some(request);
        }
    }

    fn on_logged_in(&mut self, user: LoggedInUser) {
        let home = self.home();
        let stored = self.stored.edit();
        stored.user = Some(user);
        stored.home_dc = Some(home);
        self.schedule_updates_query();
    }

    fn finish_step(&mut self, now: Now, id: RequestId, result: Result<ErasedOutcome, LoginError>) {
        let step = self.steps.running.remove(&id);
        if let Some(token) = step.and_then(|mut step| step.inner.take_future_auth_token()) {
            self.stored.edit().keep_logout_token(token);
        }
        if let Some(api) = self.config.api.as_ref().filter(|_| result.is_ok()) {
            // The server has accepted it. A process that resumes the session need not know it.
            self.stored.set_api_id(api.id);
        }
        let account = result.as_ref().map_or(AccountChange::Unchanged, |finished| finished.account);
        match account {
            AccountChange::Unchanged => {}
            AccountChange::LoggedIn { id, is_bot } => self.on_logged_in(LoggedInUser { id, is_bot }),
            // A session that was imported may have a key without saying whose.
            AccountChange::StillLoggedIn { id, is_bot } if self.stored.user.is_none() => {
                self.on_logged_in(LoggedInUser { id, is_bot });
            }
            AccountChange::StillLoggedIn { .. } => {}
            AccountChange::NotLoggedIn => self.on_logged_out(LogoutCause::Unregistered),
            AccountChange::LoggedOut => {
                self.forget_login(now);
                // The step ends when the servers have forgotten the keys, or had their time for it.
                return self.key_destructions.push_logout(id, result);
            }
        }
        self.steps.results.insert(id, result);
        self.outputs.push_back(Output::Event(Event::Completed(id)));
    }
}

/// Returns whether an update may hold `updateLoginToken`, alone or among others. Its constructor is searched for in all
/// words: a false alarm costs one query, and a miss costs the login.
pub(super) fn may_hold_login_token(update: &[u8]) -> bool {
    let wanted = types::UpdateLoginToken::ID.to_le_bytes();
    update.chunks_exact(4).any(|word| word == wanted)
}
