//! Throttle of password guesses, with growing waits, of attempts with links, and of changing requests. It is kept in
//! memory and lost at a restart; the counter of the second factor is in the store.
//!
//! Failures are counted by source and username, never by username alone, so that an attacker who knows a name cannot
//! lock out its user. Many users may share an address, so login sessions and trusted devices are sources of their own,
//! which other clients at that address cannot exhaust.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::{SessionId, Timestamp, UserId};
use rates::{BoundedTable, Bucket, Rate, TableEntry, subscriber};
use store::DeviceHash;

use crate::budgets::{
    ACCOUNT_CHANGES, ADDRESS_ATTEMPTS, LINK_ATTEMPTS, NAME_FREE_FAILURES, NAME_WAIT_SECS_MAX, NAME_WAIT_SECS_MIN,
    OVERFLOW_ATTEMPTS, THROTTLE_ENTRIES,
};

/// Wait after `failures` in a row when `free` of them are free: 0, then 30 s, doubling, to one hour.
pub fn wait_secs(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        Some(over) => NAME_WAIT_SECS_MIN.saturating_mul(1 << over.min(20)).min(NAME_WAIT_SECS_MAX),
    }
}

/// Source of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An address.
    Address(IpAddr),
    /// A trusted device.
    Device(DeviceHash),
    /// A login session.
    Login(SessionId),
}

impl Source {
    /// An address; for IPv6 its /64, which one subscriber has.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(subscriber(address))
    }
}

/// Failures for one name from one source.
#[derive(Debug, Default, Clone, Copy)]
struct Failures {
    count: u32,
    /// Time of the last failure; without one, of the last attempt.
    at: i64,
    wait_until: i64,
    reported: bool,
}

impl Failures {
    fn record_failure(&mut self, now: i64) {
        if now - self.at > NAME_WAIT_SECS_MAX * 1000 && self.wait_until <= now {
            self.count = 0;
        }
        self.count += 1;
        self.at = now;
        self.reported = false;
        self.wait_until = match wait_secs(self.count, NAME_FREE_FAILURES) {
            0 => 0,
            secs => now + secs * 1000,
        };
    }

    fn wait(&mut self, now: i64) -> Option<RetryAfter> {
        // At most the maximum wait, even when the clock was set back.
        let left = self.wait_until.saturating_sub(now).min(NAME_WAIT_SECS_MAX * 1000);
        (left > 0).then(|| RetryAfter::from_millis(left, &mut self.reported))
    }
}

impl TableEntry for Failures {
    fn is_waiting(&self, now: i64) -> bool {
        self.wait_until > now
    }

    fn is_idle(&self, now: i64) -> bool {
        self.wait_until <= now && now - self.at > NAME_WAIT_SECS_MAX * 1000
    }

    fn changed_at(&self) -> i64 {
        self.at
    }
}

/// Attempts of one address, with the rate of their kind.
#[derive(Debug, Default, Clone, Copy)]
struct Attempts {
    bucket: Bucket,
    reported: bool,
    wait_until: i64,
}

impl Attempts {
    fn take(&mut self, rate: Rate, now: i64) -> Result<(), RetryAfter> {
        let taken = self.bucket.take(rate, now);
        self.wait_until = now + self.bucket.wait_ms(rate, now);
        match taken {
            Ok(()) => {
                self.reported = false;
                Ok(())
            }
            Err(left) => Err(RetryAfter::from_millis(left, &mut self.reported)),
        }
    }
}

impl TableEntry for Attempts {
    fn is_waiting(&self, now: i64) -> bool {
        self.wait_until > now
    }

    fn is_idle(&self, now: i64) -> bool {
        self.bucket.full_at() <= now
    }

    fn changed_at(&self) -> i64 {
        self.bucket.full_at()
    }
}

/// Why an attempt is rejected: it has to be repeated later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter {
    /// Seconds to wait.
    pub secs: u64,
    /// Whether it is the first one in this wait. Only that one is audited, so that a flood does not fill the audit log.
    pub first: bool,
}

impl RetryAfter {
    /// From milliseconds, rounded up to seconds.
    fn from_millis(left: i64, reported: &mut bool) -> Self {
        Self { secs: left.unsigned_abs().div_ceil(1000), first: !std::mem::replace(reported, true) }
    }
}

/// A source and a name.
type Key = (Source, String);

#[derive(Debug)]
struct Tables {
    /// Of addresses.
    names: BoundedTable<Key, Failures>,
    /// Of login sessions and trusted devices. Apart, so that addresses cannot fill it.
    known: BoundedTable<Key, Failures>,
    addresses: BoundedTable<IpAddr, Attempts>,
    links: BoundedTable<IpAddr, Attempts>,
    changes: BoundedTable<UserId, Attempts>,
    /// All keys for which a table has no room.
    overflow: Attempts,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            names: BoundedTable::new(THROTTLE_ENTRIES),
            known: BoundedTable::new(THROTTLE_ENTRIES),
            addresses: BoundedTable::new(THROTTLE_ENTRIES),
            links: BoundedTable::new(THROTTLE_ENTRIES),
            changes: BoundedTable::new(THROTTLE_ENTRIES),
            overflow: Attempts::default(),
        }
    }
}

