//! The reference model: what must hold after every step, however the network, the servers and the clocks behave.
//!
//! It knows nothing of the client. The runner tells it what the application did, what the client reported and what the
//! servers received, as [`Observation`]s, and it answers with the [`Violation`] of the first rule that is broken.

mod issued;
mod messages;
mod requests;
#[cfg(test)]
mod tests;
mod violation;

use std::time::Duration;

use sansgram_testkit::server::{ReceivedMessage, Refusal};

pub use self::issued::IssuedRequest;
use self::messages::Messages;
use self::requests::Requests;
pub use self::violation::{Outcome, Violation};
use crate::secret_scan::Leak;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// The application made a request.
    Issued(IssuedRequest),
    /// The client refused to take a request.
    NotTaken(i64),
    /// The application cancelled a request.
    Cancelled(i64),
    /// The client reported that a request or login step has ended; `is_step` if it is a step that runs.
    Completed {
        /// The client's identifier.
        id: u64,
        /// Whether a login step that was started has this identifier.
        is_step: bool,
    },
    /// The application took the result of a request; `None` if there was none.
    Taken(i64, Option<Outcome>),
    /// The client reported a quick ack.
    QuickAck(u64),
    /// A server executed a request.
    Executed(i64),
    /// A server received a message.
    Received(ReceivedMessage),
    /// A server refused something.
    Refused(Refusal),
    /// Another process of the client has started, and knows nothing of the requests of the last one.
    Restarted,
    /// The application closed the client.
    Closed,
    /// The client put something out that is no timer; its kind.
    PutOut(&'static str),
    /// A login has ended: the user who is logged in, and the one whose login it was.
    LoggedIn {
        /// The user of the client.
        user: i64,
        /// The account of the login.
        expected: i64,
    },
    /// A session that was not saved completely was read.
    TornSessionRead,
    /// A secret was found in what the client printed.
    SecretPrinted(Leak),
    /// The memory that the client held, in bytes, and the number of requests that it knew.
    Held {
        /// Bytes.
        bytes: usize,
        /// Requests that are pending or were not taken.
        requests: usize,
    },
    /// This much virtual time has passed.
    Time(Duration),
    /// The faults have stopped. From now on all must succeed.
    Calm,
}

/// The state that follows from the observations.
#[derive(Debug, Default)]
pub struct Model {
    requests: Requests,
    messages: Messages,
    calm: bool,
    closed: bool,
}

/// The memory that a client may hold without requests, in bytes: buffers that are kept until it is idle, and up to 1,024
/// short updates that the application has not taken.
const HELD_IDLE: usize = 1024 * 1024;
/// The memory that each of its requests may need, in bytes.
const HELD_PER_REQUEST: usize = 4 * 1024;

impl Model {
    /// Takes note of an observation.
    ///
    /// # Errors
    /// Returns the [`Violation`] if it breaks a rule.
    pub fn observe(&mut self, observation: Observation) -> Result<(), Violation> {
        match observation {
            Observation::Issued(request) => {
                self.requests.issue(request, self.calm);
                Ok(())
            }
            Observation::NotTaken(number) if self.calm => Err(Violation::NotTakenInCalm(number)),
            Observation::NotTaken(_) => Ok(()),
            Observation::Cancelled(number) => {
                self.requests.cancel(number);
                Ok(())
            }
            Observation::Completed { is_step: true, .. } => Ok(()),
            Observation::Completed { id, is_step: false } => self.requests.complete(id),
            Observation::Taken(number, outcome) => self.requests.take(number, outcome, self.closed),
            Observation::QuickAck(id) => self.requests.quick_ack(id),
            Observation::Executed(number) => self.requests.execute(number),
            Observation::Received(message) => self.messages.receive(&message),
            Observation::Refused(refusal) if refusal.is_clients_fault() => {
                Err(Violation::ClientsFault(refusal))
            }
            Observation::Refused(_) => Ok(()),
            Observation::Restarted => {
                self.requests.lose_process();
                Ok(())
            }
            Observation::Closed => {
                self.closed = true;
                Ok(())
            }
            Observation::PutOut(kind) if self.closed => Err(Violation::OutputAfterClose(kind)),
            Observation::PutOut(_) => Ok(()),
            Observation::LoggedIn { user, expected } if user != expected => {
                Err(Violation::OtherUser(user, expected))
            }
            Observation::LoggedIn { .. } => Ok(()),
            Observation::TornSessionRead => Err(Violation::TornSession),
            Observation::SecretPrinted(leak) => Err(Violation::Secret(leak)),
            Observation::Held { bytes, requests } if bytes > HELD_IDLE + requests * HELD_PER_REQUEST => {
                Err(Violation::Memory(bytes, requests))
            }
            Observation::Held { .. } => Ok(()),
            Observation::Time(now) => self.requests.check_time_limits(now),
            Observation::Calm => {
                self.calm = true;
                Ok(())
            }
        }
    }

    /// The requests of this process that have not ended, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = i64> + '_ {
        self.requests.pending()
    }

    /// The number of a request of this process.
    #[must_use]
    pub fn number_of(&self, id: u64) -> Option<i64> {
        self.requests.number_of(id)
    }

    /// Checks what can only be known once nothing is under way any more.
    ///
    /// # Errors
    /// Returns the [`Violation`] if a rule is broken.
    pub fn finish(&self) -> Result<(), Violation> {
        self.requests.finish()
    }
}
