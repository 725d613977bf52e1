//! Login as explicit states (`api/auth`, `api/srp`).
//!
//! A [`LoginStep`] is one step of a login: requesting a code, submitting it, or submitting the password. Each step is
//! defined once, as a constructor of `LoginStep`, and its outcome type holds exactly what the step can end in. A step
//! returns the queries to send and processes the answers. It has no connections: its driver sends the queries, changes the
//! DC and waits as [`StepAction`] says, and runs [`PasswordKdfTask`]s. [`LoginProgress`] is what a login has reached between
//! two steps; it can be saved as a [`SavedLogin`].

mod answer;
mod code;
mod credentials;
mod error;
mod known;
mod outcome;
mod password;
mod phone;
mod qr_link;
mod saved;
mod sent_code_reply;
mod single_query;
mod state;
mod step;
mod steps;
pub(crate) mod user_input;

pub use code::{CodeType, InvalidCode, SentCode, SentCodeType};
pub use credentials::{ApiCredentials, BotToken, InvalidApiHash, InvalidBotToken};
pub use error::{AnswerError, Continuation, LoginError, PasswordParametersError};
pub use known::{KNOWN_ERRORS, KnownError, known_error};
pub(crate) use outcome::AccountChange;
pub use outcome::{
    EmailCode, LoginProgress, PasswordHint, PasswordReset, RecoveryCode, SendCodeOutcome, SignUpRequired,
    TermsOfService, UserInfo,
};
pub use password::{NewPassword, PasswordKdfOutput, PasswordKdfTask};
pub use phone::{InvalidPhone, PhoneNumber};
pub use qr_link::QrLink;
pub use saved::{SavedLogin, SavedLoginFormatError};
pub use state::{LoginContext, MAX_MIGRATIONS};
pub use step::{LoginStep, StepAction};
pub use steps::*;
pub use user_input::with_ascii_digits;

pub use crate::crypto::srp::SrpError;
