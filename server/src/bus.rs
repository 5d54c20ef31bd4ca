//! Changes on their way to listening pages. Carries names of things, never their content: each listener reads
//! the thing again with its own eyes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::{SessionId, TerminalId, UserId, events::Stage, limits};
use tokio::sync::broadcast;

/// Signals kept for a slow listener; one that falls further behind is told to read everything again.
const KEPT: usize = 256;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// State, name, tier, lock or grants of a terminal.
    Changed(TerminalId),
    /// A launch came a step further.
    Progress(TerminalId, Stage),
    /// A terminal is gone; why, when a launch failed.
    Deleted(TerminalId, Option<String>),
}

/// One bounded channel for the process; listeners pick their owner's signals.
#[derive(Debug, Clone)]
pub struct Bus {
    signals: broadcast::Sender<(UserId, Signal)>,
    /// One count per login that listens: the registry's own, and one in each of its listeners.
    listening: Arc<Mutex<HashMap<SessionId, Arc<()>>>>,
}

/// A place among the listeners of a login; given back when it is dropped.
#[derive(Debug)]
pub struct Listening {
    /// The signals of everybody.
    pub signals: broadcast::Receiver<(UserId, Signal)>,
    _counted: Arc<()>,
}

/// The login listens as often as it may ([`limits::EVENT_STREAMS_MAX`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this login has too many event streams open")]
pub struct TooManyListeners;

impl Default for Bus {
    fn default() -> Self {
        Self { signals: broadcast::Sender::new(KEPT), listening: Arc::default() }
    }
}

impl Bus {
    /// Tells the owner's pages. Nobody listening is no error.
    pub fn tell(&self, owner: UserId, signal: Signal) {
        let _ = self.signals.send((owner, signal));
    }

    /// Listens; pick the signals of one owner.
    pub fn listen(&self) -> broadcast::Receiver<(UserId, Signal)> {
        self.signals.subscribe()
    }

    /// Listens for a login, which has a bounded number of listeners.
    ///
    /// # Errors
    /// [`TooManyListeners`].
    pub fn listen_for(&self, login: SessionId) -> Result<Listening, TooManyListeners> {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        listening.retain(|_, count| Arc::strong_count(count) > 1);
        let count = listening.entry(login).or_default();
        if Arc::strong_count(count) > limits::EVENT_STREAMS_MAX {
            return Err(TooManyListeners);
        }
        Ok(Listening { signals: self.listen(), _counted: count.clone() })
    }
}
