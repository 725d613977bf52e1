//! What the client itself asks the home DC: where updates stand (`updates.getState`, `api/updates`), which makes the server
//! push them to the session, and where all DCs are (`help.getConfig`).

use super::config_query::ConfigQuery;
use super::io::{Event, Output};
use super::machine::Client;
use super::servers::Servers;
use super::update_queue::{UpdatesQuery, UpdatesState};
use crate::policy;
use crate::rpc::{RequestId, Requester, retry};
use crate::session::ServerClock;
use crate::time::{Now, Timestamp};
use crate::tl::{Deserialize, Serialize, enums, functions};
use crate::transport::StreamMode;

impl Client {
    /// Schedules the query where updates stand: a user has logged in, or the server made a new session, which knows nothing
    /// of the subscription of the session before.
    pub(super) fn want_updates(&mut self) {
        // A query that is under way is executed in the new session too.
        if self.config.updates && self.updates_query == UpdatesQuery::Idle {
            self.updates_query = UpdatesQuery::Due(self.updates_state_not_before);
        }
    }

    /// Asks where updates stand, if that is due. It opens no connection, but keeps the one that is open.
    pub(super) fn query_updates_state(&mut self, now: Now) {
        if self.stored.user.is_none() || self.closed {
            return self.cancel_updates_query();
        }
        let UpdatesQuery::Due(at) = self.updates_query else { return };
        if at > now.monotonic || !self.is_connected() {
            return;
        }
        let query = functions::updates::GetState {}.to_bytes();
        let home = self.home();
        // Updates come over this connection, and nothing else would reopen it.
        self.datacenter(home).set_kept_open(true);
        let id = self.send_internal(now, Requester::UpdatesState, home, query);
        self.updates_query = UpdatesQuery::Asked(id);
    }

    /// When the query is due, if only time is missing.
    pub(super) fn updates_query_due(&self) -> Option<Timestamp> {
        match self.updates_query {
            UpdatesQuery::Due(at) if self.is_connected() => Some(at),
            _ => None,
        }
    }

    /// The connection that carried the query ended: it is sent over the next.
    pub(super) fn restart_updates_query(&mut self) {
        if let UpdatesQuery::Asked(id) = self.updates_query {
            self.forget_question(id);
            self.updates_query = UpdatesQuery::Due(Timestamp::ZERO);
        }
    }

    /// No user is logged in any more.
    pub(super) fn cancel_updates_query(&mut self) {
        if let UpdatesQuery::Asked(id) = core::mem::take(&mut self.updates_query) {
            self.forget_question(id);
        }
    }

    /// The query was answered, or failed.
    pub(super) fn on_updates_state(&mut self, now: Now, id: RequestId) {
        let Some(answer) = self.requests.take(id) else { return };
        if self.updates_query != UpdatesQuery::Asked(id) {
            return;
        }
        let answer = answer.and_then(|body| Ok(enums::updates::State::from_bytes(body.expose())?));
        self.updates_query = match answer {
            Ok(enums::updates::State::State(state)) => {
                let state = UpdatesState {
                    pts: state.pts,
                    qts: state.qts,
                    date: state.date,
                    seq: state.seq,
                    unread_count: state.unread_count,
                };
                self.outputs.push_back(Output::Event(Event::UpdatesState(state)));
                self.updates_state_not_before = now.monotonic + policy::UPDATES_STATE_INTERVAL;
                UpdatesQuery::Idle
            }
            Err(error) => UpdatesQuery::Due(now.monotonic + retry::updates_state_retry_delay(&error)),
        };
    }

    fn forget_question(&mut self, id: RequestId) {
        self.drop_request(id);
        self.requests.remove(id);
    }

    /// Asks where the DCs are, if that is due. It opens no connection: the query goes along with others to the home DC.
    pub(super) fn query_config(&mut self, now: Now) {
        let ConfigQuery::Idle(from) = self.config_query else { return };
        let home = self.home();
        if from > now.monotonic
            || self.closed
            || !self.config.learn_addresses
            || !self.config.proxy_endpoints.is_empty()
            || !matches!(self.config.stream_mode, StreamMode::Plain | StreamMode::Obfuscated)
            || self.datacenters.get(&home).is_none_or(|datacenter| !datacenter.is_open())
            || self.stored.dc_options.expires > self.server_seconds(now)
        {
            return;
        }
        let id = self.send_internal(now, Requester::Config, home, functions::help::GetConfig {}.to_bytes());
        self.config_query = ConfigQuery::Asked(id);
    }

    /// The query was answered, or failed.
    pub(super) fn on_config(&mut self, now: Now, id: RequestId) {
        let Some(answer) = self.requests.take(id) else { return };
        if self.config_query != ConfigQuery::Asked(id) {
            return;
        }
        let answer = answer.and_then(|body| Ok(enums::Config::from_bytes(body.expose())?));
        let wait = match answer {
            Ok(enums::Config::Config(config)) => {
                let (is_telegram, seconds) =
                    (self.stored.servers == Servers::Telegram, self.server_seconds(now));
                self.stored.dc_options.take_config(&config, is_telegram, seconds);
                self.dirty = true;
                policy::CONFIG_QUERY_INTERVAL
            }
            Err(error) => retry::config_retry_delay(&error),
        };
        self.config_query = ConfigQuery::Idle(now.monotonic + wait);
        self.steps.retry_migrations(now.monotonic);
    }

    /// Whether the query is under way.
    pub(super) const fn is_config_query_pending(&self) -> bool {
        matches!(self.config_query, ConfigQuery::Asked(_))
    }

    /// The home DC pushed a list of addresses; an empty list means that it must be asked.
    pub(super) fn on_dc_options(&mut self, list: &[enums::DcOption]) {
        if list.is_empty() {
            self.stored.dc_options.expires = 0;
        } else if self.stored.dc_options.replace(list, self.stored.servers == Servers::Telegram) {
            self.dirty = true;
        }
    }

    /// The connection that carried the query ended, or is no longer the home DC's: it is sent over the next.
    pub(super) fn restart_config_query(&mut self) {
        if let ConfigQuery::Asked(id) = core::mem::take(&mut self.config_query) {
            self.drop_request(id);
            self.requests.remove(id);
        }
    }

    /// The server's time as the client knows it, in seconds since 1970.
    fn server_seconds(&self, now: Now) -> u64 {
        ServerClock::from_wall(now, self.stored.clock_offset).server_time(now).as_secs()
    }
}
