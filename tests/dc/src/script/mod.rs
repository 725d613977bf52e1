//! Scripts: answers, faults, updates and messages from a text, for tests that are not written in Rust.
//!
//! A script is TOML. It names methods and writes their results as the schema of layer 230 does, see
//! [`sansgram_tl_json`]:
//!
//! ```
//! use sansgram_testkit::script::Script;
//! use sansgram_testkit::{TestServer, TestServerOptions};
//!
//! let script = Script::parse(r#"
//!     ## The first look-up of a user must wait for 3 seconds.
//!     [[answer]]
//!     method = "users.getUsers"
//!     error = "420 FLOOD_WAIT_3"
//!     times = 1
//!
//!     [[answer]]
//!     method = "help.getNearestDc"
//!     result = { _ = "nearestDc", country = "XX", this_dc = 2, nearest_dc = 2 }
//!
//!     ## A second after the bot has asked for its updates, a user writes to it.
//!     [[message]]
//!     from = 9996621234
//!     to = 1
//!     text = "/start"
//!     after = "updates.getState"
//!     delay = 1.0
//! "#)?;
//! let server = TestServer::start(TestServerOptions::default())?;
//! server.play(&script);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | table | fields |
//! |---|---|
//! | `[[answer]]` | `method`; one of `result` (the object, or an array for a vector), `error` (`"CODE NAME"`) and `silence = true`; optional `times`, `user`, `dc` |
//! | `[[fault]]` | one of `error` and `kind` (`"wrong_type"` or `"truncated"`); optional `method` (all of them without it), `times`, `dc` |
//! | `[[update]]` | one of `update` (an `Update`) and `updates` (an `Updates`); optional `to`, `after`, `by`, `delay`, `times` |
//! | `[[message]]` | `from`, `text`; optional `to`, `after`, `by`, `delay`, `times` |
//!
//! Answers to one method are taken in the order of the script; one with `times` answers that many calls and leaves the
//! others to the next. An update or a message goes to the user `to`, or to any caller, after a call of the method `after`
//! (default `updates.getState`, by which clients ask for updates) by that user, or by the user `by`. It is sent `delay`
//! seconds later (default 0), for the first `times` such calls (default 1). Users are named by their identifiers; those of
//! the sandbox's numbers are the digits of the number. [`Script::check_users`] reports those that cannot exist. A message
//! whose sender or receiver has not signed up when it is due is reported as
//! [`AccountEvent::MessageNotSent`](crate::accounts::AccountEvent::MessageNotSent).

mod entries;
mod error;

use std::time::Duration;

use sansgram_tl_json::{Schema, Type};
use toml::Spanned;

use self::entries::{AnswerEntry, Entries, FaultEntry, MessageEntry, TriggerEntry, UpdateEntry};
pub use self::error::ScriptError;
use self::error::{Located, line_of};
use crate::accounts::{Answer, Fault, FaultKind, Handlers, IncomingCall, method_exists};
use crate::server::TestDcs;

/// The method after which updates are sent if a script names none.
const SUBSCRIBING: &str = "updates.getState";
/// The longest delay, in seconds: a day.
const MAX_DELAY: f64 = 86_400.0;

/// A script that was checked.
#[derive(Clone, Debug, Default)]
pub struct Script {
    answers: Vec<ScriptedAnswer>,
    faults: Vec<Fault>,
    sendings: Vec<Sending>,
    users: Vec<NamedUser>,
}

/// A user that a script names, and the line.
#[derive(Clone, Copy, Debug)]
struct NamedUser {
    id: i64,
    line: usize,
}

#[derive(Clone, Debug)]
struct ScriptedAnswer {
    method: String,
    answer: Answer,
    times: Option<u32>,
    user: Option<i64>,
    dc: Option<i32>,
}

