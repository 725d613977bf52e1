//! A channel for one value, from a blocking thread to a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug)]
struct Slot<T> {
    value: Option<T>,
    sender_is_gone: bool,
    receiver: Option<Waker>,
}

pub(crate) struct Sender<T>(Arc<Mutex<Slot<T>>>);

#[derive(Debug)]
pub(crate) struct Receiver<T>(Arc<Mutex<Slot<T>>>);

/// Creates a channel. The receiver returns `None` if the sender is dropped without a value.
pub(crate) fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Arc::new(Mutex::new(Slot { value: None, sender_is_gone: false, receiver: None }));
    (Sender(slot.clone()), Receiver(slot))
}

impl<T> Sender<T> {
    pub(crate) fn send(self, value: T) {
        lock(&self.0).value = Some(value);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut slot = lock(&self.0);
            slot.sender_is_gone = true;
            slot.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut slot = lock(&self.0);
        if slot.value.is_some() || slot.sender_is_gone {
            return Poll::Ready(slot.value.take());
        }
        let replaced = slot.receiver.replace(cx.waker().clone());
        drop(slot);
        // Dropping a waker may run code of the runtime, which must not happen under the lock.
        drop(replaced);
        Poll::Pending
    }
}

fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_arrives_once_and_a_dropped_sender_is_noticed() {
        let mut cx = Context::from_waker(Waker::noop());
        let (sender, mut receiver) = oneshot();
        assert_eq!(Pin::new(&mut receiver).poll(&mut cx), Poll::Pending);
        sender.send(7);
        assert_eq!(Pin::new(&mut receiver).poll(&mut cx), Poll::Ready(Some(7)));

        let (sender, mut receiver) = oneshot::<u8>();
        drop(sender);
        assert_eq!(Pin::new(&mut receiver).poll(&mut cx), Poll::Ready(None));
    }
}
