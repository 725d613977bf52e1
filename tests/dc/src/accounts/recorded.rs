//! The calls that the accounts received.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use sansgram_core::tl::{DecodeError, Deserialize};
use sansgram_tl_json::Schema;

use super::incoming_call::IncomingCall;
use super::policy::MAX_RECORDED_BYTES;

/// A call that was received.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedCall {
    /// The name of the method, such as `messages.sendMessage`, or its constructor in hex if layer 230 does not have it.
    pub method: String,
    /// The constructor of the method.
    pub constructor: u32,
    /// The DC that was called.
    pub dc: i32,
    /// The key of the caller.
    pub auth_key_id: u64,
    /// The user who was logged in, if any.
    pub user_id: Option<i64>,
    /// The layer of the caller.
    pub layer: i32,
    /// Server time, in seconds since 1970.
    pub date: i32,
    /// The serialized call, without `invokeWithLayer` and other wrappers.
    pub body: Vec<u8>,
}

impl RecordedCall {
    pub(super) fn new(call: &IncomingCall, body: &[u8]) -> Self {
        Self {
            method: call.method.clone().into_owned(),
            constructor: call.constructor,
            dc: call.dc,
            auth_key_id: call.auth_key_id,
            user_id: call.user_id,
            layer: call.layer,
            date: call.now,
            body: body.to_vec(),
        }
    }

    /// Returns the call with its arguments.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if it calls another method, or has an argument that layer 230 does not have.
    pub fn arguments<F: Deserialize>(&self) -> Result<F, DecodeError> {
        F::from_bytes(&self.body)
    }

    /// Returns the call as JSON in the form of [`sansgram_tl_json`], with the name of the method as `"_"`. Needs no types of
    /// the method.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if layer 230 does not have the method, or one of its arguments.
    pub fn to_json(&self) -> Result<String, DecodeError> {
        Schema::telegram().decode_object(&self.body)
    }
}

impl fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The arguments may be secret.
        f.debug_struct("RecordedCall")
            .field("method", &self.method)
            .field("dc", &self.dc)
            .field("user_id", &self.user_id)
            .field("layer", &self.layer)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The newest calls, and how often each method was called.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// How many calls are kept.
    pub(super) limit: usize,
    calls: VecDeque<RecordedCall>,
    bytes: usize,
    counts: BTreeMap<String, u64>,
}

impl Recorder {
    pub(super) fn record(&mut self, call: impl FnOnce() -> RecordedCall) {
        if self.limit == 0 {
            return;
        }
        let call = call();
        *self.counts.entry(call.method.clone()).or_default() += 1;
        self.bytes += call.body.len();
        self.calls.push_back(call);
        while self.calls.len() > self.limit || self.bytes > MAX_RECORDED_BYTES {
            let Some(oldest) = self.calls.pop_front() else { break };
            self.bytes -= oldest.body.len();
        }
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = &RecordedCall> {
        self.calls.iter()
    }

    /// Returns how often each method was called, by name.
    pub(super) const fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    pub(super) fn clear(&mut self) {
        *self = Self { limit: self.limit, ..Self::default() };
    }
}
