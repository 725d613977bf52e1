//! The interface between the driver and the state machine, so that the driver's tests can use a toy machine.

use sansgram_core::client::{Client, Input, Output, RequestId, StoredSession};
use sansgram_core::time::Now;

/// The methods of [`Client`] that the driver calls.
pub(crate) trait Machine: Send + 'static {
    fn handle(&mut self, now: Now, input: Input<'_>);
    fn poll_output(&mut self) -> Output;
    fn close(&mut self, now: Now);
    fn stored_session(&self) -> &StoredSession;
    fn is_login_step(&self, id: RequestId) -> bool;
}

impl Machine for Client {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        Self::handle(self, now, input);
    }

    fn poll_output(&mut self) -> Output {
        Self::poll_output(self)
    }

    fn close(&mut self, now: Now) {
        Self::close(self, now);
    }

    fn stored_session(&self) -> &StoredSession {
        Self::stored_session(self)
    }

    fn is_login_step(&self, id: RequestId) -> bool {
        Self::is_login_step(self, id)
    }
}
