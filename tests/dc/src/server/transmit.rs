//! Sending bytes: at once, or one by one if a fault says so.

use std::time::Duration;

use super::dcs::TestDcs;
use super::io::ServerOutput;
use super::policy::GARBAGE_BYTES;

impl TestDcs {
    /// Sends a payload in a frame of its own.
    pub(super) fn transmit_packet(&mut self, id: u64, payload: &[u8]) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let bytes = conn.stream.frame(payload, &mut *self.random);
        self.transmit(id, bytes);
    }

    pub(super) fn quick_ack(&mut self, id: u64, token: u32) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let bytes = conn.stream.quick_ack(token, &mut *self.random);
        self.transmit(id, bytes);
    }

    pub(super) fn transmit(&mut self, id: u64, mut bytes: Vec<u8>) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if bytes.is_empty() {
            return;
        }
        if self.options.fault_injection.garbage_first_reply && !conn.replied {
            bytes = vec![0; GARBAGE_BYTES];
            self.random.fill(&mut bytes);
        }
        conn.replied = true;
        match self.options.fault_injection.slow_bytes {
            Some(interval) => {
                conn.trickle.extend(bytes);
                conn.trickle_at.get_or_insert(self.now.monotonic + interval);
            }
            None => self.outputs.push_back(ServerOutput::Transmit { conn: id, bytes }),
        }
    }

    /// Closes the connection once its last byte is sent.
    pub(super) fn close(&mut self, id: u64) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.closing = true;
        conn.disconnect_at = None;
        if conn.trickle.is_empty() {
            self.conns.remove(&id);
            self.lost(id);
            self.outputs.push_back(ServerOutput::Close { conn: id });
        }
    }

    pub(super) fn run_timers(&mut self) {
        let now = self.now.monotonic;
        // With an interval of zero, time would never pass.
        let interval =
            self.options.fault_injection.slow_bytes.unwrap_or_default().max(Duration::from_nanos(1));
        let mut ended = Vec::new();
        for (&id, conn) in &mut self.conns {
            let mut bytes = Vec::new();
            while let Some(at) = conn.trickle_at.filter(|&at| at <= now) {
                bytes.extend(conn.trickle.pop_front());
                conn.trickle_at = (!conn.trickle.is_empty()).then(|| at + interval);
            }
            if !bytes.is_empty() {
                self.outputs.push_back(ServerOutput::Transmit { conn: id, bytes });
            }
            let drained = conn.closing && conn.trickle.is_empty();
            if drained || conn.disconnect_at.is_some_and(|at| at <= now) {
                ended.push(id);
            }
        }
        for id in ended {
            self.close(id);
        }
    }
}
