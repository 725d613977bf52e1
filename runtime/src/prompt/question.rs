//! The questions of a login.

/// A kind of question that a login asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Question {
    /// A phone number, a bot token, or `qr`.
    Identity,
    /// The confirmation of the phone number: `y` or `n`.
    ConfirmPhone,
    /// The code that was sent by telephone or to another application; `resend` or `cancel` are accepted too.
    Code,
    /// The e-mail address to set up.
    Email,
    /// The code that was sent by e-mail.
    EmailCode,
    /// The password.
    Password,
    /// Whether to send a code by e-mail to recover the forgotten password: `y` or `n`.
    ConfirmRecovery,
    /// The code that was sent by e-mail to recover the password.
    RecoveryCode,
    /// A new password in place of the forgotten one; empty for no password.
    NewPassword,
    /// Whether to remove the password of the account: `y` or `n`.
    ConfirmNoPassword,
    /// Whether to sign up under the terms that were shown: `y` or `n`.
    AcceptTerms,
    /// The first name of a new user.
    FirstName,
    /// The last name of a new user; may be empty.
    LastName,
}

impl Question {
    /// Returns whether the answer must not be visible.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::NewPassword)
    }

    /// Returns the name of the answer.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "phone number or bot token",
            Self::ConfirmPhone => "confirmation of the phone number",
            Self::Code => "login code",
            Self::Email => "e-mail address",
            Self::EmailCode => "code from the e-mail",
            Self::Password => "password",
            Self::ConfirmRecovery => "confirmation of the password recovery",
            Self::RecoveryCode => "recovery code",
            Self::NewPassword => "new password",
            Self::ConfirmNoPassword => "confirmation to remove the password",
            Self::AcceptTerms => "consent to the terms of service",
            Self::FirstName => "first name",
            Self::LastName => "last name",
        }
    }
}
