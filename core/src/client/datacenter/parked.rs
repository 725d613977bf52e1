//! Requests that may not be sent yet.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use crate::session::RequestTag;

/// Requests that may not be sent yet: they wait for a time, for a login, for a key, or for another request, after which
/// they must be executed and which waits itself. The cost of each call is logarithmic in their number.
#[derive(Debug, Default)]
pub(crate) struct ParkedRequests {
    /// Boxed, since most clients have none.
    maps: Option<Box<Maps>>,
}

#[derive(Debug, Default)]
struct Maps {
    /// Each with the request that it waits for, if it does.
    requests: BTreeMap<RequestTag, Option<RequestTag>>,
    /// The same the other way round: a request, and one that waits for it.
    followers: BTreeSet<(RequestTag, RequestTag)>,
}

impl ParkedRequests {
    pub(crate) fn is_empty(&self) -> bool {
        self.maps.as_deref().is_none_or(|maps| maps.requests.is_empty())
    }

    pub(crate) fn contains(&self, tag: RequestTag) -> bool {
        self.maps.as_deref().is_some_and(|maps| maps.requests.contains_key(&tag))
    }

    /// Adds a request. It waits for `earlier`, or not for a request.
    pub(crate) fn insert(&mut self, tag: RequestTag, earlier: Option<RequestTag>) {
        self.remove(tag);
        let maps = self.maps.get_or_insert_default();
        maps.requests.insert(tag, earlier);
        if let Some(earlier) = earlier {
            maps.followers.insert((earlier, tag));
        }
    }

    /// Removes a request. Those that wait for it stay. Returns whether there was one.
    pub(crate) fn remove(&mut self, tag: RequestTag) -> bool {
        let Some(maps) = self.maps.as_deref_mut() else { return false };
        let Some(earlier) = maps.requests.remove(&tag) else { return false };
        if let Some(earlier) = earlier {
            maps.followers.remove(&(earlier, tag));
        }
        true
    }

    /// Removes and returns the first request that waits for `earlier`.
    pub(crate) fn take_follower(&mut self, earlier: RequestTag) -> Option<RequestTag> {
        let waiting = (earlier, RequestTag(0))..=(earlier, RequestTag(u64::MAX));
        let (_, tag) = *self.maps.as_deref()?.followers.range(waiting).next()?;
        self.remove(tag);
        Some(tag)
    }

    /// Frees the memory kept for reuse.
    pub(crate) fn trim(&mut self) {
        if self.is_empty() {
            self.maps = None;
        }
    }

    /// Takes all requests.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = RequestTag> + use<> {
        self.maps.take().into_iter().flat_map(|maps| maps.requests.into_keys())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const fn tag(number: u64) -> RequestTag {
        RequestTag(number)
    }

    #[test]
    fn a_request_waits_for_one_at_a_time() {
        let mut parked = ParkedRequests::default();
        parked.insert(tag(1), None);
        for follower in [3, 2, 4, 5] {
            parked.insert(tag(follower), Some(tag(1)));
        }
        // Now it waits for another reason, or for another one.
        parked.insert(tag(4), None);
        parked.insert(tag(5), Some(tag(4)));
        let followers = |parked: &mut ParkedRequests, of| -> Vec<RequestTag> {
            core::iter::from_fn(|| parked.take_follower(tag(of))).collect()
        };
        assert_eq!(followers(&mut parked, 1), [tag(2), tag(3)]);
        assert!(parked.remove(tag(5)) && !parked.remove(tag(5)));
        assert_eq!(followers(&mut parked, 4), []);
        assert!(parked.contains(tag(4)) && !parked.contains(tag(3)));
        assert!(parked.take().eq([tag(1), tag(4)]));
        assert!(parked.is_empty());
    }
}
