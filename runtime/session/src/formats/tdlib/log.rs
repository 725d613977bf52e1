//! A log: decrypted, read up to its first incomplete event, with rewritten and erased events applied.
//!
//! TDLib also drops the rest: it was being written when the process ended.

use std::collections::BTreeMap;

use ctr::cipher::{KeyIvInit, StreamCipher};
use sansgram_core::tl::Reader;

use super::event::{EMPTY, ENCRYPTION, Encryption, Event, PARTIAL, REWRITE};
use super::{AesCtr, NO_DATABASE_KEY};

/// The reason why a log cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogError {
    /// It does not start with a complete event.
    Broken,
    /// It is encrypted, and no database key was given.
    KeyNeeded,
    /// None of the given database keys is right.
    WrongKey,
}

/// Returns whether a file starts with a complete event.
pub(super) fn recognizes(mut file: &[u8]) -> bool {
    Event::take(&mut file).is_some()
}

/// Decrypts the log in place, with the first of these database keys that is right, or without a key. Returns the part
/// after the event with the encryption, if the log has one.
pub(super) fn decrypt<'a>(file: &'a mut [u8], keys: &[&[u8]]) -> Result<&'a [u8], LogError> {
    let mut rest = &*file;
    let first = Event::take(&mut rest).ok_or(LogError::Broken)?;
    // TDLib writes it at the beginning only.
    if first.kind != ENCRYPTION {
        return Ok(file);
    }
    let start = file.len() - rest.len();
    let encryption = Encryption::parse(first.data).ok_or(LogError::Broken)?;
    let mut tried = std::iter::once(NO_DATABASE_KEY).chain(keys.iter().copied());
    let key = tried.find_map(|key| encryption.key(key)).ok_or(match keys {
        [] => LogError::KeyNeeded,
        _ => LogError::WrongKey,
    })?;
    let mut cipher = AesCtr::new((&*key).into(), encryption.iv.into());
    let (_, events) = file.split_at_mut(start);
    cipher.apply_keystream(events);
    Ok(events)
}

/// The events that are in effect, by their ids.
pub(super) struct Log<'a>(BTreeMap<u64, Event<'a>>);

impl<'a> Log<'a> {
    /// Reads a decrypted log up to its end, or to the first event that is incomplete or does not fit the previous ones.
    pub(super) fn parse(mut events: &'a [u8]) -> Self {
        let mut log = Self(BTreeMap::new());
        let mut last_id = None;
        let mut partial = Vec::new();
        while let Some(event) = Event::take(&mut events) {
            partial.push(event);
            if event.flags & PARTIAL == 0 && !partial.drain(..).all(|it| log.apply(it, &mut last_id)) {
                break;
            }
        }
        log
    }

    /// Applies an event. Returns whether it fits the previous ones.
    fn apply(&mut self, event: Event<'a>, last_id: &mut Option<u64>) -> bool {
        if event.flags & REWRITE != 0 && *last_id >= Some(event.id) {
            // An erased event cannot be rewritten.
            let Some(there) = self.0.get_mut(&event.id) else { return false };
            if event.kind == EMPTY {
                self.0.remove(&event.id);
            } else {
                *there = event;
            }
        } else if event.kind >= 0 {
            // The ids of new events rise.
            if *last_id >= Some(event.id) {
                return false;
            }
            *last_id = Some(event.id);
            self.0.insert(event.id, event);
        }
        true
    }

    /// Returns the names and values of one kind of event. If a name occurs twice, the first value counts.
    pub(super) fn values(&self, kind: i32) -> BTreeMap<&'a [u8], &'a [u8]> {
        let mut values = BTreeMap::new();
        for event in self.0.values().filter(|event| event.kind == kind) {
            let mut reader = Reader::new(event.data);
            if let (Ok(name), Ok(value)) = (reader.bytes(), reader.bytes()) {
                values.entry(name).or_insert(value);
            }
        }
        values
    }
}
