//! Work that outlives the request that asked for it.
//!
//! Operations on the engine run one after the other for each terminal, in tasks of the server. Requests wait for them
//! for a limited time. Shutdown waits for all of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use protocol::TerminalId;
use tokio::sync::{Mutex as AsyncMutex, Semaphore, SemaphorePermit, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Maximum number of launches at the same time, so that a burst of requests does not slow the engine down for all.
const LAUNCHES_MAX: usize = 16;

/// Runs operations.
#[derive(Debug)]
pub struct Operations {
    tasks: TaskTracker,
    queues: Mutex<HashMap<TerminalId, Weak<Queue>>>,
    launches: Semaphore,
}

/// The operations of one terminal.
#[derive(Debug, Default)]
struct Queue {
    turn: AsyncMutex<()>,
    /// Cancels the running operation.
    running: Mutex<CancellationToken>,
}

/// Passed to the work of an operation.
#[derive(Debug, Clone, Default)]
pub struct Operation {
    /// Cancelled by [`Operations::cancel`] while the operation runs.
    pub cancel: CancellationToken,
    outcome: Arc<AtomicBool>,
}

impl Operation {
    /// Claims the right to report the outcome. False when the caller no longer waits for it: then the outcome has to be
    /// recorded. Once the work has claimed it, the caller waits until the work ends.
    pub fn claim_outcome(&self) -> bool {
        !self.outcome.swap(true, Ordering::SeqCst)
    }
}

/// Claims the outcome when the caller is dropped, because nobody is left to receive it.
struct Waiting(Operation);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.claim_outcome();
    }
}

impl Operations {
    /// Operations that run as tasks of `tasks`.
    pub fn new(tasks: TaskTracker) -> Self {
        Self { tasks, queues: Mutex::default(), launches: Semaphore::new(LAUNCHES_MAX) }
    }

    /// Runs a change to its end, also when the caller is dropped: nothing may be lost between a commit and the
    /// revocations that follow it.
    pub async fn complete<T: Send + 'static>(&self, change: impl Future<Output = T> + Send + 'static) -> T {
        match self.tasks.spawn(change).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The async runtime is shutting down, and this task with it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Runs an operation of a terminal after its earlier ones, to its end. Returns `None` when it has not ended after
    /// `wait`.
    pub async fn run<T, F>(&self, id: TerminalId, wait: Duration, work: impl FnOnce(Operation) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (queue, operation) = (self.queue(id), Operation::default());
        let waiting = Waiting(operation.clone());
        let work = work(operation.clone());
        let (sender, mut receiver) = oneshot::channel();
        self.tasks.spawn(async move {
            let _turn = queue.turn.lock().await;
            queue.set_running(operation.cancel);
            drop(sender.send(work.await));
            queue.set_running(CancellationToken::new());
        });
        match tokio::time::timeout(wait, &mut receiver).await {
            Ok(done) => done.ok(),
            Err(_) if waiting.0.claim_outcome() => None,
            // The work claimed the outcome and ends soon.
            Err(_) => receiver.await.ok(),
        }
    }

    /// Cancels the running operation of a terminal.
    pub fn cancel(&self, id: TerminalId) {
        let queue = self.lock_queues().get(&id).and_then(Weak::upgrade);
        if let Some(queue) = queue {
            queue.running.lock().unwrap_or_else(PoisonError::into_inner).cancel();
        }
    }

    /// Waits until another launch may begin, and counts it until the permit is dropped. `None` is never returned while
    /// the server runs.
    pub async fn launch_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.launches.acquire().await.ok()
    }

    fn lock_queues(&self) -> std::sync::MutexGuard<'_, HashMap<TerminalId, Weak<Queue>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self, id: TerminalId) -> Arc<Queue> {
        let mut queues = self.lock_queues();
        if let Some(queue) = queues.get(&id).and_then(Weak::upgrade) {
            return queue;
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::default();
        queues.insert(id, Arc::downgrade(&queue));
        queue
    }
}

impl Queue {
    fn set_running(&self, cancel: CancellationToken) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = cancel;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn terminal(n: u128) -> TerminalId {
        TerminalId::new(uuid::Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn operations_of_a_terminal_run_one_after_the_other_and_the_running_one_can_be_cancelled() {
        let operations = Operations::new(TaskTracker::new());
        let first = operations.run(terminal(1), LONG, |operation| async move {
            operation.cancel.cancelled().await;
        });
        let second = operations.run(terminal(1), LONG, |operation| async move { operation.cancel.is_cancelled() });
        tokio::pin!(first, second);
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        assert!(operations.run(terminal(2), LONG, |_| async {}).await.is_some(), "another terminal does not wait");
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        operations.cancel(terminal(1));
        assert_eq!(first.await, Some(()));
        assert_eq!(second.await, Some(false), "the next operation is not cancelled");
    }

    #[tokio::test]
    async fn an_operation_ends_after_its_caller_and_learns_that_nobody_waits() {
        let operations = Operations::new(TaskTracker::new());
        let (go, claimed) = (CancellationToken::new(), Arc::new(Mutex::new(None)));
        let (wait_for, result) = (go.clone(), claimed.clone());
        let answer = operations.run(terminal(1), Duration::ZERO, |operation| async move {
            wait_for.cancelled().await;
            *result.lock().unwrap() = Some(operation.claim_outcome());
        });
        assert_eq!(answer.await, None);
        go.cancel();
        operations.tasks.close();
        operations.tasks.wait().await;
        assert_eq!(*claimed.lock().unwrap(), Some(false));
    }
}
