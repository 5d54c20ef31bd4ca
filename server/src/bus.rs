//! Changes on their way to listening pages. Carries names of things, never their content: each listener reads
//! the thing again with its own eyes.

use std::{
    collections::HashMap,
    hash::Hash,
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
    listening: Arc<Mutex<Counts>>,
}

/// One count for each login and each account that listens: the registry's own, and one in each of its listeners.
#[derive(Debug, Default)]
struct Counts {
    logins: HashMap<SessionId, Arc<()>>,
    accounts: HashMap<UserId, Arc<()>>,
}

/// A place among the listeners of a login and of its account; given back when it is dropped.
#[derive(Debug)]
pub struct Listening {
    /// The signals of everybody.
    pub signals: broadcast::Receiver<(UserId, Signal)>,
    _counted: [Arc<()>; 2],
}

/// A change whose one who asked for it is answered first: it is told when this is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it is told at once"]
pub struct Tidings {
    bus: Bus,
    owner: UserId,
    signal: Option<Signal>,
}

impl Drop for Tidings {
    fn drop(&mut self) {
        if let Some(signal) = self.signal.take() {
            self.bus.tell(self.owner, signal);
        }
    }
}

/// No more listeners are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooManyListeners {
    /// The login listens as often as it may ([`limits::EVENT_STREAMS_MAX`]).
    #[error("this login has too many event streams open")]
    OfLogin,
    /// The account does ([`limits::ACCOUNT_EVENT_STREAMS_MAX`]).
    #[error("this account has too many event streams open")]
    OfAccount,
}

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

    /// What [`Bus::tell`] tells, later.
    pub fn tidings(&self, owner: UserId, signal: Signal) -> Tidings {
        Tidings { bus: self.clone(), owner, signal: Some(signal) }
    }

    /// Listens; pick the signals of one owner.
    pub fn listen(&self) -> broadcast::Receiver<(UserId, Signal)> {
        self.signals.subscribe()
    }

    /// Listens for a login of an account. Each has a bounded number of listeners.
    ///
    /// # Errors
    /// [`TooManyListeners`].
    pub fn listen_for(&self, login: SessionId, account: UserId) -> Result<Listening, TooManyListeners> {
        let mut counts = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        let of_login = count(&mut counts.logins, login);
        if Arc::strong_count(&of_login) > limits::EVENT_STREAMS_MAX + 1 {
            return Err(TooManyListeners::OfLogin);
        }
        let of_account = count(&mut counts.accounts, account);
        if Arc::strong_count(&of_account) > limits::ACCOUNT_EVENT_STREAMS_MAX + 1 {
            return Err(TooManyListeners::OfAccount);
        }
        Ok(Listening { signals: self.listen(), _counted: [of_login, of_account] })
    }
}

/// One more on a count; those that nobody is on are forgotten.
fn count<K: Eq + Hash>(counts: &mut HashMap<K, Arc<()>>, key: K) -> Arc<()> {
    counts.retain(|_, count| Arc::strong_count(count) > 1);
    counts.entry(key).or_default().clone()
}
