//! The login steps that a client runs.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;
use core::time::Duration;

use zeroize::Zeroizing;

use crate::crypto::SecureRandom;
use crate::dc::DcId;
use crate::login::{
    AccountChange, LoginContext, LoginError, LoginStep, PasswordKdfOutput, QrLink, StepAction,
};
use crate::rpc::{InvokeError, RequestId, RpcError};
use crate::time::Timestamp;

/// The outcome of a step, of a type that only its handle knows.
#[derive(Debug)]
pub(super) struct ErasedOutcome {
    pub(super) outcome: Box<dyn Any + Send>,
    pub(super) account: AccountChange,
}

/// A [`LoginStep`] of any outcome.
pub(super) trait AnyLoginStep: fmt::Debug + Send {
    fn start(&mut self, cx: &LoginContext<'_>) -> StepAction<ErasedOutcome>;
    fn query(&self) -> &[u8];
    fn is_qr_login(&self) -> bool;
    fn answered(
        &mut self,
        answer: Result<&[u8], InvokeError>,
        server_time: i64,
        random: &mut dyn SecureRandom,
    ) -> StepAction<ErasedOutcome>;
    fn computed(
        &mut self,
        kdf_output: &PasswordKdfOutput,
        random: &mut dyn SecureRandom,
    ) -> StepAction<ErasedOutcome>;
    fn renew(&mut self) -> Option<StepAction<ErasedOutcome>>;
    fn take_future_auth_token(&mut self) -> Option<Zeroizing<Vec<u8>>>;
}

impl<T: Send + 'static> AnyLoginStep for LoginStep<T> {
    fn start(&mut self, cx: &LoginContext<'_>) -> StepAction<ErasedOutcome> {
        let action = LoginStep::start(self, cx);
        erase_outcome(self, action)
    }

    fn query(&self) -> &[u8] {
        LoginStep::query(self)
    }

    fn is_qr_login(&self) -> bool {
        LoginStep::is_qr_login(self)
    }

    fn answered(
        &mut self,
        answer: Result<&[u8], InvokeError>,
        server_time: i64,
        random: &mut dyn SecureRandom,
    ) -> StepAction<ErasedOutcome> {
        let action = LoginStep::answered(self, answer, server_time, random);
        erase_outcome(self, action)
    }

    fn computed(
        &mut self,
        kdf_output: &PasswordKdfOutput,
        random: &mut dyn SecureRandom,
    ) -> StepAction<ErasedOutcome> {
        let action = LoginStep::computed(self, kdf_output, random);
        erase_outcome(self, action)
    }

    fn renew(&mut self) -> Option<StepAction<ErasedOutcome>> {
        let action = LoginStep::renew(self)?;
        Some(erase_outcome(self, action))
    }

    fn take_future_auth_token(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        LoginStep::take_future_auth_token(self)
    }
}

fn erase_outcome<T: Send + 'static>(step: &LoginStep<T>, action: StepAction<T>) -> StepAction<ErasedOutcome> {
    action.map(|outcome| ErasedOutcome { account: step.account_change(&outcome), outcome: Box::new(outcome) })
}

/// The running steps, and the results that were not taken.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) running: BTreeMap<RequestId, RunningStep>,
    pub(super) results: BTreeMap<RequestId, Result<ErasedOutcome, LoginError>>,
    /// Whether a step has migrated to another DC.
    pub(super) have_migrated: bool,
}

/// The state of a running step.
#[derive(Debug)]
pub(super) struct RunningStep {
    pub(super) inner: Box<dyn AnyLoginStep>,
    /// The request whose answer the step awaits; `None` if there is none.
    pub(super) pending_request: Option<RequestId>,
    /// The timer; `None` while a request is pending, which has its own deadline.
    pub(super) timer: Option<(Timestamp, StepTimer)>,
    /// The total length of its flood waits.
    pub(super) flood_waited: Duration,
    /// Number of flood waits so far.
    pub(super) flood_waits: u32,
    /// The link on display.
    pub(super) link: Option<QrLink>,
    /// The error of the last answer, if the query is sent again for it: a flood wait or an internal error.
    pub(super) last_retry_error: Option<RpcError>,
    /// Whether `updateLoginToken` arrived while a request was pending.
    pub(super) scan_is_reported: bool,
    /// Until this time, a scan renews the link only at this time, since the server may report scans without end.
    pub(super) scan_throttled_until: Timestamp,
}

/// The action of a step's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepTimer {
    /// Ends the step: the key stretching was not returned.
    KdfTimeout,
    /// Sends the query again.
    Repeat,
    /// Requests a new link.
    Renew,
    /// Migrates to this DC, if its address is known by then.
    Migrate(DcId),
}

impl RunningStep {
    pub(super) fn new(inner: Box<dyn AnyLoginStep>) -> Self {
        Self {
            inner,
            pending_request: None,
            timer: None,
            flood_waited: Duration::ZERO,
            flood_waits: 0,
            link: None,
            last_retry_error: None,
            scan_is_reported: false,
            scan_throttled_until: Timestamp::ZERO,
        }
    }
}

impl Steps {
    /// Lets the steps that wait for the address of a DC check for it now.
    pub(super) fn retry_migrations(&mut self, now: Timestamp) {
        for (at, timer) in self.running.values_mut().filter_map(|step| step.timer.as_mut()) {
            if matches!(timer, StepTimer::Migrate(_)) {
                *at = now;
            }
        }
    }

    /// Frees the memory that is kept for reuse: an emptied map keeps a node.
    pub(super) fn trim(&mut self) {
        if self.running.is_empty() {
            self.running = BTreeMap::new();
        }
        if self.results.is_empty() {
            self.results = BTreeMap::new();
        }
    }

    /// Forgets a step, and returns the request that it waits for.
    pub(super) fn cancel(&mut self, id: RequestId) -> Option<RequestId> {
        self.results.remove(&id);
        self.running.remove(&id)?.pending_request
    }

    /// Returns when the first timer is due.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.running.values().filter_map(|step| step.timer.map(|(at, _)| at)).min()
    }

    /// Returns a step whose timer is due, and switches the timer off.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(RequestId, StepTimer)> {
        let (id, step) =
            self.running.iter_mut().find(|(_, step)| step.timer.is_some_and(|(at, _)| at <= now))?;
        Some((*id, step.timer.take()?.1))
    }

    /// Returns whether a QR code may be scanned, so that updates must be able to arrive.
    pub(super) fn awaits_scan(&self) -> bool {
        self.running.values().any(|step| step.inner.is_qr_login())
    }
}
