//! Changes on their way to listening pages. Carries names of things, never their content: each listener reads
//! the thing again with its own eyes.

use protocol::{TerminalId, UserId, events::Stage};
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
pub struct Bus(broadcast::Sender<(UserId, Signal)>);

impl Default for Bus {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT))
    }
}

impl Bus {
    /// Tells the owner's pages. Nobody listening is no error.
    pub fn tell(&self, owner: UserId, signal: Signal) {
        let _ = self.0.send((owner, signal));
    }
    /// Listens; pick the signals of one owner.
    pub fn listen(&self) -> broadcast::Receiver<(UserId, Signal)> {
        self.0.subscribe()
    }
}
