//! The failures of the command and their exit codes. `advice` adds what to do about them.

use std::fmt;

use sansgram_runtime::Error;
use sansgram_runtime::core::client::{LogoutCause, RpcError};
use sansgram_tl_json::EncodeError;

/// Why the command ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The help or the version, or the help in place of a missing command.
    Clap(Box<clap::Error>),
    /// Wrong usage; exit code 2.
    Usage(String),
    /// Refused or failed; a sentence without a capital letter at its beginning and a full stop at its end. Exit code 1.
    Failed(String),
    /// The same, after a result on standard output that says so too: a login that waits for a value, a report with a failed
    /// check. `--json` prints no second object. Exit code 1.
    Incomplete(String),
    /// The arguments of a method do not fit the schema. Exit code 2.
    Arguments(Box<EncodeError>),
    /// The server refused a request of the user: the error and its sentence with advice. Exit code 1.
    Refused(Box<RpcError>, String),
    /// An error of the library, to which advice is added before it is printed. Exit code 1.
    Library(Box<Error>),
}

/// The exit code of [`Failure::Usage`] and [`Failure::Arguments`].
pub(crate) const USAGE_CODE: u8 = 2;
/// The exit code of every other failure.
pub(crate) const FAILED_CODE: u8 = 1;

impl Failure {
    /// Returns a failure with this sentence, see [`Failure::Failed`].
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self::Failed(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_, sentence)
            | Self::Usage(sentence)
            | Self::Failed(sentence)
            | Self::Incomplete(sentence) => f.write_str(sentence),
            Self::Arguments(error) => error.fmt(f),
            Self::Library(error) => error.fmt(f),
            Self::Clap(error) => error.fmt(f),
        }
    }
}

impl From<LogoutCause> for Failure {
    /// Uses the advice of the cause as the sentence.
    fn from(cause: LogoutCause) -> Self {
        let advice = cause.advice().trim_end_matches('.');
        let mut letters = advice.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
        Self::Failed(format!("{first}{}", letters.as_str()))
    }
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Self::Arguments(Box::new(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(Box::new(error))
    }
}
