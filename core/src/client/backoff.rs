//! Growing pauses between attempts.

use core::time::Duration;

use crate::crypto::SecureRandom;
use crate::rpc::DisconnectReason;

/// The first pause before a new attempt; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The shortest pause after -429, the server's plea for fewer connections.
const FLOOD_PAUSE: Duration = Duration::from_secs(5);

/// How long to pause after so many failures in a row.
///
/// Up to half of it is left to chance, so that clients which a server lost together do not come back together.
pub(super) fn pause(failures: u32, reason: &DisconnectReason, random: &mut dyn SecureRandom) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    let full = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    let [chance] = crate::crypto::random::array(random);
    let pause = full / 2 + full / 2 * u32::from(chance) / 255;
    if matches!(reason, DisconnectReason::TransportError(-429)) { pause.max(FLOOD_PAUSE) } else { pause }
}
