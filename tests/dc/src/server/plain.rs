//! Unencrypted messages: the key exchange.

use std::collections::BTreeMap;

use super::dcs::TestDcs;
use super::envelope;
use super::handshake::{HandshakeRefusal, HandshakeRun, NewKey, Rules};
use super::keys::KeyState;
use super::options::Tolerance;
use super::policy::{HANDSHAKE_MEMORY, MAX_HANDSHAKES, NOT_FOUND, WRONG_DC};
use super::salts::Salts;
use super::session::msg_id_at;

impl TestDcs {
    pub(super) fn plain_packet(&mut self, id: u64, packet: &[u8], padded: bool) {
        if let Err(refusal) = self.try_plain_packet(id, packet, padded) {
            self.refuse(id, refusal);
            let code = if matches!(refusal, HandshakeRefusal::WrongDc { .. }) { WRONG_DC } else { NOT_FOUND };
            self.fail(id, code);
        }
    }

    fn try_plain_packet(&mut self, id: u64, packet: &[u8], padded: bool) -> Result<(), HandshakeRefusal> {
        let message = envelope::open_plain(packet, padded)?;
        let unix = self.unix_seconds();
        let Some(conn) = self.conns.get_mut(&id) else { return Ok(()) };
        let good_id = conn.is_good_plain_id(message.msg_id);
        let reply_id = conn.next_plain_id(msg_id_at(self.now.unix));
        let dc = conn.dc;
        if !good_id {
            if !self.options.accept_any_plain_msg_id {
                return Err(HandshakeRefusal::BadMessageId(message.msg_id));
            }
            self.tolerate(id, Tolerance::PlainMsgId);
        }
        let name = (dc, HandshakeRun::nonce_of(message.body)?);
        let forgery = self.options.fault_injection.handshake_forgery;
        let mut reply = match self.handshakes.get_mut(&name) {
            Some((_, run)) => {
                let rules = Rules {
                    dc,
                    test_dcs: self.options.test_dcs,
                    accept_legacy_rsa: self.options.accept_legacy_rsa,
                    short_dh_secrets: self.options.short_dh_secrets,
                    dh_retries: self.options.fault_injection.dh_retries,
                    dh_fail: self.options.fault_injection.dh_fail,
                    forgery,
                };
                let seconds = i32::try_from(unix).unwrap_or(i32::MAX);
                run.receive(message.body, &rules, &self.rsa, &mut *self.random, seconds)?
            }
            None => {
                let (run, reply) = HandshakeRun::begin(message.body, &self.rsa, &mut *self.random)?;
                let now = self.now.monotonic;
                self.handshakes.retain(|_, (begun, _)| now - *begun < HANDSHAKE_MEMORY);
                if self.handshakes.len() >= MAX_HANDSHAKES {
                    // Only a client that lost the last answer still needs these.
                    self.handshakes.retain(|_, (_, run)| !run.is_finished());
                }
                if self.handshakes.len() < MAX_HANDSHAKES {
                    self.handshakes.insert(name, (now, run));
                }
                reply
            }
        };
        if reply.legacy_rsa {
            self.tolerate(id, Tolerance::LegacyRsa);
        }
        if let Some(NewKey { auth_key, server_salt, new_nonce, expires_in }) = reply.new_key {
            self.secrets().add("auth_key", auth_key.as_bytes());
            self.secrets().add("new_nonce", new_nonce);
            let first = (!self.options.fault_injection.wrong_salt_first).then_some(server_salt);
            let salts = Salts::new(&auth_key, self.options.salt_lifetime, first, unix);
            let expires_at = expires_in.map(|seconds| unix + i64::from(seconds));
            let auth_key_id = auth_key.id().0;
            if expires_at.is_some() {
                self.accounts.limit_key(auth_key_id);
            }
            let state =
                KeyState { auth_key, expires_at, bound_to: None, calls: 0, salts, sessions: BTreeMap::new() };
            self.keys.insert((dc, auth_key_id), state);
            self.changed = true;
        }
        let mut trailing = [0; 4 * 23];
        self.random.fill(&mut trailing);
        let count = if self.options.trailing_bytes { 4 * usize::from(trailing[0] % 23) } else { 0 };
        if let Some(forgery) = forgery {
            forgery.change_reply(&mut reply.body);
        }
        let mut packet = envelope::seal_plain(reply_id, &reply.body, &trailing[..count]);
        if let Some(forgery) = forgery {
            forgery.change_packet(&mut packet);
        }
        self.transmit_packet(id, &packet);
        Ok(())
    }
}