/// An update or a message, and when it is sent.
#[derive(Clone, Debug)]
struct Sending {
    after: String,
    by: Option<i64>,
    to: Option<i64>,
    delay: Duration,
    times: u32,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// A boxed `Updates`, or the boxed `Update` of an `updateShort`.
    Updates(Vec<u8>),
    Update(Vec<u8>),
    Message {
        from: i64,
        text: String,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Returns [`ScriptError`] with the line, and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let entries: Entries = toml::from_str(text).map_err(|error| ScriptError::of_toml(text, &error))?;
        let users = entries.users().map(|user| NamedUser { id: *user.get_ref(), line: line_of(text, user) });
        let users = users.collect();
        let located = |error: Located| error.in_text(text);
        let answers = entries.answer.into_iter().map(answer).collect::<Result<_, _>>().map_err(located)?;
        let faults = entries.fault.into_iter().map(fault).collect::<Result<_, _>>().map_err(located)?;
        let updates = entries.update.into_iter().map(update);
        let sendings = updates.chain(entries.message.into_iter().map(message));
        Ok(Self { answers, faults, sendings: sendings.collect::<Result<_, _>>().map_err(located)?, users })
    }

    /// Checks that each user of the script is an account of the DCs, or may become one.
    ///
    /// # Errors
    /// Returns [`ScriptError`] with the line of a user that cannot exist.
    pub fn check_users(&self, dcs: &TestDcs) -> Result<(), ScriptError> {
        let unknown = self.users.iter().find(|user| !dcs.may_have_account(user.id));
        unknown.map_or(Ok(()), |user| Err(ScriptError::of_user(user.line, user.id)))
    }

    /// Adds what the script says to the DCs, after what was added before.
    pub fn add_to(&self, dcs: &mut TestDcs) {
        for fault in &self.faults {
            // Its method was checked.
            let _ = dcs.inject_fault(fault.clone());
        }
        let handlers = dcs.handlers();
        // They pass the calls on to the answers.
        for sending in &self.sendings {
            sending.add_to(handlers);
        }
        for ScriptedAnswer { method, answer, times, user, dc } in &self.answers {
            let answer = answer.clone();
            let Ok(handler) = handlers.on_method(method, move |_, _| answer.clone()) else { continue };
            times.map(|times| handler.times(times));
            user.map(|user| handler.for_user(user));
            dc.map(|dc| handler.on_dc(dc));
        }
    }
}

impl Sending {
    fn add_to(&self, handlers: &mut Handlers) {
        let Self { by, to, delay, what, times: mut left, .. } = self.clone();
        let send = move |call: &mut IncomingCall, _: &[u8]| {
            // A call before the login does not count.
            let is_meant = call.user_id().is_some() && by.is_none_or(|by| call.user_id() == Some(by));
            if let Some(to) = to.or(call.user_id()).filter(|_| is_meant && left > 0) {
                left -= 1;
                call.set_delay(delay);
                match &what {
                    What::Updates(updates) => call.send_update_to(to, updates),
                    What::Update(update) => call.send_serialized_update_to(to, update),
                    What::Message { from, text } => call.send_message(*from, to, text),
                }
            }
            Answer::Pass
        };
        // The method was checked.
        let _ = handlers.on_method(&self.after, send);
    }
}

fn answer(entry: AnswerEntry) -> Result<ScriptedAnswer, Located> {
    let AnswerEntry { method, result, error, silence, times, user, dc } = entry;
    known_method(&method)?;
    let answer = match (&result, &error, silence) {
        (Some(result), None, false) => {
            let function = Schema::telegram().function(method.get_ref());
            let ty = function.map(|function| &function.result).filter(|ty| **ty != Type::Query);
            let ty = ty.ok_or_else(|| {
                Located::new(&method, "a wrapper has no result of its own; name the method in it")
            })?;
            Answer::Result(encoded(ty, result, "result")?)
        }
        (None, Some(error), false) => rpc_error(error).map(|(code, name)| Answer::error(code, name))?,
        (None, None, true) => Answer::Silence,
        _ => {
            return Err(Located::new(
                &method,
                "an answer needs exactly one of \"result\", \"error\" and \"silence = true\"",
            ));
        }
    };
    let user = user.map(Spanned::into_inner);
    Ok(ScriptedAnswer { method: method.into_inner(), answer, times, user, dc })
}

