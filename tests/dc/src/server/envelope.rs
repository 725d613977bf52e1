//! Packets on the server's side: the unencrypted envelope of the handshake, and MTProto 2.0's encrypted one.
//!
//! Source: `core.telegram.org/mtproto/description`.

use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::hash::sha256;
use sansgram_core::crypto::message::{self, Direction};

use super::handshake::HandshakeRefusal;
use crate::random::SecureRandom;
use crate::wire::{Malformed, Reader, Writer};

/// An unencrypted message of a client.
pub(crate) struct PlainMessage<'a> {
    pub(crate) msg_id: u64,
    pub(crate) body: &'a [u8],
}

/// Reads an unencrypted packet, `auth_key_id` (0) included. With padded framing, up to 15 bytes may follow it.
pub(crate) fn open_plain(packet: &[u8], padded: bool) -> Result<PlainMessage<'_>, HandshakeRefusal> {
    let mut reader = Reader::new(packet);
    reader.u64()?;
    let msg_id = reader.u64()?;
    let named = reader.u32()?;
    let found = reader.rest().len();
    let bad_length = HandshakeRefusal::BadLength { named, found };
    let body = reader.raw(named as usize).map_err(|_| bad_length)?;
    let tail_allowed = if padded { 15 } else { 0 };
    if named < 4 || !named.is_multiple_of(4) || reader.rest().len() > tail_allowed {
        return Err(bad_length);
    }
    Ok(PlainMessage { msg_id, body })
}

/// Writes an unencrypted reply; the length includes `trailing`, as with Telegram's servers.
pub(crate) fn seal_plain(msg_id: u64, body: &[u8], trailing: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + trailing.len()).expect("a handshake's replies are short");
    Writer::default().u64(0).u64(msg_id).i32(length).raw(body).raw(trailing).finish()
}

/// Why an encrypted packet was refused. Each is answered with -404.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeRefusal {
    /// No key of this DC has this `auth_key_id`, or it has expired.
    #[error("no key has the identifier {0:#018x}")]
    UnknownKey(u64),
    /// The encrypted part is shorter than 48 bytes or, without padded framing, not a multiple of 16.
    #[error("a packet of {0} bytes cannot hold a message")]
    Length(usize),
    /// `msg_key` does not match the plaintext.
    #[error("the packet does not decrypt under its key")]
    MessageKey,
    /// The length of the message is negative, not a multiple of 4, or larger than the packet.
    #[error("a message cannot have {0} bytes")]
    MessageLength(i32),
    /// The padding is not 12 to 1024 bytes long.
    #[error("{0} bytes of padding: expected 12 to 1024")]
    Padding(usize),
    /// `session_id` is 0.
    #[error("session_id is 0")]
    SessionId,
}

/// A decrypted message of a client.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) salt: i64,
    pub(crate) session_id: i64,
    pub(crate) msg_id: u64,
    pub(crate) seq_no: u32,
    pub(crate) body: Vec<u8>,
    /// The quick ack of the packet.
    pub(crate) quick_ack_token: u32,
}

/// Decrypts and checks a packet, `auth_key_id` included.
pub(crate) fn open(key: &AuthKey, packet: &mut [u8], padded: bool) -> Result<Incoming, EnvelopeRefusal> {
    let length = packet.len();
    let encrypted = length.saturating_sub(24);
    if encrypted < 48 || (!padded && !encrypted.is_multiple_of(16)) {
        return Err(EnvelopeRefusal::Length(length));
    }
    let plain = message::open(key, Direction::ToServer, packet).map_err(|_| EnvelopeRefusal::MessageKey)?;
    let [a, b, c, d, ..] = sha256(&[&key.as_bytes()[88..120], plain]);
    read_plaintext(plain, u32::from_le_bytes([a, b, c, d]) | 0x8000_0000)
}

fn read_plaintext(plain: &[u8], quick_ack_token: u32) -> Result<Incoming, EnvelopeRefusal> {
    let mut reader = Reader::new(plain);
    let mut header = || -> Result<_, Malformed> {
        Ok((reader.i64()?, reader.i64()?, reader.u64()?, reader.u32()?, reader.i32()?))
    };
    let (salt, session_id, msg_id, seq_no, length) =
        header().map_err(|_| EnvelopeRefusal::Length(plain.len()))?;
    let bad_length = EnvelopeRefusal::MessageLength(length);
    let size = usize::try_from(length).map_err(|_| bad_length)?;
    let body = reader.raw(size).map_err(|_| bad_length)?;
    if size < 4 || !size.is_multiple_of(4) {
        return Err(bad_length);
    }
    let padding = reader.rest().len();
    if !(12..=1024).contains(&padding) {
        return Err(EnvelopeRefusal::Padding(padding));
    }
    if session_id == 0 {
        return Err(EnvelopeRefusal::SessionId);
    }
    Ok(Incoming { salt, session_id, msg_id, seq_no, body: body.to_vec(), quick_ack_token })
}

/// The header of a message to a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutgoingHeader {
    pub(crate) salt: i64,
    pub(crate) session_id: i64,
    pub(crate) msg_id: u64,
    pub(crate) seq_no: u32,
}

/// Encrypts a message for a client, with 12 to 75 bytes of random padding.
pub(crate) fn seal(
    key: &AuthKey,
    header: OutgoingHeader,
    body: &[u8],
    random: &mut dyn SecureRandom,
) -> Vec<u8> {
    let length = i32::try_from(body.len()).expect("the session splits what is too long");
    let mut packet = Writer::default()
        .raw(&[0; message::PREFIX_LEN])
        .i64(header.salt)
        .i64(header.session_id)
        .u64(header.msg_id)
        .raw(&header.seq_no.to_le_bytes())
        .i32(length)
        .raw(body)
        .finish();
    let mut extra = [0];
    random.fill(&mut extra);
    let start = packet.len();
    let plain = (start - message::PREFIX_LEN + 12).next_multiple_of(16) + 16 * usize::from(extra[0] & 3);
    packet.resize(message::PREFIX_LEN + plain, 0);
    random.fill(&mut packet[start..]);
    message::seal(key, Direction::ToClient, &mut packet).expect("the padding aligned the plaintext");
    packet
}
