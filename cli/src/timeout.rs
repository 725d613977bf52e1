//! The limit on how long a server may keep us waiting.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use sansgram_runtime::core::client::{DcId, DisconnectReason, IoFailure, ProxyFault, Trouble};
use sansgram_runtime::core::login::LoginError;
use sansgram_runtime::{Client, Error};

use crate::address::Lookup;
use crate::error::Failure;
use crate::policy::{CLOCK_DELAY, CLOCK_TICK};
use crate::route::Route;
use crate::saved_login::SavedLoginFile;
use crate::{advice, output};

/// Measures the time that the work takes, but for the time that a person takes to answer, and that the process is
/// stopped.
#[derive(Debug)]
pub(crate) struct Watch {
    limit: Duration,
    lookup: Lookup,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// What was left of the limit when the clock was last looked at.
    left: Duration,
    /// When that was; `None` while it does not run, as a person is asked.
    looked_at: Option<Instant>,
    /// The current step of the work, for the message at the end of the limit.
    doing: &'static str,
    /// The client that knows how the last connection ended.
    client: Option<Client>,
    route: Route,
    /// The login that another call can resume.
    remains: Option<Remains>,
    result: Option<Result<(), Failure>>,
}

/// The saved login, for the sentence at the end of the limit.
#[derive(Debug)]
pub(crate) struct Remains {
    /// The line for standard output, if requested.
    pub(crate) line: Option<String>,
    /// How to resume it.
    pub(crate) how: String,
    /// Where it is saved.
    pub(crate) file: Option<SavedLoginFile>,
}

/// Runs `work` on a separate thread, and abandons it once it has taken longer than `limit`.
///
/// Nothing that can go wrong below (a resolver or a disk that blocks, a server that sends the login in circles, a
/// mistake of ours) makes the command hang. Abandoned work keeps running: the process must end then.
pub(crate) fn within(
    limit: Duration,
    work: impl FnOnce(&Watch) -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let state = State {
        left: limit,
        looked_at: Some(Instant::now()),
        doing: "connecting",
        client: None,
        route: Route::default(),
        remains: None,
        result: None,
    };
    let watch = Arc::new(Watch {
        limit,
        lookup: Lookup::default(),
        state: Mutex::new(state),
        changed: Condvar::new(),
    });
    let worker = Worker(watch.clone());
    let spawned = thread::Builder::new().name("sansgram".into()).spawn(move || {
        let result = work(&worker.0);
        worker.0.lock().result.get_or_insert(result);
    });
    spawned.map_err(|error| Failure::new(format!("no thread can be started: {error}")))?;
    watch.wait()
}

/// The worker's end of the watch: dropping it wakes the waiting thread, even if the worker panics.
struct Worker(Arc<Watch>);

impl Drop for Worker {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.result.get_or_insert_with(|| {
            Err(Failure::new("sansgram itself failed, as described above; please report it"))
        });
        drop(state);
        self.0.changed.notify_all();
    }
}

/// Pauses the clock while it exists.
#[derive(Debug)]
pub(crate) struct Pause<'a>(&'a Watch);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.lock().run(Instant::now());
        self.0.changed.notify_all();
    }
}

impl Watch {
    /// Sets the current step of the work: `logging in`.
    pub(crate) fn doing(&self, what: &'static str) {
        self.lock().doing = what;
    }

    /// Returns the lookups of the work, so that the end of the limit can say which one has no answer.
    pub(crate) const fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Sets the client of the work and the route of its connections, so that the end of the limit can say what went
    /// wrong.
    pub(crate) fn client(&self, client: &Client, route: Route) {
        let mut state = self.lock();
        state.client = Some(client.clone());
        state.route = route;
    }

    /// Sets what is saved, for the message at the end of the limit.
    pub(crate) fn remains(&self, remains: Option<Remains>) {
        self.lock().remains = remains;
    }

