//! A log as a whole: decrypted, up to its first event that is not whole, with rewritten and erased events applied.
//!
//! TDLib cuts its log there too: the rest was being written as its process ended.

use std::collections::BTreeMap;

use sansgram_core::crypto::aes_ctr::AesCtr;
use sansgram_core::tl::Reader;

use super::NO_DATABASE_KEY;
use super::event::{EMPTY, ENCRYPTION, Encryption, Event, PARTIAL, REWRITE};

/// Why a log cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogError {
    /// There is no whole event at its beginning.
    Broken,
    /// It has a database key, of which none was tried.
    KeyNeeded,
    /// None of those that were tried fits.
    WrongKey,
}

/// Whether a file begins with a whole event.
pub(super) fn is_one(mut file: &[u8]) -> bool {
    Event::take(&mut file).is_some()
}

/// Decrypts the log where it lies, by the first of these database keys that fits or by none at all. Answers with the
/// part that follows the event with the encryption, which a log need not have.
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
    let mut cipher = AesCtr::new(&key, encryption.iv);
    let (_, events) = file.split_at_mut(start);
    cipher.apply(events);
    Ok(events)
}

/// The events that stand at the end, by their ids.
pub(super) struct Log<'a>(BTreeMap<u64, Event<'a>>);

impl<'a> Log<'a> {
    /// Reads a decrypted log up to its end, or to what is no whole event or does not fit those before it.
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

    /// Whether the event fits.
    fn apply(&mut self, event: Event<'a>, last_id: &mut Option<u64>) -> bool {
        if event.flags & REWRITE != 0 && *last_id >= Some(event.id) {
            // One that was erased cannot be rewritten.
            let Some(there) = self.0.get_mut(&event.id) else { return false };
            if event.kind == EMPTY {
                self.0.remove(&event.id);
            } else {
                *there = event;
            }
        } else if event.kind >= 0 {
            // Ids rise.
            if *last_id >= Some(event.id) {
                return false;
            }
            *last_id = Some(event.id);
            self.0.insert(event.id, event);
        }
        true
    }

    /// The names and values of one kind of event; of a name that is there twice the first counts.
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
