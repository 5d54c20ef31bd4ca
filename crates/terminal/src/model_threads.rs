//! The threads that run screen models. Parsing output costs more than anything else in this crate, and what it costs is
//! decided by the program that wrote the output. It therefore never runs on a thread that serves requests.
//!
//! A pane that has work for its model enters the queue once. A thread takes the first pane, does one bounded step, and
//! puts the pane back at the end when work is left, so the panes share the threads evenly.

use std::{
    collections::VecDeque,
    fmt::Debug,
    num::NonZero,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Priority of the threads (`nice`): below the threads that serve requests.
const NICE: i32 = 5;

/// A pane, whose model is updated in steps.
pub(super) trait StepModel: Send + Sync + Debug {
    /// Does one bounded step. Returns whether the model has more work.
    fn step_model(&self) -> bool;
}

/// The queue of panes whose models have work. Its threads end when it is dropped.
#[derive(Debug)]
pub(super) struct ModelThreads(Arc<Queue>);

/// Where a pane asks for its model to be updated.
#[derive(Debug, Clone)]
pub(super) struct ModelQueue(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct Jobs {
    panes: VecDeque<Arc<dyn StepModel>>,
    closed: bool,
}

impl Queue {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Arc<dyn StepModel>> {
        let mut jobs = self.jobs();
        loop {
            if jobs.closed {
                return None;
            }
            if let Some(pane) = jobs.panes.pop_front() {
                return Some(pane);
            }
            jobs = self.ready.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, pane: Arc<dyn StepModel>) {
        let mut jobs = self.jobs();
        // Without threads nothing would take it out again.
        if !jobs.closed {
            jobs.panes.push_back(pane);
            self.ready.notify_one();
        }
    }

    fn run(&self) {
        lower_priority();
        while let Some(pane) = self.next() {
            if pane.step_model() {
                self.push(pane);
            }
        }
    }
}

impl ModelThreads {
    /// Starts one thread for two cores.
    pub(super) fn start() -> Self {
        let queue = Arc::new(Queue::default());
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        for number in 0..cores.div_ceil(2) {
            let queue = queue.clone();
            let thread = thread::Builder::new().name(format!("screen-model-{number}"));
            if let Err(error) = thread.spawn(move || queue.run()) {
                tracing::error!(%error, "a thread for screen models could not be started");
            }
        }
        Self(queue)
    }

    /// Where panes ask for updates.
    pub(super) fn queue(&self) -> ModelQueue {
        ModelQueue(self.0.clone())
    }
}

impl Drop for ModelThreads {
    fn drop(&mut self) {
        let mut jobs = self.0.jobs();
        jobs.closed = true;
        jobs.panes.clear();
        self.0.ready.notify_all();
    }
}

impl ModelQueue {
    /// A queue without threads.
    #[cfg(test)]
    pub(super) fn detached() -> Self {
        Self(Arc::default())
    }

    /// Queues a pane whose model has work. The pane is not in the queue already.
    pub(super) fn push(&self, pane: Arc<dyn StepModel>) {
        self.0.push(pane);
    }
}

fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::debug!(%error, "screen models run with normal priority");
    }
}
