//! Why fake TLS fails.

use alloc::format;
use alloc::string::String;

use super::wire::{APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE};

/// Why the peer is no proxy that knows the secret, or broke off. Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FakeTlsError {
    /// The digest in the answer is wrong: the secret is, or a web site answers in the proxy's place (as a proxy has
    /// it do if the client's clock is wrong, by 4 seconds already).
    #[error("the proxy does not know the secret, or our clock is wrong")]
    Digest,
    /// The answer is not a hello, a change of cipher and a first piece of data, in this order.
    #[error("{}", answer_text(*.number, *.kind))]
    Answer {
        /// Which record of the answer it was, counted from 0.
        number: u8,
        /// Its type: 22 is a handshake, 21 an alert.
        kind: u8,
    },
    /// A record of the answer has a length that is not possible there.
    #[error("record number {number} of the answer has {length} bytes")]
    AnswerLength {
        /// Which record of the answer it was, counted from 0.
        number: u8,
        /// Its length in bytes.
        length: usize,
    },
    /// The proxy sent an alert: it ends the connection.
    #[error("the proxy ended the connection with an alert")]
    Alert,
    /// After the answer, something else than a record of data.
    #[error("a record of type {0} came in place of data")]
    NotData(u8),
    /// A record of another version than TLS 1.2, by which TLS 1.3 calls itself in records.
    #[error("a record of an unknown version")]
    Version,
}

/// What stands in the proxy's place, by the type of the record that gave it away.
fn answer_text(number: u8, kind: u8) -> String {
    match (number, kind) {
        (0, b'H') => "a web server without TLS answers in the place of a proxy".into(),
        (0, kind) if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind) => {
            "what answers speaks no TLS".into()
        }
        (1, HANDSHAKE) => {
            "a TLS server of a web site answers in the place of a proxy, which has it do so if the secret is wrong, or our clock is"
                .into()
        }
        _ => format!("the answer is none of a proxy: a record of type {kind} came as number {number}"),
    }
}
