//! The time limit for the server.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use sansgram_runtime::core::client::{DcId, DisconnectReason, IoFailure, ProxyFault, ServerProblem};
use sansgram_runtime::core::login::{LoginError, SavedLogin};
use sansgram_runtime::{Client, Error};

use crate::address::Lookup;
use crate::error::Failure;
use crate::policy::{CLOCK_DELAY, CLOCK_TICK};
use crate::report::ErrorJson;
use crate::route::Route;
use crate::saved_login::SavedLoginFile;
use crate::saved_login::messages::json;
use crate::{advice, output};

/// Measures how long the work takes, without the time that the user takes to answer and the time that the process is
/// stopped.
#[derive(Debug)]
pub(crate) struct TimeLimit {
    limit: Duration,
    lookup: Lookup,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// What was left of the limit when the clock was last read.
    left: Duration,
    /// When that was; `None` while the time limit is paused.
    read_at: Option<Instant>,
    /// The current step of the work, for the error message.
    step: &'static str,
    /// The client that knows how the last connection ended.
    client: Option<Client>,
    route: Route,
    /// The login that another call can resume.
    saved_login: Option<Resumable>,
    result: Option<Result<(), Failure>>,
}

/// A saved login, for the error message.
#[derive(Debug)]
pub(crate) struct Resumable {
    /// What it waits for, if `--json` prints that.
    pub(crate) json: Option<SavedLogin>,
    /// How to resume it.
    pub(crate) how: String,
    /// The file that holds it.
    pub(crate) file: Option<SavedLoginFile>,
}

/// Runs `work` on a separate thread, and abandons it once it has taken longer than `limit`.
///
/// A resolver or a disk that blocks, a server that redirects without end, or a bug cannot make the command hang.
/// Abandoned work keeps running, so the process must end afterwards.
pub(crate) fn within(
    limit: Duration,
    work: impl FnOnce(&TimeLimit) -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let state = State {
        left: limit,
        read_at: Some(Instant::now()),
        step: "connecting",
        client: None,
        route: Route::default(),
        saved_login: None,
        result: None,
    };
    let time_limit = Arc::new(TimeLimit {
        limit,
        lookup: Lookup::default(),
        state: Mutex::new(state),
        changed: Condvar::new(),
    });
    let worker = Worker(time_limit.clone());
    let spawned = thread::Builder::new().name("sansgram".into()).spawn(move || {
        let result = work(&worker.0);
        worker.0.lock().result.get_or_insert(result);
    });
    spawned.map_err(|error| Failure::new(format!("no thread can be started: {error}")))?;
    time_limit.wait()
}

/// The time limit as the worker holds it. Dropping it wakes the waiting thread, even if the worker panics.
struct Worker(Arc<TimeLimit>);

impl Drop for Worker {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.result.get_or_insert_with(|| {
            Err(Failure::new("this is a bug in sansgram; please report it with the message above"))
        });
        drop(state);
        self.0.changed.notify_all();
    }
}

/// Pauses the time limit while it exists.
#[derive(Debug)]
pub(crate) struct Pause<'a>(&'a TimeLimit);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.lock().run(Instant::now());
        self.0.changed.notify_all();
    }
}

impl TimeLimit {
    /// Sets the current step of the work for the error message, such as `logging in`.
    pub(crate) fn set_step(&self, step: &'static str) {
        self.lock().step = step;
    }

    /// Returns the resolver for the work, so that the error message can name the host that it waits for.
    pub(crate) const fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Sets the client of the work and the route of its connections, so that the error message can say what went wrong.
    pub(crate) fn set_client(&self, client: &Client, route: Route) {
        let mut state = self.lock();
        state.client = Some(client.clone());
        state.route = route;
    }

    /// Sets the login that another call can resume, for the error message.
    pub(crate) fn set_saved_login(&self, saved_login: Option<Resumable>) {
        self.lock().saved_login = saved_login;
    }

