//! A session that is owned by a lease: when the client stops sending, its saves, and its release.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Driver, Save};
use crate::machine::Machine;
use crate::ownership::Ownership;
use crate::{Runtime, StoreError};

impl<R: Runtime, M: Machine> Driver<R, M> {
    /// Reads the lease, if there is one, and returns whether it is over. The driver is woken when it is lost; the alarm
    /// wakes it when it runs out.
    pub(super) fn is_lease_over(&mut self, cx: &Context<'_>) -> bool {
        let Some(Ownership::Lease(owned)) = &self.ownership else { return false };
        let left = owned.lease().remaining_or_wake(cx.waker());
        self.lease_left = Some(left);
        left.is_zero()
    }

    /// Ends the driver without another byte: what the sockets have not sent is lost with them, and no save is started.
    pub(super) fn end_without_lease(&mut self) -> Poll<()> {
        for socket in self.sockets.drain(..) {
            socket.reset(&*self.runtime);
        }
        self.actions.clear();
        if let Some(Ownership::Lease(owned)) = self.ownership.take()
            && let Some(error) = owned.lease().lost()
        {
            tracing::warn!(%error, "the client ends");
            if let Some((mut save, _)) = self.saving.take() {
                // Its result is not known: it may have been made before the lease ended.
                save.result = owned.lease().lost().map(Err);
            }
            self.shared.lock().lose_lease(Arc::new(error));
        }
        Poll::Ready(())
    }

    /// Polls the running save of a leased session.
    pub(super) fn poll_save(&mut self, cx: &mut Context<'_>) {
        let Some((_, future)) = &mut self.saving else { return };
        let Poll::Ready(result) = future.as_mut().poll(cx) else { return };
        if let (Err(StoreError::LeaseLost { reason, .. }), Some(Ownership::Lease(owned))) =
            (&result, &self.ownership)
        {
            // The store has told the lease already, unless it is of a careless kind. This wakes the driver.
            owned.lease().lose(reason.clone());
        }
        if let Some((mut save, _)) = self.saving.take() {
            save.result = Some(result);
            // Dropping it reports the result and wakes the driver.
            drop::<Save<M>>(save);
        }
    }

    /// Gives the session back. The driver ends when that is done, or when the lease is over.
    pub(super) fn release(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.ownership.take() {
            Some(Ownership::Lease(owned)) => {
                self.releasing = Some((owned.lease().clone(), owned.release()));
                self.poll_release(cx)
            }
            _ => Poll::Ready(()),
        }
    }

    pub(super) fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((lease, future)) = &mut self.releasing else { return Poll::Ready(()) };
        if let Poll::Ready(result) = future.as_mut().poll(cx) {
            if let Err(error) = result {
                tracing::warn!(%error, "the session could not be released; its lease ends by itself");
            }
            return Poll::Ready(());
        }
        let left = lease.remaining_or_wake(cx.waker());
        if left.is_zero() {
            return Poll::Ready(());
        }
        let mut state = self.shared.lock();
        let now = state.round_time(None).monotonic;
        self.alarm.set(Some(now + left), now, &mut state.clock);
        drop(state);
        if self.alarm.poll(&*self.runtime, cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
