//! A test's own answers to API methods.
//!
//! A call is offered to the handlers in the order in which they were added. The first that takes it answers it; if none
//! does, the accounts answer, and after them the fallback. Injected faults come before all of them.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sansgram_core::tl::{Constructor, DecodeError, Deserialize, Function, Serialize};

use super::call::Answer;
use super::expectation::{self, Times, UnmetExpectations};
use super::incoming_call::IncomingCall;
use super::method_names::{UnknownMethod, method_name, must_be_method};
use super::policy::MAX_PROBLEMS;
use super::recorded::{RecordedCall, Recorder};

/// Answers a serialized call.
type Respond = Box<dyn FnMut(&mut IncomingCall, &[u8]) -> Result<Answer, DecodeError> + Send>;

thread_local! {
    static IN_HANDLER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs a handler now.
pub(crate) fn is_in_handler() -> bool {
    IN_HANDLER.get()
}

/// Identifies a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandlerId(u64);

/// The calls that a handler takes.
enum Takes {
    Constructor(u32),
    Method(String),
    /// What neither handlers nor accounts answer.
    Rest,
}

/// A handler of one method: which calls it takes, and how often it is to be called.
pub struct Handler {
    id: HandlerId,
    takes: Takes,
    name: String,
    dc: Option<i32>,
    user_id: Option<i64>,
    times: Option<u32>,
    expected: Option<Times>,
    calls: u32,
    problems: Vec<String>,
    respond: Respond,
}

impl Handler {
    /// Sets how often the handler is to be called until the end of the test.
    pub fn expect(&mut self, times: impl Into<Times>) -> &mut Self {
        self.expected = Some(times.into());
        self
    }

    /// Restricts the handler to its first `times` calls; the next handler of the method, or the accounts, get the others.
    pub const fn times(&mut self, times: u32) -> &mut Self {
        self.times = Some(times);
        self
    }

    /// Restricts the handler to calls on this DC.
    pub const fn on_dc(&mut self, dc: i32) -> &mut Self {
        self.dc = Some(dc);
        self
    }

    /// Restricts the handler to calls of this user.
    pub const fn for_user(&mut self, user_id: i64) -> &mut Self {
        self.user_id = Some(user_id);
        self
    }

    /// Returns the identifier.
    #[must_use]
    pub const fn id(&self) -> HandlerId {
        self.id
    }

    /// Returns how often the handler was called.
    #[must_use]
    pub const fn calls(&self) -> u32 {
        self.calls
    }

    fn takes(&self, call: &IncomingCall, is_rest: bool) -> bool {
        let by_method = match &self.takes {
            Takes::Constructor(constructor) => !is_rest && *constructor == call.constructor,
            Takes::Method(name) => !is_rest && *name == call.method,
            Takes::Rest => is_rest,
        };
        by_method
            && self.dc.is_none_or(|dc| dc == call.dc)
            && self.user_id.is_none_or(|user| Some(user) == call.user_id)
            && self.times.is_none_or(|times| self.calls < times)
    }

    fn run(&mut self, call: &mut IncomingCall, body: &[u8]) -> Answer {
        self.calls += 1;
        call.number = self.calls;
        IN_HANDLER.set(true);
        let result = catch_unwind(AssertUnwindSafe(|| (self.respond)(call, body)));
        IN_HANDLER.set(false);
        match result {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.problem(format!("it was called with arguments that cannot be read: {error}"));
                Answer::error(400, "INPUT_FETCH_ERROR")
            }
            Err(panic) => {
                self.problem(format!("its handler panicked: {}", message(&*panic)));
                // Clients repeat what fails with 500.
                Answer::error(400, "HANDLER_PANICKED")
            }
        }
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

fn answered(mut handler: impl FnMut(&mut IncomingCall, &[u8]) -> Answer + Send + 'static) -> Respond {
    Box::new(move |call, body| Ok(handler(call, body)))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// The handlers of a test, and the calls that the accounts received.
#[derive(Default)]
pub struct Handlers {
    handlers: Vec<Handler>,
    next_id: u64,
    pub(super) recorder: Recorder,
}

impl Handlers {
    /// Adds a handler of the method `F`. An `Ok` is its result; an `Err` is any other answer.
    ///
    /// A call whose arguments layer 230 does not have is answered with `400 INPUT_FETCH_ERROR`, and reported by
    /// [`check_expectations`](Self::check_expectations).
    pub fn on<F>(
        &mut self,
        mut handler: impl FnMut(&mut IncomingCall, F) -> Result<F::Reply, Answer> + Send + 'static,
    ) -> &mut Handler
    where
        F: Constructor + Function + Deserialize,
        F::Reply: Serialize,
    {
        let respond = move |call: &mut IncomingCall, body: &[u8]| {
            let reply = handler(call, F::from_bytes(body)?);
            Ok(reply.map_or_else(|other| other, |reply| Answer::of(&reply)))
        };
        self.add(Takes::Constructor(F::ID), F::NAME.into(), Box::new(respond))
    }

    /// Adds a handler that answers each call of the method `F` with `answer`.
    pub fn respond_with<F: Constructor>(&mut self, answer: Answer) -> &mut Handler {
        self.add(Takes::Constructor(F::ID), F::NAME.into(), Box::new(move |_, _| Ok(answer.clone())))
    }

    /// Adds a handler of the method with this constructor, of any layer. It gets the serialized call, without
    /// `invokeWithLayer` and other wrappers.
    pub fn on_raw(
        &mut self,
        constructor: u32,
        handler: impl FnMut(&mut IncomingCall, &[u8]) -> Answer + Send + 'static,
    ) -> &mut Handler {
        self.add(Takes::Constructor(constructor), method_name(constructor), answered(handler))
    }

    /// Adds a handler of the method with this name, such as `messages.sendMessage`, in layer 230 and in all earlier
    /// layers whose constructor of it the accounts have. It gets the serialized call, as with [`on_raw`](Self::on_raw).
    ///
    /// # Errors
    /// Returns [`UnknownMethod`] if no method of layer 230 has this name.
    pub fn on_method(
        &mut self,
        name: &str,
        handler: impl FnMut(&mut IncomingCall, &[u8]) -> Answer + Send + 'static,
    ) -> Result<&mut Handler, UnknownMethod> {
        must_be_method(name)?;
        Ok(self.add(Takes::Method(name.into()), name.into(), answered(handler)))
    }

    /// Adds a handler of the calls that neither a handler nor the accounts answer.
    pub fn fallback(
        &mut self,
        handler: impl FnMut(&mut IncomingCall, &[u8]) -> Answer + Send + 'static,
    ) -> &mut Handler {
        self.add(Takes::Rest, "any other method".into(), answered(handler))
    }

    fn add(&mut self, takes: Takes, name: String, respond: Respond) -> &mut Handler {
        let id = HandlerId(self.next_id);
        self.next_id += 1;
        self.handlers.push(Handler {
            id,
            takes,
            name,
            dc: None,
            user_id: None,
            times: None,
            expected: None,
            calls: 0,
            problems: Vec::new(),
            respond,
        });
        self.handlers.last_mut().expect("it was added")
    }

    /// Returns a handler, unless it was removed.
    pub fn get_mut(&mut self, id: HandlerId) -> Option<&mut Handler> {
        self.handlers.iter_mut().find(|handler| handler.id == id)
    }

    /// Removes a handler, with what it expects.
    pub fn remove(&mut self, id: HandlerId) {
        self.handlers.retain(|handler| handler.id != id);
    }

    /// Removes all handlers, and forgets the recorded calls.
    pub fn clear(&mut self) {
        self.handlers.clear();
        self.recorder.clear();
    }

    /// Returns the recorded calls, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = &RecordedCall> {
        self.recorder.calls()
    }

    /// Sets how many calls are recorded, the newest ones; at most 16 MiB are kept. Default 0, and 1000 for a
    /// [`TestServer`](crate::test_server::TestServer).
    pub const fn record(&mut self, limit: usize) {
        self.recorder.limit = limit;
    }

    /// Checks that all handlers were called as often as expected, that none panicked, and that none was called with
    /// arguments that it could not read.
    ///
    /// # Errors
    /// Returns [`UnmetExpectations`] with a line for each that was not, and one with all calls if calls are recorded.
    pub fn check_expectations(&self) -> Result<(), UnmetExpectations> {
        let mut lines = Vec::new();
        for handler in &self.handlers {
            if let Some(times) = handler.expected.filter(|times| !times.includes(handler.calls)) {
                let called = expectation::calls(handler.calls);
                lines.push(format!("- {}: expected {times}, but {called}", handler.name));
            }
            lines.extend(handler.problems.iter().map(|problem| format!("- {}: {problem}", handler.name)));
        }
        if lines.is_empty() {
            return Ok(());
        }
        if self.recorder.limit == 0 {
            return Err(UnmetExpectations { lines });
        }
        let counts = self.recorder.counts().iter().map(|(method, count)| format!("{method} {count}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let none = if counts.is_empty() { "none" } else { "" };
        lines.push(format!("all calls by method: {counts}{none}"));
        Err(UnmetExpectations { lines })
    }

    /// Offers a call to the handlers. Returns `None` if none answers it.
    pub(super) fn answer(&mut self, call: &mut IncomingCall, body: &[u8], is_rest: bool) -> Option<Answer> {
        for handler in &mut self.handlers {
            if !handler.takes(call, is_rest) {
                continue;
            }
            match handler.run(call, body) {
                Answer::Pass => {}
                answer => return Some(answer),
            }
        }
        None
    }
}
