//! Forged packets: what a hostile server, or a network that has no keys, sends after the key exchange.

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
use sansgram_core::tl::gzip;

use super::constructors::{BAD_SERVER_SALT, GZIP_PACKED, MSG_CONTAINER, MSGS_STATE_INFO, RPC_RESULT};
use super::dcs::TestDcs;
use super::envelope::{self, OutgoingHeader};
use crate::wire::Writer;

/// What is wrong with the encrypted packets of the DCs. The numbers are those of the threats in SECURITY.md.
///
/// A client should reject the packet with a reason of its own, or ignore the forged message if it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forgery {
    /// Each is sent twice; the second is to be ignored (1).
    Repeated,
    /// They are encrypted like those of a client (4).
    Reflected,
    /// Their msg_ids are even, like those of a client (4).
    EvenMsgId,
    /// They are of another session (5).
    OtherSession,
    /// Their last byte is changed (6, 50).
    ChangedByte,
    /// The length of the message is not a multiple of 4 (8).
    OddLength,
    /// They have more than 1024 bytes of padding (8).
    LongPadding,
    /// They end after 40 bytes (9).
    Truncated,
    /// They are not encrypted (14).
    Unencrypted,
    /// Each is replaced by this transport error, such as -404 or -429, after which the connection is closed (30, 31).
    TransportError(i32),
    /// `bad_server_salt` about a message that was never sent comes with each; it is to be ignored (32).
    UnknownRefusal,
    /// A container of -1 messages (35).
    NegativeContainer,
    /// Compressed data that claims 4 GiB (36).
    CompressedBomb,
    /// A message with an unknown constructor comes with each; it is to be ignored (39).
    UnknownConstructor,
    /// The result of a request that was never sent comes with each; it is to be ignored (40).
    UnknownResult,
    /// `msgs_state_info` that was not requested comes with each; it is to be ignored (41).
    UnknownStateInfo,
    /// A quick ack that was not requested comes with each; it is to be ignored (46).
    UnknownQuickAck,
}

/// The msg_id of a client's message that was never sent.
const NEVER_SENT: u64 = 4;
/// A constructor of no schema.
const UNKNOWN: u32 = 0x7e57_0099;

impl Forgery {
    /// Returns the message that comes with each packet, if any.
    pub(super) fn extra_message(self) -> Option<Vec<u8>> {
        let body = match self {
            Self::UnknownRefusal => Writer::object(BAD_SERVER_SALT).u64(NEVER_SENT).i32(1).i32(48).i64(7),
            Self::UnknownConstructor => Writer::object(UNKNOWN).i32(0),
            Self::UnknownResult => Writer::object(RPC_RESULT).u64(NEVER_SENT).i32(0),
            Self::UnknownStateInfo => Writer::object(MSGS_STATE_INFO).u64(NEVER_SENT).bytes(&[2]),
            _ => return None,
        };
        Some(body.finish())
    }

    /// Returns the header and the body of the forged packet.
    fn message(self, mut header: OutgoingHeader, body: Vec<u8>) -> (OutgoingHeader, Vec<u8>) {
        let body = match self {
            Self::NegativeContainer => Writer::object(MSG_CONTAINER).i32(-1).finish(),
            Self::CompressedBomb => {
                let mut packed = gzip::compress(&body);
                let end = packed.len();
                packed[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
                Writer::object(GZIP_PACKED).bytes(&packed).finish()
            }
            _ => body,
        };
        match self {
            Self::EvenMsgId => header.msg_id &= !3,
            Self::OtherSession => header.session_id ^= 1,
            _ => {}
        }
        (header, body)
    }

    /// Returns the forged form of a good packet.
    fn packet(self, key: &AuthKey, mut packet: Vec<u8>) -> Vec<u8> {
        match self {
            Self::ChangedByte => packet.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1),
            Self::Truncated => packet.truncate(40),
            Self::Reflected => return resealed(key, packet, Direction::ToServer, |_| {}),
            Self::OddLength => return resealed(key, packet, Direction::ToClient, |text| text[28] ^= 2),
            Self::LongPadding => {
                return resealed(key, packet, Direction::ToClient, |text| text.resize(text.len() + 1024, 0));
            }
            _ => {}
        }
        packet
    }
}

/// Decrypts a packet to a client, and encrypts it again with a change, in this direction.
fn resealed(
    key: &AuthKey,
    mut packet: Vec<u8>,
    direction: Direction,
    change: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let opened = message::open(key, Direction::ToClient, &mut packet).expect("it was sealed by this server");
    let mut text = opened.to_vec();
    change(&mut text);
    let mut packet = vec![0; PREFIX_LEN];
    packet.append(&mut text);
    message::seal(key, direction, &mut packet).expect("it is a number of blocks");
    packet
}

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
