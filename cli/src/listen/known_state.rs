//! Up to where the updates are known (`api/updates`), and what is missing.

use sansgram_runtime::core::client::UpdatesState;
use serde_json::{Value, json};

/// The state of the account's updates after those that were printed without a gap. Channels have states of their own, which are not
/// followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownState {
    pts: i64,
    qts: i64,
    date: i64,
}

impl From<UpdatesState> for KnownState {
    fn from(state: UpdatesState) -> Self {
        Self { pts: state.pts.into(), qts: state.qts.into(), date: state.date.into() }
    }
}

impl KnownState {
    /// Returns the arguments of `updates.getDifference`.
    pub(super) fn arguments(&self) -> Value {
        json!({ "pts": self.pts, "qts": self.qts, "date": self.date })
    }

    /// Follows an object of the type `Updates`. Returns whether updates before it are missing: then the state stays, since the
    /// difference from there has them.
    pub(super) fn follow(&mut self, updates: &Value) -> bool {
        let mut after = *self;
        let mut is_missing = updates["_"] == "updatesTooLong";
        let inner = updates["updates"].as_array().into_iter().flatten();
        for update in inner.chain(updates.get("update")).chain([updates]) {
            // What has a number of events counts in a message box.
            let number = |key: &str| update[key].as_i64();
            let is_of_a_channel = update["_"].as_str().is_some_and(|name| name.contains("Channel"));
            if let (Some(pts), Some(count), false) = (number("pts"), number("pts_count"), is_of_a_channel) {
                is_missing |= pts - count > after.pts;
                after.pts = after.pts.max(pts);
            }
            if let Some(qts) = number("qts") {
                is_missing |= qts > after.qts + 1;
                after.qts = after.qts.max(qts);
            }
        }
        after.date = after.date.max(updates["date"].as_i64().unwrap_or_default());
        if !is_missing {
            *self = after;
        }
        is_missing
    }

    /// Follows an object of the type `updates.Difference`. Returns whether there is more.
    pub(super) fn follow_difference(&mut self, difference: &Value) -> bool {
        let state = difference.get("state").or_else(|| difference.get("intermediate_state"));
        let of = state.unwrap_or(difference);
        for (known, key) in [(&mut self.pts, "pts"), (&mut self.qts, "qts"), (&mut self.date, "date")] {
            *known = of[key].as_i64().unwrap_or(*known);
        }
        matches!(difference["_"].as_str(), Some("updates.differenceSlice" | "updates.differenceTooLong"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: KnownState = KnownState { pts: 10, qts: 5, date: 100 };

    fn with_update(update: &Value) -> Value {
        json!({ "_": "updates", "updates": [update], "date": 101, "seq": 0 })
    }

    #[test]
    fn updates_are_followed_and_gaps_are_seen() {
        let message =
            |pts: i64| json!({ "_": "updateNewMessage", "message": {}, "pts": pts, "pts_count": 1 });
        for (updates, is_missing, pts) in [
            (with_update(&message(11)), false, 11),
            (json!({ "_": "updateShort", "update": message(11), "date": 101 }), false, 11),
            (
                json!({ "_": "updateShortMessage", "id": 1, "pts": 11, "pts_count": 1, "date": 101 }),
                false,
                11,
            ),
            // One between is missing, and is requested from the state before it.
            (with_update(&message(12)), true, 10),
            // An old one comes again.
            (with_update(&message(9)), false, 10),
            (with_update(&json!({ "_": "updateNewChannelMessage", "pts": 99, "pts_count": 1 })), false, 10),
            (with_update(&json!({ "_": "updateUserStatus", "user_id": "7" })), false, 10),
            (json!({ "_": "updatesTooLong" }), true, 10),
        ] {
            let mut known = KNOWN;
            assert_eq!(known.follow(&updates), is_missing, "{updates}");
            assert_eq!((known.pts, known.qts), (pts, 5), "{updates}");
        }
        let mut known = KNOWN;
        assert!(!known.follow(&with_update(&json!({ "_": "updateBotStopped", "qts": 6, "date": 7 }))));
        assert_eq!(known, KnownState { pts: 10, qts: 6, date: 101 });
        assert!(known.follow(&with_update(&json!({ "_": "updateBotStopped", "qts": 8, "date": 7 }))));
    }

    #[test]
    fn a_difference_leads_to_its_state() {
        let state =
            json!({ "_": "updates.state", "pts": 20, "qts": 6, "date": 200, "seq": 1, "unread_count": 0 });
        for (difference, has_more, expected) in [
            (
                json!({ "_": "updates.differenceEmpty", "date": 150, "seq": 1 }),
                false,
                KnownState { date: 150, ..KNOWN },
            ),
            (
                json!({ "_": "updates.difference", "state": state }),
                false,
                KnownState { pts: 20, qts: 6, date: 200 },
            ),
            (
                json!({ "_": "updates.differenceSlice", "intermediate_state": state }),
                true,
                KnownState { pts: 20, qts: 6, date: 200 },
            ),
            (json!({ "_": "updates.differenceTooLong", "pts": 30 }), true, KnownState { pts: 30, ..KNOWN }),
        ] {
            let mut known = KNOWN;
            assert_eq!(known.follow_difference(&difference), has_more, "{difference}");
            assert_eq!(known, expected, "{difference}");
        }
        assert_eq!(KNOWN.arguments(), json!({ "pts": 10, "qts": 5, "date": 100 }));
    }
}
