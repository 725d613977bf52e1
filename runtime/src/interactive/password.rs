//! The password of an account, and its recovery by e-mail.

use sansgram_core::login::{LoginError, NewPassword, PasswordHint, UserInfo};
use zeroize::Zeroizing;

use super::{Conversation, Tries};
use crate::continuation::asks_again;
use crate::messages;
use crate::policy::MAX_EMPTY_ANSWERS;
use crate::text::printable;
use crate::{Error, Prompt, Question};

const RECOVER: &str = "Send a recovery code by e-mail? (y/n)";
const REMOVE: &str = "Remove the password? After that, the code alone is enough to log in. (y/n)";

impl<P: Prompt> Conversation<'_, P> {
    pub(super) async fn password(&mut self, hint: &PasswordHint) -> Result<UserInfo, Error> {
        let mut tries = Tries::default();
        for _ in 0..MAX_EMPTY_ANSWERS {
            let question = messages::password_question(hint, tries.0 > 0);
            let password = self.prompt.ask(Question::Password, &question).await?;
            if password.is_empty() {
                // An empty line by mistake must not send an e-mail.
                if hint.has_recovery
                    && self.confirm(Question::ConfirmRecovery, RECOVER).await?
                    && let Some(user) = self.recover().await?
                {
                    return Ok(user);
                }
                self.prompt.show(messages::RESET)?;
                continue;
            }
            match with_flood_waits!(self, self.client.check_password(&password)) {
                Err(error) if asks_again(&error) => {
                    tries.again(self.prompt, &error)?;
                    // The spaces may belong to the password, so they are not removed.
                    if password.trim().len() < password.len() {
                        self.prompt.show(messages::SPACES)?;
                    }
                }
                result => return result,
            }
        }
        Err(Error::TooManyTries(MAX_EMPTY_ANSWERS))
    }

    /// Recovers the password by e-mail. Returns `None` to return to the question for the password.
    async fn recover(&mut self) -> Result<Option<UserInfo>, Error> {
        let mut tries = Tries::default();
        let sent = match with_flood_waits!(self, self.client.request_password_recovery()) {
            Err(error) if asks_again(&error) => {
                tries.again(self.prompt, &error)?;
                return Ok(None);
            }
            result => result?,
        };
        self.prompt.show(&messages::sent(&format!("by e-mail to {}", printable(&sent.pattern)), 0))?;
        loop {
            let code = self.ask(Question::RecoveryCode, "Recovery code (empty to go back):").await?;
            if code.is_empty() {
                return Ok(None);
            }
            let code = match sent.read_code(&code) {
                Ok(code) => code,
                Err(error) => {
                    tries.again(self.prompt, &LoginError::from(error).into())?;
                    continue;
                }
            };
            match with_flood_waits!(self, self.client.check_recovery_password(&code)) {
                Err(error @ Error::Login(LoginError::RecoveryCodeExpired)) => {
                    tries.again(self.prompt, &error)?;
                    return Ok(None);
                }
                Err(error) if asks_again(&error) => {
                    tries.again(self.prompt, &error)?;
                    continue;
                }
                result => result?,
            }
            match self.recover_with(&code, &mut tries).await {
                Err(error @ Error::Login(LoginError::RecoveryCodeExpired)) => {
                    tries.again(self.prompt, &error)?;
                    return Ok(None);
                }
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                result => return result.map(Some),
            }
        }
    }

    /// Logs in with the recovery code and a new password. Asks for another password if the server refuses it.
    async fn recover_with(&mut self, code: &str, tries: &mut Tries) -> Result<UserInfo, Error> {
        loop {
            let new = self.new_password(tries).await?;
            let new = (!new.is_empty()).then(|| NewPassword::new(&new));
            match with_flood_waits!(self, self.client.recover_password(code, new)) {
                Err(error @ Error::Login(LoginError::NewPasswordRefused)) => {
                    tries.again(self.prompt, &error)?;
                }
                result => return result,
            }
        }
    }

    /// Asks for a new password. Returns an empty one only if the user confirms that there will be none.
    async fn new_password(&mut self, tries: &mut Tries) -> Result<Zeroizing<String>, Error> {
        for _ in 0..MAX_EMPTY_ANSWERS {
            let new = self.prompt.ask(Question::NewPassword, "New password (empty for none):").await?;
            if new.is_empty() {
                if self.confirm(Question::ConfirmNoPassword, REMOVE).await? {
                    return Ok(new);
                }
                continue;
            }
            if new == self.prompt.ask(Question::NewPassword, "Repeat the new password:").await? {
                return Ok(new);
            }
            tries.count()?;
            self.prompt.show("The passwords do not match.")?;
        }
        Err(Error::TooManyTries(MAX_EMPTY_ANSWERS))
    }
}
