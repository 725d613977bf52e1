//! Received bytes: the stream is cut into packets, each packet gets its key and is decrypted.

use sansgram_core::time::Now;

use super::connection::Connection;
use super::dcs::TestDcs;
use super::envelope::{self, EnvelopeRefusal};
use super::framing::Packet;
use super::io::{ServerInput, ServerOutput};
use super::keys::KeyState;
use super::message_context::FollowUp;
use super::policy::{NOT_FOUND, WRONG_DC};
use super::refusal::Refusal;

impl TestDcs {
    /// Processes one input. Call [`poll_output`](Self::poll_output) afterwards.
    pub fn handle(&mut self, now: Now, input: ServerInput<'_>) {
        self.now = now;
        match input {
            ServerInput::Accepted { conn, dc, client } if self.options.dcs.contains(&dc) => {
                let mut connection =
                    Connection::new(dc, &self.options.frontend, self.options.accept_web_sockets);
                connection.client_ip = client;
                self.conns.insert(conn, connection);
            }
            ServerInput::Accepted { conn, .. } => self.outputs.push_back(ServerOutput::Close { conn }),
            ServerInput::Received { conn, bytes } => self.received(conn, bytes),
            ServerInput::Lost { conn } => {
                let left = self.conns.remove(&conn).filter(|left| !left.is_closing());
                if let Some(error) = left.and_then(|left| left.stream.error_at_close()) {
                    self.refuse(conn, error);
                }
                self.lost(conn);
            }
            ServerInput::Tick => {}
        }
        self.run_timers();
        self.run_scheduled();
    }

    /// Returns the next output; [`ServerOutput::Timeout`] once there is no other.
    pub fn poll_output(&mut self) -> ServerOutput {
        self.outputs.pop_front().unwrap_or_else(|| {
            let scheduled = self.scheduled.keys().next().map(|(at, _)| *at);
            let deadlines = self.conns.values().filter_map(Connection::deadline).chain(scheduled);
            ServerOutput::Timeout(deadlines.min())
        })
    }

    fn received(&mut self, id: u64, bytes: &[u8]) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if self.options.fault_injection.silent_after_accept || conn.is_closing() {
            return;
        }
        let mut reply = Vec::new();
        let received = conn.stream.receive(bytes, self.now.unix, &mut *self.random, &mut reply);
        self.transmit(id, reply);
        if let Err(error) = received {
            self.refuse(id, error);
            return self.close(id);
        }
        loop {
            // A packet may have closed the connection.
            let Some(conn) = self.conns.get_mut(&id).filter(|conn| !conn.is_closing()) else { return };
            match conn.stream.next_packet() {
                Ok(Some(packet)) => {
                    if let Some(requested) = conn.stream.requested_dc() {
                        let test = if self.options.test_dcs { 10_000 } else { 0 };
                        // A media DC is the same as its DC.
                        conn.dc = i32::from(requested).abs() - test;
                        if !self.options.dcs.contains(&conn.dc) {
                            self.refuse(id, Refusal::UnknownDc(requested));
                            return self.fail(id, WRONG_DC);
                        }
                    }
                    self.packet(id, packet);
                }
                Ok(None) => return,
                Err(error) => {
                    self.refuse(id, error);
                    return self.close(id);
                }
            }
        }
    }

    fn packet(&mut self, id: u64, mut packet: Packet) {
        let Some(conn) = self.conns.get(&id) else { return };
        let (dc, padded) = (conn.dc, conn.is_padded());
        let Some(auth_key_id) = packet.bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
            self.refuse(id, EnvelopeRefusal::Length(packet.bytes.len()));
            return self.fail(id, NOT_FOUND);
        };
        if auth_key_id == 0 {
            return self.plain_packet(id, &packet.bytes, padded);
        }
        if self.options.fault_injection.silent_after_handshake {
            return;
        }
        let unix = self.unix_seconds();
        let living = |key: &KeyState| key.expires_at.is_none_or(|expiry| unix < expiry);
        // The key is taken out of its table while it is in use, so that the rest of `self` stays usable.
        let Some(mut key) = self.keys.remove(&(dc, auth_key_id)).filter(living) else {
            self.refuse(id, EnvelopeRefusal::UnknownKey(auth_key_id));
            return self.fail(id, NOT_FOUND);
        };
        let follow_up = match envelope::open(&key.auth_key, &mut packet.bytes, padded) {
            Ok(message) => {
                if packet.quick_ack {
                    self.quick_ack(id, message.quick_ack_token);
                }
                self.note_owner(id, key.account_key());
                self.message(id, dc, &mut key, message)
            }
            Err(refusal) => {
                self.refuse(id, refusal);
                self.fail(id, NOT_FOUND);
                FollowUp::default()
            }
        };
        if follow_up.destroy_key {
            self.changed = true;
            self.accounts.forget_key(auth_key_id);
            self.owners.forget(auth_key_id);
            self.keys.retain(|_, key| key.bound_to != Some(auth_key_id));
        } else {
            self.keys.insert((dc, auth_key_id), key);
        }
        for push in follow_up.pushes {
            self.push(push.auth_key_id, &push.body);
        }
    }

    /// Notes that a packet under this key arrived, and ends the key if it has two owners.
    fn note_owner(&mut self, conn: u64, key: u64) {
        let Some(address) = self.conns.get(&conn).and_then(|conn| conn.client_ip) else { return };
        if !self.owners.is_shared(key, conn, address) {
            return;
        }
        self.refuse(conn, Refusal::SharedKey(key));
        if self.options.end_shared_keys {
            self.owners.end(key);
            self.accounts.forget_key(key);
            self.changed = true;
        }
    }
}
