//! Ctrl-C and other signals that end the process: restores the terminal, and says how to continue a saved login. After a
//! stop (Ctrl-Z), the open question is shown again.

use std::io::{self, IsTerminal};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::error::Failure;
use crate::policy::{OFFLINE_DESCRIPTORS, ONLINE_DESCRIPTORS};
use crate::{cleanup, descriptors, output};

/// How to continue if the process ends now. Static, since the thread for signals prints it.
static ADVICE: Mutex<Option<&str>> = Mutex::new(None);

/// Starts a thread that ends the process at a signal.
pub(crate) fn end_on_signal() -> Result<(), Failure> {
    on_signal(|number| end(number))
}

/// A signal that asks the process to end, for a command that then ends by itself.
pub(crate) struct Stop {
    is_awaited: Arc<AtomicBool>,
    signal: smol::channel::Receiver<i32>,
}

impl Stop {
    /// Waits for the signal. Before the first call, a signal ends the process.
    pub(crate) async fn wait(&self) {
        self.is_awaited.store(true, Ordering::Relaxed);
        // The sender lives until it has sent.
        let _ = self.signal.recv().await;
        end_line();
    }
}

/// Ends the line of the ^C, if there is a terminal.
pub(crate) fn end_line() {
    if io::stderr().is_terminal() {
        output::note("");
    }
}

/// Like [`end_on_signal`], but once [`Stop::wait`] is called, the signal only ends that call.
pub(crate) fn stop_on_signal() -> Result<Stop, Failure> {
    let is_awaited = Arc::new(AtomicBool::new(false));
    let (sender, signal) = smol::channel::bounded(1);
    let graceful = is_awaited.clone();
    on_signal(move |number| match graceful.load(Ordering::Relaxed) {
        true => {
            let _ = sender.try_send(number);
        }
        false => end(number),
    })?;
    Ok(Stop { is_awaited, signal })
}

/// Like [`end_on_signal`], for a command without network access.
pub(crate) fn end_on_signal_offline() -> Result<(), Failure> {
    descriptors::check(OFFLINE_DESCRIPTORS)?;
    wait(|number| end(number))
}

/// Sets how to continue if the process ends from now on.
pub(crate) fn set_advice(advice: Option<&'static str>) {
    *ADVICE.lock().unwrap_or_else(PoisonError::into_inner) = advice;
}

/// Ends the process with the exit code of this signal.
pub(crate) fn end(number: i32) -> ! {
    // The lock is held to the end, so that a second thread prints nothing.
    let advice = ADVICE.lock().unwrap_or_else(PoisonError::into_inner);
    let _ending = cleanup::run();
    if io::stderr().is_terminal() {
        // Ends the line of the question or of the ^C.
        output::note("");
    }
    match *advice {
        Some(advice) => output::note(&format!("Interrupted; {advice}.")),
        None => output::note("Interrupted."),
    }
    process::exit(128 + number);
}

/// The number of the signal that Ctrl-C sends.
pub(crate) const INTERRUPT: i32 = 2;

/// Calls `action` at the first signal that asks the process to end, on a separate thread.
pub(crate) fn on_signal(action: impl FnOnce(i32) + Send + 'static) -> Result<(), Failure> {
    descriptors::check(ONLINE_DESCRIPTORS)?;
    wait(action)
}

fn wait(action: impl FnOnce(i32) + Send + 'static) -> Result<(), Failure> {
    let fails = |error: io::Error| Failure::new(format!("signal handling cannot be set up: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fails)?;
    // No signal is lost after this point.
    let signals = runtime.block_on(async { Signals::new() }).map_err(fails)?;
    let wait = move || {
        if let Some(number) = runtime.block_on(signals.next()) {
            action(number);
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map_err(fails)?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    ends: Vec<(i32, tokio::signal::unix::Signal)>,
    /// The process continues after it was stopped.
    resumes: tokio::signal::unix::Signal,
    /// A file would exceed the size limit. Caught, so that the write fails instead of the process being killed.
    _too_large: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Ctrl-\ would leave the terminal without echo and dump the memory to the disk.
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
        // Without a terminal, a hangup does not matter, and nohup expects the signal to be ignored.
        if io::stdin().is_terminal() {
            kinds.push(SignalKind::hangup());
        }
        let listen = |kind: SignalKind| Ok((kind.as_raw_value(), signal(kind)?));
        let ends = kinds.into_iter().map(listen).collect::<io::Result<_>>()?;
        let other = |it: rustix::process::Signal| signal(SignalKind::from_raw(it.as_raw()));
        let (resumes, too_large) =
            (other(rustix::process::Signal::CONT)?, other(rustix::process::Signal::XFSZ)?);
        Ok(Self { ends, resumes, _too_large: too_large })
    }

    async fn next(mut self) -> Option<i32> {
        use std::task::Poll;

        use sansgram_runtime::TerminalPrompt;
        std::future::poll_fn(|cx| {
            while let Poll::Ready(Some(())) = self.resumes.poll_recv(cx) {
                TerminalPrompt::resume();
            }
            for (number, signal) in &mut self.ends {
                if signal.poll_recv(cx).is_ready() {
                    return Poll::Ready(Some(*number));
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(self) -> Option<i32> {
        tokio::signal::ctrl_c().await.ok().map(|()| INTERRUPT)
    }
}
