//! A test's own answers, faults, accounts and updates, while the DCs run.

use std::time::Duration;

use sansgram_core::tl::{Constructor, Deserialize, Function, Serialize};

use super::block_on::block_on;
use super::server::TestServer;
use crate::accounts::{
    Answer, Fault, Handler, HandlerId, Handlers, IncomingCall, RecordedCall, ServerUpdate, TestBot, TestUser,
    Times, UnknownMethod, UnmetExpectations,
};
use crate::script::Script;
use crate::server::TestDcs;

/// A handler that was added to a [`TestServer`]. Dropping it does not remove the handler.
#[derive(Clone, Copy)]
pub struct ServerHandler<'a> {
    server: &'a TestServer,
    id: HandlerId,
}

impl ServerHandler<'_> {
    /// Sets how often the handler is to be called until the end of the test: a number, or a range such as `1..`.
    /// [`TestServer::verify`] checks it, and so does dropping the server.
    pub fn expect(self, times: impl Into<Times>) -> Self {
        let times = times.into();
        self.change(|handler| {
            handler.expect(times);
        })
    }

    /// Restricts the handler to its first `times` calls; the next handler of the method, or the accounts, get the others.
    pub fn times(self, times: u32) -> Self {
        self.change(|handler| {
            handler.times(times);
        })
    }

    /// Restricts the handler to calls on this DC.
    pub fn on_dc(self, dc: i32) -> Self {
        self.change(|handler| {
            handler.on_dc(dc);
        })
    }

    /// Restricts the handler to calls of this user.
    pub fn for_user(self, user_id: i64) -> Self {
        self.change(|handler| {
            handler.for_user(user_id);
        })
    }

    /// Returns how often the handler was called.
    #[must_use]
    pub fn calls(self) -> u32 {
        self.server.with_handlers(|handlers| handlers.get_mut(self.id).map_or(0, |handler| handler.calls()))
    }

    /// Removes the handler, with what it expects.
    pub fn remove(self) {
        self.server.with_handlers(|handlers| handlers.remove(self.id));
    }

    fn change(self, change: impl FnOnce(&mut Handler)) -> Self {
        self.server.with_handlers(|handlers| handlers.get_mut(self.id).map(change));
        self
    }
}

/// Handlers answer API methods instead of the accounts, in the order in which they are added. They run on a thread of the
/// DCs and must not call methods of the server: [`IncomingCall`] has what they need.
impl TestServer {
    /// Adds a handler of the method `F`. An `Ok` is its result; an `Err` is any other answer.
    ///
    /// ```
    /// # use sansgram_testkit::{Answer, TestServer, TestServerOptions};
    /// use sansgram_testkit::core::tl::functions;
    ///
    /// let server = TestServer::start(TestServerOptions::default())?;
    /// server.on::<functions::auth::ResetAuthorizations>(|call, _request| match call.user_id() {
    ///     Some(7) => Ok(true),
    ///     _ => Err(Answer::error(400, "USER_PRIVACY_RESTRICTED")),
    /// });
    /// # Ok::<(), sansgram_testkit::test_server::TestServerError>(())
    /// ```
    pub fn on<F>(
        &self,
        handler: impl FnMut(&mut IncomingCall, F) -> Result<F::Reply, Answer> + Send + 'static,
    ) -> ServerHandler<'_>
    where
        F: Constructor + Function + Deserialize,
        F::Reply: Serialize,
    {
        self.added(|handlers| handlers.on(handler).id())
    }

