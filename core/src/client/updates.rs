//! Updates: the server pushes them to a session that asked where they stand (`updates.getState`, `api/updates`).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::io::{Event, Output};
use super::machine::Client;
use crate::rpc::{InvokeError, RequestId, Requester};
use crate::time::{Now, Timestamp};
use crate::tl::{Deserialize, Serialize, enums, functions};

/// How long to wait before the question is asked again after it failed, unless the server names a longer time.
const PAUSE: Duration = Duration::from_secs(60);
/// How long to wait after an answer, however many sessions the server makes.
const REST: Duration = Duration::from_secs(1);

/// How many updates wait to be taken, and how many bytes they have, 16 MiB; beyond it the oldest are dropped, as if they
/// had been missed. A message that was packed may be a thousand times as large as its packet.
const MOST: (usize, usize) = (1024, 16 << 20);

/// Where the updates of an account stand (`updates.state`): whoever kept an earlier state asks for what lies between
/// (`updates.getDifference`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdatesState {
    /// How many events the account's common message box has seen.
    pub pts: i32,
    /// The same of secret chats and of what bots are sent.
    pub qts: i32,
    /// The server's time, in seconds since 1970.
    pub date: i32,
    /// The number of the last container of updates.
    pub seq: i32,
    /// How many messages are unread.
    pub unread_count: i32,
}

/// The question where updates stand, as far as it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Subscription {
    /// It needs not be asked: nobody is logged in, or the server's session was asked already.
    #[default]
    Rests,
    /// It is asked from this time on, once there is a connection.
    Due(Timestamp),
    /// It is this request.
    Asked(RequestId),
}

/// Updates that wait to be taken, oldest first.
#[derive(Default)]
pub(super) struct Backlog {
    updates: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Backlog {
    /// Adds an update; `false`: older ones were dropped for it.
    pub(super) fn push(&mut self, update: &[u8]) -> bool {
        self.updates.push_back(update.to_vec());
        self.bytes += update.len();
        let mut all_kept = true;
        while self.updates.len() > MOST.0 || (self.bytes > MOST.1 && self.updates.len() > 1) {
            self.take();
            all_kept = false;
        }
        all_kept
    }

    /// Takes the oldest.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let oldest = self.updates.pop_front()?;
        self.bytes -= oldest.len();
        Some(oldest)
    }

    pub(super) fn len(&self) -> usize {
        self.updates.len()
    }
}

impl Client {
    /// The server must be asked where updates stand: somebody logged in, or the server made a new session, which knows
    /// nothing of the old one's subscription.
    pub(super) fn want_updates(&mut self) {
        // What is asked already is executed in the new session, too.
        if self.config.updates && self.subscription == Subscription::Rests {
            self.subscription = Subscription::Due(self.rests_until);
        }
    }

    /// Asks where updates stand, where that is due. No connection is made for it, but from then on there is to be one.
    pub(super) fn subscribe(&mut self, now: Now) {
        if self.data.user.is_none() || self.closed {
            return self.unsubscribe();
        }
        let Subscription::Due(at) = self.subscription else { return };
        if at > now.monotonic || !self.is_connected() {
            return;
        }
        let query = functions::updates::GetState {}.to_bytes();
        let home = self.home();
        // Nothing else would bring the connection back by which updates come.
        self.link(home).keep = true;
        let id = self.send_own(now, Requester::Updates, home, query);
        self.subscription = Subscription::Asked(id);
    }

    /// When it is to be asked, as far as that is a matter of time.
    pub(super) fn subscription_due(&self) -> Option<Timestamp> {
        match self.subscription {
            Subscription::Due(at) if self.is_connected() => Some(at),
            _ => None,
        }
    }

    /// The connection that carried the question is gone: it is asked on the next.
    pub(super) fn postpone_updates(&mut self) {
        if let Subscription::Asked(id) = self.subscription {
            self.forget_question(id);
            self.subscription = Subscription::Due(Timestamp::ZERO);
        }
    }

    /// Nobody is logged in any more.
    pub(super) fn unsubscribe(&mut self) {
        if let Subscription::Asked(id) = core::mem::take(&mut self.subscription) {
            self.forget_question(id);
        }
    }

    /// The question was answered, or failed.
    pub(super) fn updates_answered(&mut self, now: Now, id: RequestId) {
        let Some(answer) = self.table.take(id) else { return };
        if self.subscription != Subscription::Asked(id) {
            return;
        }
        let answer = answer.and_then(|body| Ok(enums::updates::State::from_bytes(body.expose())?));
        self.subscription = match answer {
            Ok(enums::updates::State::State(state)) => {
                let state = UpdatesState {
                    pts: state.pts,
                    qts: state.qts,
                    date: state.date,
                    seq: state.seq,
                    unread_count: state.unread_count,
                };
                self.outputs.push_back(Output::Event(Event::UpdatesState(state)));
                self.rests_until = now.monotonic + REST;
                Subscription::Rests
            }
            Err(error) => Subscription::Due(now.monotonic + pause(&error)),
        };
    }

    fn forget_question(&mut self, id: RequestId) {
        self.drop_request(id);
        self.table.remove(id);
    }
}

pub(super) fn pause(error: &InvokeError) -> Duration {
    let InvokeError::Rpc(error) = error else { return PAUSE };
    let flood = error.value.filter(|_| error.code == 420).and_then(|seconds| u64::try_from(seconds).ok());
    flood.map_or(PAUSE, |seconds| PAUSE.max(Duration::from_secs(seconds)))
}
