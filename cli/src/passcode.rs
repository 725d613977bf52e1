//! The passcode that another program uses to encrypt its session.

use std::io::{self, IsTerminal};
use std::path::Path;

use clap::Args;
use sansgram_runtime::core::Secret;
use sansgram_runtime::formats::{self, ImportError, ImportOptions, Imported};

use crate::environment::{self, API_HASH, PASSCODE};
use crate::error::Failure;
use crate::policy::MAX_PASSCODE_TRIES;
use crate::stdin_values::{self, Line};
use crate::{output, session, values};

/// How to give a passcode without a terminal, as the end of a sentence.
const OTHER_SOURCES: &str = "SANSGRAM_PASSCODE, or write it to standard input with --passcode-stdin";

#[derive(Debug, Args)]
pub(crate) struct Passcode {
    /// The passcode of the other program: that of Telegram Desktop, or TDLib's database encryption key as text, base64 or
    /// hex [env: SANSGRAM_PASSCODE]
    #[arg(long, value_name = "PASSCODE", value_parser = values::secret(), allow_hyphen_values = true)]
    passcode: Option<Secret<String>>,

    /// Read the passcode from standard input, one line
    #[arg(long, conflicts_with = "passcode")]
    passcode_stdin: bool,
}

impl Passcode {
    /// Returns the passcode from the options, standard input or the environment.
    fn given(&self) -> Result<Option<Secret<String>>, Failure> {
        if self.passcode_stdin && !io::stdin().is_terminal() {
            let line = stdin_values::read(&mut io::stdin().lock(), Line::Passcode);
            return line.map(Some).map_err(Failure::new);
        }
        environment::or(self.passcode.clone(), PASSCODE)
    }

    /// Errors if both the session and the passcode come from standard input.
    pub(crate) fn refuse_with_session_on_stdin(&self) -> Result<(), Failure> {
        match self.passcode_stdin {
            true => Err(Failure::Usage("--from - and --passcode-stdin both read standard input".into())),
            false => Ok(()),
        }
    }

    /// Reads a session, and asks for its passcode or `api_hash` if it needs one that was not given.
    pub(crate) fn import(
        &self,
        path: &Path,
        mut options: ImportOptions,
    ) -> Result<Result<Imported, ImportError>, Failure> {
        options.passcode = self.given()?;
        let mut result = formats::import_path(path, &options);
        if let Err(ImportError::ApiHashNeeded(_)) = result {
            let question = "The api_hash of the other program's application:";
            options.api_hash =
                Some(session::ask_hidden("value for the api_hash (--api-hash)", question, API_HASH)?);
            result = formats::import_path(path, &options);
        }
        let mut tries = 0;
        while let Err(ImportError::PasscodeNeeded(format) | ImportError::WrongPasscode(format)) = result {
            if tries == MAX_PASSCODE_TRIES || (tries == 0 && options.passcode.is_some()) {
                break;
            }
            let name = format.passcode_name();
            if tries > 0 {
                output::note(&format!("The {name} is wrong."));
            }
            let (question, what) =
                (format!("The {name} of {}:", path.display()), format!("{name} for {}", path.display()));
            options.passcode = Some(session::ask_hidden(&what, &question, OTHER_SOURCES)?);
            result = formats::import_path(path, &options);
            tries += 1;
        }
        Ok(result)
    }

    /// Returns the passcode to encrypt with; `None` if none is given.
    pub(crate) fn to_set(&self) -> Result<Option<Secret<String>>, Failure> {
        if self.passcode_stdin && io::stdin().is_terminal() {
            return session::ask_hidden("passcode", "New passcode:", OTHER_SOURCES).map(Some);
        }
        self.given()
    }

    /// Returns whether an option gives a passcode.
    pub(crate) const fn has_option(&self) -> bool {
        self.passcode.is_some() || self.passcode_stdin
    }
}
