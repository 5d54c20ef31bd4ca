//! The threads that run screen models. Parsing output costs more than anything else in this crate, and what it costs is
//! decided by the program that wrote the output. It therefore never runs on a thread that serves requests.
//!
//! A pane that has work for its model enters the queue of its account once. A thread takes the first pane of the first
//! account, does one bounded step, and puts the pane back at the end when work is left. The accounts take turns, so
//! they share the threads evenly: many busy panes of one account delay the pane of another one by a single step.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Debug,
    num::NonZero,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use protocol::UserId;

/// Priority of the threads (`nice`): below the threads that serve requests.
const NICE: i32 = 5;

/// A pane, whose model is updated in steps.
pub(super) trait StepModel: Send + Sync + Debug {
    /// Does one bounded step. Returns whether the model has more work.
    fn step_model(&self) -> bool;
}

/// The queues of panes whose models have work. The threads end when it is dropped.
#[derive(Debug)]
pub(super) struct ModelThreads(Arc<Queue>);

/// Where a pane asks for its model to be updated: the queue of its account.
#[derive(Debug, Clone)]
pub(super) struct ModelQueue {
    queue: Arc<Queue>,
    account: UserId,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct Jobs {
    /// The accounts that have panes here, in the order of their turns.
    turns: VecDeque<UserId>,
    panes: HashMap<UserId, VecDeque<Arc<dyn StepModel>>>,
    closed: bool,
}

impl Jobs {
    fn push(&mut self, account: UserId, pane: Arc<dyn StepModel>) {
        let panes = self.panes.entry(account).or_default();
        if panes.is_empty() {
            self.turns.push_back(account);
        }
        panes.push_back(pane);
    }

    fn pop(&mut self) -> Option<(UserId, Arc<dyn StepModel>)> {
        let account = self.turns.pop_front()?;
        let panes = self.panes.get_mut(&account)?;
        let pane = panes.pop_front()?;
        if panes.is_empty() {
            self.panes.remove(&account);
        } else {
            self.turns.push_back(account);
        }
        Some((account, pane))
    }
}

impl Queue {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<(UserId, Arc<dyn StepModel>)> {
        let mut jobs = self.jobs();
        loop {
            if jobs.closed {
                return None;
            }
            if let Some(next) = jobs.pop() {
                return Some(next);
            }
            jobs = self.ready.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, account: UserId, pane: Arc<dyn StepModel>) {
        let mut jobs = self.jobs();
        // Without threads nothing would take it out again.
        if !jobs.closed {
            jobs.push(account, pane);
            self.ready.notify_one();
        }
    }

    fn run(&self) {
        lower_priority();
        while let Some((account, pane)) = self.next() {
            if pane.step_model() {
                self.push(account, pane);
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

    /// Where the panes of an account ask for updates.
    pub(super) fn queue(&self, account: UserId) -> ModelQueue {
        ModelQueue { queue: self.0.clone(), account }
    }
}

impl Drop for ModelThreads {
    fn drop(&mut self) {
        let mut jobs = self.0.jobs();
        *jobs = Jobs { closed: true, ..Jobs::default() };
        self.0.ready.notify_all();
    }
}

impl ModelQueue {
    /// A queue without threads.
    #[cfg(test)]
    pub(super) fn detached() -> Self {
        Self { queue: Arc::default(), account: UserId::new(uuid::Uuid::nil()) }
    }

    /// Queues a pane whose model has work. The pane is not in the queue already.
    pub(super) fn push(&self, pane: Arc<dyn StepModel>) {
        self.queue.push(self.account, pane);
    }
}

fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::debug!(%error, "screen models run with normal priority");
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[derive(Debug)]
    struct Busy;

    impl StepModel for Busy {
        fn step_model(&self) -> bool {
            true
        }
    }

    #[test]
    fn a3_accounts_take_turns_however_many_panes_they_have() {
        let [many, one] = [1, 2].map(|n| UserId::new(Uuid::from_u128(n)));
        let mut jobs = Jobs::default();
        for _ in 0..3 {
            jobs.push(many, Arc::new(Busy));
        }
        jobs.push(one, Arc::new(Busy));
        let mut order = Vec::new();
        for _ in 0..6 {
            let (account, pane) = jobs.pop().unwrap();
            order.push(account);
            jobs.push(account, pane);
        }
        assert_eq!(order, [many, one, many, one, many, one]);
    }

    #[test]
    fn an_account_without_work_takes_no_turn() {
        let account = UserId::new(Uuid::from_u128(1));
        let mut jobs = Jobs::default();
        jobs.push(account, Arc::new(Busy));
        assert!(jobs.pop().is_some());
        assert!(jobs.pop().is_none());
        assert!(jobs.turns.is_empty() && jobs.panes.is_empty());
    }
}
