//! Sending forged packets.

use sansgram_core::crypto::AuthKey;

use super::dcs::TestDcs;
use super::envelope::{self, OutgoingHeader};
use super::forgery::Forgery;

impl TestDcs {
    /// Sends a message in a forged packet.
    pub(super) fn send_forged(
        &mut self,
        conn: u64,
        forgery: Forgery,
        auth_key: &AuthKey,
        header: OutgoingHeader,
        body: Vec<u8>,
    ) {
        let (header, body) = forgery.message(header, body);
        let packet = match forgery {
            Forgery::TransportError(code) => return self.fail(conn, code),
            // Long enough to be an encrypted one.
            Forgery::Unencrypted => envelope::seal_plain(header.msg_id, &body, &[0; 64]),
            _ => envelope::seal(auth_key, header, &body, &mut *self.random),
        };
        let packet = forgery.packet(auth_key, packet);
        self.transmit_packet(conn, &packet);
        match forgery {
            Forgery::Repeated => self.transmit_packet(conn, &packet),
            Forgery::UnknownQuickAck => self.quick_ack(conn, 0x8000_0007),
            _ => {}
        }
    }
}
