//! Work that outlives the request that asked for it: changes that must not be interrupted, and operations on the
//! engine.
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
use tokio::{
    sync::{Mutex as AsyncMutex, Semaphore, SemaphorePermit},
    task::JoinError,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Maximum number of launches at the same time, so that a burst of requests does not slow the engine down for all.
const LAUNCHES_MAX: usize = 16;

/// Runs operations, one after the other for each terminal.
#[derive(Debug)]
pub struct Operations {
    tasks: TaskTracker,
    queues: Mutex<HashMap<TerminalId, Weak<Queue>>>,
    launches: Semaphore,
}

/// The operations of one terminal.
#[derive(Debug, Default)]
struct Queue {
    /// Held by the running operation.
    lock: AsyncMutex<()>,
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
    /// Claims the right to report the outcome. False when the caller has stopped waiting: then the outcome has to be
    /// recorded. Once the work has claimed it, the caller waits until the work ends.
    pub fn claim_outcome(&self) -> bool {
        !self.outcome.swap(true, Ordering::SeqCst)
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
        join_result(self.tasks.spawn(change).await).await
    }

    /// Runs an operation of a terminal after its earlier ones, to its end. Returns `None` when it has not ended after
    /// `wait`.
    pub async fn run<T, F>(&self, id: TerminalId, wait: Duration, work: impl FnOnce(Operation) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (queue, operation) = (self.queue(id), Operation::default());
        let (work, cancel) = (work(operation.clone()), operation.cancel.clone());
        let mut task = self.tasks.spawn(async move {
            let _guard = queue.lock.lock().await;
            queue.set_running(cancel);
            let done = work.await;
            queue.set_running(CancellationToken::new());
            done
        });
        match tokio::time::timeout(wait, &mut task).await {
            Ok(ended) => Some(join_result(ended).await),
            Err(_) if operation.claim_outcome() => None,
            // The work claimed the outcome and ends soon.
            Err(_) => Some(join_result(task.await).await),
        }
    }

    /// Whether an operation of a terminal runs or waits.
    pub fn is_busy(&self, id: TerminalId) -> bool {
        self.lock_queues().get(&id).is_some_and(|queue| queue.strong_count() > 0)
    }

    /// Cancels the running operation of a terminal.
    pub fn cancel(&self, id: TerminalId) {
        let queue = self.lock_queues().get(&id).and_then(Weak::upgrade);
        if let Some(queue) = queue {
            queue.running.lock().unwrap_or_else(PoisonError::into_inner).cancel();
        }
    }

    /// Waits until another launch may begin, and counts it until the permit is dropped.
    pub async fn launch_permit(&self) -> SemaphorePermit<'_> {
        self.launches.acquire().await.unwrap_or_else(|_| unreachable!("the semaphore is never closed"))
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

/// The result of a task. A panic of the task continues in the caller.
async fn join_result<T>(ended: Result<T, JoinError>) -> T {
    match ended {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The async runtime is shutting down, and this task with it.
        Err(_) => std::future::pending().await,
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
    async fn an_operation_ends_after_its_caller_stopped_waiting_and_cannot_report_then() {
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
