//! Answers of the store's thread.

use sansgram_session::StoreError;
use tokio::sync::oneshot;

use super::error::SharedStoreError;

pub(super) type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

/// Waits for the worker's answer, under any runtime.
pub(super) async fn received<T>(answer: Answer<T>) -> Result<T, StoreError> {
    answer.await.unwrap_or_else(|_| Err(SharedStoreError::WorkerEnded.into()))
}

/// Waits for the worker's answer, and blocks the thread meanwhile.
pub(super) fn wait<T>(answer: Answer<T>) -> Result<T, StoreError> {
    answer.blocking_recv().unwrap_or_else(|_| Err(SharedStoreError::WorkerEnded.into()))
}
