//! The last word to a DC: `destroy_auth_key` after a logout, within a few seconds or not at all.

use alloc::collections::BTreeSet;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::connection::{Again, BoundSession, Connection, Context, Receiver};
use super::io::{ConnId, Output};
use super::stored_session::DcAuth;
use super::stream::{Phase, Stream};
use crate::dc::DcId;
use crate::rpc::PendingRequests;
use crate::session::{MessageError, RequestTag, SessionEvent};
use crate::time::Timestamp;

/// How long a key may take to be destroyed; then it is forgotten all the same.
const PATIENCE: Duration = Duration::from_secs(3);

/// A key that is being destroyed.
#[derive(Debug)]
pub(super) struct KeyDestruction {
    pub(super) dc: DcId,
    lane: Connection,
    until: Timestamp,
    over: bool,
}

/// Listens for the one answer that matters.
struct Listener {
    destroyed: bool,
}

impl Receiver for Listener {
    fn new_key(&mut self, _: &DcAuth) {}

    fn session_event(&mut self, event: SessionEvent<'_>) -> Again {
        self.destroyed |= matches!(event, SessionEvent::KeyDestroyed);
        Again::No
    }

    fn quick_ack(&mut self, _: RequestTag) {}

    fn rejected(&mut self, _: &MessageError) {}
}

impl KeyDestruction {
    /// Destroys `key`, over the connection and in the session of `lane` as far as they serve. What does not is closed.
    pub(super) fn new(
        dc: DcId,
        key: &DcAuth,
        mut lane: Connection,
        cx: &mut Context<'_>,
        outputs: &mut VecDeque<Output>,
    ) -> Self {
        let is_up = matches!(&lane.phase, Phase::Open(wire) if wire.is_up());
        if !is_up {
            outputs.extend(lane.conn().map(|conn| Output::Close { conn }));
            lane.phase = Phase::Idle;
        }
        // Only the permanent key itself can be destroyed for good, so it is used, for this alone.
        let mut keyed = lane.keyed.take().filter(|keyed| keyed.temporary.is_none()).unwrap_or_else(|| {
            let clock = cx.clock();
            BoundSession::permanent(key, clock, cx.random, cx.now)
        });
        keyed.session.destroy_key();
        lane.keyed = Some(keyed);
        Self { dc, lane, until: cx.now.monotonic + PATIENCE, over: false }
    }

    pub(super) const fn conn(&self) -> Option<ConnId> {
        self.lane.conn()
    }

    /// Whether it needs a connection first.
    pub(super) const fn wants_connection(&self) -> bool {
        matches!(self.lane.phase, Phase::Idle)
    }

    pub(super) fn open(&mut self, wire: Stream) {
        self.lane.open(wire);
    }

    pub(super) fn opened(&mut self, cx: &mut Context<'_>) {
        self.lane.opened(self.dc, 0, cx);
    }

    pub(super) fn received(&mut self, bytes: &mut [u8], cx: &mut Context<'_>) {
        let mut listener = Listener { destroyed: false };
        let result = self.lane.received(bytes, self.dc, false, &mut listener, &mut BTreeSet::new(), cx);
        self.over |= listener.destroyed || result.is_err();
    }

    pub(super) fn sent(&mut self, buffer: Vec<u8>) {
        self.lane.sent(buffer);
    }

    /// Ends it now.
    pub(super) const fn give_up(&mut self) {
        self.over = true;
    }

    /// The connection is gone, and with it the chance.
    pub(super) fn lost(&mut self) {
        self.lane.phase = Phase::Idle;
        self.over = true;
    }

    /// A connection that would have to be replaced ends it as well: the time is too short for another one.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.over || now >= self.until || self.lane.expired(now).is_some()
    }

    pub(super) fn transmit(&mut self, cx: &mut Context<'_>) -> Option<(ConnId, Vec<u8>)> {
        self.lane.begin(self.dc, false, cx);
        if let Some(keyed) = &mut self.lane.keyed {
            keyed.session.tick(cx.now.monotonic);
        }
        // No request travels here any more.
        let bytes = self.lane.transmit(&[], &PendingRequests::default(), cx)?;
        Some((self.lane.conn()?, bytes))
    }

    pub(super) fn timeout(&self) -> Timestamp {
        self.lane.timeout().map_or(self.until, |at| at.min(self.until))
    }
}
