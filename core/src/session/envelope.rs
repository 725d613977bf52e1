//! The plaintext of an encrypted packet: `salt | session_id | msg_id | seq_no | length | body | padding`.

use alloc::vec::Vec;

use super::error::MessageError;
use super::ids::MsgId;
use crate::crypto::message::{self, Direction, PREFIX_LEN};
use crate::crypto::{AuthKey, SecureRandom};
use crate::tl::Reader;

/// Length of the header in bytes: salt 8, session_id 8, msg_id 8, seq_no 4, length 4.
pub const HEADER_LEN: usize = 32;
/// Minimum length of the padding in bytes.
const MIN_PADDING: usize = 12;
/// Maximum length of the padding in bytes.
const MAX_PADDING: usize = 1024;

/// A decrypted message that has passed all checks that do not depend on earlier messages.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The server salt. It is not checked: a server may use any valid one.
    pub salt: i64,
    /// The msg_id, odd.
    pub msg_id: MsgId,
    /// The seq_no. It is odd if the message must be acknowledged.
    pub seq_no: i32,
    /// The message without padding. Its length in bytes is a multiple of 4.
    pub body: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Decrypts `packet` in place and checks it: key and `msg_key` first, then length, padding, session_id and msg_id
    /// (`mtproto/security_guidelines`, "Checking SHA256 hash value of msg_key" and the following sections).
    ///
    /// # Errors
    /// Returns the [`MessageError`] of the first check that failed.
    pub fn open(key: &AuthKey, session_id: u64, packet: &'a mut [u8]) -> Result<Self, MessageError> {
        Self::open_with_previous_id(key, session_id, None, packet)
    }

    /// Like [`open`](Self::open), on a connection that may have carried the session `previous_id` before.
    pub(super) fn open_with_previous_id(
        key: &AuthKey,
        session_id: u64,
        previous_id: Option<u64>,
        packet: &'a mut [u8],
    ) -> Result<Self, MessageError> {
        let plaintext: &'a [u8] = message::open(key, Direction::ToClient, packet)?;
        let mut reader = Reader::new(plaintext);
        let salt = reader.i64()?;
        let found_session = reader.u64()?;
        let msg_id = MsgId(reader.u64()?);
        let seq_no = reader.i32()?;
        let length = usize::try_from(reader.i32()?).map_err(|_| MessageError::Length)?;
        if length % 4 != 0 || length > reader.remaining() {
            return Err(MessageError::Length);
        }
        let padding = reader.remaining() - length;
        if !(MIN_PADDING..=MAX_PADDING).contains(&padding) {
            return Err(MessageError::Padding(padding));
        }
        if found_session != session_id {
            let was_ours = previous_id == Some(found_session);
            return Err(if was_ours { MessageError::PreviousSession } else { MessageError::WrongSessionId });
        }
        if !msg_id.is_from_server() {
            return Err(MessageError::InvalidMsgId);
        }
        Ok(Self { salt, msg_id, seq_no, body: reader.raw(length)? })
    }
}

/// Returns the length in bytes of the packet for a body of `body_len` bytes: with its prefix and the shortest padding
/// that the protocol allows.
pub(super) const fn packet_len(body_len: usize) -> usize {
    PREFIX_LEN + (HEADER_LEN + body_len + MIN_PADDING).next_multiple_of(16)
}

/// Appends space for the prefix, then the header.
pub(super) fn begin(
    out: &mut Vec<u8>,
    salt: i64,
    session_id: u64,
    msg_id: MsgId,
    seq_no: i32,
    body_len: usize,
) {
    out.extend_from_slice(&[0; PREFIX_LEN]);
    out.extend_from_slice(&salt.to_le_bytes());
    out.extend_from_slice(&session_id.to_le_bytes());
    out.extend_from_slice(&msg_id.0.to_le_bytes());
    out.extend_from_slice(&seq_no.to_le_bytes());
    // Queued bodies are limited to far less than 2^32 bytes.
    out.extend_from_slice(&(body_len as u32).to_le_bytes());
}

/// Appends the padding of the packet that starts at `start`.
pub(super) fn pad(out: &mut Vec<u8>, start: usize, body_len: usize, random: &mut dyn SecureRandom) {
    let padding_at = out.len();
    out.resize(start + packet_len(body_len), 0);
    if let Some(padding) = out.get_mut(padding_at..) {
        random.fill(padding);
    }
}