    /// Stops the clock until the value is dropped.
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
            if state.looked_at.is_none() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = state.left(Instant::now());
            if left.is_zero() {
                return Err(self.too_long(&mut state));
            }
            state = self
                .changed
                .wait_timeout(state, left.min(CLOCK_TICK))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn too_long(&self, state: &mut State) -> Failure {
        let client = state.client.as_ref();
        let (loss, trouble) = (client.and_then(Client::last_disconnect), client.and_then(Client::trouble));
        let remains = state.remains.take();
        // An error that would end the login later ends it now as well.
        if let Some((_, Trouble::ServerBusy(error))) = &trouble {
            let error = LoginError::of("auth.signIn", error.clone());
            if !error.continuation().keeps_pending() {
                let removed = remains.and_then(|it| it.file).map_or(Ok(()), |file| file.remove());
                return removed.err().unwrap_or_else(|| Failure::from(Error::from(error)));
            }
        }
        if let Some(line) = remains.as_ref().and_then(|it| it.line.as_ref())
            && let Err(failure) = output::result(line)
        {
            return failure;
        }
        let how = remains.map(|it| format!("; {}", it.how)).unwrap_or_default();
        let seconds = self.limit.as_secs();
        let unit = if seconds == 1 { "second" } else { "seconds" };
        // More time helps if something is slow.
        let more = if needs_a_person(loss.as_ref()) { "" } else { ", or allow more time with --timeout" };
        let has_stream = client.is_none_or(Client::has_stream);
        let (reason, advice) = reason(self.lookup.current(), loss, trouble, has_stream, state.route);
        Failure::new(format!(
            "timed out after {seconds} {unit} while {}: {reason}; {advice}{more}{how}",
            state.doing
        ))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether the next connection ends like the last one until the user changes something.
const fn needs_a_person(loss: Option<&(DcId, DisconnectReason)>) -> bool {
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

/// Says what took the time, as far as is known, and what to do about it.
fn reason(
    looked_up: Option<String>,
    loss: Option<(DcId, DisconnectReason)>,
    trouble: Option<(DcId, Trouble)>,
    has_stream: bool,
    route: Route,
) -> (String, &'static str) {
    if let Some(host) = looked_up {
        return (
            format!("the address of {host} was looked up without an answer"),
            "check the network, and the name server (DNS) of this machine",
        );
    }
    match (loss, trouble) {
        (_, Some((_, trouble @ Trouble::ServerBusy(_)))) => (trouble.to_string(), "try again later"),
        (Some((dc, reason)), _) if !reason.is_refusal() => {
            (format!("{dc} cannot be reached: {reason}"), advice::on_disconnect(&reason, route))
        }
        // The next connection may work already, but what it carries was answered no better.
        (Some((_, reason)), _) | (None, Some((_, Trouble::Disconnected(reason)))) => {
            let advice = advice::on_disconnect(&reason, route);
            (Trouble::Disconnected(reason).to_string(), advice)
        }
        _ if !has_stream => (
            "no connection was made".into(),
            advice::on_disconnect(&DisconnectReason::Network(IoFailure::TimedOut), route),
        ),
        _ => (
            "the server was silent or sent nothing that helps".into(),
            advice::on_disconnect(&DisconnectReason::ReadTimeout, route),
        ),
    }
}

impl State {
    fn stop(&mut self, now: Instant) {
        self.left(now);
        self.looked_at = None;
    }

    fn run(&mut self, now: Instant) {
        self.looked_at = Some(now);
    }

    /// Updates and returns the time that is left.
    fn left(&mut self, now: Instant) -> Duration {
        if let Some(before) = &mut self.looked_at {
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
    fn the_result_comes_through() {
        within(LONG, |_| Ok(())).unwrap();
        assert_eq!(sentence(within(LONG, |_| Err(Failure::new("no")))), "no");
    }

    #[test]
    fn work_that_hangs_is_given_up() {
        let result = within(SHORT, |watch| {
            watch.doing("hanging");
            thread::sleep(LONG);
            Ok(())
        });
        assert!(sentence(result).contains("while hanging"));
    }

    #[test]
    fn f14_what_the_time_was_spent_with_is_told() {
        let timed_out = || Some((DcId::new(2).unwrap(), DisconnectReason::Network(IoFailure::TimedOut)));
        for (told, words) in [
            (
                reason(Some("dc.example".into()), None, None, true, Route::default()),
                ["dc.example was looked up", "DNS"],
            ),
            (
                reason(None, None, None, false, Route::default()),
                ["no connection was made", "check the network"],
            ),
            (
                reason(None, None, None, true, Route::default()),
                ["the server was silent", "check the network"],
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
    fn f10_a_pause_and_a_stop_do_not_count() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut state = State {
            left: LONG,
            looked_at: Some(start),
            doing: "",
            client: None,
            route: Route::default(),
            remains: None,
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
    fn a_panic_is_a_failure() {
        let result = within(LONG, |_| panic!("on purpose"));
        assert!(sentence(result).contains("itself failed"));
    }
}
