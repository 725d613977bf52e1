//! The `api_id` and `api_hash` of the application that logs in.

use clap::Args;
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::{ApiCredentials, StoredSession};
use sansgram_runtime::core::login::{InvalidApiHash, with_ascii_digits};
use sansgram_runtime::{Prompt, PromptError, TerminalPrompt};
use zeroize::Zeroizing;

use crate::environment::{self, API_HASH, API_ID};
use crate::error::Failure;
use crate::policy::MAX_APPLICATION_TRIES;
use crate::values::secret;

/// The `api_hash` for servers that do not check applications.
pub(crate) const ANY_HASH: &str = "00000000000000000000000000000000";

/// The `api_id` of logins to the sandbox, far above those that Telegram assigns. It marks a session as one of a
/// sandbox.
pub(crate) const SANDBOX_API_ID: i32 = 2_000_099_966;

pub(crate) const NO_APPLICATION: &str = "api_id and api_hash are needed to log in; get them at my.telegram.org and \
                                         pass --api-id and --api-hash, or try \"sansgram login --sandbox\"";

/// Printed before the questions for the application.
const APPLICATION: &[&str] = &[
    "Telegram identifies the application by an api_id and an api_hash: log in at my.telegram.org, choose \
     \"API development tools\", and copy both.",
    "They are requested once per session. You can also set SANSGRAM_API_ID and SANSGRAM_API_HASH, or use --api-id and \
     --api-hash. To try without them: \"sansgram login --sandbox\".",
];

/// The `api_id`, which an imported session may lack.
#[derive(Debug, Args)]
pub(crate) struct ApplicationArgs {
    /// The application's api_id, if the session does not contain it; saved once the server accepts it [env:
    /// SANSGRAM_API_ID]
    // Parsed later, see LoginArgs.
    #[arg(long, value_name = "ID", value_parser = secret())]
    pub(crate) api_id: Option<Secret<String>>,
}

/// The given values of the application. A login needs both, a session that is logged in needs only the `api_id`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Application {
    pub(crate) id: Option<i32>,
    hash: Option<Secret<String>>,
}

impl Application {
    /// Reads the values from the options, or else from the environment.
    pub(crate) fn given(id: Option<Secret<String>>, hash: Option<Secret<String>>) -> Result<Self, Failure> {
        let (id, hash) = (environment::or(id, API_ID)?, environment::or(hash, API_HASH)?);
        if let (Some(id), Some(hash)) = (&id, &hash)
            && read_hash(id.expose()).is_some()
            && read_id(hash.expose()).is_some()
        {
            return Err(Failure::Usage("api_id and api_hash are swapped; exchange them".into()));
        }
        let hash = hash
            .map(|hash| read_hash(hash.expose()).ok_or_else(|| Failure::Usage(InvalidApiHash.to_string())))
            .transpose()?;
        let id = id.map(|id| api_id(&id)).transpose()?;
        Ok(Self { id, hash })
    }

    /// Like [`given`](Self::given), for a command that does not log in.
    pub(crate) fn of_a_session(id: Option<Secret<String>>) -> Result<Self, Failure> {
        let id = environment::or(id, API_ID)?.map(|id| api_id(&id)).transpose()?;
        Ok(Self { id, hash: None })
    }

    /// Returns the credentials for the session's server. A server that is not Telegram's need not know the application, so
    /// placeholders are sent if none are given.
    pub(crate) fn credentials(&self, session: &StoredSession, is_telegram: bool) -> Option<ApiCredentials> {
        let hash = self.hash.as_ref().map(|hash| hash.expose().clone());
        let (id, hash) = match self.id {
            Some(id) => (id, hash.unwrap_or_default()),
            None if is_telegram => return None,
            None => (api_id_elsewhere(session).unwrap_or(1), hash.unwrap_or_else(|| ANY_HASH.into())),
        };
        Some(ApiCredentials { id, hash })
    }

    /// Returns whether neither value is given.
    pub(crate) const fn is_missing(&self) -> bool {
        self.id.is_none() && self.hash.is_none()
    }

