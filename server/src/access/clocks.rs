//! The clocks that leases live on. They move with input and never back; sockets of one login, or of one grant, share one.

use std::sync::atomic::{AtomicI64, Ordering};

use protocol::Timestamp;

use crate::store::SessionFacts;

/// When a grant ends: `min(last input + idle, absolute end)`.
#[derive(Debug)]
pub struct GrantClock {
    epoch: i64,
    last_input_ms: AtomicI64,
    idle_secs: i64,
    absolute_end_ms: AtomicI64,
}

impl GrantClock {
    /// A clock from the stored grant.
    pub fn new(epoch: i64, last_input: Timestamp, idle_secs: u32, absolute_end: Timestamp) -> Self {
        Self {
            epoch,
            last_input_ms: AtomicI64::new(last_input.millis()),
            idle_secs: i64::from(idle_secs),
            absolute_end_ms: AtomicI64::new(absolute_end.millis()),
        }
    }
    /// Input arrived.
    pub fn touch(&self, now: Timestamp) {
        self.last_input_ms.fetch_max(now.millis(), Ordering::SeqCst);
    }
    /// A renewed grant moves the shared clock on; it never moves it back.
    pub(super) fn move_on(&self, fresh: &Self) {
        self.last_input_ms.fetch_max(fresh.last_input_ms.load(Ordering::SeqCst), Ordering::SeqCst);
        self.absolute_end_ms.fetch_max(fresh.absolute_end_ms.load(Ordering::SeqCst), Ordering::SeqCst);
    }
    /// Epoch of the terminal when the grant was given.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }
    /// Last input, to be stored now and then.
    pub fn last_input(&self) -> Timestamp {
        Timestamp::from_millis(self.last_input_ms.load(Ordering::SeqCst))
    }
    /// When the grant ends if nothing more is typed.
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.last_input().plus_secs(self.idle_secs);
        idle.min(Timestamp::from_millis(self.absolute_end_ms.load(Ordering::SeqCst)))
    }
}

/// When a login ends: `min(last request or input + idle, absolute end)`.
#[derive(Debug)]
pub struct LoginClock {
    last_seen_ms: AtomicI64,
    idle_secs: AtomicI64,
    absolute_end_ms: AtomicI64,
}

impl LoginClock {
    pub(super) fn new(facts: &SessionFacts) -> Self {
        Self {
            last_seen_ms: AtomicI64::new(facts.last_seen_at.millis()),
            idle_secs: AtomicI64::new(facts.idle_secs),
            absolute_end_ms: AtomicI64::new(facts.absolute_end.millis()),
        }
    }
    /// Takes newer facts over: figures as they are now, the last sign of life never back.
    pub(super) fn follow(&self, facts: &SessionFacts) {
        self.touch(facts.last_seen_at);
        self.idle_secs.store(facts.idle_secs, Ordering::SeqCst);
        self.absolute_end_ms.store(facts.absolute_end.millis(), Ordering::SeqCst);
    }
    /// A request or input arrived.
    pub(super) fn touch(&self, now: Timestamp) {
        self.last_seen_ms.fetch_max(now.millis(), Ordering::SeqCst);
    }
    /// The last one.
    pub(super) fn last_seen(&self) -> Timestamp {
        Timestamp::from_millis(self.last_seen_ms.load(Ordering::SeqCst))
    }
    /// When the login ends if nothing more is heard.
    pub(super) fn ends_at(&self) -> Timestamp {
        let idle = self.last_seen().plus_secs(self.idle_secs.load(Ordering::SeqCst));
        idle.min(Timestamp::from_millis(self.absolute_end_ms.load(Ordering::SeqCst)))
    }
}
