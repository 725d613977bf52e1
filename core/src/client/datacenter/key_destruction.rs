//! The destruction of a permanent key after a logout (`destroy_auth_key`), which has a few seconds.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::client::connection::Connection;
use crate::client::connection::active_connection::ActiveConnection;
use crate::client::connection::connection_session::ConnectionSession;
use crate::client::connection::incoming::{ConnectionEvent, ConnectionIncoming, Received};
use crate::client::context::Context;
use crate::client::io::{ConnId, Output};
use crate::client::stored_session::DcAuth;
use crate::dc::DcId;
use crate::policy;
use crate::rpc::{DisconnectReason, RequestTable};
use crate::time::Timestamp;

/// The destruction of one key.
#[derive(Debug)]
pub(crate) struct KeyDestruction {
    dc: DcId,
    connection: Connection,
    until: Timestamp,
    over: bool,
}

impl KeyDestruction {
    /// Starts to destroy `key`, on the stream and in the session of `connection` if they can be used. A stream that
    /// cannot is closed.
    pub(crate) fn new(
        dc: DcId,
        key: &DcAuth,
        mut connection: Connection,
        cx: &mut Context<'_>,
        outputs: &mut VecDeque<Output>,
    ) -> Self {
        if !connection.carries_session() {
            outputs.extend(connection.conn().map(|conn| Output::Close { conn }));
            connection.close();
        }
        // The permanent key itself must be used, so a session under a temporary key is not used.
        let mut session =
            connection.take_session().filter(|session| session.temporary.is_none()).unwrap_or_else(|| {
                let clock = cx.new_clock();
                ConnectionSession::permanent(key, clock, cx.random, cx.now)
            });
        session.session.destroy_key();
        connection.set_session(session);
        Self { dc, connection, until: cx.now.monotonic + policy::KEY_DESTRUCTION_TIMEOUT, over: false }
    }

    pub(crate) const fn dc(&self) -> DcId {
        self.dc
    }

    pub(crate) const fn conn(&self) -> Option<ConnId> {
        self.connection.conn()
    }

    /// Returns whether a connection must be opened first.
    pub(crate) const fn needs_connection(&self) -> bool {
        self.connection.is_idle()
    }

    pub(crate) fn open(&mut self, stream: ActiveConnection) {
        self.connection.open(stream);
    }

    pub(crate) fn on_opened(&mut self, cx: &mut Context<'_>) {
        self.connection.on_opened(self.dc, 0, cx);
    }

    pub(crate) fn on_received(&mut self, bytes: &mut [u8], cx: &mut Context<'_>) {
        let Some(mut incoming) = self.connection.receive(bytes, self.dc, false, cx) else { return };
        self.over |= pull_answer(&mut incoming).unwrap_or(true);
    }

    pub(crate) fn on_transmitted(&mut self, buffer: Vec<u8>) {
        self.connection.on_transmitted(buffer);
    }

    /// Ends the destruction now.
    pub(crate) const fn give_up(&mut self) {
        self.over = true;
    }

    /// Ends the destruction, since its connection is lost.
    pub(crate) fn on_lost(&mut self) {
        self.connection.close();
        self.over = true;
    }

    /// Returns whether the destruction has ended. A connection that must be replaced ends it too: there is no time for
    /// another.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.over || now >= self.until || self.connection.overdue(now).is_some()
    }

    pub(crate) fn transmit(&mut self, cx: &mut Context<'_>) -> Option<(ConnId, Vec<u8>)> {
        self.connection.start_session_or_key_exchange(self.dc, false, cx);
        if let Some(session) = self.connection.session_mut() {
            session.session.tick(cx.now.monotonic);
        }
        // No request is sent on this connection.
        let bytes = self.connection.transmit(&[], &RequestTable::default(), &|_| false, cx)?;
        Some((self.connection.conn()?, bytes))
    }

    pub(crate) fn timeout(&self) -> Timestamp {
        self.connection.timeout().map_or(self.until, |at| at.min(self.until))
    }
}

/// Pulls all messages. Returns whether the server answered `destroy_auth_key`.
fn pull_answer(incoming: &mut ConnectionIncoming<'_, '_>) -> Result<bool, DisconnectReason> {
    let mut is_answered = false;
    while let Some(received) = incoming.next()? {
        let Received::Packet(mut packet) = received else { continue };
        while let Some(event) = packet.next()? {
            is_answered |= matches!(event, ConnectionEvent::DestroyKeyAnswered);
        }
    }
    Ok(is_answered)
}
