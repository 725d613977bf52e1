//! The questions of a login.

/// What a question of a login is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Question {
    /// A phone number, a bot's token, or `qr`.
    Identity,
    /// Whether the phone number is right: `y` or `n`.
    ConfirmPhone,
    /// The code that was sent by telephone or to another application; or `resend`, or `cancel`.
    Code,
    /// The e-mail address to set up.
    Email,
    /// The code that was sent by e-mail.
    EmailCode,
    /// The password.
    Password,
    /// Whether a code is to be sent by e-mail, to recover the forgotten password with: `y` or `n`.
    ConfirmRecovery,
    /// The code that was sent by e-mail to recover the password with.
    RecoveryCode,
    /// A new password in place of the forgotten one; empty for none.
    NewPassword,
    /// Whether the account is to have no password from now on: `y` or `n`.
    ConfirmNoPassword,
    /// Whether to sign up under the terms that were shown: `y` or `n`.
    AcceptTerms,
    /// A newcomer's first name.
    FirstName,
    /// A newcomer's last name; may be empty.
    LastName,
}

impl Question {
    /// Whether nothing of the answer may be seen.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::NewPassword)
    }

    /// What the answer is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "phone number or bot token",
            Self::ConfirmPhone => "confirmation of the phone number",
            Self::Code => "login code",
            Self::Email => "e-mail address",
            Self::EmailCode => "code from the e-mail",
            Self::Password => "password",
            Self::ConfirmRecovery => "consent to a recovery of the password",
            Self::RecoveryCode => "recovery code",
            Self::NewPassword => "new password",
            Self::ConfirmNoPassword => "consent to have no password",
            Self::AcceptTerms => "consent to the terms of service",
            Self::FirstName => "first name",
            Self::LastName => "last name",
        }
    }
}
