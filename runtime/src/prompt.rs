//! The seam between an interactive login and what answers its questions.

use std::future::Future;
use std::time::Duration;

use sansgram_core::login::{QrLink, SavedLogin};
use zeroize::Zeroizing;

use crate::qr::{Background, QrImage};
use crate::{Error, messages};

mod error;
mod question;
mod scripted;

pub use error::PromptError;
pub use question::Question;
pub use scripted::ScriptedPrompt;

/// Someone who answers questions: a person at a terminal, a dialog, a script.
///
/// Questions and lines come without a line break at their end and hold nothing that a terminal would obey.
pub trait Prompt: Send {
    /// Asks a question whose answer may be seen while it is typed.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn ask(&mut self, question: &str) -> impl Future<Output = Result<String, PromptError>> + Send;

    /// Asks for a secret: nothing of the answer may be seen.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn ask_hidden(
        &mut self,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send;

    /// Shows a line: what happens, or why a question is asked again.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn show(&mut self, line: &str) -> Result<(), PromptError>;

    /// Asks a question of a known kind. Whoever has the answers already need not understand the words: as it stands,
    /// it calls [`ask`](Self::ask) or [`ask_hidden`](Self::ask_hidden).
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn ask_for(
        &mut self,
        kind: Question,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send {
        async move {
            if kind.is_secret() {
                self.ask_hidden(question).await
            } else {
                self.ask(question).await.map(Zeroizing::new)
            }
        }
    }

    /// Shows a link to be scanned as a QR code, each time in place of the last one. As it stands, it shows the picture
    /// in half-blocks for a dark ground, line by line, and the link beside it.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        show_link(self, link, Background::Dark)
    }

    /// Why the last answer was not accepted; the question is asked again. As it stands, it shows the reason.
    ///
    /// # Errors
    /// Whoever has no other answer gives the reason back: it ends the login. Or a [`PromptError`].
    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        Ok(self.show(&messages::sentence(reason))?)
    }

    /// The server wants us to wait this long before it goes on by itself. As it stands, it shows that.
    ///
    /// # Errors
    /// [`PromptError`], which ends the login; it can be begun again.
    fn on_flood_wait(&mut self, time: Duration) -> Result<(), PromptError> {
        self.show(&format!("Telegram asks to wait {}…", messages::span(time)))
    }

    /// Where the login stands, whenever that changes, and `None` once it is over: put it away (it is a secret) to go
    /// on in another process by [`Client::resume_login`](crate::Client::resume_login). As it stands, it does nothing.
    fn on_checkpoint(&mut self, pending: Option<&SavedLogin>) {
        let _ = pending;
    }
}

impl<P: Prompt + ?Sized> Prompt for &mut P {
    fn ask(&mut self, question: &str) -> impl Future<Output = Result<String, PromptError>> + Send {
        (**self).ask(question)
    }

    fn ask_hidden(
        &mut self,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send {
        (**self).ask_hidden(question)
    }

    fn show(&mut self, line: &str) -> Result<(), PromptError> {
        (**self).show(line)
    }

    fn ask_for(
        &mut self,
        kind: Question,
        question: &str,
    ) -> impl Future<Output = Result<Zeroizing<String>, PromptError>> + Send {
        (**self).ask_for(kind, question)
    }

    fn show_link(&mut self, link: &QrLink) -> Result<(), PromptError> {
        (**self).show_link(link)
    }

    fn on_rejected(&mut self, reason: &Error) -> Result<(), Error> {
        (**self).on_rejected(reason)
    }

    fn on_flood_wait(&mut self, time: Duration) -> Result<(), PromptError> {
        (**self).on_flood_wait(time)
    }

    fn on_checkpoint(&mut self, pending: Option<&SavedLogin>) {
        (**self).on_checkpoint(pending);
    }
}

/// Shows a link's picture line by line, and the link itself.
pub(crate) fn show_link<P: Prompt + ?Sized>(
    prompt: &mut P,
    link: &QrLink,
    ground: Background,
) -> Result<(), PromptError> {
    if let Some(picture) = QrImage::of(link.url()) {
        for line in picture.half_blocks(ground).lines() {
            prompt.show(line)?;
        }
    }
    prompt.show(link.url())?;
    prompt.show(&validity(link))
}

/// A link is renewed before its end, so the words need not be exact.
pub(crate) fn validity(link: &QrLink) -> String {
    format!("The link is valid for {}; a new one follows by itself.", messages::span(link.lifetime))
}
