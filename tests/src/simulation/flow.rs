//! The ways to log in.

use std::collections::BTreeSet;
use std::fmt;

use super::choice::Choice;

/// How the user logs in, with an account of the test DCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// By a bot's token; `elsewhere`: the bot is on another DC than the first.
    Bot {
        /// Whether the client has to migrate.
        elsewhere: bool,
    },
    /// By the code to a phone number of a DC.
    Phone {
        /// The DC of the account.
        dc: i32,
        /// What the account requires.
        account: Account,
    },
    /// By a QR code that a user of a DC scans.
    Qr {
        /// The DC of the account.
        dc: i32,
        /// Whether it has a password.
        password: bool,
    },
}

/// What a phone number's account requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// The code only.
    Plain,
    /// A password after it.
    Password,
    /// A code by e-mail.
    Email,
    /// An e-mail address, which is set up first.
    EmailSetUp,
    /// A sign-up: the number has no account.
    SignUp,
}

impl Flow {
    pub(super) fn choose(choice: &mut Choice) -> Self {
        let dc = choice.one_of(&[1, 2, 3]);
        Self::of_percent(choice.below(100), dc)
    }

    /// The names of all logins that are chosen.
    #[must_use]
    pub fn names() -> BTreeSet<&'static str> {
        (0..100).map(|percent| Self::of_percent(percent, 1).name()).collect()
    }

    const fn of_percent(percent: u64, dc: i32) -> Self {
        match percent {
            0..22 => Self::Bot { elsewhere: dc != 2 },
            22..48 => Self::Phone { dc, account: Account::Plain },
            48..51 => Self::Phone { dc, account: Account::Password },
            51..59 => Self::Phone { dc, account: Account::Email },
            59..67 => Self::Phone { dc, account: Account::EmailSetUp },
            67..82 => Self::Phone { dc, account: Account::SignUp },
            82..98 => Self::Qr { dc, password: false },
            _ => Self::Qr { dc, password: true },
        }
    }

    /// The phone number of the account; empty for a bot.
    #[must_use]
    pub fn phone(self) -> String {
        let (dc, variant) = match self {
            Self::Bot { .. } => return String::new(),
            Self::Qr { dc, password } => (dc, if password { 2 } else { 1 }),
            Self::Phone { dc, account } => (
                dc,
                match account {
                    Account::Plain => 1,
                    Account::Password => 2,
                    Account::Email => 7,
                    Account::EmailSetUp => 6,
                    Account::SignUp => 9,
                },
            ),
        };
        format!("99966{dc}000{variant}")
    }

    /// The bot's token.
    #[must_use]
    pub const fn token(self) -> &'static str {
        if matches!(self, Self::Bot { elsewhere: true }) { "2:elsewhere" } else { "1:sandbox" }
    }

    /// The user that the login must end with.
    #[must_use]
    pub fn user_id(self) -> i64 {
        match self {
            Self::Bot { elsewhere: false } => 1,
            Self::Bot { elsewhere: true } => 2,
            _ => self.phone().parse().unwrap_or_default(),
        }
    }

    /// Its name in the summary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bot { .. } => "bot",
            Self::Phone { account: Account::Plain, .. } => "phone",
            Self::Phone { account: Account::Password, .. } => "phone and password",
            Self::Phone { account: Account::Email, .. } => "e-mail",
            Self::Phone { account: Account::EmailSetUp, .. } => "e-mail set-up",
            Self::Phone { account: Account::SignUp, .. } => "sign-up",
            Self::Qr { password: false, .. } => "QR code",
            Self::Qr { password: true, .. } => "QR code and password",
        }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())?;
        match self {
            Self::Bot { elsewhere } => write!(f, "{}", if *elsewhere { " of DC 1" } else { " of DC 2" }),
            Self::Phone { dc, .. } | Self::Qr { dc, .. } => write!(f, " of DC {dc}"),
        }
    }
}