    /// Adds a handler that answers each call of the method `F` with `answer`.
    pub fn respond_with<F: Constructor>(&self, answer: Answer) -> ServerHandler<'_> {
        self.added(|handlers| handlers.respond_with::<F>(answer).id())
    }

    /// Adds a handler of the method with this constructor, of any layer. It gets the serialized call, without
    /// `invokeWithLayer` and other wrappers.
    pub fn on_raw(
        &self,
        constructor: u32,
        handler: impl FnMut(&mut IncomingCall, &[u8]) -> Answer + Send + 'static,
    ) -> ServerHandler<'_> {
        self.added(|handlers| handlers.on_raw(constructor, handler).id())
    }

    /// Adds a handler of the method with this name, in layer 230 and in the earlier layers whose constructor of it the
    /// accounts have. It gets the serialized call, as with [`on_raw`](Self::on_raw).
    ///
    /// # Errors
    /// Returns [`UnknownMethod`] if no method of layer 230 has this name.
    pub fn on_method(
        &self,
        name: &str,
        handler: impl FnMut(&mut IncomingCall, &[u8]) -> Answer + Send + 'static,
    ) -> Result<ServerHandler<'_>, UnknownMethod> {
        let id = self.with_handlers(|handlers| Ok(handlers.on_method(name, handler)?.id()))?;
        Ok(ServerHandler { server: self, id })
    }

    /// Adds a handler of the calls that neither a handler nor the accounts answer; without one, they are answered with
    /// `400 INPUT_METHOD_INVALID`.
    pub fn fallback(
        &self,
        handler: impl FnMut(&mut IncomingCall, &[u8]) -> Answer + Send + 'static,
    ) -> ServerHandler<'_> {
        self.added(|handlers| handlers.fallback(handler).id())
    }

    /// Adds what a script says, after what was added before.
    pub fn play(&self, script: &Script) {
        self.with_dcs(|dcs| script.add_to(dcs));
    }

    /// Removes all handlers with what they expect, and forgets the recorded calls.
    pub fn reset(&self) {
        self.with_handlers(Handlers::clear);
    }

    /// Checks that all handlers were called as often as expected, and that none failed.
    ///
    /// # Errors
    /// Returns [`UnmetExpectations`], which has a line for each that was not.
    pub fn check_expectations(&self) -> Result<(), UnmetExpectations> {
        self.with_handlers(|handlers| handlers.check_expectations())
    }

    /// Panics with the text of [`UnmetExpectations`] if a handler was not called as often as expected, or failed. Dropping
    /// the server does the same.
    ///
    /// # Panics
    /// See above.
    pub fn verify(&self) {
        if let Err(unmet) = self.check_expectations() {
            panic!("{unmet}");
        }
    }

    /// Returns the newest calls of API methods, oldest first, with their arguments:
    /// [`TestServerOptions::recorded_calls`](super::TestServerOptions::recorded_calls) of them.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.with_handlers(|handlers| handlers.calls().cloned().collect())
    }

    /// Returns the recorded calls of the method `F`, oldest first. Calls with arguments that layer 230 does not have are
    /// left out; [`calls`](Self::calls) has them.
    #[must_use]
    pub fn calls_of<F: Constructor + Deserialize>(&self) -> Vec<F> {
        self.with_handlers(|handlers| calls_of(handlers))
    }

    /// Waits until `count` calls of the method `F` are recorded, or for `timeout`, and returns them like
    /// [`calls_of`](Self::calls_of). It blocks the thread; async code uses [`called`](Self::called).
    #[must_use]
    pub fn wait_for_calls<F: Constructor + Deserialize>(&self, count: usize, timeout: Duration) -> Vec<F> {
        block_on(self.called(count, timeout))
    }

    /// Pushes an update to every session of a user: `Updates`, a single `Update`, or a serialized, boxed `Updates`. Returns
    /// the number of logins that it reaches; 0 if the user is not logged in.
    pub fn send_update_to(&self, user_id: i64, update: &(impl ServerUpdate + ?Sized)) -> usize {
        self.with_dcs(|dcs| dcs.send_update_to(user_id, update))
    }

    /// Sends a text message from one account to another, as if a client of the first had sent it: clients of both receive
    /// it as an update, and have it in their history. Returns its identifier for the receiver; `None` if one of the
    /// accounts does not exist. The account of a sandbox number is created by this, if it was not used before; one that
    /// ends in 9 has to sign up first.
    pub fn send_message(&self, from: i64, to: i64, text: &str) -> Option<i32> {
        self.with_dcs(|dcs| dcs.send_message(from, to, text))
    }

    /// Adds a fault; those that were added before are matched first.
    ///
    /// # Errors
    /// Returns [`UnknownMethod`] if it names a method that does not exist.
    pub fn inject_fault(&self, fault: Fault) -> Result<(), UnknownMethod> {
        self.with_dcs(|dcs| dcs.inject_fault(fault))
    }

    /// Removes all faults of the accounts.
    pub fn clear_faults(&self) {
        self.with_dcs(TestDcs::clear_faults);
    }

    /// Adds a user, or replaces the account with this identifier.
    pub fn add_user(&self, user: &TestUser) {
        self.with_dcs(|dcs| dcs.add_user(user));
    }

    /// Adds a bot, or replaces the account with this identifier.
    pub fn add_bot(&self, bot: &TestBot) {
        self.with_dcs(|dcs| dcs.add_bot(bot));
    }

    /// Removes an account and ends its logins, whose calls then fail with `401 USER_DEACTIVATED`. Returns whether the
    /// account existed.
    pub fn remove_account(&self, id: i64) -> bool {
        self.with_dcs(|dcs| dcs.remove_account(id))
    }

    fn with_handlers<T>(&self, action: impl FnOnce(&mut Handlers) -> T) -> T {
        action(self.lock().dcs.handlers())
    }

    fn added(&self, add: impl FnOnce(&mut Handlers) -> HandlerId) -> ServerHandler<'_> {
        ServerHandler { server: self, id: self.with_handlers(add) }
    }
}

pub(super) fn calls_of<F: Constructor + Deserialize>(handlers: &Handlers) -> Vec<F> {
    let calls = handlers.calls().filter(|call| call.constructor == F::ID);
    calls.filter_map(|call| call.arguments().ok()).collect()
}
