//! What handlers send some time after their answer.

use std::time::Duration;

use super::dcs::TestDcs;
use super::io::ServerOutput;
use super::policy::MAX_SCHEDULED;
use crate::accounts::Delivery;

impl TestDcs {
    /// Keeps deliveries until their time has come.
    pub(super) fn schedule(&mut self, later: Vec<(Duration, Delivery)>) {
        for (delay, delivery) in later {
            if self.scheduled.len() < MAX_SCHEDULED {
                self.next_scheduled += 1;
                self.scheduled.insert((self.now.monotonic + delay, self.next_scheduled), delivery);
            }
        }
    }

    /// Carries out the deliveries that are due.
    pub(super) fn run_scheduled(&mut self) {
        let now = i32::try_from(self.unix_seconds()).unwrap_or(i32::MAX);
        while let Some(first) =
            self.scheduled.first_entry().filter(|first| first.key().0 <= self.now.monotonic)
        {
            let (pushes, event) = self.accounts.deliveries(first.remove(), now);
            self.outputs.extend(event.map(ServerOutput::Account));
            for push in pushes {
                self.push(push.auth_key_id, &push.body);
            }
        }
    }
}
