//! A login by QR code that is under way.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use sansgram_core::client::RequestId;
use sansgram_core::login::{LoginError, Outcome, QrLink};

use crate::login_step::login_step;
use crate::{Client, Error, LoginStep};

/// A login by QR code, begun with [`Client::qr_login`]. Dropped before it is over, it is cancelled.
pub struct QrLogin {
    client: Client,
    id: RequestId,
    shown: u32,
    end: Option<Result<LoginStep, Error>>,
}

/// What comes next in a login by QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QrStep {
    /// Show this link, as a QR code and as text, in place of the last one.
    Link(QrLink),
    /// It was scanned. The account's password may still be needed.
    Done(LoginStep),
}

/// What one look at the machine finds.
enum Found {
    Link(QrLink),
    Outcome(Result<Outcome, LoginError>),
}

impl QrLogin {
    pub(crate) fn start(client: Client, except_ids: &[i64]) -> Result<Self, Error> {
        let id = client.shared().call(|state, now| state.machine.login(now).qr_login(except_ids))?;
        Ok(Self { client, id, shown: 0, end: None })
    }

    /// Waits for the next link or the end, which is answered again from then on. The future may be dropped and made
    /// again: nothing is lost.
    ///
    /// # Errors
    /// [`Error::Login`], with the reason; begin again by [`Client::qr_login`]. [`Error::Store`]. [`Error::Stopped`].
    pub async fn next(&mut self) -> Result<QrStep, Error> {
        let end = match self.end.clone() {
            Some(end) => end,
            None => match self.found().await? {
                Found::Link(link) => {
                    // From now on somebody can be logged in under our key.
                    self.client.kept().await?;
                    self.shown = link.number;
                    return Ok(QrStep::Link(link));
                }
                Found::Outcome(outcome) => {
                    let end = outcome.map_err(Error::from).and_then(login_step);
                    self.end.insert(end).clone()
                }
            },
        };
        let step = end?;
        if matches!(step, LoginStep::LoggedIn(_)) {
            self.client.shared().lock().logged_in();
        }
        self.client.saved().await?;
        Ok(QrStep::Done(step))
    }

    async fn found(&self) -> Result<Found, Error> {
        let (id, shown) = (self.id, self.shown);
        let shared = self.client.shared();
        let mut over = pin!(shared.completed(id, move |state| state.machine.take_login(id)));
        let mut link = pin!(shared.until(move |state| {
            state.machine.login_link(id).filter(|link| link.number > shown).cloned()
        }));
        let found = poll_fn(|cx| {
            if let Poll::Ready(outcome) = over.as_mut().poll(cx) {
                return Poll::Ready(outcome.map(Found::Outcome));
            }
            link.as_mut().poll(cx).map(|link| link.map(Found::Link))
        });
        Ok(found.await?)
    }
}

impl fmt::Debug for QrLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrLogin").field("id", &self.id).field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl Drop for QrLogin {
    fn drop(&mut self) {
        if self.end.is_none() {
            self.client.shared().call(|state, _| state.machine.cancel(self.id));
        }
    }
}
