//! Throttle of password guesses, with growing waits. It is kept in memory and lost at a restart; the counter of the
//! second factor is in the store.
//!
//! Failures are counted by source and username, never by username alone, so that an attacker who knows a name cannot
//! lock out its user. Many users may share an address, so login sessions and trusted devices are sources of their own,
//! which other clients at that address cannot exhaust.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::{SessionId, Timestamp};

use super::trusted_device::TrustedDevice;

/// Failures for one name from one source before waits begin.
const FREE_TRIES: u32 = 5;
/// First wait; it doubles with each further failure.
const WAIT_SECS_MIN: i64 = 30;
/// Maximum wait, and how long failures are remembered.
const WAIT_SECS_MAX: i64 = 3600;
/// Failures from one address, over all names, before waits begin (a leaky bucket).
const ADDRESS_TRIES: i64 = 100;
/// Then one in this time. The wait does not grow, because an office may share the address.
const ADDRESS_EACH_MS: i64 = 60_000;
/// Maximum number of entries; when full, entries without a wait are removed.
const ENTRIES_MAX: usize = 20_000;

/// Wait after `failures` in a row when `free` of them are free: 0, then 30 s, doubling, to one hour.
pub fn wait_secs(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        Some(over) => WAIT_SECS_MIN.saturating_mul(1 << over.min(20)).min(WAIT_SECS_MAX),
    }
}

/// Source of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An address.
    Address(IpAddr),
    /// A trusted device.
    Device(TrustedDevice),
    /// A login session.
    Login(SessionId),
}

impl Source {
    /// An address; for IPv6 its /64, which one subscriber has.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
            v4 => v4,
        })
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Failures {
    count: u32,
    /// Time of the last failure; over all names of an address, the time when the bucket is empty.
    at: i64,
    wait_until: i64,
    reported: bool,
}

impl Failures {
    fn grow(&mut self, now: i64) {
        if now - self.at > WAIT_SECS_MAX * 1000 && self.wait_until <= now {
            self.count = 0;
        }
        self.count += 1;
        self.at = now;
        self.wait_until = match wait_secs(self.count, FREE_TRIES) {
            0 => 0,
            secs => now + secs * 1000,
        };
    }

    /// Adds a failure to the bucket of an address, which loses one every [`ADDRESS_EACH_MS`].
    fn fill(&mut self, now: i64) {
        self.at = self.at.max(now) + ADDRESS_EACH_MS;
        self.wait_until = self.at - (ADDRESS_TRIES - 1) * ADDRESS_EACH_MS;
    }
}

/// A throttled attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Seconds to wait.
    pub secs: u64,
    /// Whether it is the first one in this wait. Only that one is audited, so that a flood does not fill the audit log.
    pub first: bool,
}

/// A source and a name, or all names together.
type Key = (Source, Option<String>);

/// One per server.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<Key, Failures>>,
    queues: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

/// An attempt that may be checked. Attempts for the same name from the same source are serialized, so that concurrent
/// ones cannot bypass the counter.
#[derive(Debug)]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    key: Key,
    _turn: tokio::sync::OwnedMutexGuard<()>,
}

impl Throttle {
    /// Begins an attempt, unless the source has to wait.
    ///
    /// # Errors
    /// [`Wait`].
    pub async fn enter(&self, source: Source, name: &str, now: Timestamp) -> Result<Attempt<'_>, Wait> {
        // Names are truncated, so that the table is bounded.
        let key = (source, Some(name.chars().take(64).collect::<String>()));
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
            queues.entry(key.clone()).or_default().clone()
        };
        let turn = queue.lock_owned().await;
        for key in [&key, &(source, None)] {
            if let Some(wait) = self.waiting(key, now) {
                return Err(wait);
            }
        }
        Ok(Attempt { throttle: self, key, _turn: turn })
    }

    fn waiting(&self, key: &Key, now: Timestamp) -> Option<Wait> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = failures.get_mut(key)?;
        let left = entry.wait_until.saturating_sub(now.millis()).max(0).unsigned_abs();
        // Rounded up, and at most the maximum wait, even when the clock was set back.
        let secs = left.div_ceil(1000).min(WAIT_SECS_MAX.unsigned_abs());
        (secs > 0).then(|| Wait { secs, first: !std::mem::replace(&mut entry.reported, true) })
    }

    fn count(&self, key: Key, now: i64, rule: fn(&mut Failures, i64)) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ENTRIES_MAX {
            failures.retain(|_, f| f.wait_until > now);
        }
        let entry = failures.entry(key).or_default();
        entry.reported = false;
        rule(entry, now);
    }
}

impl Attempt<'_> {
    /// The password was wrong.
    pub fn failed(self, now: Timestamp) {
        if let (source @ Source::Address(_), _) = self.key {
            self.throttle.count((source, None), now.millis(), Failures::fill);
        }
        self.throttle.count(self.key, now.millis(), Failures::grow);
    }

    /// The password was correct: resets the failures for this name from this source.
    pub fn succeeded(self) {
        self.throttle.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn at(last: u8) -> Source {
        Source::address([10, 0, 0, last].into())
    }

    #[test]
    fn waits_grow_from_half_a_minute_to_an_hour() {
        let waits: Vec<i64> = (4..14).map(|n| wait_secs(n, 5)).collect();
        assert_eq!(waits, [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(wait_secs(u32::MAX, 5), 3600);
    }

    #[tokio::test]
    async fn five_failures_throttle_one_name_for_one_source_only() {
        let throttle = Throttle::default();
        let login = Source::Login(SessionId::new(uuid::Uuid::nil()));
        for _ in 0..5 {
            throttle.enter(at(1), "ada", NOW).await.unwrap().failed(NOW);
        }
        assert_eq!(throttle.enter(at(1), "ada", NOW).await.unwrap_err(), Wait { secs: 30, first: true });
        assert_eq!(throttle.enter(at(1), "ada", NOW).await.unwrap_err(), Wait { secs: 30, first: false });
        for (source, name) in [(at(1), "bob"), (at(2), "ada"), (login, "ada")] {
            assert!(throttle.enter(source, name, NOW).await.is_ok());
        }
        let later = NOW.plus_secs(30);
        throttle.enter(at(1), "ada", later).await.unwrap().failed(later);
        assert_eq!(throttle.enter(at(1), "ada", later).await.unwrap_err(), Wait { secs: 60, first: true });
        let later = later.plus_secs(60);
        throttle.enter(at(1), "ada", later).await.unwrap().succeeded();
        throttle.enter(at(1), "ada", later).await.unwrap().failed(later);
        assert!(throttle.enter(at(1), "ada", later).await.is_ok());
    }

    #[tokio::test]
    async fn failures_of_one_address_over_all_names_are_throttled_to_one_a_minute() {
        let throttle = Throttle::default();
        for i in 0..ADDRESS_TRIES {
            throttle.enter(at(1), &format!("user{i}"), NOW).await.unwrap().failed(NOW);
        }
        let mut now = NOW;
        for i in 0..5 {
            assert_eq!(throttle.enter(at(1), "another", now).await.unwrap_err(), Wait { secs: 60, first: true });
            now = now.plus_secs(60);
            throttle.enter(at(1), &format!("next{i}"), now).await.unwrap().failed(now);
        }
        // Failures of legitimate users over a day drain from the bucket.
        now = now.plus_secs(100 * 60);
        for i in 0..ADDRESS_TRIES - 1 {
            throttle.enter(at(1), &format!("user{i}"), now).await.unwrap().failed(now);
        }
        assert!(throttle.enter(at(1), "another", now).await.is_ok());
    }
}
