//! Login flows as explicit states (`api/auth`, `api/srp`).
//!
//! A [`LoginFlow`] is one step that a person takes: ask for a code, give it, give the password. It says which query to
//! send, is told the answer, and ends in an [`Outcome`]. It knows nothing of connections: whoever drives it sends
//! the queries, changes the DC where [`Progress::Migrate`] says so, waits where it says so, and runs [`PasswordKdfTask`]s.
//! What lies between two steps can be put away as a [`SavedLogin`].

mod answer;
mod code;
mod credentials;
mod error;
mod flow;
mod known;
mod outcome;
mod password;
mod phone;
mod saved;
mod sent_code;
pub(crate) mod typed;

pub use code::{CodeType, InvalidCode, SentCode, SentCodeType};
pub use credentials::{ApiCredentials, BotToken, InvalidApiHash, InvalidBotToken};
pub use error::{Continuation, LoginError, PasswordParametersError};
pub use flow::{LoginFlow, MAX_HOPS, Progress};
pub use known::{KNOWN_ERRORS, KnownError, known_error};
pub use outcome::{
    EmailCode, Outcome, PasswordHint, PasswordReset, QrLink, RecoveryCode, SignUpRequired, TermsOfService,
    UserInfo,
};
pub use password::{NewPassword, PasswordKdfOutput, PasswordKdfTask};
pub use phone::{InvalidPhone, PhoneNumber};
pub use saved::{SavedLogin, SavedLoginFormatError};
pub use typed::with_ascii_digits;
