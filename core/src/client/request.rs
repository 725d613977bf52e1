//! Requests: how they are sent, and how their results are taken.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::time::Duration;

use super::error::ApiMisuse;
use super::io::{Event, Output};
use super::machine::Client;
use crate::dc::DcId;
use crate::rpc::{InvokeError, MAX_QUERY_LEN, NewRequest, OnUnknownOutcome, RequestId, Requester};
use crate::session::{Delivery, protocol_message};
use crate::time::Now;
use crate::tl::{Deserialize, Function};

/// The DC that a request is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The home DC.
    Home,
    /// This DC. If a user is logged in, the login is transferred to it first.
    Dc(DcId),
}

/// How a request is sent. Start with [`new`](Self::new), and set what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestOptions {
    /// The DC that it is sent to. Default: the home DC.
    pub route: Route,
    /// The time limit of the answer. Default: `None`, for [`Config::request_timeout`](super::Config::request_timeout),
    /// which does not count the key exchange of the first connection.
    pub timeout: Option<Duration>,
    /// The request after which the server must execute this one (`invokeAfterMsg`), if that is still pending. Both must
    /// be sent to the same DC.
    pub after: Option<RequestId>,
    /// Whether the client itself sends the request again to the DC that `FILE_MIGRATE_X` or `STATS_MIGRATE_X` names, up
    /// to three times. Default: `false`, the error is the result (see
    /// [`RpcError::redirect_dc`](crate::rpc::RpcError::redirect_dc)).
    pub follow_redirects: bool,
    /// The maximum total time that the client waits and sends the request again if the server demands a wait
    /// (`FLOOD_WAIT_X` and the other errors 420, of which [`Event::FloodWait`] informs) or has an internal error (500 or
    /// -503; up to three times, after 1, 2 and 4 s). The default [`timeout`](Self::timeout) does not count these waits;
    /// one that is set must be longer than them. Default: `None`, for
    /// [`Config::flood_sleep_threshold`](super::Config::flood_sleep_threshold). Zero: the error is the result.
    pub flood_sleep_threshold: Option<Duration>,
    /// The action if its outcome is unknown, see [`OnUnknownOutcome`]. Default: it fails.
    pub on_unknown_outcome: OnUnknownOutcome,
    /// Whether to request a quick ack, of which [`Event::QuickAck`] informs. Default: `false`.
    /// [`Full`](crate::transport::Framing::Full) framing has no quick acks.
    pub quick_ack: bool,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestOptions {
    /// Returns the options of an ordinary request to the home DC.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            route: Route::Home,
            timeout: None,
            after: None,
            follow_redirects: false,
            flood_sleep_threshold: None,
            on_unknown_outcome: OnUnknownOutcome::Fail,
            quick_ack: false,
        }
    }

    /// Sets [`route`](Self::route).
    #[must_use]
    pub const fn with_route(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Sets [`after`](Self::after).
    #[must_use]
    pub fn with_after(mut self, after: impl Into<Option<RequestId>>) -> Self {
        self.after = after.into();
        self
    }

    /// Sets [`follow_redirects`](Self::follow_redirects).
    #[must_use]
    pub const fn with_follow_redirects(mut self, follow_redirects: bool) -> Self {
        self.follow_redirects = follow_redirects;
        self
    }

    /// Sets [`flood_sleep_threshold`](Self::flood_sleep_threshold).
    #[must_use]
    pub fn with_flood_sleep_threshold(mut self, flood_sleep_threshold: impl Into<Option<Duration>>) -> Self {
        self.flood_sleep_threshold = flood_sleep_threshold.into();
        self
    }

    /// Sets [`on_unknown_outcome`](Self::on_unknown_outcome).
    #[must_use]
    pub const fn with_on_unknown_outcome(mut self, on_unknown_outcome: OnUnknownOutcome) -> Self {
        self.on_unknown_outcome = on_unknown_outcome;
        self
    }

    /// Sets [`quick_ack`](Self::quick_ack).
    #[must_use]
    pub const fn with_quick_ack(mut self, quick_ack: bool) -> Self {
        self.quick_ack = quick_ack;
        self
    }
}

