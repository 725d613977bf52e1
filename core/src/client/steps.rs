//! The steps of logins that a machine carries out.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::dc::DcId;
use crate::login::{LoginError, LoginFlow, Outcome, QrLink};
use crate::rpc::{RequestId, RpcError};
use crate::time::Timestamp;

/// The steps under way, and the results that were not taken.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) flows: BTreeMap<RequestId, Step>,
    pub(super) results: BTreeMap<RequestId, Result<Outcome, LoginError>>,
    /// Whether one of them was sent to another DC.
    pub(super) have_moved: bool,
}

/// One step, as far as it has come.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) flow: LoginFlow,
    /// The request that waits for an answer.
    pub(super) query: Option<RequestId>,
    /// What to do when nothing else happens before. None while a request waits: that has a deadline of its own.
    pub(super) alarm: Option<(Timestamp, Alarm)>,
    /// How long it has waited for the server's sake.
    pub(super) slept: Duration,
    /// In how many waits.
    pub(super) floods: u32,
    /// What is to be scanned.
    pub(super) link: Option<QrLink>,
    /// The error of the last answer, if it asks to wait or the server is in trouble.
    pub(super) trouble: Option<RpcError>,
    /// `updateLoginToken` came while a request was under way.
    pub(super) was_scanned: bool,
    /// Not before this time another scan renews the link at once: one is enough, and the last one led nowhere.
    pub(super) scans_from: Timestamp,
}

/// What a step does when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The heavy task did not come back: the step is over.
    Abandoned,
    /// Sends the query again.
    Repeat,
    /// Asks for a new link.
    Renew,
    /// Moves to this DC, whose address may be known by then.
    Move(DcId),
}

impl Step {
    pub(super) const fn new(flow: LoginFlow) -> Self {
        Self {
            flow,
            query: None,
            alarm: None,
            slept: Duration::ZERO,
            floods: 0,
            link: None,
            trouble: None,
            was_scanned: false,
            scans_from: Timestamp::ZERO,
        }
    }
}

impl Steps {
    /// Steps that wait for the address of a DC look again now.
    pub(super) fn hurry_moves(&mut self, now: Timestamp) {
        for (at, alarm) in self.flows.values_mut().filter_map(|step| step.alarm.as_mut()) {
            if matches!(alarm, Alarm::Move(_)) {
                *at = now;
            }
        }
    }

    /// Gives back the memory that is kept for reuse: an emptied map keeps a node.
    pub(super) fn trim(&mut self) {
        if self.flows.is_empty() {
            self.flows = BTreeMap::new();
        }
        if self.results.is_empty() {
            self.results = BTreeMap::new();
        }
    }

    /// Forgets a step; answers the request that waited for it.
    pub(super) fn cancel(&mut self, id: RequestId) -> Option<RequestId> {
        self.results.remove(&id);
        self.flows.remove(&id)?.query
    }

    /// When the first alarm is due.
    pub(super) fn next_alarm(&self) -> Option<Timestamp> {
        self.flows.values().filter_map(|step| step.alarm.map(|(at, _)| at)).min()
    }

    /// A step whose alarm is due; the alarm is off from then on.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(RequestId, Alarm)> {
        let (id, step) =
            self.flows.iter_mut().find(|(_, step)| step.alarm.is_some_and(|(at, _)| at <= now))?;
        Some((*id, step.alarm.take()?.1))
    }

    /// Whether a QR code is shown, so that updates must be able to arrive.
    pub(super) fn wait_for_scan(&self) -> bool {
        self.flows.values().any(|step| step.flow.is_qr_login())
    }
}