    /// Asks the user for the values. Both may be pasted at once, in either order.
    pub(crate) async fn ask(prompt: &mut TerminalPrompt) -> Result<Self, PromptError> {
        APPLICATION.iter().try_for_each(|line| prompt.show(line))?;
        let (mut id, mut hash) = (None, None);
        for _ in 0..MAX_APPLICATION_TRIES {
            let typed = match id {
                None => Zeroizing::new(prompt.read_line("api_id:").await?),
                Some(_) => prompt.read_secret("api_hash (hidden while you type or paste it):").await?,
            };
            let asked_for_id = id.is_none();
            id = id.or_else(|| read_id(&typed));
            let found = read_hash(&typed);
            let is_new = found.is_some();
            hash = found.or(hash);
            let line = match (id, &hash) {
                (Some(id), Some(_)) => return Ok(Self { id: Some(id), hash }),
                (None, Some(_)) if is_new => "This is the api_hash; the api_id is the number above it.",
                (None, _) => {
                    "This is not an api_id, which is a number such as 12345; the longer value is the api_hash."
                }
                (Some(_), None) if asked_for_id => continue,
                (Some(_), None) => {
                    "This is not an api_hash, which has 32 hexadecimal digits; copy it again from my.telegram.org."
                }
            };
            prompt.show(line)?;
        }
        Err(PromptError::Other("too many invalid entries for api_id and api_hash".into()))
    }

    /// Errors if a login cannot start with these values.
    pub(crate) fn check(&self, is_telegram: bool) -> Result<(), Failure> {
        match (self.id, &self.hash) {
            (Some(_), Some(_)) => Ok(()),
            (None, None) if is_telegram => Err(Failure::Usage(NO_APPLICATION.into())),
            (None, None) => Ok(()),
            _ => Err(Failure::Usage("api_id and api_hash must be given together".into())),
        }
    }
}

/// Returns the session's `api_id`, unless it marks a sandbox: no session of another server may keep that.
fn api_id_elsewhere(session: &StoredSession) -> Option<i32> {
    session.api_id.filter(|id| *id != SANDBOX_API_ID)
}

/// Parses the `api_id` of an application.
fn api_id(given: &Secret<String>) -> Result<i32, Failure> {
    read_id(given.expose()).ok_or_else(|| {
        Failure::Usage("the api_id must be a number above 0; the longer value is the api_hash".into())
    })
}

/// Reads the `api_id` of an application, which may follow its name as in `api_id: 12345`.
fn read_id(text: &str) -> Option<i32> {
    let text = with_ascii_digits(text);
    let numbers = words_of(&text).filter_map(|word| word.parse().ok().filter(|id| *id > 0));
    only(numbers)
}

/// Reads the `api_hash` of an application, which may follow its name as in `api_hash: 0123…`.
fn read_hash(text: &str) -> Option<Secret<String>> {
    let hashes = words_of(text).filter(|word| ApiCredentials { id: 1, hash: (*word).into() }.check().is_ok());
    only(hashes).map(|hash| Secret::new(hash.to_owned()))
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    // A sign is part of the number: -5 is not an api_id.
    text.split(|char: char| !char.is_alphanumeric() && !matches!(char, '-' | '_' | '.'))
}

/// Returns the only distinct item.
fn only<T: PartialEq>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_pasted_application_values_are_read() {
        const HASH: &str = "0123456789abcdef0123456789abcdef";
        for text in
            ["12345", " 12345\r\n", "App api_id:\t12345", "api_id=12345", "\"12345\"", "١٢٣٤٥", "12345, HASH"]
        {
            assert_eq!(read_id(&text.replace("HASH", HASH)), Some(12345), "{text}");
        }
        for text in ["", "0", "-5", "1.5", "api_id", "12345 67890", "73519feed", "99999999999", HASH] {
            assert_eq!(read_id(text), None, "{text}");
        }
        for text in ["HASH", " HASH\n", "App api_hash:\tHASH", "api_hash='HASH'", "12345 HASH"] {
            let found = read_hash(&text.replace("HASH", HASH));
            assert_eq!(found.as_ref().map(|it| it.expose().as_str()), Some(HASH), "{text}");
        }
        for text in
            ["", "12345", &HASH[1..], &format!("{HASH}0"), &format!("{HASH} {}", HASH.replace('0', "1"))]
        {
            assert!(read_hash(text).is_none(), "{text}");
        }
    }
}
