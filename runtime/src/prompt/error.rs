//! The errors of prompts.

use std::io;

use super::question::Question;
use crate::text::printable;

/// The reason why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// Standard input is not a terminal, or nothing can be shown on one.
    #[error(
        "there is no terminal to ask on: give the phone number, the code and the password, or the bot token, as \
         values instead"
    )]
    NoTerminal,
    /// The input ended (Ctrl-D).
    #[error("the input ended before the login was complete; start it again to continue")]
    EndOfInput,
    /// The user interrupted the question (Ctrl-C).
    #[error("the login was interrupted; start it again to continue")]
    Interrupted,
    /// No value was set for the question.
    #[error("no {} was given", .0.name())]
    NoValue(Question),
    /// The value that was set is wrong, and there is no other.
    #[error("the {} that was given is not accepted: {reason}", .question.name())]
    WrongValue {
        /// The question.
        question: Question,
        /// The reason why the value was rejected.
        reason: String,
    },
    /// The operating system reported an error.
    #[error("the terminal cannot be used: {0}")]
    Io(io::Error),
    /// Another reason, from the prompt itself, in one sentence without a full stop.
    #[error("{}", printable(.0))]
    Other(String),
}

// Not `#[from]`: the message already contains the text, so it is not a source.
impl From<io::Error> for PromptError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
