//! The wakers of the callers that wait, by what they wait for.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::task::Waker;

use sansgram_core::client::RequestId;

/// All wakers. A caller that waits for a request has exactly one, which its completion removes in constant time.
#[derive(Default)]
pub(crate) struct Waiters {
    /// Each is woken when its request is completed.
    replies: HashMap<RequestId, Waker, BuildHasherDefault<IdHasher>>,
    /// Each is woken when its request is completed, and whenever bytes arrive: the machine has no event for an
    /// acknowledgement.
    acks: BTreeMap<RequestId, Waker>,
    /// All are woken after every other change, the end of a save included; not by a request to save, nor by quick acks.
    watchers: BTreeMap<u64, Waker>,
    next_watcher: u64,
}

/// What a caller waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    Reply(RequestId),
    Ack(RequestId),
    Watcher(u64),
}

impl Waiters {
    /// Returns the key of a new watcher.
    pub(crate) fn new_watcher(&mut self) -> Key {
        self.next_watcher += 1;
        Key::Watcher(self.next_watcher)
    }

    /// Stores a waker. Returns the one before, which the caller drops without the lock.
    pub(crate) fn insert(&mut self, key: Key, waker: Waker) -> Option<Waker> {
        match key {
            Key::Reply(id) => self.replies.insert(id, waker),
            Key::Ack(id) => self.acks.insert(id, waker),
            Key::Watcher(number) => self.watchers.insert(number, waker),
        }
    }

    /// Removes a waker, which the caller drops without the lock.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Waker> {
        match key {
            Key::Reply(id) => self.replies.remove(&id),
            Key::Ack(id) => self.acks.remove(&id),
            Key::Watcher(number) => self.watchers.remove(&number),
        }
    }

    /// Returns whether a caller waits for a request.
    pub(crate) fn wait_for_requests(&self) -> bool {
        !self.replies.is_empty() || !self.acks.is_empty()
    }

    /// Moves the wakers of the callers that wait for a request to `wake`.
    pub(crate) fn wake_completed(&mut self, id: RequestId, wake: &mut Vec<Waker>) {
        wake.extend(self.replies.remove(&id));
        if !self.acks.is_empty() {
            wake.extend(self.acks.remove(&id));
        }
    }

    /// Moves the wakers of the callers that wait for an ack to `wake`.
    pub(crate) fn wake_acks(&mut self, wake: &mut Vec<Waker>) {
        wake.extend(std::mem::take(&mut self.acks).into_values());
    }

    /// Moves the wakers of all watchers to `wake`.
    pub(crate) fn wake_watchers(&mut self, wake: &mut Vec<Waker>) {
        wake.extend(std::mem::take(&mut self.watchers).into_values());
    }

    /// Moves all wakers to `wake`.
    pub(crate) fn wake_all(&mut self, wake: &mut Vec<Waker>) {
        self.wake_watchers(wake);
        self.wake_acks(wake);
        wake.extend(std::mem::take(&mut self.replies).into_values());
    }

    /// Frees the memory kept for reuse, if no caller waits for a reply.
    pub(crate) fn trim(&mut self) {
        if self.replies.is_empty() {
            self.replies = HashMap::default();
        }
    }
}

/// The hash of a [`RequestId`]. The client assigns them in sequence, so no peer can choose ids that collide.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio: neighbours differ in the high bits, too, which the map compares first.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
