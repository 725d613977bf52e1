//! The rules, as what breaks them.

use std::time::Duration;

use sansgram_testkit::server::Refusal;

use crate::secret_scan::Leak;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server's result.
    Answered,
    /// The result of the server has other bytes than those of this method.
    WrongAnswer,
    /// The server's error: it was not executed.
    Refused,
    /// An error that says that the server cannot have executed it.
    NotSent,
    /// An error that says that the server may have executed it.
    MayBeExecuted,
    /// Its outcome is unknown.
    Unknown,
    /// It was cancelled, since the client was closed.
    Cancelled,
}

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A request with the policy Fail was executed again.
    #[error("request {0}, which must not be executed twice, was executed {1} times")]
    ExecutedTwice(i64, u32),
    /// A request was executed that no process of the client had taken.
    #[error("request {0} was executed, but the client had not taken it")]
    ExecutedUntaken(i64),
    /// A request was answered without having been executed.
    #[error("request {0} was answered, but not executed")]
    AnsweredUnexecuted(i64),
    /// A request got an answer of another method.
    #[error("request {0} got the answer of another method")]
    WrongAnswer(i64),
    /// A request was executed though its result says that it was not.
    #[error("request {0} ended with {1:?}, but was executed")]
    ExecutedAlthough(i64, Outcome),
    /// A request ended in a way that its policy excludes.
    #[error("request {0} ended with {1:?}, which its policy excludes")]
    OutcomeAgainstPolicy(i64, Outcome),
    /// A request was executed before the one that it must follow.
    #[error("request {0} was executed before {1}, which it must follow")]
    OutOfOrder(i64, i64),
    /// The client reported the end of a request twice, of a cancelled one, or of one that was never made.
    #[error("the client reported the end of {0}, which is {1}")]
    SurplusCompletion(u64, &'static str),
    /// The client reported an end, but had no result.
    #[error("the client reported the end of request {0}, but has no result")]
    NoResult(i64),
    /// A quick ack of a request that requested none.
    #[error("the client reported a quick ack of {0}, which did not request one")]
    SurplusQuickAck(u64),
    /// A request was pending after its time limit.
    #[error("request {0} is pending at {1:?}, but its time limit was {2:?}")]
    AfterTimeLimit(i64, Duration, Duration),
    /// A msg_id stands for two messages.
    #[error("msg_id {msg_id:#x} of session {session_id:#x} was used for two messages")]
    MsgIdReused {
        /// The session.
        session_id: i64,
        /// The identifier.
        msg_id: u64,
    },
    /// Two processes of the client used the same session.
    #[error("session {0:#x} was used by two processes")]
    SessionReused(i64),
    /// A msg_id is not above those before it.
    #[error("msg_id {msg_id:#x} of session {session_id:#x} came after {before:#x}")]
    MsgIdFell {
        /// The session.
        session_id: i64,
        /// The identifier.
        msg_id: u64,
        /// The one before it.
        before: u64,
    },
    /// A server refused something that a correct client never sends.
    #[error("a server refused what a correct client never sends: {0}")]
    ClientsFault(Refusal),
    /// The client put something out after it was closed.
    #[error("the client put out {0} after it was closed")]
    OutputAfterClose(&'static str),
    /// The login ended with another user.
    #[error("the login of {1} ended with user {0}")]
    OtherUser(i64, i64),
    /// A damaged session was read as if it were whole.
    #[error("a session that was not saved completely was read as if it were")]
    TornSession,
    /// The client printed a secret.
    #[error("the client printed: {0}")]
    Secret(Leak),
    /// The client held more memory than it may.
    #[error("the client held {0} bytes with {1} requests")]
    Memory(usize, usize),
    /// The login was not reached after the faults.
    #[error("no login {0:?} after the faults: {1}")]
    NotLoggedIn(Duration, String),
    /// Requests were not answered after the faults.
    #[error("requests {0:?} were pending {1:?} after the faults")]
    Stuck(Vec<i64>, Duration),
    /// The client refused to take a request after the faults.
    #[error("the client did not take request {0}, which was made after the faults")]
    NotTakenInCalm(i64),
    /// A request that was made after the faults did not succeed.
    #[error("request {0} was made after the faults, and ended with {1:?}")]
    FailedInCalm(i64, Outcome),
    /// The machines made more steps than they may.
    #[error("more than {0} steps were made")]
    Steps(u64),
    /// The code panicked.
    #[error("it panicked: {0}")]
    Panic(String),
}
