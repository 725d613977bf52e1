//! The bytes of requests, with the wrappers that they need now.

use crate::rpc::{RequestTable, Requester, WITHOUT_UPDATES};
use crate::session::{RequestBody, RequestSource, RequestTag};

/// The bodies as they leave now.
pub(crate) struct RequestBodies<'a> {
    requests: &'a RequestTable,
    /// Before those of the application.
    application: &'a [u8],
    /// Before those of the client itself.
    internal: &'a [u8],
    is_held: &'a dyn Fn(RequestTag) -> bool,
}

impl<'a> RequestBodies<'a> {
    /// `query_prefix` is `initConnection`, which is left out if the server knows the client (`inited`), then
    /// `invokeWithoutUpdates` if no updates are wanted.
    pub(crate) fn new(
        requests: &'a RequestTable,
        query_prefix: &'a [u8],
        inited: bool,
        updates: bool,
        is_held: &'a dyn Fn(RequestTag) -> bool,
    ) -> Self {
        let wrapper = if updates { 0 } else { WITHOUT_UPDATES.len() };
        let (init, wrapper) = query_prefix.split_at(query_prefix.len().saturating_sub(wrapper));
        if inited {
            Self { requests, application: wrapper, internal: &[], is_held }
        } else {
            Self { requests, application: query_prefix, internal: init, is_held }
        }
    }
}

impl RequestSource for RequestBodies<'_> {
    fn body(&self, tag: RequestTag) -> Option<RequestBody<'_>> {
        self.requests.body(tag.into(), |requester| match requester {
            Requester::Application => self.application,
            _ => self.internal,
        })
    }

    fn is_held(&self, tag: RequestTag) -> bool {
        (self.is_held)(tag)
    }
}
