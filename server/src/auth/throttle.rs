//! Throttle of password guesses: per address and name, and per address alone, with growing waits. In memory: a
//! restart forgets it, the counter of the second factor is in the store.
//!
//! Never per name alone: an outsider who only knows a name must not keep its person out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::Timestamp;

/// Wrong passwords for one name from one address before waits begin.
const FREE_TRIES: u32 = 5;
/// Wrong passwords from one address, over all names, before waits begin.
const FREE_TRIES_ADDRESS: u32 = 100;
/// First wait; it doubles with each further failure.
const WAIT_SECS_MIN: i64 = 30;
/// Longest wait, and how long failures are remembered.
const WAIT_SECS_MAX: i64 = 3600;
/// Entries kept; when full, the ones that wait for nothing go first.
const ENTRIES_MAX: usize = 20_000;

/// Wait after `failures` in a row when `free` of them are free: 0, then 30 s, doubling, to one hour.
pub fn wait_secs(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        Some(over) => WAIT_SECS_MIN.saturating_mul(1 << over.min(20)).min(WAIT_SECS_MAX),
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Failures {
    count: u32,
    last: i64,
    wait_until: i64,
    told: bool,
}

/// A try that is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Seconds to wait.
    pub secs: u64,
    /// The first one that is turned away in this wait: the one worth an event, so that a flood does not fill the trail.
    pub first: bool,
}

type Key = (IpAddr, Option<String>);

/// One per server.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<Key, Failures>>,
    queues: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

/// A try that is let in. Tries for the same name from the same address come one after the other, so that a hundred at
/// once are not all looked at before the first is counted.
#[derive(Debug)]
pub struct Try<'a> {
    throttle: &'a Throttle,
    key: Key,
    _turn: tokio::sync::OwnedMutexGuard<()>,
}

impl Throttle {
    /// Lets a try in, or says how many seconds to wait.
    ///
    /// # Errors
    /// [`Wait`].
    pub async fn enter(&self, address: IpAddr, name: &str, now: Timestamp) -> Result<Try<'_>, Wait> {
        // Names are bounded, so that the table is.
        let key = (network(address), Some(name.chars().take(64).collect::<String>()));
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
            queues.entry(key.clone()).or_default().clone()
        };
        let turn = queue.lock_owned().await;
        for key in [&key, &(key.0, None)] {
            if let Some(wait) = self.waiting(key, now) {
                return Err(wait);
            }
        }
        Ok(Try { throttle: self, key, _turn: turn })
    }

    fn waiting(&self, key: &Key, now: Timestamp) -> Option<Wait> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = failures.get_mut(key)?;
        let left = entry.wait_until.saturating_sub(now.millis()).max(0).unsigned_abs();
        // Rounded up, and never longer than the longest wait, also when the clock went back.
        let secs = left.div_ceil(1000).min(WAIT_SECS_MAX.unsigned_abs());
        (secs > 0).then(|| Wait { secs, first: !std::mem::replace(&mut entry.told, true) })
    }

    fn count(&self, key: Key, free: u32, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.millis();
        if failures.len() >= ENTRIES_MAX {
            failures.retain(|_, f| f.wait_until > now);
        }
        let entry = failures.entry(key).or_default();
        if now - entry.last > WAIT_SECS_MAX * 1000 && entry.wait_until <= now {
            entry.count = 0;
        }
        entry.count += 1;
        entry.last = now;
        entry.told = false;
        entry.wait_until = match wait_secs(entry.count, free) {
            0 => 0,
            secs => now + secs * 1000,
        };
    }
}

impl Try<'_> {
    /// The password was wrong.
    pub fn failed(self, now: Timestamp) {
        self.throttle.count((self.key.0, None), FREE_TRIES_ADDRESS, now);
        self.throttle.count(self.key.clone(), FREE_TRIES, now);
    }

    /// The password was right: failures for this name from this address are forgotten.
    pub fn succeeded(self) {
        self.throttle.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Who owns one IPv6 address owns its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    #[test]
    fn waits_grow_from_half_a_minute_to_an_hour() {
        let waits: Vec<i64> = (4..14).map(|n| wait_secs(n, 5)).collect();
        assert_eq!(waits, [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(wait_secs(u32::MAX, 5), 3600);
    }

    #[tokio::test]
    async fn five_failures_close_one_name_for_one_address_only() {
        let (throttle, here, there) = (Throttle::default(), [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..5 {
            throttle.enter(here, "ada", NOW).await.unwrap().failed(NOW);
        }
        assert_eq!(throttle.enter(here, "ada", NOW).await.unwrap_err(), Wait { secs: 30, first: true });
        assert_eq!(throttle.enter(here, "ada", NOW).await.unwrap_err(), Wait { secs: 30, first: false });
        assert!(throttle.enter(here, "bob", NOW).await.is_ok() && throttle.enter(there, "ada", NOW).await.is_ok());
        let later = NOW.plus_secs(30);
        throttle.enter(here, "ada", later).await.unwrap().failed(later);
        assert_eq!(throttle.enter(here, "ada", later).await.unwrap_err(), Wait { secs: 60, first: true });
        let later = later.plus_secs(60);
        throttle.enter(here, "ada", later).await.unwrap().succeeded();
        throttle.enter(here, "ada", later).await.unwrap().failed(later);
        assert!(throttle.enter(here, "ada", later).await.is_ok());
    }

    #[tokio::test]
    async fn one_address_cannot_try_one_password_on_every_name() {
        let (throttle, here) = (Throttle::default(), [10, 0, 0, 1].into());
        for i in 0..FREE_TRIES_ADDRESS {
            throttle.enter(here, &format!("user{i}"), NOW).await.unwrap().failed(NOW);
        }
        assert!(throttle.enter(here, "another", NOW).await.is_err());
    }
}
