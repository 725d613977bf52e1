//! Requests: one call for one reply, or in two steps, to follow a request on its way.

use std::fmt;
use std::marker::PhantomData;

use sansgram_core::client::{self as sansio, ApiMisuse, Delivery, InvokeError, RequestId, RequestOptions};
use sansgram_core::time::Now;
use sansgram_core::tl::{Deserialize, Function};

use super::Client;
use crate::Error;

impl Client {
    /// Calls any function of the schema at the home DC. Costs grow with the size of request and reply.
    ///
    /// # Errors
    /// [`Error::Invoke`] with the server's refusal or the reason why there is no reply; [`Error::Misuse`].
    pub async fn invoke<F: Function>(&self, request: &F) -> Result<F::Reply, Error> {
        self.invoke_with(request, RequestOptions::default()).await
    }

    /// As [`invoke`](Self::invoke), with a DC of one's choice (a [`Route`](sansio::Route) will do), a time limit, or an
    /// earlier request after which it must be executed.
    ///
    /// # Errors
    /// As [`invoke`](Self::invoke).
    pub async fn invoke_with<F: Function>(
        &self,
        request: &F,
        options: impl Into<RequestOptions>,
    ) -> Result<F::Reply, Error> {
        self.send(request, options)?.reply().await
    }

    /// Calls a function of any layer that is serialised already (one boxed TL function); the reply is one boxed TL
    /// object.
    ///
    /// # Errors
    /// As [`invoke`](Self::invoke).
    pub async fn invoke_raw(
        &self,
        query: Vec<u8>,
        options: impl Into<RequestOptions>,
    ) -> Result<Vec<u8>, Error> {
        CancelOnDrop::start(self, |machine, now| machine.invoke_raw(now, query, options))?.reply().await
    }

    /// Sends a request without waiting for its reply, which [`RequestHandle::reply`] does.
    ///
    /// # Errors
    /// [`Error::Misuse`]; [`Error::Stopped`].
    pub fn send<F: Function>(
        &self,
        request: &F,
        options: impl Into<RequestOptions>,
    ) -> Result<RequestHandle<F>, Error> {
        // Written outside the lock, as replies are read: the types may be the application's own.
        let query = request.to_bytes();
        let pending = CancelOnDrop::start(self, |machine, now| machine.invoke_raw(now, query, options))?;
        Ok(RequestHandle { pending, failed: None, function: PhantomData })
    }
}

/// A request under way. Dropped before its reply came, it is forgotten, though the server may still carry it out; it is
/// told to drop the answer.
#[must_use = "dropped, the request is cancelled"]
pub struct RequestHandle<F> {
    pending: CancelOnDrop,
    /// Why there will be no reply, if that was found while waiting for a receipt.
    failed: Option<InvokeError>,
    function: PhantomData<fn() -> F>,
}

impl<F> RequestHandle<F> {
    /// What [`RequestOptions::after`] of a later request names.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.pending.id
    }

    /// How far it has come; `None` once the client has stopped, and if it ended without an answer of the server: the
    /// error says how far it had come then.
    #[must_use]
    pub fn delivery(&self) -> Option<Delivery> {
        let state = self.pending.client.shared().lock();
        if state.ended { None } else { state.machine.delivery(self.id()) }
    }
}

impl<F> RequestHandle<F> {
    /// Waits until the server told that it got the request: by an acknowledgement, which
    /// [`RequestOptions::quick_ack`] has it send at once, or by the reply. The future may be dropped and made again.
    ///
    /// # Errors
    /// [`Error::Invoke`] if the request ended before that, with the error that [`reply`](Self::reply) gives too;
    /// [`Error::Stopped`].
    pub async fn received(&mut self) -> Result<(), Error> {
        let id = self.id();
        let failed = &mut self.failed;
        let shared = self.pending.client.shared();
        let received = shared.until_received(id, |state| {
            if failed.is_none() && !state.machine.is_received(id) {
                // What the server answered counts as received, so this can only be an error of ours.
                *failed = Some(state.machine.take_raw(id)?.err()?);
            }
            Some(failed.clone().map_or(Ok(()), Err))
        });
        Ok(received.await??)
    }
}

impl<F: Function> RequestHandle<F> {
    /// Waits for the reply.
    ///
    /// # Errors
    /// [`Error::Invoke`] with the server's refusal or the reason why there is no reply; [`Error::Stopped`].
    pub async fn reply(self) -> Result<F::Reply, Error> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let body = self.pending.reply().await?;
        Ok(F::Reply::from_bytes(&body).map_err(InvokeError::Decode)?)
    }
}

impl<F> fmt::Debug for RequestHandle<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// A pending request or login step. If this is dropped before the outcome is taken, the machine cancels it.
pub(super) struct CancelOnDrop {
    client: Client,
    id: RequestId,
    is_over: bool,
}

impl CancelOnDrop {
    pub(super) fn start(
        client: &Client,
        start: impl FnOnce(&mut sansio::Client, Now) -> Result<RequestId, ApiMisuse>,
    ) -> Result<Self, Error> {
        let id = client.shared().call(|state, now| start(&mut state.machine, now))?;
        Ok(Self::new(client, id))
    }

    pub(super) fn new(client: &Client, id: RequestId) -> Self {
        Self { client: client.clone(), id, is_over: false }
    }

    /// Waits until `take` has the outcome.
    pub(super) async fn outcome<T>(
        mut self,
        mut take: impl FnMut(&mut sansio::Client, RequestId) -> Option<T> + Unpin,
    ) -> Result<T, Error> {
        let id = self.id;
        let shared = self.client.shared();
        let outcome = shared.until_completed(id, move |state| take(&mut state.machine, id)).await?;
        self.is_over = true;
        Ok(outcome)
    }

    async fn reply(self) -> Result<Vec<u8>, Error> {
        Ok(self.outcome(sansio::Client::take_raw).await??)
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if !self.is_over {
            self.client.shared().call(|state, _| state.machine.cancel(self.id));
        }
    }
}
