//! The key exchange of a connection, before its session.

use alloc::vec::Vec;
use core::time::Duration;

use crate::client::config::Config;
use crate::crypto::{AuthKey, SecureRandom};
use crate::handshake::{Handshake, HandshakeParameters, NewAuthKey, Step, plain};
use crate::rpc::DisconnectReason;
use crate::session::MsgIdGenerator;
use crate::transport::FrameEncoder;

/// A running key exchange: a [`Handshake`] and the msg_ids of its unencrypted messages.
#[derive(Debug)]
pub(crate) struct KeyExchange {
    state: Handshake,
    /// The body to send next.
    outgoing: Option<Vec<u8>>,
    ids: MsgIdGenerator,
    /// The permanent key, if a temporary one is made to be bound to it; `None` if the permanent key is made.
    permanent: Option<AuthKey>,
}

/// The state of a key exchange after an answer.
pub(crate) enum Advance {
    Continue(KeyExchange),
    Done {
        new: NewAuthKey,
        permanent: Option<AuthKey>,
        /// For another key exchange on the same connection: msg_ids must rise.
        ids: MsgIdGenerator,
    },
}

impl KeyExchange {
    /// Starts a key exchange for a permanent key, or for a temporary one to be bound to `permanent`.
    pub(crate) fn start(
        config: &Config,
        dc_on_wire: i32,
        permanent: Option<AuthKey>,
        ids: MsgIdGenerator,
        random: &mut dyn SecureRandom,
    ) -> Self {
        let expires_in = permanent.as_ref().map(|_| config.temporary_key_seconds());
        let public_keys = config.public_keys.clone();
        let parameters = HandshakeParameters { dc: dc_on_wire, public_keys, expires_in };
        let (state, body) = Handshake::start(parameters, random);
        Self { state, outgoing: Some(body), ids, permanent }
    }

    pub(crate) fn advance(
        self,
        packet: &[u8],
        random: &mut dyn SecureRandom,
    ) -> Result<Advance, DisconnectReason> {
        let Self { state, ids, permanent, .. } = self;
        let (_, body) = plain::decode(packet).map_err(DisconnectReason::Plain)?;
        Ok(match state.receive(body, random).map_err(DisconnectReason::Handshake)? {
            Step::Send(state, body) => {
                Advance::Continue(Self { state, outgoing: Some(body), ids, permanent })
            }
            Step::Done(new) => Advance::Done { new: *new, permanent, ids },
        })
    }

    /// Writes the next message. Returns whether there was one.
    pub(crate) fn write(
        &mut self,
        server_time: Duration,
        encoder: &mut FrameEncoder,
        random: &mut dyn SecureRandom,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(body) = self.outgoing.take() else { return false };
        let id = self.ids.next(server_time);
        let Ok(frame) = encoder.begin(plain::HEADER_LEN + body.len(), out, false) else { return false };
        plain::encode(id.0, &body, out);
        encoder.finish(frame, out, random).is_ok()
    }
}
