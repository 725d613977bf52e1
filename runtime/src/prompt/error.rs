//! Why a prompt has no answer.

use std::io;

use super::question::Question;
use crate::text::printable;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// Standard input is no terminal, or nothing can be shown on one.
    #[error(
        "there is no terminal to ask on: give the phone number, the code and the password, or the bot token, as \
         values instead"
    )]
    NoTerminal,
    /// The input ended (Ctrl-D).
    #[error("the input ended before the login was complete; start it again to go on")]
    Ended,
    /// The person broke it off (Ctrl-C).
    #[error("the login was interrupted; start it again to go on")]
    Interrupted,
    /// No value was given for what is asked.
    #[error("no {} was given", .0.name())]
    NoValue(Question),
    /// The value that was given is wrong, and there is no other.
    #[error("the {} that was given is not accepted: {reason}", .question.name())]
    WrongValue {
        /// What was asked.
        question: Question,
        /// What was said about the value.
        reason: String,
    },
    /// The operating system reported an error.
    #[error("the terminal cannot be used: {0}")]
    Io(io::Error),
    /// A reason of the prompt's own, in one sentence without a full stop.
    #[error("{}", printable(.0))]
    Other(String),
}

// Not by `#[from]`: what a text says already is no source of it.
impl From<io::Error> for PromptError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
