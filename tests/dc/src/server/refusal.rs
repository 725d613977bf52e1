//! Why the DCs refuse a client's bytes.

use super::envelope::EnvelopeRefusal;
use super::framing::FramingError;
use super::handshake::HandshakeRefusal;
use super::session::BadMessage;

/// Why a client's bytes were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The byte stream is malformed; the connection was closed.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The DC in the obfuscated header does not exist; answered with -444.
    #[error("the obfuscated header names DC {0}, which does not exist")]
    UnknownDc(i16),
    /// A step of the handshake is wrong; answered with -404 (-444 for a wrong DC).
    #[error(transparent)]
    Handshake(#[from] HandshakeRefusal),
    /// An encrypted packet is wrong; answered with -404.
    #[error(transparent)]
    Envelope(#[from] EnvelopeRefusal),
    /// A message is wrong; answered with `bad_msg_notification` or `bad_server_salt`.
    #[error("message {msg_id:#x}: {reason}")]
    Message {
        /// The message, or the container around it.
        msg_id: u64,
        /// What is wrong with it.
        reason: BadMessage,
    },
    /// A service message that cannot be read or that only servers send; not answered.
    #[error("the service message {0:#010x} cannot be read or is not for servers")]
    Service(u32),
    /// Two addresses use a key at once; the key is ended if [`ServerOptions::end_shared_keys`] is on. The message is
    /// processed.
    ///
    /// [`ServerOptions::end_shared_keys`]: super::ServerOptions::end_shared_keys
    #[error("two addresses use the key {0:#018x} at once")]
    SharedKey(u64),
    /// More than 8192 identifiers in one service message; answered with -429.
    #[error("more than 8192 identifiers in {0:#010x}")]
    TooManyIds(u32),
}

impl Refusal {
    /// Whether a correct client never causes it. Keys, salts and clocks can be out of date without the client's fault, and
    /// a server forgets a handshake while the client's computer sleeps.
    #[must_use]
    pub const fn is_clients_fault(&self) -> bool {
        !matches!(
            self,
            Self::Envelope(EnvelopeRefusal::UnknownKey(_))
                | Self::Handshake(HandshakeRefusal::UnknownNonce)
                | Self::Message {
                    reason: BadMessage::Salt | BadMessage::IdTooLow | BadMessage::IdTooHigh,
                    ..
                }
        )
    }
}
