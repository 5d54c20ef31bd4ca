//! The clocks that leases live on. They move with input and never back; sockets of one login, or of one grant, share one.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use protocol::Timestamp;

use crate::store::{GrantFacts, SessionFacts};

/// The longest times that the organisation allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Longest {
    /// Without a sign of life.
    pub idle_secs: u32,
    /// In any case.
    pub absolute_secs: u32,
}

impl Longest {
    const ANY: Self = Self { idle_secs: u32::MAX, absolute_secs: u32::MAX };
}

/// When a grant or a login ends: `min(last sign of life + idle, absolute end)`.
#[derive(Debug)]
pub struct LifeClock {
    /// Epoch of the terminal when the grant was given; 0 for logins.
    epoch: i64,
    /// The lock that the grant was for is gone: nothing ends by this clock any more.
    lifted: AtomicBool,
    began_ms: AtomicI64,
    last_sign_ms: AtomicI64,
    idle_secs: AtomicI64,
    absolute_end_ms: AtomicI64,
}

impl From<&GrantFacts> for LifeClock {
    fn from(grant: &GrantFacts) -> Self {
        let idle = i64::from(grant.idle_secs);
        Self { epoch: grant.epoch, ..Self::new(grant.granted_at, grant.last_input_at, idle, grant.absolute_end) }
    }
}

impl From<&SessionFacts> for LifeClock {
    fn from(login: &SessionFacts) -> Self {
        Self::new(login.created_at, login.last_seen_at, login.idle_secs, login.absolute_end)
    }
}

impl LifeClock {
    fn new(began: Timestamp, last_sign: Timestamp, idle_secs: i64, absolute_end: Timestamp) -> Self {
        Self {
            epoch: 0,
            lifted: AtomicBool::new(false),
            began_ms: AtomicI64::new(began.millis()),
            last_sign_ms: AtomicI64::new(last_sign.millis()),
            idle_secs: AtomicI64::new(idle_secs),
            absolute_end_ms: AtomicI64::new(absolute_end.millis()),
        }
    }

    /// Takes newer figures over. The last sign of life never goes back, and what was read before a renewal changes nothing.
    fn follow(&self, fresh: &Self) {
        self.touch(fresh.last_sign());
        let began = fresh.began_ms.load(Ordering::SeqCst);
        if self.began_ms.fetch_max(began, Ordering::SeqCst) <= began {
            self.idle_secs.store(fresh.idle_secs.load(Ordering::SeqCst), Ordering::SeqCst);
            self.absolute_end_ms.store(fresh.absolute_end_ms.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    }

    fn tighten(&self, longest: Longest) {
        self.idle_secs.fetch_min(i64::from(longest.idle_secs), Ordering::SeqCst);
        let began = Timestamp::from_millis(self.began_ms.load(Ordering::SeqCst));
        let end = began.plus_secs(i64::from(longest.absolute_secs));
        self.absolute_end_ms.fetch_min(end.millis(), Ordering::SeqCst);
    }

    /// A request or input arrived.
    pub fn touch(&self, now: Timestamp) {
        self.last_sign_ms.fetch_max(now.millis(), Ordering::SeqCst);
    }

    /// Epoch of the terminal when the grant was given.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The lock that the grant was for was taken away. Whoever lives on this clock lives on without it.
    pub(super) fn lift(&self) {
        self.lifted.store(true, Ordering::SeqCst);
    }

    /// Whether [`Self::lift`] was called.
    pub(super) fn lifted(&self) -> bool {
        self.lifted.load(Ordering::SeqCst)
    }

    /// The last request or input, to be stored now and then.
    pub fn last_sign(&self) -> Timestamp {
        Timestamp::from_millis(self.last_sign_ms.load(Ordering::SeqCst))
    }

    /// When it ends if nothing more is heard.
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.last_sign().plus_secs(self.idle_secs.load(Ordering::SeqCst));
        idle.min(Timestamp::from_millis(self.absolute_end_ms.load(Ordering::SeqCst)))
    }

    /// Whether anything that is heard now would move that end.
    pub fn can_move(&self) -> bool {
        self.ends_at() < Timestamp::from_millis(self.absolute_end_ms.load(Ordering::SeqCst))
    }
}

/// The clocks that something lives on, and the longest times for all of them. Both are changed under one lock: facts that
/// were read just before the times were shortened make no clock that outlives them.
#[derive(Debug)]
pub(super) struct Clocks<K>(Mutex<Kept<K>>);

#[derive(Debug)]
struct Kept<K> {
    longest: Longest,
    clocks: HashMap<K, Weak<LifeClock>>,
}

impl<K> Default for Clocks<K> {
    fn default() -> Self {
        Self(Mutex::new(Kept { longest: Longest::ANY, clocks: HashMap::new() }))
    }
}

impl<K: Eq + Hash> Clocks<K> {
    fn kept(&self) -> MutexGuard<'_, Kept<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one clock of this key, moved on by fresh facts, or made of them.
    pub(super) fn shared(&self, key: K, fresh: LifeClock) -> Arc<LifeClock> {
        let mut kept = self.kept();
        fresh.tighten(kept.longest);
        kept.clocks.retain(|_, weak| weak.strong_count() > 0);
        if let Some(shared) = kept.clocks.get(&key).and_then(Weak::upgrade)
            && shared.epoch == fresh.epoch
        {
            shared.follow(&fresh);
            return shared;
        }
        let fresh = Arc::new(fresh);
        kept.clocks.insert(key, Arc::downgrade(&fresh));
        fresh
    }

    /// The clock of this key, when something lives on it.
    pub(super) fn live(&self, key: &K) -> Option<Arc<LifeClock>> {
        self.kept().clocks.get(key).and_then(Weak::upgrade)
    }

    /// The clocks of some keys, as far as something lives on them.
    pub(super) fn live_where(&self, wanted: impl Fn(&K) -> bool) -> Vec<Arc<LifeClock>> {
        self.kept().clocks.iter().filter(|(key, _)| wanted(key)).filter_map(|(_, weak)| weak.upgrade()).collect()
    }

    /// Nothing that lives now, or is made from now on, lasts longer.
    pub(super) fn tighten(&self, longest: Longest) {
        let mut kept = self.kept();
        kept.longest = longest;
        for clock in kept.clocks.values().filter_map(Weak::upgrade) {
            clock.tighten(longest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connect reads the grant, a code renews it, and only then the connect comes to its clock.
    #[test]
    fn what_was_read_before_a_renewal_does_not_bring_the_old_end_back() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let clocks = Clocks::default();
        let shared = clocks.shared((), LifeClock::new(at(0), at(0), 60, at(100)));
        clocks.shared((), LifeClock::new(at(50), at(50), 90, at(150)));
        assert_eq!(shared.ends_at(), at(140), "renewed");
        clocks.shared((), LifeClock::new(at(0), at(10), 60, at(100)));
        assert_eq!(shared.ends_at(), at(140));
    }
}
