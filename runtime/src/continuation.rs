//! How a conversation continues after an error.

use sansgram_core::login::{Continuation, LoginError};

use crate::Error;

/// Returns whether the same question is asked again.
pub(crate) const fn asks_again(error: &Error) -> bool {
    matches!(error, Error::Login(_)) && matches!(error.continuation(), Continuation::AskAgain)
}

/// Returns whether the login starts again with the first question. An expired QR code does not count: the next call
/// requests another.
pub(crate) const fn starts_over(error: &Error) -> bool {
    matches!(error.continuation(), Continuation::StartOver)
        && !matches!(error, Error::Login(LoginError::QrCodeExpired))
}

/// Returns whether the answer to the first question was wrong, so that another one may be accepted.
pub(crate) const fn asks_for_another_identity(error: &Error) -> bool {
    matches!(
        error,
        Error::Login(
            LoginError::PhoneForm(_)
                | LoginError::PhoneInvalid
                | LoginError::PhoneBanned
                | LoginError::PhoneFlood
                | LoginError::BotTokenForm(_)
                | LoginError::BotTokenInvalid
                | LoginError::BotTokenExpired
        )
    )
}