fn fault(entry: Spanned<FaultEntry>) -> Result<Fault, Located> {
    let place = entry.span();
    let FaultEntry { method, error, kind, times, dc } = entry.into_inner();
    if let Some(method) = &method {
        known_method(method)?;
    }
    let kind = match (error, kind) {
        (Some(error), None) => rpc_error(&error).map(|(code, message)| FaultKind::Error { code, message })?,
        (None, Some(kind)) => match kind.get_ref().as_str() {
            "wrong_type" => FaultKind::WrongType,
            "truncated" => FaultKind::Truncated,
            _ => return Err(Located::new(&kind, "the kind of a fault is \"wrong_type\" or \"truncated\"")),
        },
        _ => {
            let reason = "a fault needs exactly one of \"error\", such as \"420 FLOOD_WAIT_3\", and \"kind\"";
            return Err(Located::at(place.start, reason));
        }
    };
    let fault = Fault::error("", 0, "").with_kind(kind).with_times(times).with_dc(dc);
    Ok(fault.with_method(method.map(Spanned::into_inner)))
}

fn update(entry: Spanned<UpdateEntry>) -> Result<Sending, Located> {
    let place = entry.span();
    let UpdateEntry { update, updates, to, after, by, delay, times } = entry.into_inner();
    let what = match (update, updates) {
        (Some(update), None) => What::Update(encoded(&Type::Boxed("Update"), &update, "update")?),
        (None, Some(updates)) => What::Updates(encoded(&Type::Boxed("Updates"), &updates, "updates")?),
        _ => {
            return Err(Located::at(
                place.start,
                "an update needs exactly one of \"update\" and \"updates\"",
            ));
        }
    };
    sending(TriggerEntry { to, after, by, delay, times }, what)
}

fn message(entry: MessageEntry) -> Result<Sending, Located> {
    let MessageEntry { from, text, to, after, by, delay, times } = entry;
    sending(TriggerEntry { to, after, by, delay, times }, What::Message { from: from.into_inner(), text })
}

fn sending(trigger: TriggerEntry, what: What) -> Result<Sending, Located> {
    let TriggerEntry { to, after, by, delay, times } = trigger;
    let (to, by) = (to.map(Spanned::into_inner), by.map(Spanned::into_inner));
    if let Some(method) = &after {
        known_method(method)?;
    }
    let seconds = delay.as_ref().map_or(0.0, |delay| *delay.get_ref());
    if let Some(delay) = delay.filter(|_| !(0.0..=MAX_DELAY).contains(&seconds)) {
        return Err(Located::new(&delay, "a delay is between 0 and 86400 seconds"));
    }
    Ok(Sending {
        after: after.map_or_else(|| SUBSCRIBING.into(), Spanned::into_inner),
        by: by.or(to),
        to,
        delay: Duration::from_secs_f64(seconds),
        times: times.unwrap_or(1),
        what,
    })
}

fn known_method(method: &Spanned<String>) -> Result<(), Located> {
    method_exists(method.get_ref()).map_err(|unknown| Located::new(method, unknown.to_string()))
}

/// Reads an error such as `420 FLOOD_WAIT_3`.
fn rpc_error(error: &Spanned<String>) -> Result<(i32, String), Located> {
    let parts = error.get_ref().split_once(' ');
    let parsed = parts.and_then(|(code, name)| Some((code.parse().ok()?, name.trim())));
    let (code, name) = parsed
        .filter(|(_, name)| !name.is_empty())
        .ok_or_else(|| Located::new(error, "an error is a code and a name, such as \"420 FLOOD_WAIT_3\""))?;
    Ok((code, name.into()))
}

fn encoded(ty: &Type<'_>, value: &Spanned<serde_json::Value>, field: &str) -> Result<Vec<u8>, Located> {
    Schema::telegram().encode(ty, value.get_ref()).map_err(|error| {
        let text = error.to_string();
        let separator = match error.path().chars().next() {
            None => ": ",
            Some('[') => "",
            Some(_) => ".",
        };
        Located::new(value, format!("{field}{separator}{text}"))
    })
}

#[cfg(test)]
mod tests;
