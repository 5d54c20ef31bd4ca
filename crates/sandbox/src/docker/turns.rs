//! One change at a time per terminal: a start must not begin while a stop is under way. A deletion does not wait for a
//! launch to end by itself, it asks it to give way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use protocol::TerminalId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The queues of all terminals that something is being done to.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<TerminalId, Weak<Queue>>>);

#[derive(Debug)]
struct Queue {
    gate: Arc<Semaphore>,
    current: Mutex<CancellationToken>,
}

/// The right to change one terminal, as long as this lives.
#[derive(Debug)]
pub struct Turn {
    _queue: Arc<Queue>,
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    /// Waits for the turn. `cancel` is tripped when somebody asks this work to give way.
    pub async fn take(&self, id: TerminalId, cancel: &CancellationToken) -> Option<Turn> {
        let queue = self.queue(id);
        let permit = queue.gate.clone().acquire_owned().await.ok()?;
        *queue.current.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
        Some(Turn { _queue: queue, _permit: permit })
    }

    /// Asks what is being done to a terminal to stop at its next step, and to undo itself.
    pub fn give_way(&self, id: TerminalId) {
        self.queue(id).current.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    fn queue(&self, id: TerminalId) -> Arc<Queue> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, queue| queue.strong_count() > 0);
        if let Some(queue) = queues.get(&id).and_then(Weak::upgrade) {
            return queue;
        }
        let queue = Arc::new(Queue { gate: Arc::new(Semaphore::new(1)), current: Mutex::default() });
        queues.insert(id, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_the_first_gives_way() {
        let (turns, id) = (Turns::default(), TerminalId::new(uuid::Uuid::from_u128(1)));
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let turn = turns.take(id, &first).await;
        let waiting = turns.take(id, &second);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        turns.give_way(id);
        assert!(first.is_cancelled() && !second.is_cancelled());
        drop(turn);
        assert!(waiting.await.is_some() && !second.is_cancelled());
        let other = TerminalId::new(uuid::Uuid::from_u128(2));
        assert!(turns.take(other, &CancellationToken::new()).await.is_some());
    }
}
