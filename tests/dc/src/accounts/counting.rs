//! `help.saveAppLog` as a counter of executed requests.

use super::call::{Call, Reply};
use super::state::Accounts;
use super::wire::{BadArguments, Writer, id};

/// The `type` of the events that are counted; others are accepted and forgotten.
const COUNTED: &str = "count";

impl Accounts {
    /// Returns a serialized call of `help.saveAppLog` with one event, which counts `number` when it is executed. Its
    /// result is `boolTrue`.
    #[must_use]
    pub fn count_query(number: i64) -> Vec<u8> {
        Self::count_query_of_length(number, 0)
    }

    /// As [`count_query`](Self::count_query), with so many bytes more, in an event that is not counted.
    #[must_use]
    pub fn count_query_of_length(number: i64, extra: usize) -> Vec<u8> {
        let time = 0.0_f64.to_bits().cast_signed();
        let event = |kind: &str| {
            Writer::boxed(id::INPUT_APP_EVENT).i64(time).string(kind).i64(number).u32(id::JSON_NULL).finish()
        };
        let mut events = vec![event(COUNTED)];
        if extra > 0 {
            events.push(event(&"x".repeat(extra)));
        }
        Writer::boxed(id::SAVE_APP_LOG).objects(&events).finish()
    }

    /// Returns how often `number` was counted.
    #[must_use]
    pub fn counted(&self, number: i64) -> u32 {
        self.counts.get(&number).copied().unwrap_or(0)
    }

    /// Logs the counted numbers from now on.
    pub(crate) fn log_counted(&mut self) {
        self.counted.get_or_insert_default();
    }

    /// Takes the logged numbers, in the order of execution.
    pub(crate) fn take_counted(&mut self) -> Vec<i64> {
        self.counted.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The number of calls in `invokeWithoutUpdates`.
    #[must_use]
    pub const fn calls_without_updates(&self) -> u64 {
        self.without_updates
    }

    pub(super) fn save_app_log(&mut self, call: &mut Call<'_>) -> Reply {
        let events = call.reader.vector(|reader| {
            reader.expect(id::INPUT_APP_EVENT)?;
            reader.i64()?;
            let counted = reader.string()? == COUNTED;
            let number = reader.i64()?;
            if reader.u32()? != id::JSON_NULL {
                return Err(BadArguments);
            }
            Ok((counted, number))
        })?;
        call.reader.end()?;
        for (_, number) in events.into_iter().filter(|(counted, _)| *counted) {
            *self.counts.entry(number).or_default() += 1;
            if let Some(log) = &mut self.counted {
                log.push(number);
            }
        }
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }
}
