//! The engine is told one thing after the other about a terminal, in the order in which the records say it: a start
//! that overtook the work of a stop would leave a record that runs and a container that does not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use protocol::TerminalId;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// Whose turn it is, for each terminal that the engine is being told about.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<TerminalId, Weak<Queue<()>>>>);

/// Held while the engine works.
pub type Turn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits until everybody who came before is done, first come, first served.
    pub async fn of(&self, id: TerminalId) -> Turn {
        self.queue(id).lock_owned().await
    }

    fn queue(&self, id: TerminalId) -> Arc<Queue<()>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&id).and_then(Weak::upgrade) {
            return queue;
        }
        // Where nobody waits and nobody works there is nothing to keep.
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::default();
        queues.insert(id, Arc::downgrade(&queue));
        queue
    }
}
