//! The client's own queries to the home DC: `updates.getState` (`api/updates`), after which the server pushes updates
//! to the session, and `help.getConfig`, which returns the addresses of all DCs.

use super::io::{Event, Output};
use super::machine::Client;
use super::update_queue::UpdatesState;
use crate::policy;
use crate::rpc::{RequestId, Requester, retry};
use crate::session::ServerClock;
use crate::time::{Now, Timestamp};
use crate::tl::{Deserialize, Serialize, enums, functions};
use crate::transport::StreamMode;

impl Client {
    /// Schedules `updates.getState`: a user has logged in, or the server created a new session, to which it does not
    /// push updates yet.
    pub(super) fn schedule_updates_query(&mut self) {
        if self.config.updates {
            self.own_query_states.schedule_updates_state();
        }
    }

    /// Sends `updates.getState` if it is due. It opens no connection, but keeps the one that is open.
    pub(super) fn query_updates_state(&mut self, now: Now) {
        if self.stored.user.is_none() || self.closed {
            return self.cancel_updates_query();
        }
        if self.updates_query_due().is_none_or(|at| at > now.monotonic) {
            return;
        }
        let query = functions::updates::GetState {}.to_bytes();
        let home = self.home();
        // Updates arrive on this connection, and nothing else would open it again.
        self.datacenter(home).set_kept_open(true);
        let id = self.send_internal_query(now, Requester::UpdatesState, home, query);
        self.own_query_states.on_updates_state_sent(id);
    }

    /// Returns when `updates.getState` is due, or `None` if the home DC is not connected.
    pub(super) fn updates_query_due(&self) -> Option<Timestamp> {
        self.own_query_states.updates_state_due().filter(|_| self.is_connected())
    }

    /// Sends `updates.getState` again on the next connection, since the one that carried it ended.
    pub(super) fn restart_updates_query(&mut self) {
        let dropped = self.own_query_states.restart_updates_state();
        self.forget_query(dropped);
    }

    /// Cancels `updates.getState`, since no user is logged in.
    pub(super) fn cancel_updates_query(&mut self) {
        let dropped = self.own_query_states.cancel_updates_state();
        self.forget_query(dropped);
    }

    /// Takes the result of `updates.getState`.
    pub(super) fn on_updates_state(&mut self, now: Now, id: RequestId) {
        let Some(answer) = self.requests.take(id) else { return };
        if !self.own_query_states.is_updates_state(id) {
            return;
        }
        match answer.and_then(|body| Ok(enums::updates::State::from_bytes(&body)?)) {
            Ok(enums::updates::State::State(state)) => {
                let state = UpdatesState {
                    pts: state.pts,
                    qts: state.qts,
                    date: state.date,
                    seq: state.seq,
                    unread_count: state.unread_count,
                };
                self.outputs.push_back(Output::Event(Event::UpdatesState(state)));
                self.own_query_states.on_updates_state_answer(now.monotonic);
            }
            Err(error) => {
                self.own_query_states
                    .retry_updates_state(now.monotonic + retry::updates_state_retry_delay(&error));
            }
        }
    }

    /// Sends `help.getConfig` if the known addresses have expired. It opens no connection: it is sent with other
    /// requests to the home DC.
    pub(super) fn query_server_config(&mut self, now: Now) {
        if !self.is_server_config_due(now) {
            return;
        }
        let id = self.send_internal_query(
            now,
            Requester::ServerConfig,
            self.home(),
            functions::help::GetConfig {}.to_bytes(),
        );
        self.own_query_states.on_server_config_sent(id);
    }

    /// Returns whether [`query_server_config`](Self::query_server_config) sends the query now.
    pub(super) fn is_server_config_due(&self, now: Now) -> bool {
        self.stored.dc_options.expires <= self.server_seconds(now)
            && self.own_query_states.may_send_server_config(now.monotonic)
            && !self.closed
            && self.config.learn_addresses
            && self.config.proxy_endpoints.is_empty()
            && matches!(self.config.stream_mode, StreamMode::Plain | StreamMode::Obfuscated)
            && self.datacenters.get(&self.home()).is_some_and(|datacenter| datacenter.is_open())
    }

    /// Takes the result of `help.getConfig`.
    pub(super) fn on_server_config(&mut self, now: Now, id: RequestId) {
        let Some(answer) = self.requests.take(id) else { return };
        if !self.own_query_states.is_server_config(id) {
            return;
        }
        let wait = match answer.and_then(|body| Ok(enums::Config::from_bytes(&body)?)) {
            Ok(enums::Config::Config(config)) => {
                let server_time = self.server_seconds(now);
                self.stored.store_config(&config, server_time);
                policy::CONFIG_QUERY_INTERVAL
            }
            Err(error) => retry::config_retry_delay(&error),
        };
        self.own_query_states.on_server_config_answer(now.monotonic + wait);
        self.steps.retry_migrations(now.monotonic);
    }

    /// Lets `help.getConfig` be sent again on the next connection, since the one that carried it ended or is no longer
    /// the home DC's.
    pub(super) fn restart_server_config_query(&mut self) {
        let dropped = self.own_query_states.restart_server_config();
        self.forget_query(dropped);
    }

    fn forget_query(&mut self, dropped: Option<RequestId>) {
        if let Some(id) = dropped {
            self.drop_request(id);
            self.requests.remove(id);
        }
    }

    /// Returns the server's time by the stored offset of its clock, in seconds since 1970.
    pub(super) fn server_seconds(&self, now: Now) -> u64 {
        ServerClock::from_wall(now, self.stored.clock_offset).server_time(now).as_secs()
    }
}
