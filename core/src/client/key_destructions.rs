//! What a logout waits for: the destruction of the account's keys.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::connection::active_connection::ActiveConnection;
use super::context::Context;
use super::datacenter::key_destruction::KeyDestruction;
use super::endpoints::{self, Attempt};
use super::io::{ConnId, Output};
use super::steps::ErasedOutcome;
use crate::dc::DcId;
use crate::login::LoginError;
use crate::rpc::RequestId;
use crate::time::Timestamp;

/// The result of a logout.
type LogoutResult = Result<ErasedOutcome, LoginError>;

/// The keys that are being destroyed, and the logouts that end with the last of them.
#[derive(Debug, Default)]
pub(super) struct KeyDestructions {
    pending: Vec<KeyDestruction>,
    logouts: Vec<(RequestId, LogoutResult)>,
}

impl KeyDestructions {
    /// Adds the destruction of a key.
    pub(super) fn push(&mut self, destruction: KeyDestruction) {
        self.pending.push(destruction);
    }

    /// Adds a logout, which ends when no key is being destroyed any more.
    pub(super) fn push_logout(&mut self, id: RequestId, result: LogoutResult) {
        self.logouts.push((id, result));
    }

    /// Returns whether a key of `dc` is being destroyed.
    pub(super) fn has_dc(&self, dc: DcId) -> bool {
        self.pending.iter().any(|destruction| destruction.dc() == dc)
    }

    /// Returns the destruction that has this connection.
    pub(super) fn find(&mut self, conn: ConnId) -> Option<&mut KeyDestruction> {
        self.pending.iter_mut().find(|destruction| destruction.conn() == Some(conn))
    }

    /// Ends all of them with the next [`advance`](Self::advance).
    pub(super) fn give_up(&mut self) {
        self.pending.iter_mut().for_each(KeyDestruction::give_up);
    }

    /// Opens connections, sends what is due, and removes what is over. Returns the logouts that have ended.
    pub(super) fn advance(
        &mut self,
        next_conn: &mut impl FnMut() -> ConnId,
        cx: &mut Context<'_>,
        outputs: &mut VecDeque<Output>,
    ) -> Vec<(RequestId, LogoutResult)> {
        let now = cx.now.monotonic;
        for destruction in &mut self.pending {
            if destruction.is_over(now) {
                outputs.extend(destruction.conn().map(|conn| Output::Close { conn }));
                continue;
            }
            if destruction.needs_connection() {
                let conn = next_conn();
                let attempt = endpoints::attempt(cx.config, cx.stored, destruction.dc(), 0);
                let Attempt { endpoints, framing, mode } = attempt;
                destruction.open(ActiveConnection::new(conn, framing, mode, cx.config, cx.now));
                outputs.push_back(Output::Open { conn, dc: destruction.dc(), endpoints });
            }
            let transmit = destruction.transmit(cx);
            outputs.extend(transmit.map(|(conn, bytes)| Output::Transmit { conn, bytes }));
        }
        self.pending.retain(|destruction| !destruction.is_over(now));
        if self.pending.is_empty() { core::mem::take(&mut self.logouts) } else { Vec::new() }
    }

    /// Returns when the next destruction must be advanced.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        self.pending.iter().map(KeyDestruction::timeout).min()
    }
}
