//! The user to log in, from options, standard input or the environment; options take precedence.

use sansgram_runtime::core::Secret;

use super::args::LoginArgs;
use crate::environment::{self, BOT_TOKEN, CODE, PASSWORD, PHONE};
use crate::error::Failure;
use crate::stdin_values::{Line, Lines};

/// The user to log in.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// The user who answers the questions, unless a login is saved.
    Ask,
    /// The user of the saved login: the given values answer the next questions.
    Resume,
    /// The person with this number.
    Phone(Secret<String>),
    /// The bot with this token.
    Bot(Secret<String>),
    /// The user who scans a QR code; in a sandbox, the account of this number scans it.
    Qr(Option<Secret<String>>),
}

/// The given answers to questions of the server.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) code: Option<Secret<String>>,
    pub(crate) password: Option<Secret<String>>,
    /// The values that are read once they are asked for.
    pub(crate) lines: Lines,
}

impl Given {
    pub(crate) fn has_code(&self) -> bool {
        self.code.is_some() || self.lines.have(Line::Code)
    }

    pub(crate) fn has_password(&self) -> bool {
        self.password.is_some() || self.lines.have(Line::Password)
    }

    /// Reads values that are not given otherwise from the environment.
    fn complete(&mut self) -> Result<(), Failure> {
        if !self.has_code() {
            self.code = environment::or(None, CODE)?;
        }
        if !self.has_password() {
            self.password = environment::or(None, PASSWORD)?;
        }
        Ok(())
    }
}

/// Reads the identity; from standard input, only the values that name a user.
pub(crate) fn of(args: &mut LoginArgs) -> Result<(Who, Given), Failure> {
    let mut lines = args.stdin_lines();
    let mut read = |line: Line| {
        let wanted = lines.have(line);
        wanted.then(|| lines.read(line)).transpose().map_err(Failure::Failed)
    };
    let token = args.bot_token.take().or(read(Line::BotToken)?);
    let number = args.phone.take().or(read(Line::Phone)?);
    let mut given = Given { code: args.code.take(), password: args.password.take(), lines };
    if let Some(token) = token {
        return Ok((Who::Bot(token), given));
    }
    let by_options = number.is_some() || given.has_code() || given.has_password();
    if args.qr {
        if number.is_some() && !args.sandbox {
            return Err(Failure::Usage(
                "with --qr, --phone names who scans the code, which only --sandbox knows; leave it out"
                    .into(),
            ));
        }
        given.complete()?;
        return Ok((Who::Qr(environment::or(number, PHONE)?), given));
    }
    let number = environment::or(number, PHONE)?;
    if !by_options && let Some(token) = environment::or(None, BOT_TOKEN)? {
        if number.is_some() {
            return Err(Failure::Usage(format!("{PHONE} and {BOT_TOKEN} are both set; unset one of them")));
        }
        return Ok((Who::Bot(token), given));
    }
    given.complete()?;
    let who = match number {
        Some(number) => Who::Phone(number),
        None if by_options => Who::Resume,
        None => Who::Ask,
    };
    Ok((who, given))
}
