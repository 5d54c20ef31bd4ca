//! Expiry of grants and logins in memory. All sockets of one grant, or of one login session, share one tracker, and a
//! tracked time never moves back.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use protocol::Timestamp;

use crate::{GrantFacts, SessionFacts};

/// The longest durations that the organisation allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxDurations {
    /// Without activity.
    pub idle_secs: u32,
    /// In total.
    pub absolute_secs: u32,
}

impl MaxDurations {
    const UNLIMITED: Self = Self { idle_secs: u32::MAX, absolute_secs: u32::MAX };
}

/// When a grant or a login ends: `min(last activity + idle, absolute end)`.
#[derive(Debug)]
pub struct ExpiryTracker {
    /// Lock epoch that the grant is for; 0 for logins.
    epoch: i64,
    /// The lock that the grant was for has been removed, so this tracker no longer ends anything.
    lock_removed: AtomicBool,
    started_ms: AtomicI64,
    last_activity_ms: AtomicI64,
    idle_secs: AtomicI64,
    absolute_end_ms: AtomicI64,
}

impl From<&GrantFacts> for ExpiryTracker {
    fn from(grant: &GrantFacts) -> Self {
        let idle = i64::from(grant.idle_secs);
        Self { epoch: grant.epoch, ..Self::new(grant.granted_at, grant.last_input_at, idle, grant.absolute_end) }
    }
}

impl From<&SessionFacts> for ExpiryTracker {
    fn from(login: &SessionFacts) -> Self {
        Self::new(login.created_at, login.last_seen_at, login.idle_secs, login.absolute_end)
    }
}

impl ExpiryTracker {
    fn new(started: Timestamp, last_activity: Timestamp, idle_secs: i64, absolute_end: Timestamp) -> Self {
        Self {
            epoch: 0,
            lock_removed: AtomicBool::new(false),
            started_ms: AtomicI64::new(started.millis()),
            last_activity_ms: AtomicI64::new(last_activity.millis()),
            idle_secs: AtomicI64::new(idle_secs),
            absolute_end_ms: AtomicI64::new(absolute_end.millis()),
        }
    }

    /// Applies facts that were read from the store. Activity never moves back, and facts from before a renewal
    /// have no effect.
    fn update_from(&self, fresh: &Self) {
        self.record_activity(fresh.last_activity());
        let started = fresh.started_ms.load(Ordering::SeqCst);
        if self.started_ms.fetch_max(started, Ordering::SeqCst) <= started {
            self.idle_secs.store(fresh.idle_secs.load(Ordering::SeqCst), Ordering::SeqCst);
            self.absolute_end_ms.store(fresh.absolute_end_ms.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    }

    fn shorten(&self, max: MaxDurations) {
        self.idle_secs.fetch_min(i64::from(max.idle_secs), Ordering::SeqCst);
        let started = Timestamp::from_millis(self.started_ms.load(Ordering::SeqCst));
        let end = started.plus_secs(i64::from(max.absolute_secs));
        self.absolute_end_ms.fetch_min(end.millis(), Ordering::SeqCst);
    }

    /// Records a request or input.
    pub fn record_activity(&self, now: Timestamp) {
        self.last_activity_ms.fetch_max(now.millis(), Ordering::SeqCst);
    }

    /// Lock epoch that the grant is for; 0 for logins.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Records that the lock was removed: leases with this tracker continue without it.
    pub(super) fn mark_lock_removed(&self) {
        self.lock_removed.store(true, Ordering::SeqCst);
    }

    /// Whether the lock was removed.
    pub(super) fn lock_removed(&self) -> bool {
        self.lock_removed.load(Ordering::SeqCst)
    }

    /// The last request or input.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp::from_millis(self.last_activity_ms.load(Ordering::SeqCst))
    }

    /// When it ends without further activity.
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.last_activity().plus_secs(self.idle_secs.load(Ordering::SeqCst));
        idle.min(Timestamp::from_millis(self.absolute_end_ms.load(Ordering::SeqCst)))
    }

    /// Whether activity would move that end.
    pub fn is_extendable(&self) -> bool {
        self.ends_at() < Timestamp::from_millis(self.absolute_end_ms.load(Ordering::SeqCst))
    }
}

/// All trackers that a lease holds, and the maximum durations. One mutex guards both, so facts that were read just
/// before the durations were shortened cannot create a tracker that exceeds them.
#[derive(Debug)]
pub(super) struct ExpiryTrackers<K>(Mutex<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    max: MaxDurations,
    trackers: HashMap<K, Weak<ExpiryTracker>>,
}

impl<K> Default for ExpiryTrackers<K> {
    fn default() -> Self {
        Self(Mutex::new(Inner { max: MaxDurations::UNLIMITED, trackers: HashMap::new() }))
    }
}

impl<K: Eq + Hash> ExpiryTrackers<K> {
    fn inner(&self) -> MutexGuard<'_, Inner<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shared tracker of this key, updated with fresh facts or created from them.
    pub(super) fn get_or_insert(&self, key: K, fresh: ExpiryTracker) -> Arc<ExpiryTracker> {
        let mut inner = self.inner();
        fresh.shorten(inner.max);
        inner.trackers.retain(|_, weak| weak.strong_count() > 0);
        if let Some(tracker) = inner.trackers.get(&key).and_then(Weak::upgrade)
            && tracker.epoch == fresh.epoch
        {
            tracker.update_from(&fresh);
            return tracker;
        }
        let fresh = Arc::new(fresh);
        inner.trackers.insert(key, Arc::downgrade(&fresh));
        fresh
    }

    /// The tracker of this key, if a lease holds it.
    pub(super) fn get(&self, key: &K) -> Option<Arc<ExpiryTracker>> {
        self.inner().trackers.get(key).and_then(Weak::upgrade)
    }

    /// The trackers of matching keys that a lease holds.
    pub(super) fn matching(&self, matches: impl Fn(&K) -> bool) -> Vec<Arc<ExpiryTracker>> {
        self.inner().trackers.iter().filter(|(key, _)| matches(key)).filter_map(|(_, weak)| weak.upgrade()).collect()
    }

    /// Limits all present and future trackers.
    pub(super) fn shorten(&self, max: MaxDurations) {
        let mut inner = self.inner();
        inner.max = max;
        for tracker in inner.trackers.values().filter_map(Weak::upgrade) {
            tracker.shorten(max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attaching client reads the grant, a code renews the grant, and then the client looks up its tracker.
    #[test]
    fn facts_from_before_a_renewal_do_not_restore_the_old_end() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let trackers = ExpiryTrackers::default();
        let tracker = trackers.get_or_insert((), ExpiryTracker::new(at(0), at(0), 60, at(100)));
        trackers.get_or_insert((), ExpiryTracker::new(at(50), at(50), 90, at(150)));
        assert_eq!(tracker.ends_at(), at(140), "renewed");
        trackers.get_or_insert((), ExpiryTracker::new(at(0), at(10), 60, at(100)));
        assert_eq!(tracker.ends_at(), at(140));
    }
}
