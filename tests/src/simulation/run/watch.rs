//! What happened since the last step, told to the model and acted upon.

use std::time::Duration;

use sansgram_core::client::{Delivery, Event, InvokeError, RequestId};

use super::{Action, Run};
use crate::pair::TRUE;
use crate::simulation::model::{Observation, Outcome, Violation};

impl Run<'_> {
    pub(super) fn watch(&mut self) -> Result<(), Violation> {
        for number in self.pair.dcs.take_counted() {
            self.report.figures.executed += 1;
            self.note(|| format!("request {number} is executed"));
            self.model.observe(Observation::Executed(number))?;
        }
        for message in self.pair.dcs.take_messages() {
            self.note(|| format!("{message:x?}"));
            self.model.observe(Observation::Received(message))?;
        }
        for refusal in std::mem::take(&mut self.pair.refusals) {
            self.note(|| format!("a server refuses: {refusal}"));
            self.model.observe(Observation::Refused(refusal))?;
        }
        for task in std::mem::take(&mut self.pair.skipped_tasks) {
            self.after(self.task_time, Action::Computed(Box::new(task)));
        }
        for event in std::mem::take(&mut self.pair.events) {
            self.note(|| format!("{event:?}"));
            self.pair.record_output(&event);
            self.on_event(&event)?;
        }
        if !self.is_slow {
            self.take()?;
        }
        self.model.observe(Observation::Time(self.pair.client_now().monotonic.since_origin()))
    }

    fn on_event(&mut self, event: &Event) -> Result<(), Violation> {
        match event {
            Event::Completed(id) => self.on_completed(*id)?,
            Event::QuickAck(id) => self.model.observe(Observation::QuickAck(id.0))?,
            Event::StoredSessionChanged => self.disk.save(self.pair.client.stored_session()),
            Event::QrLink(_) if !self.scan_is_planned => {
                self.scan_is_planned = true;
                let delay = self.random.below(6_000);
                self.after(Duration::from_millis(delay), Action::Scan);
            }
            Event::LoggedOut(_) => self.login.logged_out(),
            _ => {}
        }
        Ok(())
    }

    fn on_completed(&mut self, id: RequestId) -> Result<(), Violation> {
        let is_step = self.login.is_running(id);
        self.model.observe(Observation::Completed { id: id.0, is_step })?;
        if let Some(number) = self.model.number_of(id.0) {
            self.to_take.push_back((number, id));
            return Ok(());
        }
        let was_asking_state = self.login.is_asking_state();
        let ended = if is_step { self.login.end(&mut self.pair.client) } else { None };
        if let Some(printed) = ended {
            self.note(|| format!("a step has ended: {printed}"));
            self.pair.record_output(&format_args!("{printed}"));
            self.disk.login = self.login.saved().or_else(|| self.disk.login.take());
            if let Some(user) = self.login.user() {
                self.report.figures.logins += u64::from(!was_asking_state);
                self.disk.login = None;
                let expected = self.plan.setup.flow.user_id();
                self.model.observe(Observation::LoggedIn { user, expected })?;
            }
        }
        Ok(())
    }

    /// Takes results and updates.
    fn take(&mut self) -> Result<(), Violation> {
        for (number, id) in std::mem::take(&mut self.to_take) {
            let result = self.pair.client.take_raw(id);
            let outcome = result.as_ref().map(outcome_of);
            self.report.figures.answered += u64::from(outcome == Some(Outcome::Answered));
            self.note(|| format!("request {number} has ended: {result:?}"));
            self.pair.record_output(&result);
            self.model.observe(Observation::Taken(number, outcome))?;
        }
        while self.pair.client.take_update().is_some() {}
        Ok(())
    }
}

fn outcome_of(result: &Result<Vec<u8>, InvokeError>) -> Outcome {
    match result {
        Ok(body) if *body == TRUE => Outcome::Answered,
        Ok(_) => Outcome::WrongAnswer,
        Err(InvokeError::Rpc(_)) => Outcome::Refused,
        Err(InvokeError::OutcomeUnknown { .. }) => Outcome::Unknown,
        Err(InvokeError::Cancelled) => Outcome::Cancelled,
        Err(
            InvokeError::TimedOut { delivery: Delivery::Queued, .. }
            | InvokeError::Unreachable { delivery: Delivery::Queued, .. },
        ) => Outcome::NotSent,
        Err(_) => Outcome::MayBeExecuted,
    }
}
