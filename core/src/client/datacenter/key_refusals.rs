//! Counts the server's refusals of keys, and decides when to drop a key.

use crate::client::connection::temporary_key::refuses_permanent_key;
use crate::policy;
use crate::rpc::DisconnectReason;
use crate::time::Timestamp;

/// Transport error: the server does not know the key. It is not authenticated.
const UNKNOWN_KEY: DisconnectReason = DisconnectReason::TransportError(-404);

/// Counts the server's refusals of the keys of a DC.
///
/// A -404 is not authenticated, so one alone changes nothing. If it is repeated, a session or a temporary key is
/// dropped, never a permanent key. A permanent key, under which a user may be logged in, is dropped only if the server
/// refuses twice in a row to bind a temporary key to it.
#[derive(Debug, Default)]
pub(crate) struct KeyRefusals {
    /// Number of consecutive connections that ended with -404.
    unknown: u8,
    /// Number of consecutive bindings that the server refused as if it did not know the permanent key.
    refused_bindings: u8,
    /// Time at which the permanent key was made, if that was in this run.
    made_at: Option<Timestamp>,
}

/// The key of the connection that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsedKey {
    None,
    Permanent,
    Temporary {
        /// It is not bound, or its time is over.
        is_useless: bool,
    },
}

/// What the datacenter gives up after a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The session and its key, if that is a temporary one.
    pub(crate) gives_up_session: bool,
    /// The permanent key.
    pub(crate) gives_up_permanent_key: bool,
}

impl KeyRefusals {
    /// Records that a permanent key was made.
    pub(crate) const fn on_key_made(&mut self, now: Timestamp) {
        self.made_at = Some(now);
        self.refused_bindings = 0;
    }

    /// Records that the server has proved to know the key of the connection.
    pub(crate) const fn on_key_confirmed(&mut self) {
        self.unknown = 0;
    }

    /// Records that the key of the session may carry requests: it is permanent, or bound.
    pub(crate) const fn on_key_usable(&mut self) {
        self.refused_bindings = 0;
    }

    /// Forgets all refusals, since the permanent key is gone.
    pub(crate) const fn reset(&mut self) {
        (self.unknown, self.refused_bindings) = (0, 0);
    }

    /// Records that a connection ended. Returns what is given up for it.
    pub(crate) fn on_disconnect(
        &mut self,
        reason: &DisconnectReason,
        key: UsedKey,
        now: Timestamp,
    ) -> Verdict {
        let is_unknown = *reason == UNKNOWN_KEY;
        if is_unknown {
            self.unknown = self.unknown.saturating_add(1);
        }
        let is_repeated = is_unknown && self.unknown >= policy::MAX_KEY_REFUSALS;
        let gives_up_session = match key {
            UsedKey::None => false,
            UsedKey::Permanent => is_repeated,
            UsedKey::Temporary { is_useless } => {
                matches!(reason, DisconnectReason::TemporaryKeyRefused(_))
                    || is_repeated
                    || is_unknown && is_useless
            }
        };
        if gives_up_session {
            self.unknown = 0;
        }
        let DisconnectReason::TemporaryKeyRefused(error) = reason else {
            return Verdict { gives_up_session, gives_up_permanent_key: false };
        };
        let is_settled = self.made_at.is_none_or(|at| now - at >= policy::KEY_PROPAGATION);
        if refuses_permanent_key(error) && is_settled {
            self.refused_bindings = self.refused_bindings.saturating_add(1);
        }
        let gives_up_permanent_key = self.refused_bindings >= policy::MAX_KEY_REFUSALS;
        Verdict { gives_up_session, gives_up_permanent_key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::RpcError;

    const NOW: Timestamp = Timestamp::ZERO;
    const USED: UsedKey = UsedKey::Temporary { is_useless: false };

    fn refused() -> DisconnectReason {
        DisconnectReason::TemporaryKeyRefused(RpcError::parse(400, "ENCRYPTED_MESSAGE_INVALID"))
    }

    #[test]
    fn one_404_costs_no_key_that_is_in_use() {
        for (key, costs) in [
            (UsedKey::None, [false, false]),
            (UsedKey::Permanent, [false, true]),
            (USED, [false, true]),
            (UsedKey::Temporary { is_useless: true }, [true, true]),
        ] {
            let mut key_refusals = KeyRefusals::default();
            let found = [(); 2].map(|()| key_refusals.on_disconnect(&UNKNOWN_KEY, key, NOW));
            assert_eq!(found.map(|verdict| verdict.gives_up_session), costs, "{key:?}");
            assert!(found.iter().all(|verdict| !verdict.gives_up_permanent_key), "{key:?}");
        }
    }

    #[test]
    fn a_key_that_works_makes_an_earlier_404_void() {
        let mut key_refusals = KeyRefusals::default();
        key_refusals.on_disconnect(&UNKNOWN_KEY, USED, NOW);
        key_refusals.on_key_confirmed();
        assert!(!key_refusals.on_disconnect(&UNKNOWN_KEY, USED, NOW).gives_up_session);
    }

    #[test]
    fn two_refused_bindings_cost_the_permanent_key() {
        let mut key_refusals = KeyRefusals::default();
        assert_eq!(
            key_refusals.on_disconnect(&refused(), USED, NOW),
            Verdict { gives_up_session: true, gives_up_permanent_key: false }
        );
        assert_eq!(
            key_refusals.on_disconnect(&refused(), USED, NOW),
            Verdict { gives_up_session: true, gives_up_permanent_key: true }
        );
        key_refusals.on_key_usable();
        assert!(!key_refusals.on_disconnect(&refused(), USED, NOW).gives_up_permanent_key);
        let other = DisconnectReason::TemporaryKeyRefused(RpcError::parse(500, "INTERNAL"));
        assert!((0..9).all(|_| !key_refusals.on_disconnect(&other, USED, NOW).gives_up_permanent_key));
    }

    #[test]
    fn a_new_permanent_key_has_time_to_spread() {
        let mut key_refusals = KeyRefusals::default();
        key_refusals.on_key_made(NOW);
        assert!((0..9).all(|_| !key_refusals.on_disconnect(&refused(), USED, NOW).gives_up_permanent_key));
        let later = NOW + policy::KEY_PROPAGATION;
        assert!(!key_refusals.on_disconnect(&refused(), USED, later).gives_up_permanent_key);
        assert!(key_refusals.on_disconnect(&refused(), USED, later).gives_up_permanent_key);
    }
}
