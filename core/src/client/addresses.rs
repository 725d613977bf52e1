//! Asking the home DC where all DCs are (`help.getConfig`), and hearing of it (`updateDcOptions`, `updateConfig`).

use core::time::Duration;

use super::machine::Client;
use super::servers::Servers;
use super::updates::pause;
use crate::rpc::{RequestId, Requester};
use crate::session::ServerClock;
use crate::time::{Now, Timestamp};
use crate::tl::{Deserialize, Serialize, enums, functions};
use crate::transport::StreamMode;

/// How long to wait after an answer, however often the server says that it has changed.
const REST: Duration = Duration::from_secs(10);
/// How long to wait after a question that failed.
const PAUSE: Duration = Duration::from_secs(600);

/// The question, as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inquiry {
    /// It is asked from this time on, if the last answer has expired by then.
    Rests(Timestamp),
    /// It is this request.
    Asked(RequestId),
}

impl Default for Inquiry {
    fn default() -> Self {
        Self::Rests(Timestamp::ZERO)
    }
}

impl Client {
    /// Asks where the DCs are if that is due, together with what else goes to the home DC. No connection is made for it.
    pub(super) fn ask_addresses(&mut self, now: Now) {
        let Inquiry::Rests(from) = self.inquiry else { return };
        let home = self.home();
        if from > now.monotonic
            || self.closed
            || !self.config.learn_addresses
            || !self.config.proxy_endpoints.is_empty()
            || !matches!(self.config.stream_mode, StreamMode::Plain | StreamMode::Obfuscated)
            || self.links.get(&home).is_none_or(|link| link.main.conn().is_none())
            || self.data.dc_options.expires > self.server_seconds(now)
        {
            return;
        }
        let id = self.send_own(now, Requester::Addresses, home, functions::help::GetConfig {}.to_bytes());
        self.inquiry = Inquiry::Asked(id);
    }

    /// The question was answered, or failed.
    pub(super) fn addresses_answered(&mut self, now: Now, id: RequestId) {
        let Some(answer) = self.table.take(id) else { return };
        if self.inquiry != Inquiry::Asked(id) {
            return;
        }
        let answer = answer.and_then(|body| Ok(enums::Config::from_bytes(body.expose())?));
        let wait = match answer {
            Ok(enums::Config::Config(config)) => {
                let (is_telegram, seconds) =
                    (self.data.servers == Servers::Telegram, self.server_seconds(now));
                self.data.dc_options.take_config(&config, is_telegram, seconds);
                self.dirty = true;
                REST
            }
            Err(error) => pause(&error).max(PAUSE),
        };
        self.inquiry = Inquiry::Rests(now.monotonic + wait);
        self.steps.hurry_moves(now.monotonic);
    }

    /// Whether an answer is on its way.
    pub(super) const fn asks_addresses(&self) -> bool {
        matches!(self.inquiry, Inquiry::Asked(_))
    }

    /// The home DC pushed a list of addresses; an empty one asks to be asked.
    pub(super) fn addresses_told(&mut self, list: &[enums::DcOption]) {
        if list.is_empty() {
            self.data.dc_options.expires = 0;
        } else if self.data.dc_options.replace(list, self.data.servers == Servers::Telegram) {
            self.dirty = true;
        }
    }

    /// The connection that carried the question is gone, or is not the home DC's any more: it is asked on the next.
    pub(super) fn postpone_addresses(&mut self) {
        if let Inquiry::Asked(id) = core::mem::take(&mut self.inquiry) {
            self.drop_request(id);
            self.table.remove(id);
        }
    }

    /// The server's time, in seconds since 1970, as far as is known.
    fn server_seconds(&self, now: Now) -> u64 {
        ServerClock::from_wall(now, self.data.clock_offset).server_time(now).as_secs()
    }
}
