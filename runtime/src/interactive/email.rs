//! The questions for an e-mail address that the server requires.

use sansgram_core::login::{EmailCode, LoginError, SavedLogin, SendCodeOutcome, SentCode};
use zeroize::Zeroizing;

use super::code::CodeAnswer;
use super::{Conversation, Tries};
use crate::continuation::asks_again;
use crate::messages;
use crate::text::printable;
use crate::{Error, Prompt, Question};

/// The rest of the confirmation if a login code follows.
const WITH_ANOTHER_CODE: &str = "; a separate login code was sent";

/// The result of the question for the code that was sent to a new address.
enum EmailAnswer {
    Done(SendCodeOutcome),
    Resend,
    AnotherAddress,
}

impl<P: Prompt> Conversation<'_, P> {
    /// Asks for an address, unless `sent` says that a code was sent already, and for the code that was sent there.
    /// Returns `None` to return to the first question.
    pub(super) async fn set_up_email(
        &mut self,
        sent_code: &SentCode,
        mut sent: Option<EmailCode>,
    ) -> Result<Option<SendCodeOutcome>, Error> {
        if sent.is_none() {
            self.prompt.show("Telegram requires an e-mail address for this account's login codes.")?;
        }
        let mut tries = Tries::default();
        let mut address: Option<Zeroizing<String>> = None;
        loop {
            let Some(code) = sent.take() else {
                let to = match &address {
                    Some(address) => address,
                    None => &*address.insert(self.ask_something(Question::Email, "E-mail address:").await?),
                };
                if to.eq_ignore_ascii_case("cancel") {
                    return Ok(None);
                }
                match with_flood_waits!(self, self.client.send_email_code(sent_code, to)) {
                    Err(error) if asks_again(&error) => {
                        tries.again(self.prompt, &error)?;
                        address = None;
                    }
                    result => sent = Some(result?),
                }
                continue;
            };
            match self.email_code(sent_code, &code, &mut tries).await? {
                EmailAnswer::Done(outcome) => return Ok(Some(outcome)),
                // If another process sent the code, the address is not known here.
                EmailAnswer::Resend => tries.count()?,
                EmailAnswer::AnotherAddress => {
                    tries.count()?;
                    address = None;
                    self.prompt.on_checkpoint(Some(&SavedLogin::Code(sent_code.clone())));
                }
            }
        }
    }

    /// Asks for the code that was sent to the new address.
    async fn email_code(
        &mut self,
        sent_code: &SentCode,
        code: &EmailCode,
        tries: &mut Tries,
    ) -> Result<EmailAnswer, Error> {
        self.prompt.on_checkpoint(Some(&SavedLogin::EmailCode(sent_code.clone(), code.clone())));
        let place = format!("by e-mail to {}", printable(&code.pattern));
        self.prompt.show(&messages::sent(&place, code.length))?;
        self.prompt.show("Type \"resend\" for another code, or \"cancel\" to use another address.")?;
        loop {
            let typed = match self.code_answer(Question::EmailCode, "Code from the e-mail:").await? {
                CodeAnswer::Code(typed) => typed,
                CodeAnswer::Resend => return Ok(EmailAnswer::Resend),
                CodeAnswer::Cancel | CodeAnswer::Lost => return Ok(EmailAnswer::AnotherAddress),
            };
            let typed = match code.read_code(&typed) {
                Ok(typed) => typed,
                Err(error) => {
                    tries.again(self.prompt, &LoginError::from(error).into())?;
                    continue;
                }
            };
            match with_flood_waits!(self, self.client.verify_email(sent_code, &typed)) {
                Err(error @ Error::Login(LoginError::EmailInvalid | LoginError::EmailNotAllowed)) => {
                    tries.again(self.prompt, &error)?;
                    return Ok(EmailAnswer::AnotherAddress);
                }
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                result => {
                    let outcome = result?;
                    let next =
                        if matches!(outcome, SendCodeOutcome::CodeSent(_)) { WITH_ANOTHER_CODE } else { "" };
                    self.prompt.show(&format!("The address is confirmed{next}."))?;
                    return Ok(EmailAnswer::Done(outcome));
                }
            }
        }
    }
}