impl From<Route> for RequestOptions {
    fn from(route: Route) -> Self {
        Self::new().with_route(route)
    }
}

/// The handle of a request whose result has a type.
#[derive(Debug)]
pub struct RequestHandle<F> {
    id: RequestId,
    function: PhantomData<fn() -> F>,
}

impl<F> RequestHandle<F> {
    /// Returns the identifier of the request, which [`Event::Completed`] contains.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.id
    }
}

impl<F> Clone for RequestHandle<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for RequestHandle<F> {}

impl Client {
    /// Sends a request.
    ///
    /// # Errors
    /// [`ApiMisuse`] if the query is too long or a message of the protocol, too many requests are pending, the DC has no
    /// address, or the client is closed.
    pub fn invoke<F: Function>(
        &mut self,
        now: Now,
        request: &F,
        options: impl Into<RequestOptions>,
    ) -> Result<RequestHandle<F>, ApiMisuse> {
        let id = self.invoke_raw(now, request.to_bytes(), options)?;
        Ok(RequestHandle { id, function: PhantomData })
    }

    /// Sends a serialized query of any layer: one boxed TL function.
    ///
    /// # Errors
    /// [`ApiMisuse`] if the query is empty, longer than 1 MiB, not a multiple of 4 bytes or a message of the protocol, too
    /// many requests are pending, the DC has no address, or the client is closed.
    pub fn invoke_raw(
        &mut self,
        now: Now,
        query: Vec<u8>,
        options: impl Into<RequestOptions>,
    ) -> Result<RequestId, ApiMisuse> {
        let options = options.into();
        let dc = match options.route {
            Route::Home => self.home(),
            Route::Dc(dc) => dc,
        };
        if self.closed {
            return Err(ApiMisuse::Closed);
        }
        if query.is_empty() || query.len() > MAX_QUERY_LEN || !query.len().is_multiple_of(4) {
            return Err(ApiMisuse::QueryLength(query.len()));
        }
        if let Some(constructor) = protocol_message(&query) {
            return Err(ApiMisuse::ProtocolMessage(constructor));
        }
        if !self.knows_address(dc) {
            return Err(ApiMisuse::UnknownDc(dc));
        }
        let full = self.requests.len() >= self.config.max_pending;
        if full || self.requests.bytes() + query.len() > self.config.max_pending_bytes {
            return Err(ApiMisuse::QueueFull);
        }
        let timeout = options.timeout.or(self.config.request_timeout);
        let request = NewRequest {
            requester: Requester::Application,
            dc,
            query: query.into(),
            after: options.after,
            deadline: timeout.map(|timeout| now.monotonic + timeout),
            is_deadline_extensible: options.timeout.is_none(),
            follow_redirects: options.follow_redirects,
            max_wait: options.flood_sleep_threshold.unwrap_or(self.config.flood_sleep_threshold),
            on_unknown_outcome: options.on_unknown_outcome,
            quick_ack: options.quick_ack,
        };
        let id = self.add_and_queue(request, now);
        self.transmit_later(dc, now);
        Ok(id)
    }

    /// Takes the result of a request. Returns `None` if there is none yet.
    pub fn take<F: Function>(&mut self, handle: &RequestHandle<F>) -> Option<Result<F::Reply, InvokeError>> {
        let result = self.take_raw(handle.id)?;
        Some(result.and_then(|body| F::Reply::from_bytes(&body).map_err(InvokeError::Decode)))
    }

    /// Takes the result of a request as one boxed TL object. Returns `None` if there is none yet.
    pub fn take_raw(&mut self, id: RequestId) -> Option<Result<Vec<u8>, InvokeError>> {
        let result = self.requests.take(id)?;
        Some(result.map(|mut body| body.take()))
    }

    /// Forgets a request or a login step. A later answer is ignored. If the request was sent, the next packet asks the
    /// server to drop the answer (`rpc_drop_answer`).
    pub fn cancel(&mut self, id: RequestId) {
        let request = self.steps.cancel(id).unwrap_or(id);
        self.drop_request(request);
        self.requests.remove(request);
    }

