//! Login as explicit states (`api/auth`, `api/srp`).
//!
//! A [`LoginFlow`] is one step of a login: to request a code, to submit it, to submit the password. Each step is defined once,
//! as a constructor of `LoginFlow`, and its output type holds exactly what the step can end in. A flow says which query to
//! send and takes the answer. It knows no connections: its caller sends the queries, changes the DC and waits as
//! [`Progress`] says, and runs [`PasswordKdfTask`]s. Between two steps, a login can be saved as a [`SavedLogin`].

mod answer;
mod code;
mod credentials;
mod error;
mod flow;
mod known;
mod outcome;
mod password;
mod phone;
mod qr_link;
mod saved;
mod sent_code_reply;
mod single_query;
mod state;
mod steps;
pub(crate) mod user_input;

pub use code::{CodeType, InvalidCode, SentCode, SentCodeType};
pub use credentials::{ApiCredentials, BotToken, InvalidApiHash, InvalidBotToken};
pub use error::{AnswerError, Continuation, LoginError, PasswordParametersError};
pub use flow::{LoginFlow, Progress};
pub use known::{KNOWN_ERRORS, KnownError, known_error};
pub(crate) use outcome::AccountChange;
pub use outcome::{
    EmailCode, LoginState, LoginStep, PasswordHint, PasswordReset, QrLoginOutcome, RecoveryCode,
    SendCodeOutcome, SignInOutcome, SignUpRequired, TermsOfService, UserInfo,
};
pub use password::{NewPassword, PasswordKdfOutput, PasswordKdfTask};
pub use phone::{InvalidPhone, PhoneNumber};
pub use qr_link::QrLink;
pub use saved::{SavedLogin, SavedLoginFormatError};
pub use state::{LoginContext, MAX_MIGRATIONS};
pub use user_input::with_ascii_digits;

pub use crate::crypto::srp::SrpError;
