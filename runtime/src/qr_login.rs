//! A login by QR code that is in progress.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use sansgram_core::client::StepHandle;
use sansgram_core::login::{LoginError, LoginStep, QrLink, QrLoginOutcome};

use crate::{Client, Error};

/// A login by QR code, started by [`Client::qr_login`]. It is cancelled if it is dropped before it ends.
pub struct QrLogin {
    client: Client,
    handle: StepHandle<QrLoginOutcome>,
    shown: u32,
    end: Option<Result<QrLoginOutcome, Error>>,
}

/// The next step of a login by QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QrStep {
    /// A link to show, as a QR code and as text, in place of the previous one.
    Link(QrLink),
    /// The link was scanned. The password of the account may still be needed.
    Done(QrLoginOutcome),
}

/// What `QrLogin::next` waits for.
enum QrProgress {
    Link(QrLink),
    End(Result<QrLoginOutcome, LoginError>),
}

impl QrLogin {
    pub(crate) fn start(client: Client, except_ids: &[i64]) -> Result<Self, Error> {
        let step = LoginStep::qr_login(except_ids);
        let handle = client.shared().with_state(|state, now| state.machine.start_step(now, step))?;
        Ok(Self { client, handle, shown: 0, end: None })
    }

    /// Waits for the next link or the end. After the end, every call returns the end. The future may be dropped and
    /// created again without losing anything.
    ///
    /// # Errors
    /// Returns [`Error::Login`] with the reason if the login fails (call [`Client::qr_login`] to start again),
    /// [`Error::Store`] if the session cannot be saved, and [`Error::Stopped`] if the client has stopped.
    pub async fn next(&mut self) -> Result<QrStep, Error> {
        let end = match self.end.clone() {
            Some(end) => end,
            None => match self.next_progress().await? {
                QrProgress::Link(link) => {
                    // From now on, a scan can log in a user under this key.
                    self.client.wait_saved_or_retry().await?;
                    self.shown = link.number;
                    return Ok(QrStep::Link(link));
                }
                QrProgress::End(end) => self.end.insert(end.map_err(Error::from)).clone(),
            },
        };
        let outcome = end?;
        self.client.shared().lock().clear_logout_if_logged_in();
        self.client.wait_saved().await?;
        Ok(QrStep::Done(outcome))
    }

    async fn next_progress(&self) -> Result<QrProgress, Error> {
        let (handle, shown) = (self.handle, self.shown);
        let shared = self.client.shared();
        let mut over =
            pin!(shared.until_completed(handle.id(), move |state| state.machine.take_step(handle)));
        let mut link = pin!(shared.until(move |state| {
            state.machine.qr_link(handle.id()).filter(|link| link.number > shown).cloned()
        }));
        let found = poll_fn(|cx| {
            if let Poll::Ready(outcome) = over.as_mut().poll(cx) {
                return Poll::Ready(outcome.map(QrProgress::End));
            }
            link.as_mut().poll(cx).map(|link| link.map(QrProgress::Link))
        });
        Ok(found.await?)
    }
}

impl fmt::Debug for QrLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrLogin")
            .field("id", &self.handle.id())
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}

impl Drop for QrLogin {
    fn drop(&mut self) {
        if self.end.is_none() {
            self.client.shared().with_state(|state, _| state.machine.cancel(self.handle.id()));
        }
    }
}
