//! The rules of requests: each ends once, and none is executed more often than its policy allows.

use std::collections::BTreeMap;
use std::time::Duration;

use sansgram_core::client::OnUnknownOutcome;

use super::issued::IssuedRequest;
use super::violation::{Outcome, Violation};

/// How late a time limit may be noticed: the client's timers are exact, its clock may have been set meanwhile.
const TIMER_SLACK: Duration = Duration::from_secs(1);

/// The requests of all processes of the client, by number.
#[derive(Debug, Default)]
pub(super) struct Requests {
    all: BTreeMap<i64, Request>,
    /// Those of the process that runs, by the client's identifier.
    by_id: BTreeMap<u64, i64>,
    /// The executions of all of them.
    executions: u64,
}

#[derive(Debug)]
struct Request {
    issued: IssuedRequest,
    in_calm: bool,
    state: State,
    executed: u32,
    /// The position of the first execution among those of all requests.
    first_executed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Completed,
    Ended(Outcome),
    Cancelled,
    /// The process has ended.
    Lost,
}

impl Requests {
    pub(super) fn issue(&mut self, issued: IssuedRequest, in_calm: bool) {
        self.by_id.insert(issued.id, issued.number);
        let request = Request { issued, in_calm, state: State::Pending, executed: 0, first_executed: None };
        self.all.insert(issued.number, request);
    }

    pub(super) fn cancel(&mut self, number: i64) {
        let request = self.all.get_mut(&number);
        if let Some(request) =
            request.filter(|request| matches!(request.state, State::Pending | State::Completed))
        {
            request.state = State::Cancelled;
        }
    }

    pub(super) fn complete(&mut self, id: u64) -> Result<(), Violation> {
        let request = self.by_id.get(&id).and_then(|number| self.all.get_mut(number));
        let Some(request) = request else { return Err(Violation::SurplusCompletion(id, "unknown")) };
        match request.state {
            State::Pending => {
                request.state = State::Completed;
                Ok(())
            }
            State::Cancelled => Err(Violation::SurplusCompletion(id, "cancelled")),
            _ => Err(Violation::SurplusCompletion(id, "reported already")),
        }
    }

    pub(super) fn take(
        &mut self,
        number: i64,
        outcome: Option<Outcome>,
        closed: bool,
    ) -> Result<(), Violation> {
        let Some(outcome) = outcome else { return Err(Violation::NoResult(number)) };
        let Some(request) = self.all.get_mut(&number) else { return Err(Violation::NoResult(number)) };
        request.state = State::Ended(outcome);
        match outcome {
            Outcome::WrongAnswer => Err(Violation::WrongAnswer(number)),
            Outcome::Answered if request.executed == 0 => Err(Violation::AnsweredUnexecuted(number)),
            Outcome::Unknown if request.issued.policy == OnUnknownOutcome::Retry => {
                Err(Violation::OutcomeAgainstPolicy(number, outcome))
            }
            Outcome::Cancelled if !closed => Err(Violation::OutcomeAgainstPolicy(number, outcome)),
            Outcome::Answered => self.check_order(number),
            _ if request.in_calm && !closed => Err(Violation::FailedInCalm(number, outcome)),
            _ => Ok(()),
        }
    }

    pub(super) fn quick_ack(&self, id: u64) -> Result<(), Violation> {
        let request = self.by_id.get(&id).and_then(|number| self.all.get(number));
        if request.is_some_and(|request| request.issued.quick_ack) {
            Ok(())
        } else {
            Err(Violation::SurplusQuickAck(id))
        }
    }

    pub(super) fn execute(&mut self, number: i64) -> Result<(), Violation> {
        let Some(request) = self.all.get_mut(&number) else {
            return Err(Violation::ExecutedUntaken(number));
        };
        self.executions += 1;
        request.executed += 1;
        request.first_executed.get_or_insert(self.executions);
        if request.executed > 1 && request.issued.policy == OnUnknownOutcome::Fail {
            return Err(Violation::ExecutedTwice(number, request.executed));
        }
        Ok(())
    }

    /// If both were answered, a request was executed after the one that it must follow. `number` was answered last,
    /// whichever of the two it is.
    fn check_order(&self, number: i64) -> Result<(), Violation> {
        let is_answered = |request: &Request| request.state == State::Ended(Outcome::Answered);
        for (later, request) in self.all.iter().filter(|(_, request)| is_answered(request)) {
            let Some(after) = request.issued.after else { continue };
            let Some(earlier) = self.all.get(&after).filter(|earlier| is_answered(earlier)) else { continue };
            let is_about = *later == number || after == number;
            if is_about && earlier.first_executed > request.first_executed {
                return Err(Violation::OutOfOrder(*later, after));
            }
        }
        Ok(())
    }

    pub(super) fn lose_process(&mut self) {
        for number in std::mem::take(&mut self.by_id).into_values() {
            let request = self.all.get_mut(&number);
            if let Some(request) =
                request.filter(|request| matches!(request.state, State::Pending | State::Completed))
            {
                request.state = State::Lost;
            }
        }
    }

    pub(super) fn check_time_limits(&self, now: Duration) -> Result<(), Violation> {
        for number in self.by_id.values() {
            let request = &self.all[number];
            if let Some(end) = request.issued.end_by.filter(|_| request.state == State::Pending)
                && now > end + TIMER_SLACK
            {
                return Err(Violation::AfterTimeLimit(*number, now, end));
            }
        }
        Ok(())
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = i64> + '_ {
        let is_pending = |number: &i64| matches!(self.all[number].state, State::Pending | State::Completed);
        self.by_id.values().copied().filter(is_pending)
    }

    pub(super) fn number_of(&self, id: u64) -> Option<i64> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn finish(&self) -> Result<(), Violation> {
        for (number, request) in &self.all {
            let State::Ended(outcome @ (Outcome::NotSent | Outcome::Refused)) = request.state else {
                continue;
            };
            // One that may be sent again may have been executed before it was refused.
            if request.executed > 0 && request.issued.policy == OnUnknownOutcome::Fail {
                return Err(Violation::ExecutedAlthough(*number, outcome));
            }
        }
        Ok(())
    }
}
