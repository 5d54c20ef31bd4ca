//! Work on the engine that outlives the request that asked for it: it runs in a task of the server's own, the caller
//! waits for a while, and both agree on who of them tells how it ended.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::oneshot;

use crate::services::Services;

/// The right to tell how it ended; there is one per piece of work.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer(Arc<AtomicBool>);

impl Answer {
    /// Takes the right; false when the other side has it already.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// A caller that goes away takes the right with it: nobody is there to be told.
struct Waiting(Answer);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// Runs `work` to its end, whoever is still waiting. `None` when it is still going.
pub(super) async fn run<T, F>(services: &Services, work: impl FnOnce(Answer) -> F) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let answer = Answer::default();
    let waiting = Waiting(answer.clone());
    let (sender, mut receiver) = oneshot::channel();
    let work = work(answer.clone());
    services.tasks.spawn(async move { drop(sender.send(work.await)) });
    match tokio::time::timeout(services.operation_wait, &mut receiver).await {
        Ok(done) => done.ok(),
        Err(_) if waiting.0.take() => None,
        // It is telling us at this very moment.
        Err(_) => receiver.await.ok(),
    }
}
