//! How a conversation continues after an error.

use sansgram_core::login::{Continuation, LoginError};

use crate::Error;

/// The same question takes another answer.
pub(crate) const fn asks_again(error: &Error) -> bool {
    matches!(error, Error::Login(_)) && matches!(error.continuation(), Continuation::AskAgain)
}

/// What was begun is of no more use: everything is asked for again. A QR code is not: the next one is asked for by a call.
pub(crate) const fn begins_again(error: &Error) -> bool {
    matches!(error.continuation(), Continuation::BeginAgain)
        && !matches!(error, Error::Login(LoginError::LinkExpired))
}

/// An answer to the first question that another one mends.
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
