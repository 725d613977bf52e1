//! Requests: sent and answered in one call, or with a handle.

use std::fmt;
use std::marker::PhantomData;

use sansgram_core::client::{self as sansio, ApiMisuse, Delivery, InvokeError, RequestId, RequestOptions};
use sansgram_core::time::Now;
use sansgram_core::tl::{Deserialize, Function};

use super::Client;
use crate::Error;

impl Client {
    /// Sends a request to the home DC and waits for the reply.
    ///
    /// # Errors
    /// Returns [`Error::Invoke`] with the server's refusal or the reason why there is no reply, [`Error::Misuse`] if
    /// the request is not possible, and [`Error::Stopped`] if the client has stopped.
    pub async fn invoke<F: Function>(&self, request: &F) -> Result<F::Reply, Error> {
        self.invoke_with(request, RequestOptions::default()).await
    }

    /// Like [`invoke`](Self::invoke), with options: another DC (a [`Route`](sansio::Route) is accepted too), a time
    /// limit, or an earlier request that must be executed first.
    ///
    /// # Errors
    /// Returns the same errors as [`invoke`](Self::invoke).
    pub async fn invoke_with<F: Function>(
        &self,
        request: &F,
        options: impl Into<RequestOptions>,
    ) -> Result<F::Reply, Error> {
        let query = request.to_bytes();
        let body = self.call(query, options).await?;
        Ok(F::Reply::from_bytes(&body).map_err(InvokeError::Decode)?)
    }

    /// Sends a serialized request (one boxed TL function, of any layer) and returns the serialized reply (one boxed TL
    /// object).
    ///
    /// # Errors
    /// Returns the same errors as [`invoke`](Self::invoke).
    pub async fn invoke_raw(&self, query: Vec<u8>) -> Result<Vec<u8>, Error> {
        self.invoke_raw_with(query, RequestOptions::default()).await
    }

    /// Like [`invoke_raw`](Self::invoke_raw), with options, see [`invoke_with`](Self::invoke_with).
    ///
    /// # Errors
    /// Returns the same errors as [`invoke`](Self::invoke).
    pub async fn invoke_raw_with(
        &self,
        query: Vec<u8>,
        options: impl Into<RequestOptions>,
    ) -> Result<Vec<u8>, Error> {
        self.call(query, options).await
    }

    async fn call(&self, query: Vec<u8>, options: impl Into<RequestOptions>) -> Result<Vec<u8>, Error> {
        let options = options.into();
        let call = self.shared().call(
            |machine: &mut sansio::Client, now| Ok::<_, Error>(machine.invoke_raw(now, query, options)?),
            sansio::Client::take_raw,
            sansio::Client::cancel,
        );
        Ok(call.await??)
    }

    /// Sends a request without waiting for its reply; [`RequestHandle::reply`] waits for it.
    ///
    /// # Errors
    /// Returns [`Error::Misuse`] if the request is not possible, and [`Error::Stopped`] if the client has stopped.
    pub fn send<F: Function>(
        &self,
        request: &F,
        options: impl Into<RequestOptions>,
    ) -> Result<RequestHandle<F>, Error> {
        // Requests are serialized, and replies deserialized, without the lock: the types may be the application's own.
        let query = request.to_bytes();
        let pending = CancelOnDrop::start(self, |machine, now| machine.invoke_raw(now, query, options))?;
        Ok(RequestHandle { pending, failed: None, function: PhantomData })
    }
}

/// A pending request. If the handle is dropped before the reply arrives, the request is cancelled: the server is told
/// to drop the answer, but may have executed the request.
#[must_use = "if dropped, the request is cancelled"]
pub struct RequestHandle<F> {
    pending: CancelOnDrop,
    /// The error of a request that ended while the caller waited for its ack.
    failed: Option<InvokeError>,
    function: PhantomData<fn() -> F>,
}

impl<F> RequestHandle<F> {
    /// Returns the id of the request, for [`RequestOptions::after`] of a later request.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.pending.id
    }

    /// Returns how far the request has been delivered. Returns `None` if the client has stopped, or if the request
    /// ended without an answer of the server; the error then contains the delivery.
    #[must_use]
    pub fn delivery(&self) -> Option<Delivery> {
        let state = self.pending.client.shared().lock();
        if state.ended { None } else { state.machine.delivery(self.id()) }
    }
}

impl<F> RequestHandle<F> {
    /// Waits until the server has received the request, which an acknowledgement or the reply shows. With
    /// [`RequestOptions::quick_ack`], the server acknowledges at once. The future may be dropped and created again.
    ///
    /// # Errors
    /// Returns [`Error::Invoke`] if the request ended before that, with the same error as [`reply`](Self::reply), and
    /// [`Error::Stopped`] if the client has stopped.
    pub async fn wait_received(&mut self) -> Result<(), Error> {
        let id = self.id();
        let failed = &mut self.failed;
        let shared = self.pending.client.shared();
        let received = shared.until_acked(id, |state| {
            if failed.is_none() && !state.machine.is_received(id) {
                // The server's answer counts as an ack, so this is an error of the client.
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
    /// Returns [`Error::Invoke`] with the server's refusal or the reason why there is no reply, and [`Error::Stopped`]
    /// if the client has stopped.
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
        let id = client.shared().with_state(|state, now| start(&mut state.machine, now))?;
        Ok(Self::new(client, id))
    }

    pub(super) fn new(client: &Client, id: RequestId) -> Self {
        Self { client: client.clone(), id, is_over: false }
    }

    /// Waits until `take` returns the outcome.
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
            self.client.shared().with_state(|state, _| state.machine.cancel(self.id));
        }
    }
}
