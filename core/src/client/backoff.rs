//! Growing pauses between attempts.

use core::time::Duration;

use crate::crypto::SecureRandom;
use crate::policy;
use crate::rpc::DisconnectReason;

/// How long to pause after so many failures in a row.
///
/// Up to half of it is left to chance, so that clients which a server lost together do not come back together.
pub(super) fn pause(failures: u32, reason: &DisconnectReason, random: &mut dyn SecureRandom) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    let full = (policy::BACKOFF_FIRST * 2_u32.pow(doublings)).min(policy::BACKOFF_MAX);
    let [chance] = crate::crypto::random::array(random);
    let pause = full / 2 + full / 2 * u32::from(chance) / 255;
    if matches!(reason, DisconnectReason::TransportError(-429)) {
        pause.max(policy::BACKOFF_AFTER_429)
    } else {
        pause
    }
}
