//! The time limit of a test over sockets.

use std::sync::mpsc;
use std::time::Duration;

/// The time limit of a test; all of them take far less.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` on a thread of its own, and returns its result.
///
/// # Panics
/// Panics if the test panics, or if it takes longer than [`LIMIT`]. Its thread is then left behind.
pub fn bounded<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    bounded_by(LIMIT, test)
}

fn bounded_by<T: Send + 'static>(limit: Duration, test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        // Dropped at the end, even by a panic.
        let _ended = sender;
        test()
    });
    let ended = receiver.recv_timeout(limit);
    assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "still running after {limit:?}");
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_test_ends_with_its_result_its_panic_or_at_its_limit() {
        assert_eq!(bounded(|| 7), 7);
        let panicked = catch_unwind(|| bounded(|| panic!("on purpose"))).unwrap_err();
        assert_eq!(panicked.downcast_ref(), Some(&"on purpose"));
        let (hold, held) = mpsc::channel::<()>();
        let late = catch_unwind(|| bounded_by(Duration::from_millis(10), move || held.recv())).unwrap_err();
        let late = late.downcast_ref::<String>().expect("a text");
        assert!(late.contains("still running after 10ms"), "{late}");
        drop(hold);
    }
}
