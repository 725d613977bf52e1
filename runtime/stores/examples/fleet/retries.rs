//! When a session that failed is tried again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The pause after the first failure.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause. A session that did not fail for twice as long begins with the shortest again.
const LONGEST: Duration = Duration::from_secs(60);

/// The sessions that failed. Each try costs writes to the database, and perhaps a connection to Telegram, so the pause
/// doubles with each failure.
#[derive(Default)]
pub(super) struct Retries {
    failed: HashMap<String, Failed>,
}

struct Failed {
    again_at: Instant,
    pause: Duration,
}

impl Retries {
    pub(super) fn may_try(&self, session: &str) -> bool {
        self.failed.get(session).is_none_or(|it| it.again_at <= Instant::now())
    }

    pub(super) fn failed(&mut self, session: &str) {
        let now = Instant::now();
        self.failed.retain(|_, it| it.again_at + 2 * LONGEST > now);
        let pause = self.failed.get(session).map_or(SHORTEST, |it| (it.pause * 2).min(LONGEST));
        self.failed.insert(session.into(), Failed { again_at: now + pause, pause });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles() {
        let mut retries = Retries::default();
        assert!(retries.may_try("me"));
        let mut pauses = Vec::new();
        for _ in 0..9 {
            retries.failed("me");
            assert!(!retries.may_try("me") && retries.may_try("other"));
            pauses.push(retries.failed["me"].pause.as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let Some(past) = Instant::now().checked_sub(3 * LONGEST) else { return };
        retries.failed.get_mut("me").unwrap().again_at = past;
        assert!(retries.may_try("me"));
        retries.failed("me");
        assert_eq!(retries.failed["me"].pause, SHORTEST);
    }
}
