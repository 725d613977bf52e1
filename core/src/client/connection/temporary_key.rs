//! Perfect forward secrecy: temporary keys that stand for a permanent one, and when the next is due (`api/pfs`).

use crate::crypto::AuthKey;
use crate::policy;
use crate::rpc::RpcError;
use crate::session::RequestTag;
use crate::tl::Deserialize;

/// The name of the binding request within its session: requests are counted from 1.
pub(crate) const BIND_REQUEST: RequestTag = RequestTag(0);

/// What is known of a temporary key besides its bytes.
#[derive(Debug)]
pub(crate) struct TemporaryKey {
    /// By the server's clock, seconds since 1970.
    expires_at: u64,
    /// When the next should be made; likewise.
    renew_at: u64,
    state: BindState,
}

/// How far the binding has come.
#[derive(Debug)]
enum BindState {
    /// The key is there; this is the permanent one for which it shall stand.
    Due(AuthKey),
    Asked,
    Bound,
}

impl TemporaryKey {
    /// A key that was made at `server_time` for `lifetime` seconds.
    pub(crate) fn new(permanent: AuthKey, server_time: i32, lifetime: i32) -> Self {
        let made_at = u64::from(server_time.cast_unsigned());
        let lifetime = u64::from(lifetime.unsigned_abs());
        let expires_at = made_at.saturating_add(lifetime);
        let margin = (lifetime / 8).min(policy::MAX_RENEWAL_MARGIN.as_secs());
        Self { expires_at, renew_at: expires_at.saturating_sub(margin), state: BindState::Due(permanent) }
    }

    pub(crate) const fn is_bound(&self) -> bool {
        matches!(self.state, BindState::Bound)
    }

    /// The permanent key and the expiry for the binding request, once.
    pub(crate) fn ask(&mut self) -> Option<(AuthKey, i32)> {
        if !matches!(self.state, BindState::Due(_)) {
            return None;
        }
        let BindState::Due(permanent) = core::mem::replace(&mut self.state, BindState::Asked) else {
            return None;
        };
        // The wire has 32 bits for it, as the handshake had for the time.
        Some((permanent, (self.expires_at as u32).cast_signed()))
    }

    pub(crate) fn set_bound(&mut self) {
        self.state = BindState::Bound;
    }

    /// Whether the server has forgotten the key by now.
    pub(crate) const fn is_over(&self, server_time: u64) -> bool {
        server_time >= self.expires_at
    }

    /// By the server's clock, seconds since 1970.
    pub(crate) const fn renew_at(&self) -> u64 {
        self.renew_at
    }
}

/// Reads the answer to `auth.bindTempAuthKey`.
pub(crate) fn bind_answer(body: &[u8]) -> Result<(), RpcError> {
    match bool::from_bytes(body) {
        Ok(true) => Ok(()),
        Ok(false) => Err(RpcError::parse(400, "BOOL_FALSE")),
        Err(_) => match RpcError::read(body) {
            Some(Ok(error)) => Err(error),
            _ => Err(RpcError::parse(500, "UNREADABLE_ANSWER")),
        },
    }
}

/// Whether the server says that it does not know the permanent key.
pub(crate) fn refuses_permanent_key(error: &RpcError) -> bool {
    error.code == 400 && error.is("ENCRYPTED_MESSAGE_INVALID")
}
