//! A log of the clients' messages, for checks over several connections, sessions and processes of a client.

use sansgram_core::crypto::hash::sha256;

use super::constructors::GZIP_PACKED;
use super::container::{decompress, read_container};
use super::envelope::Incoming;
use crate::accounts::without_wrappers;

/// A message of a client as a DC decrypted it, before any check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// The connection that it came over.
    pub conn: u64,
    /// The key that it was encrypted under.
    pub auth_key_id: u64,
    /// Its session.
    pub session_id: i64,
    /// Its identifier.
    pub msg_id: u64,
    /// Its number in the session.
    pub seq_no: u32,
    /// The container that it was in.
    pub container: Option<u64>,
    /// The first eight bytes of the SHA-256 of its body, decompressed and without wrappers such as `initConnection`: a
    /// request that is repeated under its msg_id may have others.
    pub digest: u64,
}

impl ReceivedMessage {
    /// A message that was not in a container, for tests of such checks.
    #[must_use]
    pub const fn new(conn: u64, session_id: i64, msg_id: u64, digest: u64) -> Self {
        Self { conn, auth_key_id: 1, session_id, msg_id, seq_no: 1, container: None, digest }
    }

    /// The same message in a container.
    #[must_use]
    pub const fn inside(self, container: u64) -> Self {
        Self { container: Some(container), ..self }
    }
}

/// The messages of a packet: a container before what it holds.
pub(super) fn messages_of(conn: u64, auth_key_id: u64, message: &Incoming) -> Vec<ReceivedMessage> {
    let Incoming { session_id, msg_id, seq_no, body, .. } = message;
    let outer = ReceivedMessage {
        conn,
        auth_key_id,
        session_id: *session_id,
        msg_id: *msg_id,
        seq_no: *seq_no,
        container: None,
        digest: digest(body),
    };
    let inner = read_container(*msg_id, body).unwrap_or_default().into_iter();
    let inner = inner.map(|(msg_id, seq_no, body)| ReceivedMessage {
        msg_id,
        seq_no,
        digest: digest(body),
        container: Some(outer.msg_id),
        ..outer
    });
    [outer].into_iter().chain(inner).collect()
}

fn digest(body: &[u8]) -> u64 {
    let call = without_wrappers(body);
    let decompressed = call.starts_with(&GZIP_PACKED.to_le_bytes()).then(|| decompress(call).ok()).flatten();
    let call = decompressed.as_deref().map_or(call, without_wrappers);
    let [a, b, c, d, e, f, g, h, ..] = sha256(&[call]);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
