//! The errors of the client's methods.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sansgram_core::client::{ApiMisuse, DcId, DisconnectReason, InvokeError, RpcError, WrongServers};
use sansgram_core::login::{Continuation, LoginError, SignUpRequired};

use crate::{PromptError, StoreError};

/// The reason why a call of the [`Client`](crate::Client) failed, in one sentence that says what to do. `Debug` prints
/// the same sentence, so that a `main` that returns the error prints a useful message.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A step of the login failed; the login can be tried again.
    #[error(transparent)]
    Login(LoginError),
    /// A request failed.
    #[error(transparent)]
    Invoke(InvokeError),
    /// The call is invalid; nothing was done.
    #[error(transparent)]
    Misuse(ApiMisuse),
    /// No connection to the home DC could be opened, or none lasted.
    #[error("{dc} cannot be reached: {reason}")]
    Unreachable {
        /// The home DC.
        dc: DcId,
        /// The error of the last attempt.
        reason: DisconnectReason,
    },
    /// The session could not be loaded or saved. A login that fails with this error was not started, as the auth key
    /// was not stored; if only the result of the login could not be stored, [`Client::save`](crate::Client::save) tries
    /// to save it again. With [`StoreError::LeaseLost`], the client has ended without sending anything more.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The session has keys of other servers than the servers in the configuration. Nothing was sent.
    #[error(transparent)]
    WrongServers(#[from] WrongServers),
    /// A question of an interactive login could not be answered.
    #[error(transparent)]
    Prompt(Arc<PromptError>),
    /// The same question of an interactive login was answered wrongly too often.
    #[error("too many wrong answers ({0}); start the login again")]
    TooManyTries(u32),
    /// The account does not exist yet, and was not created.
    #[error("no account has this number, and the sign-up was not confirmed; start again to create one")]
    SignUpRequired(Box<SignUpRequired>),
    /// The client was disconnected, or its runtime was shut down.
    #[error("the client has stopped; start a new one to continue")]
    Stopped,
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error {
    /// Returns how long to wait before the same request is sent again, if the server refused a step of a login or a
    /// request for that reason (`FLOOD_WAIT_X` and similar errors).
    #[must_use]
    pub fn flood_wait(&self) -> Option<Duration> {
        match self {
            Self::Login(LoginError::FloodWait(wait) | LoginError::TooFresh(wait)) => Some(*wait),
            // Slow mode in a chat is not a flood.
            _ => self.rpc().filter(|error| error.name.starts_with("FLOOD_"))?.wait(),
        }
    }

    /// Returns the server's refusal if [`LoginError`] has no variant for it.
    #[must_use]
    pub const fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Login(error) => error.rpc(),
            Self::Invoke(InvokeError::Rpc(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns how a login continues after this error. An error other than a [`LoginError`] does not end the login: it
    /// can be resumed once the network, the store or the prompt works again.
    #[must_use]
    pub const fn continuation(&self) -> Continuation {
        match self {
            Self::Login(error) => error.continuation(),
            Self::TooManyTries(_) | Self::SignUpRequired(_) => Continuation::AskAgain,
            _ => Continuation::Wait,
        }
    }

    /// Returns which DC cannot be reached and why, if that is the reason of the error.
    #[must_use]
    pub const fn unreachable(&self) -> Option<(DcId, &DisconnectReason)> {
        match (self, self.invoke()) {
            (Self::Unreachable { dc, reason }, _)
            | (_, Some(InvokeError::Unreachable { dc, reason, .. })) => Some((*dc, reason)),
            _ => None,
        }
    }

    /// Returns the error of the request, which either a caller or a login sent.
    const fn invoke(&self) -> Option<&InvokeError> {
        match self {
            Self::Invoke(error) | Self::Login(LoginError::Invoke(error)) => Some(error),
            _ => None,
        }
    }
}

// A pending request is only cancelled if the client stops.

impl From<InvokeError> for Error {
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::Cancelled => Self::Stopped,
            error => Self::Invoke(error),
        }
    }
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Invoke(InvokeError::Cancelled) => Self::Stopped,
            error => Self::Login(error),
        }
    }
}

