//! Sign-in flows as explicit states (`api/auth`, `api/srp`).
//!
//! A [`Flow`] is one step that a person takes: ask for a code, give it, give the password. It says which query to
//! send, is told the answer, and ends in an [`Outcome`]. It knows nothing of connections: whoever drives it sends
//! the queries, changes the DC where [`Progress::Migrate`] says so, waits where it says so, and runs [`HeavyTask`]s.
//! What lies between two steps can be put away as a [`PendingSignIn`].

mod answer;
mod code;
mod credentials;
mod error;
mod flow;
mod known;
mod outcome;
mod password;
mod pending;
mod phone;
mod sent_code;
pub(crate) mod typed;

pub use code::{CodeKind, CodeToken, InvalidCode, NextCodeKind};
pub use credentials::{ApiCredentials, BotToken, InvalidApiHash, InvalidBotToken};
pub use error::{Continuation, LoginError, PasswordParametersError};
pub use flow::{Flow, MAX_HOPS, Progress};
pub use known::{KNOWN_ERRORS, KnownError, known_error};
pub use outcome::{
    EmailCode, LoginLink, Outcome, PasswordHint, PasswordReset, RecoveryCode, SignUpRequired, TermsOfService,
    UserInfo,
};
pub use password::{HeavyOutcome, HeavyTask, NewPassword};
pub use pending::{PendingFormatError, PendingSignIn};
pub use phone::{InvalidPhone, PhoneNumber};
pub use typed::with_ascii_digits;
