//! The questions for the login code.

use std::time::{Duration, Instant};

use sansgram_core::login::{LoginError, SendCodeOutcome, SentCode, SentCodeType};
use zeroize::Zeroizing;

use super::{Conversation, Tries};
use crate::continuation::asks_again;
use crate::messages;
use crate::{Error, LoginProgress, Prompt, Question};

/// An answer to the question for a code.
pub(super) enum CodeAnswer {
    Code(Zeroizing<String>),
    Resend,
    Cancel,
    Lost,
}

impl<P: Prompt> Conversation<'_, P> {
    /// Asks for the code of `sent_code` and logs in with it, or does what the user answered instead. `renewed` contains the
    /// reasons for which a new code was requested without a question. Returns `None` to return to the first question.
    pub(super) async fn code(
        &mut self,
        sent_code: SentCode,
        tries: &mut Tries,
        renewed: &mut Vec<Error>,
        is_fresh: bool,
    ) -> Result<Option<LoginProgress>, Error> {
        if sent_code.kind == SentCodeType::EmailSetUpRequired {
            return Ok(self.set_up_email(&sent_code, None).await?.map(LoginProgress::from));
        }
        // The age of a code that another process requested is not known.
        let resend_at =
            sent_code.timeout.filter(|_| is_fresh).and_then(|timeout| Instant::now().checked_add(timeout));
        self.prompt.show(&messages::describe_code_delivery(&sent_code))?;
        if !sent_code.is_usable() || matches!(sent_code.kind, SentCodeType::Firebase { .. }) {
            return Ok(Some(self.another_way(&sent_code, tries).await?.into()));
        }
        self.prompt.show(&messages::other_ways(&sent_code, resend_at.and(sent_code.timeout)))?;
        let mut slips = Tries::default();
        loop {
            let code = match self.ask_code(&sent_code).await? {
                CodeAnswer::Code(code) => code,
                CodeAnswer::Cancel => {
                    // It expires by itself if the server does not answer.
                    let _ = self.client.cancel_code(&sent_code).await;
                    return Ok(None);
                }
                CodeAnswer::Lost => {
                    match with_flood_waits!(self, self.client.reset_login_email(&sent_code)) {
                        Err(error) if asks_again(&error) => {
                            tries.again(self.prompt, &error)?;
                            continue;
                        }
                        result => return Ok(Some(result?.into())),
                    }
                }
                CodeAnswer::Resend => {
                    let left =
                        resend_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
                    if !left.is_zero() {
                        let left = messages::span(Duration::from_secs(left.as_secs() + 1));
                        tries.count()?;
                        self.prompt.show(&format!("Another code can be requested in {left}."))?;
                        continue;
                    }
                    match with_flood_waits!(self, self.client.resend_code(&sent_code)) {
                        Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                        Err(error) if wants_another_code(&error) => {
                            return self.another_code(&sent_code, error, tries, renewed).await;
                        }
                        result => return Ok(Some(result?.into())),
                    }
                    continue;
                }
            };
            match with_flood_waits!(self, self.client.sign_in(&sent_code, &code)) {
                // The server was not asked, so this does not count as a try.
                Err(error @ Error::Login(LoginError::CodeForm(_))) => {
                    slips.again(self.prompt, &error)?;
                }
                Err(error) if asks_again(&error) => tries.again(self.prompt, &error)?,
                Err(error) if wants_another_code(&error) => {
                    return self.another_code(&sent_code, error, tries, renewed).await;
                }
                result => return Ok(Some(result?.into())),
            }
        }
    }

    async fn ask_code(&mut self, sent_code: &SentCode) -> Result<CodeAnswer, Error> {
        let (kind, question) = if sent_code.is_by_email() {
            (Question::EmailCode, "Code from the e-mail:")
        } else {
            (Question::Code, "Code:")
        };
        match self.code_answer(kind, question).await? {
            CodeAnswer::Code(word) if sent_code.is_by_email() && word.eq_ignore_ascii_case("lost") => {
                Ok(CodeAnswer::Lost)
            }
            answer => Ok(answer),
        }
    }

    pub(super) async fn code_answer(&mut self, kind: Question, question: &str) -> Result<CodeAnswer, Error> {
        let answer = self.ask_something(kind, question).await?;
        Ok(match answer.to_ascii_lowercase().as_str() {
            "resend" => CodeAnswer::Resend,
            "cancel" => CodeAnswer::Cancel,
            _ => CodeAnswer::Code(answer),
        })
    }

    /// Requests the next code without a question, since the user cannot enter this one.
    async fn another_way(
        &mut self,
        sent_code: &SentCode,
        tries: &mut Tries,
    ) -> Result<SendCodeOutcome, Error> {
        tries.count()?;
        match with_flood_waits!(self, self.client.resend_code(sent_code)) {
            Err(Error::Login(LoginError::NoOtherWay)) => Err(LoginError::OfficialAppsOnly.into()),
            result => result,
        }
    }

    /// Requests a first code. If the server demands a new start, requests it once more.
    pub(super) async fn new_code(&mut self, phone: &str) -> Result<SendCodeOutcome, Error> {
        match with_flood_waits!(self, self.client.send_code(phone)) {
            Err(Error::Login(LoginError::Restart)) => with_flood_waits!(self, self.client.send_code(phone)),
            result => result,
        }
    }

    /// Requests another code after one that has expired: without a question only once for each reason, since each new
    /// code counts against the limits of the number.
    async fn another_code(
        &mut self,
        sent_code: &SentCode,
        reason: Error,
        tries: &mut Tries,
        renewed: &mut Vec<Error>,
    ) -> Result<Option<LoginProgress>, Error> {
        tries.again(self.prompt, &reason)?;
        let is_known = renewed.iter().any(|known| known.to_string() == reason.to_string());
        if is_known && !self.wants_new_code().await? {
            return Ok(None);
        }
        if !is_known {
            self.prompt.show(messages::NEW_CODE)?;
            renewed.push(reason);
        }
        Ok(Some(self.new_code(sent_code.phone.digits()).await?.into()))
    }

    /// Asks whether to send a new code or to go back to the first question.
    async fn wants_new_code(&mut self) -> Result<bool, Error> {
        // Another process cannot use the old code either.
        self.prompt.on_checkpoint(None);
        let mut tries = Tries::default();
        loop {
            self.prompt.show(messages::NO_NEW_CODE)?;
            match self.code_answer(Question::Code, "\"resend\" or \"cancel\":").await? {
                CodeAnswer::Resend => return Ok(true),
                CodeAnswer::Cancel => return Ok(false),
                CodeAnswer::Code(_) | CodeAnswer::Lost => tries.count()?,
            }
        }
    }
}

/// Returns whether the code is no longer valid, but the number still is.
const fn wants_another_code(error: &Error) -> bool {
    matches!(error, Error::Login(LoginError::CodeExpired | LoginError::Restart))
}