impl From<ApiMisuse> for Error {
    fn from(misuse: ApiMisuse) -> Self {
        match misuse {
            ApiMisuse::Closed => Self::Stopped,
            misuse => Self::Misuse(misuse),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<PromptError> for Error {
    fn from(error: PromptError) -> Self {
        Self::Prompt(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use sansgram_core::client::{Delivery, IoFailure};
    use sansgram_core::login::{BotToken, PasswordParametersError, PhoneNumber, SrpError};
    use sansgram_core::tl::DecodeError;

    use super::*;

    fn refusal(message: &str) -> InvokeError {
        InvokeError::Rpc(RpcError::parse(420, message))
    }

    /// `Debug` prints the error with all its causes, as a report does.
    #[test]
    fn an_error_says_its_cause_once() {
        let phone = PhoneNumber::parse("1").unwrap_err();
        let token = BotToken::parse("1").unwrap_err();
        let parameters = PasswordParametersError::Value(SrpError::BRange);
        let disk = StoreError::Other("the disk is full".into());
        let reason = DisconnectReason::ReadTimeout;
        let unreachable = Error::Unreachable { dc: DcId::new(2).unwrap(), reason: reason.clone() };
        for (cause, error) in [
            (phone.to_string(), Error::from(LoginError::from(phone))),
            (token.to_string(), LoginError::from(token).into()),
            ("STRANGE".into(), LoginError::from(refusal("STRANGE")).into()),
            (SrpError::BRange.to_string(), LoginError::from(parameters).into()),
            (DecodeError::UnexpectedEnd.to_string(), InvokeError::from(DecodeError::UnexpectedEnd).into()),
            (ApiMisuse::QueueFull.to_string(), ApiMisuse::QueueFull.into()),
            ("the disk is full".into(), StoreError::Other(Box::new(disk)).into()),
            ("broken pipe".into(), PromptError::from(io::Error::from(io::ErrorKind::BrokenPipe)).into()),
            (reason.to_string(), unreachable),
        ] {
            assert_eq!(format!("{error:?}").matches(&cause).count(), 1, "{error:?}: {cause}");
        }
    }

    /// Formats the error as `main` prints it.
    #[test]
    fn debug_says_what_to_do() {
        let error = Error::from(PromptError::NoTerminal);
        assert!(format!("{error:?}").starts_with("there is no terminal to ask on: give"), "{error:?}");
        let error = Error::from(StoreError::Other("the disk is full".into()));
        assert!(format!("{error:?}").ends_with("the disk is full"), "{error:?}");
    }

    #[test]
    fn the_accessors_find_a_condition_in_every_variant() {
        let wait = Duration::from_secs(300);
        for message in ["FLOOD_WAIT_300", "FLOOD_PREMIUM_WAIT_300"] {
            assert_eq!(Error::from(refusal(message)).flood_wait(), Some(wait));
        }
        assert_eq!(Error::from(LoginError::FloodWait(wait)).flood_wait(), Some(wait));
        for error in [Error::from(refusal("FLOOD_WAIT")), refusal("SLOWMODE_WAIT_300").into(), Error::Stopped]
        {
            assert_eq!(error.flood_wait(), None);
        }

        let strange = RpcError::parse(420, "STRANGE_7");
        assert_eq!(Error::from(refusal("STRANGE_7")).rpc(), Some(&strange));
        assert_eq!(Error::from(LoginError::from(refusal("STRANGE_7"))).rpc(), Some(&strange));
        assert_eq!(Error::from(LoginError::CodeInvalid).rpc(), None);

        let (dc, reason) = (DcId::new(2).unwrap(), DisconnectReason::Network(IoFailure::Refused));
        let invoke = InvokeError::Unreachable { dc, reason: reason.clone(), delivery: Delivery::Queued };
        for error in [
            Error::Unreachable { dc, reason: reason.clone() },
            invoke.clone().into(),
            LoginError::from(invoke).into(),
        ] {
            assert_eq!(error.unreachable(), Some((dc, &reason)));
        }
        assert_eq!(Error::from(refusal("STRANGE")).unreachable(), None);
    }
}
