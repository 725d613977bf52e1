//! Perfect forward secrecy: the state of a temporary key, and when it must be replaced (`api/pfs`).

use crate::crypto::AuthKey;
use crate::policy;
use crate::rpc::RpcError;
use crate::session::RequestTag;
use crate::tl::Deserialize;

/// The tag of the bind request in its session. The tags of other requests begin at 1.
pub(crate) const BIND_REQUEST: RequestTag = RequestTag(0);

/// The state of a temporary key.
#[derive(Debug)]
pub(crate) struct TemporaryKeyState {
    /// Its end by the server's clock, in seconds since 1970.
    expires_at: u64,
    /// When the next should be made, by the same clock.
    renew_at: u64,
    state: BindState,
}

/// The progress of the binding.
#[derive(Debug)]
enum BindState {
    /// It must be bound to this permanent key.
    Due(AuthKey),
    Asked,
    Bound,
}

impl TemporaryKeyState {
    /// Creates the state of a key that was made at `server_time` for `lifetime` seconds.
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

    /// Returns the permanent key and the expiry for the bind request, once.
    pub(crate) fn take_bind_parameters(&mut self) -> Option<(AuthKey, i32)> {
        if !matches!(self.state, BindState::Due(_)) {
            return None;
        }
        let BindState::Due(permanent) = core::mem::replace(&mut self.state, BindState::Asked) else {
            return None;
        };
        // The field has 32 bits.
        Some((permanent, (self.expires_at as u32).cast_signed()))
    }

    pub(crate) fn set_bound(&mut self) {
        self.state = BindState::Bound;
    }

    /// Returns whether the server has forgotten the key.
    pub(crate) const fn is_over(&self, server_time: u64) -> bool {
        server_time >= self.expires_at
    }

    /// Returns when the next key should be made, by the server's clock, in seconds since 1970.
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

/// Returns whether the server says that it does not know the permanent key.
pub(crate) fn refuses_permanent_key(error: &RpcError) -> bool {
    error.code == 400 && error.is("ENCRYPTED_MESSAGE_INVALID")
}