    /// Pauses the time limit until the value is dropped.
    pub(crate) fn pause(&self) -> Pause<'_> {
        self.lock().stop(Instant::now());
        Pause(self)
    }

    fn wait(&self) -> Result<(), Failure> {
        let mut state = self.lock();
        loop {
            if let Some(result) = state.result.take() {
                return result;
            }
            if state.read_at.is_none() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = state.left(Instant::now());
            if left.is_zero() {
                return Err(self.timed_out(&mut state));
            }
            state = self
                .changed
                .wait_timeout(state, left.min(CLOCK_TICK))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn timed_out(&self, state: &mut State) -> Failure {
        let client = state.client.as_ref();
        let (loss, problem) =
            (client.and_then(Client::last_disconnect), client.and_then(Client::server_problem));
        let saved_login = state.saved_login.take();
        // If the server keeps refusing with an error that ends the login, the login is over.
        if let Some((_, ServerProblem::RepeatedRpcError(error))) = &problem {
            let error = LoginError::from_rpc("auth.signIn", error.clone());
            if !error.continuation().can_continue() {
                let removed = saved_login.and_then(|it| it.file).map_or(Ok(()), |file| file.remove());
                return removed.err().unwrap_or_else(|| Failure::from(Error::from(error)));
            }
        }
        let how = saved_login.as_ref().map(|it| format!("; {}", it.how)).unwrap_or_default();
        let seconds = self.limit.as_secs();
        let unit = if seconds == 1 { "second" } else { "seconds" };
        // More time helps only if something is slow.
        let more = if needs_user(loss.as_ref()) { "" } else { ", or allow more time with --timeout" };
        let has_stream = client.is_none_or(Client::has_stream);
        let (reason, advice) = reason(self.lookup.current(), loss, problem, has_stream, state.route);
        let sentence =
            format!("timed out after {seconds} {unit} while {}: {reason}; {advice}{more}{how}", state.step);
        let Some(saved_login) = saved_login else { return Failure::Failed(sentence) };
        let failure = Failure::Incomplete(sentence.clone());
        let line = saved_login.json.map(|pending| json(&pending, Some(ErrorJson::new(&failure, sentence))));
        match line.map_or(Ok(()), |line| output::result(&line)) {
            Ok(()) => failure,
            Err(broken) => broken,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether every connection will end like the last one until the user changes something.
const fn needs_user(loss: Option<&(DcId, DisconnectReason)>) -> bool {
    match loss {
        Some((_, DisconnectReason::Network(IoFailure::Refused))) => true,
        Some((_, DisconnectReason::Network(IoFailure::Proxy(fault)))) => {
            fault.needs_credentials()
                || matches!(
                    fault,
                    ProxyFault::Refused
                        | ProxyFault::UnknownHost
                        | ProxyFault::Protocol
                        | ProxyFault::Tls
                        | ProxyFault::HttpServer
                        | ProxyFault::Socks4Proxy
                        | ProxyFault::Socks5Proxy
                )
        }
        Some((_, reason)) => reason.is_permanent(),
        None => false,
    }
}

/// Returns what took the time, if known, and what to do about it.
fn reason(
    lookup: Option<String>,
    loss: Option<(DcId, DisconnectReason)>,
    problem: Option<(DcId, ServerProblem)>,
    has_stream: bool,
    route: Route,
) -> (String, &'static str) {
    if let Some(host) = lookup {
        return (
            format!("the lookup of {host} timed out"),
            "check the network and the name server (DNS) of this machine",
        );
    }
    match (loss, problem) {
        (_, Some((_, problem @ ServerProblem::RepeatedRpcError(_)))) => {
            (problem.to_string(), "try again later")
        }
        (Some((dc, reason)), _) if !reason.is_refusal() => {
            (format!("{dc} cannot be reached: {reason}"), advice::on_disconnect(&reason, route))
        }
        // A connection may exist again, but the server has refused every request on it.
        (Some((_, reason)), _) | (None, Some((_, ServerProblem::Disconnected(reason)))) => {
            let advice = advice::on_disconnect(&reason, route);
            (ServerProblem::Disconnected(reason).to_string(), advice)
        }
        _ if !has_stream => (
            "no connection was established".into(),
            advice::on_disconnect(&DisconnectReason::Network(IoFailure::TimedOut), route),
        ),
        _ => (
            "the server did not send a usable answer".into(),
            advice::on_disconnect(&DisconnectReason::ReadTimeout, route),
        ),
    }
}

impl State {
    fn stop(&mut self, now: Instant) {
        self.left(now);
        self.read_at = None;
    }

    fn run(&mut self, now: Instant) {
        self.read_at = Some(now);
    }

    /// Updates and returns the time that is left.
    fn left(&mut self, now: Instant) -> Duration {
        if let Some(before) = &mut self.read_at {
            let before = std::mem::replace(before, now);
            let passed = now.saturating_duration_since(before);
            self.left =
                self.left.saturating_sub(if passed > CLOCK_TICK + CLOCK_DELAY { CLOCK_TICK } else { passed });
        }
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(50);

    fn sentence(result: Result<(), Failure>) -> String {
        match result.unwrap_err() {
            Failure::Failed(sentence) => sentence,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn results_are_returned() {
        within(LONG, |_| Ok(())).unwrap();
        assert_eq!(sentence(within(LONG, |_| Err(Failure::new("no")))), "no");
    }

    #[test]
    fn work_that_hangs_is_abandoned() {
        let result = within(SHORT, |time_limit| {
            time_limit.set_step("hanging");
            thread::sleep(LONG);
            Ok(())
        });
        assert!(sentence(result).contains("while hanging"));
    }

    #[test]
    fn f14_the_message_says_what_took_the_time() {
        let timed_out = || Some((DcId::new(2).unwrap(), DisconnectReason::Network(IoFailure::TimedOut)));
        for (told, words) in [
            (
                reason(Some("dc.example".into()), None, None, true, Route::default()),
                ["the lookup of dc.example timed out", "DNS"],
            ),
            (
                reason(None, None, None, false, Route::default()),
                ["no connection was established", "check the network"],
            ),
            (
                reason(None, None, None, true, Route::default()),
                ["the server did not send a usable answer", "check the network"],
            ),
            (
                reason(None, timed_out(), None, false, Route::default()),
                ["DC 2 cannot be reached", "check the network"],
            ),
        ] {
            assert!(told.0.contains(words[0]) && told.1.contains(words[1]), "{told:?}");
        }
    }

    #[test]
    fn f10_pauses_and_stops_do_not_count() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut state = State {
            left: LONG,
            read_at: Some(start),
            step: "",
            client: None,
            route: Route::default(),
            saved_login: None,
            result: None,
        };
        let runs = |state: &mut State, from: u64, to: u64| {
            (from..=to).map(|second| state.left(at(second)).as_secs()).last()
        };
        assert_eq!(runs(&mut state, 0, 20), Some(40));
        state.stop(at(20));
        assert_eq!(state.left(at(3600)).as_secs(), 40);
        state.run(at(3600));
        assert_eq!(runs(&mut state, 3600, 3630), Some(10));
        // Stopped for 95 seconds, of which one counts.
        assert_eq!(state.left(at(3725)).as_secs(), 9);
        state.stop(at(3800));
        state.run(at(3800));
        assert_eq!(runs(&mut state, 3800, 3807), Some(1));
        assert_eq!(runs(&mut state, 3808, 3810), Some(0));
    }

    #[test]
    fn a_panic_is_reported() {
        let result = within(LONG, |_| panic!("on purpose"));
        assert!(sentence(result).contains("a bug in sansgram"));
    }
}
