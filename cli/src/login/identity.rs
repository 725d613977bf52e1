//! The user to log in, from options, standard input or the environment. Options take precedence.

use sansgram_runtime::core::Secret;

use super::args::LoginArgs;
use crate::environment::{self, BOT_TOKEN, CODE, PASSWORD, PHONE};
use crate::error::Failure;
use crate::stdin_values::{Line, Lines};

/// The user to log in.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// A login that is saved, or else the user who answers the questions.
    Ask,
    /// The user of the saved login; the given values answer the next questions.
    Resume,
    /// The person with this number.
    Phone(Secret<String>),
    /// The bot with this token.
    Bot(Secret<String>),
    /// The user who scans a QR code; in a sandbox, the account of this number scans it.
    Qr(Option<Secret<String>>),
}

/// The given values.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) code: Option<Secret<String>>,
    pub(crate) password: Option<Secret<String>>,
    /// The values that are read from standard input once they are needed.
    pub(crate) lines: Lines,
}

impl Given {
    pub(crate) fn has_code(&self) -> bool {
        self.code.is_some() || self.lines.contains(Line::Code)
    }

    pub(crate) fn has_password(&self) -> bool {
        self.password.is_some() || self.lines.contains(Line::Password)
    }

    /// Returns whether there is a code or a password.
    pub(crate) fn has_any(&self) -> bool {
        self.has_code() || self.has_password()
    }

    /// Adds values from the environment that are not given otherwise.
    fn add_environment(&mut self) -> Result<(), Failure> {
        if !self.has_code() {
            self.code = environment::or(None, CODE)?;
        }
        if !self.has_password() {
            self.password = environment::or(None, PASSWORD)?;
        }
        Ok(())
    }
}

/// Reads the identity. Reads only the values from standard input that name a user.
pub(crate) fn read(args: &mut LoginArgs) -> Result<(Identity, Given), Failure> {
    let mut lines = args.stdin_lines();
    let mut read_line = |line: Line| {
        let wanted = lines.contains(line);
        wanted.then(|| lines.read(line)).transpose().map_err(Failure::Failed)
    };
    let token = args.bot_token.take().or(read_line(Line::BotToken)?);
    let number = args.phone.take().or(read_line(Line::Phone)?);
    let mut given = Given { code: args.code.take(), password: args.password.take(), lines };
    if let Some(token) = token {
        return Ok((Identity::Bot(token), given));
    }
    let by_options = number.is_some() || given.has_code() || given.has_password();
    if args.qr {
        if number.is_some() && !args.sandbox {
            return Err(Failure::Usage(
                "with --qr, --phone selects the account that scans the code, which only works with --sandbox; omit it"
                    .into(),
            ));
        }
        given.add_environment()?;
        return Ok((Identity::Qr(environment::or(number, PHONE)?), given));
    }
    let number = environment::or(number, PHONE)?;
    if !by_options && let Some(token) = environment::or(None, BOT_TOKEN)? {
        if number.is_some() {
            return Err(Failure::Usage(format!("{PHONE} and {BOT_TOKEN} are both set; unset one of them")));
        }
        return Ok((Identity::Bot(token), given));
    }
    given.add_environment()?;
    let who = match number {
        Some(number) => Identity::Phone(number),
        None if by_options => Identity::Resume,
        None => Identity::Ask,
    };
    Ok((who, given))
}
