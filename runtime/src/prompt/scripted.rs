//! Answers that are prepared before the questions: values, and callbacks that fetch them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use sansgram_core::login::{BotToken, LoginError, PhoneNumber};
use zeroize::Zeroizing;

use super::{Prompt, PromptError, Question};
use crate::continuation::{asks_for_another_identity, starts_over};
use crate::{Error, messages};

type Answer = Pin<Box<dyn Future<Output = Result<String, PromptError>> + Send>>;

type Listener = Box<dyn FnMut(&str) + Send>;

enum Source {
    Value(Zeroizing<String>),
    /// The reason why a value cannot be right; the value was not kept.
    Wrong(String),
    Callback(Box<dyn FnMut(&str) -> Answer + Send>),
}

/// A [`Prompt`] for machines without a terminal: each answer is a value, or comes from a callback, which is called
/// again after a wrong answer. A missing or wrong value ends the login with an error that names it
/// ([`PromptError::NoValue`], [`PromptError::WrongValue`]). The same answers can be used for another login.
///
/// ```
/// use sansgram_runtime::{Client, Error, Question, ScriptedPrompt};
///
/// async fn log_in(client: &Client, code: impl Fn() -> String + Send + 'static) -> Result<(), Error> {
///     let mut answers = ScriptedPrompt::new()
///         .phone("+1 234 567 8900")
///         .callback(Question::Code, move |_| code())
///         .password("correct horse");
///     client.interactive_login(&mut answers).await?;
///     Ok(())
/// }
/// ```
pub struct ScriptedPrompt {
    sources: BTreeMap<Question, Source>,
    /// The last question.
    asked: Option<Question>,
    listener: Option<Listener>,
}

impl Default for ScriptedPrompt {
    fn default() -> Self {
        Self::new()
    }
}

impl ScriptedPrompt {
    /// Creates a prompt without any answers, except that it confirms the phone number.
    #[must_use]
    pub fn new() -> Self {
        let nothing = Self { sources: BTreeMap::new(), asked: None, listener: None };
        nothing.callback(Question::ConfirmPhone, |_| "y".into())
    }

    /// Sets the phone number. An invalid one is rejected when the login asks for it.
    #[must_use]
    pub fn phone(self, phone: &str) -> Self {
        let checked = PhoneNumber::parse(phone).map(|_| phone);
        self.identity(checked.map_err(LoginError::from))
    }

    /// Sets a bot token instead of a phone number. An invalid one is rejected when the login asks for it.
    #[must_use]
    pub fn bot_token(self, token: &str) -> Self {
        let checked = BotToken::parse(token).map(|_| token);
        self.identity(checked.map_err(LoginError::from))
    }

    fn identity(mut self, checked: Result<&str, LoginError>) -> Self {
        match checked {
            Ok(value) => self.value(Question::Identity, value),
            Err(wrong) => {
                self.sources.insert(Question::Identity, Source::Wrong(wrong.to_string()));
                self
            }
        }
    }

    /// Sets the login code.
    #[must_use]
    pub fn code(self, code: &str) -> Self {
        self.value(Question::Code, code)
    }

    /// Sets the password.
    #[must_use]
    pub fn password(self, password: &str) -> Self {
        self.value(Question::Password, password)
    }

    /// Sets the answer to a question.
    #[must_use]
    pub fn value(mut self, question: Question, value: &str) -> Self {
        let value = Zeroizing::new(value.into());
        self.sources.insert(question, Source::Value(value));
        self
    }

    /// Sets a function that returns the answer to a question at once; its argument is the text of the question.
    #[must_use]
    pub fn callback<F>(self, question: Question, mut callback: F) -> Self
    where
        F: FnMut(&str) -> String + Send + 'static,
    {
        self.async_callback(question, move |words| std::future::ready(Ok(callback(words))))
    }

    /// Sets an async function for an answer that takes a while or may fail.
    #[must_use]
    pub fn async_callback<F, A>(mut self, question: Question, mut callback: F) -> Self
    where
        F: FnMut(&str) -> A + Send + 'static,
        A: Future<Output = Result<String, PromptError>> + Send + 'static,
    {
        let callback = move |words: &str| -> Answer { Box::pin(callback(words)) };
        self.sources.insert(question, Source::Callback(Box::new(callback)));
        self
    }

    /// Calls `listener` with each line that a user would see.
    #[must_use]
    pub fn on_show(mut self, listener: impl FnMut(&str) + Send + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }
}

impl Prompt for ScriptedPrompt {
    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        if let Some(listener) = &mut self.listener {
            listener(line);
        }
        Ok(())
    }

    async fn ask(&mut self, kind: Question, question: &str) -> Result<Zeroizing<String>, PromptError> {
        let is_again = self.asked.replace(kind) == Some(kind) && kind != Question::NewPassword;
        match self.sources.get_mut(&kind) {
            None => Err(PromptError::NoValue(kind)),
            // A person would be asked again until the answer is not empty.
            Some(Source::Value(value)) if is_again && value.trim().is_empty() => {
                Err(PromptError::WrongValue { question: kind, reason: "it is empty".into() })
            }
            Some(Source::Value(value)) => Ok(value.clone()),
            Some(Source::Wrong(reason)) => {
                Err(PromptError::WrongValue { question: kind, reason: reason.clone() })
            }
            Some(Source::Callback(callback)) => callback(question).await.map(Zeroizing::new),
        }
    }

    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        self.show(&messages::sentence(reason))?;
        // The reason is not a wrong value.
        if starts_over(reason)
            && !asks_for_another_identity(reason)
            && !matches!(reason, Error::Login(LoginError::CodeExpired))
            && matches!(self.asked.map(|asked| self.sources.get(&asked)), Some(Some(Source::Value(_))))
        {
            return Err(reason.clone());
        }
        // Another question was asked between the identity or the first name and its refusal.
        let question = match reason {
            Error::Login(LoginError::FirstNameInvalid) => Some(Question::FirstName),
            reason if asks_for_another_identity(reason) => Some(Question::Identity),
            _ => self.asked,
        };
        match question.and_then(|question| Some((question, self.sources.get(&question)?))) {
            Some((question, Source::Value(_))) => {
                Err(PromptError::WrongValue { question, reason: reason.to_string() }.into())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for ScriptedPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedPrompt").field("answers", &self.sources.keys()).finish_non_exhaustive()
    }
}
