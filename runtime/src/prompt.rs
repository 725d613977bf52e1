//! The interface between an interactive login and the source of its answers.

use std::future::Future;
use std::time::Duration;

use sansgram_core::login::{QrLink, SavedLogin};
use zeroize::Zeroizing;

#[cfg(feature = "qr")]
use crate::qr::{Background, QrImage};
use crate::{Error, messages};

mod error;
mod question;
mod scripted;

pub use error::PromptError;
pub use question::Question;
pub use scripted::ScriptedPrompt;

/// A source of answers to the questions of an interactive login: a person at a terminal, a dialog of an application, or
/// a script.
///
/// Questions and lines have no line break at their end and contain no control characters.
pub trait Prompt: Send {
    /// Asks `question` and returns the answer. `kind` says what the question is about, for a prompt that has its own
    /// answers. If [`kind.is_secret()`](Question::is_secret), the answer must not be visible while it is typed.
    ///
    /// # Errors
    /// Returns a [`PromptError`] if there is no answer. The error ends the login, which can be started again.
    fn ask(
        &mut self,
        kind: Question,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send;

    /// Shows a line: the progress of the login, or the reason why a question is asked again.
    ///
    /// # Errors
    /// Returns a [`PromptError`] if the line cannot be shown. The error ends the login, which can be started again.
    fn show(&mut self, line: &str) -> Result<(), PromptError>;

    /// Shows a login link for a phone to scan as a QR code. Each link replaces the one before.
    ///
    /// The default shows the QR code in half-blocks, as light text on a dark background (feature `qr`), then the link
    /// and how long it is valid.
    ///
    /// # Errors
    /// Returns a [`PromptError`] if the link cannot be shown. The error ends the login, which can be started again.
    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        #[cfg(feature = "qr")]
        show_qr_code(self, link, Background::Dark)?;
        show_url(self, link)
    }

    /// Shows why the last answer was rejected. The same question is asked again afterwards.
    ///
    /// The default shows the reason.
    ///
    /// # Errors
    /// Returns `reason` if the prompt has no other answer, which ends the login, or a [`PromptError`] if the reason
    /// cannot be shown.
    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        Ok(self.show(&messages::sentence(reason))?)
    }

    /// Shows that the server demands a wait of `duration` (`FLOOD_WAIT_X`), after which the login continues automatically.
    ///
    /// The default shows a line.
    ///
    /// # Errors
    /// Returns a [`PromptError`] if the line cannot be shown. The error ends the login, which can be started again.
    fn on_flood_wait(&mut self, duration: Duration) -> Result<(), PromptError> {
        self.show(&format!(
            "Telegram demands a wait of {}; the login then continues automatically. Ctrl-C ends it.",
            messages::span(duration)
        ))
    }

    /// Receives the step that the login has reached, each time that it changes; `None` once there is nothing to resume.
    /// A prompt that stores the step, as a secret, lets another process continue the login with
    /// [`Client::resume_login`](crate::Client::resume_login).
    ///
    /// The default does nothing.
    fn on_checkpoint(&mut self, saved: Option<&SavedLogin>) {
        let _ = saved;
    }
}

impl<P: Prompt + ?Sized> Prompt for &mut P {
    fn ask(
        &mut self,
        kind: Question,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send {
        (**self).ask(kind, question)
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        (**self).show(line)
    }

    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        (**self).show_link(link)
    }

    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        (**self).on_rejected(reason)
    }

    fn on_flood_wait(&mut self, duration: Duration) -> Result<(), PromptError> {
        (**self).on_flood_wait(duration)
    }

    fn on_checkpoint(&mut self, saved: Option<&SavedLogin>) {
        (**self).on_checkpoint(saved);
    }
}

/// Shows the QR code of a link, line by line.
#[cfg(feature = "qr")]
pub(crate) fn show_qr_code<P: Prompt + ?Sized>(
    prompt: &mut P,
    link: &QrLink,
    background: Background,
) -> Result<(), PromptError> {
    let Some(image) = QrImage::encode(link.url()) else { return Ok(()) };
    image.half_blocks(background).lines().try_for_each(|line| prompt.show(line))
}

/// Shows a link and how long it is valid.
pub(crate) fn show_url<P: Prompt + ?Sized>(prompt: &mut P, link: &QrLink) -> Result<(), PromptError> {
    prompt.show(link.url())?;
    prompt.show(&validity(link))
}

/// Formats the remaining time approximately, as a link is replaced before it expires.
pub(crate) fn validity(link: &QrLink) -> String {
    format!("The link is valid for {}; a new one follows automatically.", messages::span(link.lifetime))
}
