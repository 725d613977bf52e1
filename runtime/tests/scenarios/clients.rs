//! Handles, their futures, and the driver.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use sansgram_runtime::core::tl::functions;
use sansgram_runtime::{Client, Error, MemoryStore, Runtime, ScriptedPrompt, SignInOutcome};

use super::login::give_code;
use super::{config, sandbox};

/// Returns the output of `future` within `polls` polls, after which it is dropped.
pub(super) async fn within<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// A whole login is dropped at its first pending `await`, at its second, and so on. The same client must continue as if
/// nothing had happened.
pub(crate) async fn dropped_futures_do_no_harm<R: Runtime + Clone>(runtime: R) {
    let served = sandbox();
    for polls in 0.. {
        let client = Client::start(runtime.clone(), config(&served), MemoryStore::new()).await.unwrap();
        let logged_in = within(polls, async {
            client.connect().await.unwrap();
            client.is_authorized().await.unwrap();
            let SignInOutcome::PasswordRequired(_) = give_code(&client, "9996620002", "22222").await else {
                panic!("no password was asked for")
            };
            client.check_password("sandbox").await.unwrap()
        })
        .await;
        // The server answers, whichever request was sent before.
        let went_through = client.is_authorized().await.unwrap();
        if let Some(user) = logged_in {
            assert_eq!(client.get_me().await.unwrap(), user);
            // With several threads, an answer may arrive before it is awaited.
            assert!(polls > 1, "no login was interrupted between two of its awaits");
            return;
        }
        // The cancelled step can be repeated from the beginning, unless it was the last one and its answer had already
        // arrived.
        if polls % 4 == 0 && !went_through {
            let step = give_code(&client, "9996620001", "22222").await;
            assert!(matches!(step, SignInOutcome::LoggedIn(_)), "{step:?}");
        }
    }
}

/// Waits until `condition` holds, and lets other tasks run: the last actions of a driver take a moment.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    poll_fn(|cx| {
        if condition() {
            return Poll::Ready(());
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(1));
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

pub(crate) async fn the_last_handle_ends_the_driver<R: Runtime>(runtime: R) {
    let served = sandbox();
    let store = Arc::new(MemoryStore::new());
    let client = Client::start(runtime, config(&served), store.clone()).await.unwrap();
    let other = client.clone();
    client.connect().await.unwrap();
    drop(client);
    other.bot_login("1:sandbox").await.unwrap();
    assert!(Arc::strong_count(&store) > 1);
    drop(other);
    // The driver holds the store.
    eventually("the driver is still there", || Arc::strong_count(&store) == 1).await;
}

pub(crate) async fn disconnect_ends_everything<R: Runtime>(runtime: R) {
    let served = sandbox();
    let store = Arc::new(MemoryStore::new());
    let client = Client::start(runtime, config(&served), store.clone()).await.unwrap();
    client.connect().await.unwrap();
    // From now on every request waits, even on a busy computer.
    served.with_dcs(|dcs| dcs.options_mut().fault_injection.withhold_results = true);
    let other = client.clone();
    let mut updates = pin!(other.next_update());
    assert!(within(0, updates.as_mut()).await.is_none());
    let mut events = pin!(async {
        while other.next_event().await.is_ok() {}
        other.next_event().await
    });
    assert!(within(0, events.as_mut()).await.is_none());
    // Pending calls end like later ones.
    let mut me = pin!(other.get_me());
    assert!(within(0, me.as_mut()).await.is_none());
    let mut link = other.qr_login(&[]).unwrap();
    let mut link = pin!(link.next());
    assert!(within(0, link.as_mut()).await.is_none());
    let mut values = ScriptedPrompt::new().bot_token("1:sandbox");
    let mut user = pin!(other.interactive_login(&mut values));
    assert!(within(0, user.as_mut()).await.is_none());
    client.disconnect().await;
    assert!(matches!(updates.await, Err(Error::Stopped)));
    assert!(matches!(events.await, Err(Error::Stopped)));
    assert!(matches!(me.await, Err(Error::Stopped)));
    assert!(matches!(link.await, Err(Error::Stopped)));
    assert!(matches!(user.await, Err(Error::Stopped)));
    assert!(matches!(other.qr_login(&[]), Err(Error::Stopped)));
    assert!(matches!(other.get_me().await, Err(Error::Stopped)));
    assert!(matches!(other.connect().await, Err(Error::Stopped)));
    assert!(!other.is_connected());
    client.disconnect().await;
    // The caller that waited for the end can open the store.
    assert_eq!(Arc::strong_count(&store), 1);
}

/// Returns all outputs, in the order of the futures.
async fn join_all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<Pin<Box<_>>> = futures.into_iter().map(Box::pin).collect();
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, answer) in futures.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(cx)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}

pub(crate) async fn many_requests_at_once<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let requests = (0..200).map(|_| client.invoke(&functions::help::GetNearestDc {})).collect();
    let answers = join_all(requests).await;
    assert_eq!(answers.len(), 200);
    for answer in answers {
        answer.unwrap();
    }
}

pub(crate) async fn a_lost_connection_is_reopened<R: Runtime>(runtime: R) {
    let served = sandbox();
    let client = Client::start(runtime, config(&served), MemoryStore::new()).await.unwrap();
    let user = client.bot_login("1:sandbox").await.unwrap();
    for _ in 0..3 {
        served.with_dcs(sansgram_testkit::server::TestDcs::close_all);
        assert_eq!(client.get_me().await.unwrap(), user);
    }
}
