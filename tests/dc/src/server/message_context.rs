//! The context of a message while it is processed.

use std::time::Duration;

use super::constructors::{RPC_ERROR, RPC_RESULT};
use super::keys::KeyState;
use super::session::Session;
use crate::accounts::Push;
use crate::wire::Writer;

/// What is done once the message is answered.
#[derive(Default)]
pub(super) struct FollowUp {
    pub(super) destroy_key: bool,
    pub(super) pushes: Vec<Push>,
    pub(super) close: bool,
    pub(super) transport_error: Option<i32>,
}

/// The context of a message: its connection, key and session.
pub(super) struct MessageContext<'a> {
    pub(super) conn: u64,
    pub(super) dc: i32,
    pub(super) unix: Duration,
    pub(super) key: &'a mut KeyState,
    pub(super) session: &'a mut Session,
    pub(super) follow_up: FollowUp,
}

impl MessageContext<'_> {
    /// Answers a request with `result`, a boxed TL object.
    pub(super) fn answer(&mut self, msg_id: u64, result: &[u8]) {
        let body = Writer::object(RPC_RESULT).u64(msg_id).raw(result).finish();
        let failed = result.starts_with(&RPC_ERROR.to_le_bytes());
        self.session.answer(self.unix, msg_id, body, failed);
    }
}
