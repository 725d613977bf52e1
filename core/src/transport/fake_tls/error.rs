//! The errors of fake TLS.

use alloc::format;
use alloc::string::String;

use super::wire::{APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE};

/// Why fake TLS failed: the peer does not know the secret, or it broke the protocol. Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FakeTlsError {
    /// The digest in the answer does not match. Either the secret is wrong, or the proxy forwarded the hello to a web
    /// site, which it also does if the client's clock is wrong (4 seconds are enough).
    #[error("the proxy does not know the secret, or our clock is wrong")]
    Digest,
    /// The answer is not a hello, a change of cipher and a first record of data, in this order.
    #[error("{}", answer_text(*.number, *.kind))]
    Answer {
        /// Index of the record in the answer, from 0.
        number: u8,
        /// Type of the record: 22 is a handshake, 21 an alert.
        kind: u8,
    },
    /// A record of the answer has an impossible length.
    #[error("record number {number} of the answer has {length} bytes")]
    AnswerLength {
        /// Index of the record in the answer, from 0.
        number: u8,
        /// Length of the record in bytes.
        length: usize,
    },
    /// The proxy sent an alert, which ends the connection.
    #[error("the proxy ended the connection with an alert")]
    Alert,
    /// A record after the answer is not application data.
    #[error("a record of type {0} arrived instead of data")]
    NotData(u8),
    /// A record has another version than TLS 1.2, the version that TLS 1.3 puts into its records.
    #[error("a record of an unknown version")]
    Version,
}

/// Describes the peer by the type of the unexpected record.
fn answer_text(number: u8, kind: u8) -> String {
    match (number, kind) {
        (0, b'H') => "a web server without TLS answers instead of a proxy".into(),
        (0, kind) if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind) => {
            "the peer does not speak TLS".into()
        }
        (1, HANDSHAKE) => {
            "the TLS server of a web site answers instead of the proxy, which forwards to it if the secret or our clock is wrong"
                .into()
        }
        _ => format!("the answer is not that of a proxy: record number {number} has the type {kind}"),
    }
}
