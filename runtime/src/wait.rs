//! The futures of callers that wait for the machine. They may be dropped at any time.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use sansgram_core::client::RequestId;
use sansgram_core::time::Now;

use crate::machine::Machine;
use crate::shared::{Shared, State};
use crate::stopped::Stopped;
use crate::waiters::Key;

/// A future that waits for a condition of the shared state.
#[must_use]
pub(crate) struct Until<'a, M, T, F> {
    shared: &'a Shared<M>,
    /// `None` for a watcher that was not polled yet.
    key: Option<Key>,
    /// True if a waker may be stored.
    is_waiting: bool,
    ready: F,
    result: PhantomData<fn() -> T>,
}

impl<M: Machine> Shared<M> {
    /// Waits until `ready` returns a value; it is called again when the request is completed.
    pub(crate) fn until_completed<T, F>(&self, id: RequestId, ready: F) -> Until<'_, M, T, F>
    where
        F: FnMut(&mut State<M>) -> Option<T>,
    {
        self.until_woken(Some(Key::Reply(id)), ready)
    }

    /// Waits until `ready` returns a value; it is called again when the request is completed, and whenever bytes
    /// arrive.
    pub(crate) fn until_acked<T, F>(&self, id: RequestId, ready: F) -> Until<'_, M, T, F>
    where
        F: FnMut(&mut State<M>) -> Option<T>,
    {
        self.until_woken(Some(Key::Ack(id)), ready)
    }

    /// Waits until `ready` returns a value; it is called again after every change, the end of a save
    /// included; not when a request is completed, when a save is requested, or by quick acks.
    pub(crate) fn until<T, F>(&self, ready: F) -> Until<'_, M, T, F>
    where
        F: FnMut(&mut State<M>) -> Option<T>,
    {
        self.until_woken(None, ready)
    }

    fn until_woken<T, F>(&self, key: Option<Key>, ready: F) -> Until<'_, M, T, F> {
        Until { shared: self, key, is_waiting: false, ready, result: PhantomData }
    }
}

impl<M: Machine, T, F: FnMut(&mut State<M>) -> Option<T> + Unpin> Future for Until<'_, M, T, F> {
    type Output = Result<T, Stopped>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let mut guard = this.shared.lock();
        let state = &mut *guard;
        if let Some(result) = (this.ready)(state) {
            return Poll::Ready(Ok(result));
        }
        if state.ended {
            return Poll::Ready(Err(state.stopped()));
        }
        let key = *this.key.get_or_insert_with(|| state.waiters.new_watcher());
        this.is_waiting = true;
        let replaced = state.waiters.insert(key, waker);
        drop(guard);
        drop(replaced);
        Poll::Pending
    }
}

impl<M, T, F> Drop for Until<'_, M, T, F> {
    fn drop(&mut self) {
        if let Some(key) = self.key.filter(|_| self.is_waiting) {
            let waker = self.shared.lock().waiters.remove(key);
            drop(waker);
        }
    }
}

/// A request from its start to its result, under two locks: the first one starts it and stores the waker, the second one
/// takes the result. If the future is dropped before that, the request is cancelled.
#[must_use]
pub(crate) struct Call<'a, M, S, T> {
    shared: &'a Shared<M>,
    stage: Stage<S>,
    take: fn(&mut M, RequestId) -> Option<T>,
    cancel: fn(&mut M, RequestId),
}

enum Stage<S> {
    /// `None` only while the request is started.
    NotStarted(Option<S>),
    Pending(RequestId),
    Over,
}

impl<M: Machine> Shared<M> {
    /// Starts a request with `start` at the first poll, and waits until `take` returns the result.
    pub(crate) fn call<S, T, E>(
        &self,
        start: S,
        take: fn(&mut M, RequestId) -> Option<T>,
        cancel: fn(&mut M, RequestId),
    ) -> Call<'_, M, S, T>
    where
        S: FnOnce(&mut M, Now) -> Result<RequestId, E>,
    {
        Call { shared: self, stage: Stage::NotStarted(Some(start)), take, cancel }
    }
}

impl<M, S, T, E> Future for Call<'_, M, S, T>
where
    M: Machine,
    S: FnOnce(&mut M, Now) -> Result<RequestId, E> + Unpin,
    E: From<Stopped>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let (take, stage) = (this.take, &mut this.stage);
        let id = match stage {
            Stage::NotStarted(start) => {
                let start = start.take();
                return this.shared.with_state(|state, now| {
                    let Some(start) = start else { return Poll::Pending };
                    let id = match start(&mut state.machine, now) {
                        Ok(id) => id,
                        Err(error) => {
                            *stage = Stage::Over;
                            return Poll::Ready(Err(error));
                        }
                    };
                    *stage = Stage::Pending(id);
                    if state.ended {
                        return Poll::Ready(Err(state.stopped().into()));
                    }
                    // The driver, which is woken now, wakes it.
                    let replaced = state.waiters.insert(Key::Reply(id), waker);
                    debug_assert!(replaced.is_none(), "ids are never reused");
                    Poll::Pending
                });
            }
            Stage::Pending(id) => *id,
            Stage::Over => return Poll::Pending,
        };
        let mut guard = this.shared.lock();
        let state = &mut *guard;
        let (result, replaced) = match take(&mut state.machine, id) {
            Some(result) => {
                *stage = Stage::Over;
                (Poll::Ready(Ok(result)), state.waiters.remove(Key::Reply(id)))
            }
            None if state.ended => (Poll::Ready(Err(state.stopped().into())), None),
            None => (Poll::Pending, state.waiters.insert(Key::Reply(id), waker)),
        };
        drop(guard);
        drop(replaced);
        result
    }
}

impl<M, S, T> Drop for Call<'_, M, S, T> {
    fn drop(&mut self) {
        if let Stage::Pending(id) = self.stage {
            let cancel = self.cancel;
            let waker = self.shared.with_state(|state, _| {
                cancel(&mut state.machine, id);
                state.waiters.remove(Key::Reply(id))
            });
            drop(waker);
        }
    }
}