    /// Returns the progress of a request until its result is taken, or `None` if it ended without an answer of the
    /// server: then the error contains its progress.
    #[must_use]
    pub fn delivery(&self, id: RequestId) -> Option<Delivery> {
        if self.requests.has_server_answer(id) {
            return Some(Delivery::Answered);
        }
        let dc = self.requests.dc(id)?;
        Some(self.datacenters.get(&dc).map_or(Delivery::Queued, |datacenter| datacenter.delivery(id.tag())))
    }

    /// Returns whether the server has confirmed a request: by a quick ack, an ack or the answer. An on-path attacker
    /// can suppress a quick ack, but can hardly forge it (31 bits).
    #[must_use]
    pub fn is_received(&self, id: RequestId) -> bool {
        self.requests.is_quickly_acknowledged(id)
            || self.delivery(id).is_some_and(|delivery| delivery >= Delivery::Acknowledged)
    }

    pub(super) fn new_request_id(&mut self) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        id
    }

    /// Sends a query of the client itself. It may be executed twice.
    pub(super) fn send_internal_query(
        &mut self,
        now: Now,
        requester: Requester,
        dc: DcId,
        query: Vec<u8>,
    ) -> RequestId {
        let request = NewRequest {
            requester,
            dc,
            query: query.into(),
            after: None,
            deadline: self.config.request_timeout.map(|timeout| now.monotonic + timeout),
            is_deadline_extensible: true,
            follow_redirects: false,
            max_wait: Duration::ZERO,
            on_unknown_outcome: OnUnknownOutcome::Retry,
            quick_ack: false,
        };
        self.send(request, now)
    }

    /// Adds a pending request, and queues it at its DC.
    pub(super) fn send(&mut self, request: NewRequest, now: Now) -> RequestId {
        if self.knows_address(request.dc) {
            return self.add_and_queue(request, now);
        }
        let (id, dc) = (self.new_request_id(), request.dc);
        self.requests.insert(id, request);
        self.fail(id, InvokeError::UnknownDc(dc));
        id
    }

    /// Adds a pending request, and queues it at its DC, which has an address.
    fn add_and_queue(&mut self, request: NewRequest, now: Now) -> RequestId {
        let (id, dc) = (self.new_request_id(), request.dc);
        let constraints = self.requests.insert(id, request);
        self.datacenter(dc).queue(id.tag(), constraints, now.monotonic);
        id
    }

    /// Queues a pending request again at its DC, which has an address.
    pub(super) fn queue_again(&mut self, id: RequestId, dc: DcId, now: Now) {
        // It may be the first at this DC.
        self.datacenter(dc);
        if let Some(datacenter) = self.datacenters.get_mut(&dc) {
            datacenter.queue_again(id.tag(), &self.requests, now.monotonic);
        }
    }

    pub(super) fn drop_request(&mut self, id: RequestId) {
        if let Some(datacenter) = self.requests.dc(id).and_then(|dc| self.datacenters.get_mut(&dc)) {
            datacenter.drop_request(id.tag(), &self.requests);
        }
    }

    pub(super) fn fail(&mut self, id: RequestId, error: InvokeError) {
        match self.requests.fail(id, error) {
            Some(Requester::Application) => self.outputs.push_back(Output::Event(Event::Completed(id))),
            Some(requester) => self.completed_internal.push_back((id, requester)),
            None => {}
        }
    }

    /// Decides about requests of unknown outcome by their policy: each fails or is sent again.
    pub(super) fn resolve_unknown_outcomes(&mut self) {
        let mut reported: Vec<RequestId> = Vec::new();
        for datacenter in self.datacenters.values_mut() {
            for id in datacenter.take_unknown_outcomes().into_iter().map(RequestId::from) {
                match self.requests.on_unknown_outcome(id) {
                    Some(OnUnknownOutcome::Retry) => datacenter.send_again(id.tag(), &self.requests),
                    Some(OnUnknownOutcome::Fail) => reported.push(id),
                    None => {}
                }
            }
        }
        for id in reported {
            let delivery = self.delivery(id).unwrap_or(Delivery::Sent).max(Delivery::Sent);
            self.drop_request(id);
            self.fail(id, InvokeError::OutcomeUnknown { delivery });
        }
    }
}
