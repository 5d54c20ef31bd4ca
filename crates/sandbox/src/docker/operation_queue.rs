//! Serializes the operations of one terminal. A deletion cancels the running operation instead of waiting for its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use protocol::TerminalId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The queues of all terminals with operations.
#[derive(Debug, Default)]
pub struct OperationQueue(Mutex<HashMap<TerminalId, Weak<Queue>>>);

#[derive(Debug)]
struct Queue {
    semaphore: Arc<Semaphore>,
    current: Mutex<CancellationToken>,
}

/// Exclusive use of one terminal's resources until it is dropped.
#[derive(Debug)]
pub struct OperationPermit {
    _queue: Arc<Queue>,
    _permit: OwnedSemaphorePermit,
}

impl OperationQueue {
    /// Waits for the earlier operations. [`Self::cancel_current`] cancels `cancel` while the permit is held.
    pub async fn acquire(&self, id: TerminalId, cancel: &CancellationToken) -> Option<OperationPermit> {
        let queue = self.queue(id);
        let permit = queue.semaphore.clone().acquire_owned().await.ok()?;
        *queue.current.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
        Some(OperationPermit { _queue: queue, _permit: permit })
    }

    /// Cancels the running operation of a terminal.
    pub fn cancel_current(&self, id: TerminalId) {
        self.queue(id).current.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    fn queue(&self, id: TerminalId) -> Arc<Queue> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, queue| queue.strong_count() > 0);
        if let Some(queue) = queues.get(&id).and_then(Weak::upgrade) {
            return queue;
        }
        let queue = Arc::new(Queue { semaphore: Arc::new(Semaphore::new(1)), current: Mutex::default() });
        queues.insert(id, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn operations_of_a_terminal_run_one_after_the_other_and_the_running_one_can_be_cancelled() {
        let (operations, id) = (OperationQueue::default(), TerminalId::new(uuid::Uuid::from_u128(1)));
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let permit = operations.acquire(id, &first).await;
        let waiting = operations.acquire(id, &second);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        operations.cancel_current(id);
        assert!(first.is_cancelled() && !second.is_cancelled());
        drop(permit);
        assert!(waiting.await.is_some() && !second.is_cancelled());
        let other = TerminalId::new(uuid::Uuid::from_u128(2));
        assert!(operations.acquire(other, &CancellationToken::new()).await.is_some());
    }
}