impl Tables {
    /// Whether a name may be tried from a source. An attempt of an address takes one of its tokens.
    fn begin_attempt(&mut self, key: &Key, now: i64) -> Result<(), RetryAfter> {
        self.wait(key, now)?;
        if let Source::Address(address) = key.0 {
            match self.addresses.entry(address, now) {
                Some(attempts) => attempts.take(ADDRESS_ATTEMPTS, now)?,
                None => self.overflow.take(OVERFLOW_ATTEMPTS, now)?,
            }
        }
        match self.failures(key).entry(key.clone(), now) {
            // The time of the last failure is kept, because it decides when failures are forgotten.
            Some(failures) if failures.count == 0 => failures.at = now,
            Some(_) => {}
            None => self.overflow.take(OVERFLOW_ATTEMPTS, now)?,
        }
        Ok(())
    }

    /// The table of a key.
    fn failures(&mut self, (source, _): &Key) -> &mut BoundedTable<Key, Failures> {
        match source {
            Source::Address(_) => &mut self.names,
            Source::Device(_) | Source::Login(_) => &mut self.known,
        }
    }

    fn wait(&mut self, key: &Key, now: i64) -> Result<(), RetryAfter> {
        self.failures(key).get_mut(key).and_then(|failures| failures.wait(now)).map_or(Ok(()), Err)
    }
}

/// One per server.
#[derive(Debug, Default)]
pub struct Throttle {
    tables: Mutex<Tables>,
    queues: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

/// An attempt that may be checked. Attempts for the same name from the same source are serialized, so that concurrent
/// ones cannot bypass the counter. Its token is given back by [`succeeded`](Self::succeeded) alone, so an attempt whose
/// request was dropped counts for its address.
#[derive(Debug)]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    key: Key,
    _guard: tokio::sync::OwnedMutexGuard<()>,
}

/// An attempt with a one-time link or a set-up token. Its token is given back by [`succeeded`](Self::succeeded) alone.
#[derive(Debug)]
#[must_use]
pub struct LinkAttempt<'a> {
    throttle: &'a Throttle,
    address: IpAddr,
}

impl Throttle {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt, unless the source has to wait. The token of the address is taken before anything is read,
    /// so concurrent attempts cannot all pass.
    ///
    /// # Errors
    /// [`RetryAfter`].
    pub async fn begin_attempt(&self, source: Source, name: &str, now: Timestamp) -> Result<Attempt<'_>, RetryAfter> {
        // Names are truncated, so that the table is bounded.
        let key = (source, name.chars().take(64).collect::<String>());
        self.tables().begin_attempt(&key, now.millis())?;
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
            queues.entry(key.clone()).or_default().clone()
        };
        let guard = queue.lock_owned().await;
        // The attempts before this one may have failed.
        self.tables().wait(&key, now.millis())?;
        Ok(Attempt { throttle: self, key, _guard: guard })
    }

    /// Begins an attempt with a one-time link or a set-up token, unless the address has to wait.
    ///
    /// # Errors
    /// [`RetryAfter`].
    pub fn begin_link_attempt(&self, address: IpAddr, now: Timestamp) -> Result<LinkAttempt<'_>, RetryAfter> {
        let (address, now) = (subscriber(address), now.millis());
        let tables = &mut *self.tables();
        match tables.links.entry(address, now) {
            Some(attempts) => attempts.take(LINK_ATTEMPTS, now)?,
            None => tables.overflow.take(OVERFLOW_ATTEMPTS, now)?,
        }
        Ok(LinkAttempt { throttle: self, address })
    }

    /// Takes a changing request from the budget of its account.
    ///
    /// # Errors
    /// [`RetryAfter`].
    pub fn begin_change(&self, user: UserId, now: Timestamp) -> Result<(), RetryAfter> {
        let (tables, now) = (&mut *self.tables(), now.millis());
        match tables.changes.entry(user, now) {
            Some(attempts) => attempts.take(ACCOUNT_CHANGES, now),
            None => tables.overflow.take(OVERFLOW_ATTEMPTS, now),
        }
    }
}

impl Attempt<'_> {
    /// The password was wrong.
    pub fn failed(self, now: Timestamp) {
        let now = now.millis();
        let mut tables = self.throttle.tables();
        if let Some(failures) = tables.failures(&self.key).entry(self.key.clone(), now) {
            failures.record_failure(now);
        }
    }

    /// The password was correct: resets the failures for this name from this source.
    pub fn succeeded(self) {
        let mut tables = self.throttle.tables();
        tables.failures(&self.key).remove(&self.key);
        if let Source::Address(address) = self.key.0
            && let Some(attempts) = tables.addresses.get_mut(&address)
        {
            attempts.bucket.return_token(ADDRESS_ATTEMPTS);
        }
    }
}

impl LinkAttempt<'_> {
    /// The link was valid.
    pub fn succeeded(self) {
        if let Some(attempts) = self.throttle.tables().links.get_mut(&self.address) {
            attempts.bucket.return_token(LINK_ATTEMPTS);
        }
    }
}

#[cfg(test)]
mod tests;
