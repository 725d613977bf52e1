//! A call as its handler sees it.

use std::borrow::Cow;
use std::time::Duration;

use sansgram_core::tl::{Serialize, enums};

use super::call::Delivery;
use super::wire::{Writer, id};

/// The call that a handler answers.
#[derive(Clone, Debug)]
pub struct IncomingCall {
    pub(super) method: Cow<'static, str>,
    pub(super) constructor: u32,
    pub(super) dc: i32,
    pub(super) auth_key_id: u64,
    pub(super) user_id: Option<i64>,
    pub(super) layer: i32,
    pub(super) now: i32,
    pub(super) number: u32,
    /// How long after the answer the next delivery follows.
    pub(super) delay: Duration,
    pub(super) deliveries: Vec<(Duration, Delivery)>,
}

impl IncomingCall {
    /// Returns the name of the method, such as `messages.sendMessage`, or its constructor in hex if layer 230 does not
    /// have it.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the constructor of the method.
    #[must_use]
    pub const fn constructor(&self) -> u32 {
        self.constructor
    }

    /// Returns the DC that was called.
    #[must_use]
    pub const fn dc(&self) -> i32 {
        self.dc
    }

    /// Returns the key of the caller.
    #[must_use]
    pub const fn auth_key_id(&self) -> u64 {
        self.auth_key_id
    }

    /// Returns the user who is logged in, if any.
    #[must_use]
    pub const fn user_id(&self) -> Option<i64> {
        self.user_id
    }

    /// Returns the layer of the caller.
    #[must_use]
    pub const fn layer(&self) -> i32 {
        self.layer
    }

    /// Returns server time, in seconds since 1970.
    #[must_use]
    pub const fn now(&self) -> i32 {
        self.now
    }

    /// Returns which call of this handler it is, from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Sets how long after the answer the updates and messages follow that are sent from here on; default 0.
    pub const fn set_delay(&mut self, delay: Duration) {
        self.delay = delay;
    }

    /// Pushes an update to every session of a user, the caller's own included, after the answer.
    pub fn send_update_to(&mut self, user_id: i64, update: &(impl ServerUpdate + ?Sized)) {
        let body = update.to_updates(self.now);
        self.deliveries.push((self.delay, Delivery::Updates { user_id, body }));
    }

    /// Sends a text message from one account to another after the answer, as if a client of the first had sent it. If one of
    /// them does not exist, only [`AccountEvent::MessageNotSent`](super::AccountEvent::MessageNotSent) follows; the accounts
    /// of sandbox numbers are created, unless they end in 9.
    pub fn send_message(&mut self, from: i64, to: i64, text: impl Into<String>) {
        self.deliveries.push((self.delay, Delivery::Message { from, to, text: text.into() }));
    }

    /// Pushes a serialized, boxed `Update` in an `updateShort`.
    pub(crate) fn send_serialized_update_to(&mut self, user_id: i64, update: &[u8]) {
        self.send_update_to(user_id, &short(update, self.now));
    }
}

/// What the server can push: `Updates`, a single `Update` (sent in an `updateShort`), or a serialized, boxed `Updates`.
pub trait ServerUpdate {
    /// Returns a boxed `Updates`. `date` is server time, in seconds since 1970.
    fn to_updates(&self, date: i32) -> Vec<u8>;
}

impl ServerUpdate for enums::Updates {
    fn to_updates(&self, _date: i32) -> Vec<u8> {
        self.to_bytes()
    }
}

impl ServerUpdate for enums::Update {
    fn to_updates(&self, date: i32) -> Vec<u8> {
        short(&self.to_bytes(), date)
    }
}

impl ServerUpdate for [u8] {
    fn to_updates(&self, _date: i32) -> Vec<u8> {
        self.to_vec()
    }
}

impl ServerUpdate for Vec<u8> {
    fn to_updates(&self, _date: i32) -> Vec<u8> {
        self.clone()
    }
}

/// A boxed `updateShort` with this `Update`.
fn short(update: &[u8], date: i32) -> Vec<u8> {
    Writer::boxed(id::UPDATE_SHORT).object(update).i32(date).finish()
}
