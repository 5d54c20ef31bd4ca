//! Events about terminals for the event streams of pages. An event names the terminal and contains no content: each
//! stream reads the terminal again with its own caller's rights.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::{SessionId, TerminalId, UserId, events::Stage, limits};
use tokio::sync::broadcast;

/// Events buffered for a slow stream. One that falls further behind gets a resync event and reads the list again.
const BUFFERED: usize = 256;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEvent {
    /// State, name, tier, lock or grants of a terminal.
    Changed(TerminalId),
    /// A launch completed a stage.
    Progress(TerminalId, Stage),
    /// A terminal was deleted; the reason when its launch failed.
    Deleted(TerminalId, Option<String>),
}

/// The publisher: one bounded channel for the process. Each stream filters by owner.
#[derive(Debug, Clone)]
pub struct Events {
    events: broadcast::Sender<(UserId, TerminalEvent)>,
    streams: Arc<Mutex<Counts>>,
}

/// One `Arc` per login session and per account with open streams. Its strong count is the number of streams plus one.
#[derive(Debug, Default)]
struct Counts {
    logins: HashMap<SessionId, Arc<()>>,
    accounts: HashMap<UserId, Arc<()>>,
}

/// A subscription, counted for its login session and its account until it is dropped.
#[derive(Debug)]
pub struct EventStream {
    /// The events of all accounts.
    pub events: broadcast::Receiver<(UserId, TerminalEvent)>,
    _counted: [Arc<()>; 2],
}

/// An event that is published when this value is dropped, for changes whose requester must be answered first.
#[derive(Debug)]
#[must_use = "the event is published when this is dropped"]
pub struct DeferredEvent {
    publisher: Events,
    owner: UserId,
    event: Option<TerminalEvent>,
}

impl Drop for DeferredEvent {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            self.publisher.publish(self.owner, event);
        }
    }
}

/// The limit of event streams is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooManyStreams {
    /// The login session has [`limits::EVENT_STREAMS_MAX`] streams.
    #[error("this login has too many event streams open")]
    OfLogin,
    /// The account has [`limits::ACCOUNT_EVENT_STREAMS_MAX`] streams.
    #[error("this account has too many event streams open")]
    OfAccount,
}

impl Default for Events {
    fn default() -> Self {
        Self { events: broadcast::Sender::new(BUFFERED), streams: Arc::default() }
    }
}

impl Events {
    /// Publishes an event to the owner's streams. Without streams it has no effect.
    pub fn publish(&self, owner: UserId, event: TerminalEvent) {
        let _ = self.events.send((owner, event));
    }

    /// An event that is published when the returned value is dropped.
    pub fn deferred(&self, owner: UserId, event: TerminalEvent) -> DeferredEvent {
        DeferredEvent { publisher: self.clone(), owner, event: Some(event) }
    }

    /// Subscribes to the events of all accounts.
    pub fn subscribe(&self) -> broadcast::Receiver<(UserId, TerminalEvent)> {
        self.events.subscribe()
    }

    /// Subscribes for one login session. The number of streams is bounded per login session and per account.
    pub fn subscribe_for(&self, login: SessionId, account: UserId) -> Result<EventStream, TooManyStreams> {
        let mut counts = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let of_login = counter(&mut counts.logins, login);
        if Arc::strong_count(&of_login) > limits::EVENT_STREAMS_MAX + 1 {
            return Err(TooManyStreams::OfLogin);
        }
        let of_account = counter(&mut counts.accounts, account);
        if Arc::strong_count(&of_account) > limits::ACCOUNT_EVENT_STREAMS_MAX + 1 {
            return Err(TooManyStreams::OfAccount);
        }
        Ok(EventStream { events: self.subscribe(), _counted: [of_login, of_account] })
    }
}

/// The counter of a key; counters without streams are removed.
fn counter<K: Eq + Hash>(counts: &mut HashMap<K, Arc<()>>, key: K) -> Arc<()> {
    counts.retain(|_, counter| Arc::strong_count(counter) > 1);
    counts.entry(key).or_default().clone()
}
