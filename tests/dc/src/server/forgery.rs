//! Forged packets: what a hostile server, or a network that has no keys, sends in a key exchange and after it.

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
use sansgram_core::tl::gzip;

use super::constructors::{
    BAD_SERVER_SALT, DH_GEN_OK, DH_GEN_RETRY, GZIP_PACKED, MSG_CONTAINER, MSGS_STATE_INFO, RES_PQ,
    RPC_RESULT, SERVER_DH_PARAMS_OK,
};
use super::envelope::OutgoingHeader;
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

/// What is wrong with the replies of a key exchange. The numbers are those of the threats in SECURITY.md.
///
/// A client should end the key exchange with a reason of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeForgery {
    /// Another `nonce` (16).
    Nonce,
    /// Another `server_nonce` in the replies after the first (16).
    ServerNonce,
    /// Only the fingerprint of another key (17, 20).
    Fingerprint,
    /// A `pq` that is even (18).
    EvenPq,
    /// A change in `encrypted_answer` (21).
    ChangedAnswer,
    /// A `dh_prime` of 2048 bits that is composite (22).
    CompositePrime,
    /// A generator of 8 (23).
    Generator,
    /// A `g_a` of 1 (24).
    PublicValue,
    /// Another `new_nonce_hash1` (25).
    NewNonceHash,
    /// `dh_gen_retry` with the hash of `dh_gen_ok` (25).
    SwappedReply,
    /// An unencrypted message that claims 4 GiB (29).
    Length,
}

impl HandshakeForgery {
    /// Changes the body of a reply: `constructor | nonce (16) | server_nonce (16) | rest`.
    pub(super) fn change_reply(self, body: &mut [u8]) {
        let Some((constructor, rest)) = body.split_first_chunk_mut::<4>() else { return };
        let at = match (self, u32::from_le_bytes(*constructor)) {
            (Self::Nonce, _) => 0,
            (Self::ServerNonce, SERVER_DH_PARAMS_OK | DH_GEN_OK) => 16,
            (Self::Fingerprint, RES_PQ) | (Self::ChangedAnswer, SERVER_DH_PARAMS_OK) => rest.len() - 1,
            // The last byte of a string of eight; the product of two odd primes is odd.
            (Self::EvenPq, RES_PQ) => 40,
            (Self::NewNonceHash, DH_GEN_OK) => 32,
            (Self::SwappedReply, DH_GEN_OK) => return *constructor = DH_GEN_RETRY.to_le_bytes(),
            _ => return,
        };
        rest[at] ^= 1;
    }

    /// Changes an unencrypted packet.
    pub(super) fn change_packet(self, packet: &mut [u8]) {
        if self == Self::Length {
            packet[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        }
    }
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
    pub(super) fn message(self, mut header: OutgoingHeader, body: Vec<u8>) -> (OutgoingHeader, Vec<u8>) {
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
    pub(super) fn packet(self, key: &AuthKey, mut packet: Vec<u8>) -> Vec<u8> {
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
