//! Leases: how long a proof stays valid. Access is decided once, when a socket opens; the lease ends it while the
//! socket is open.

use std::{sync::Arc, time::Duration};

use protocol::Timestamp;
use tokio::time::Instant;

use super::{
    expiry::ExpiryTracker,
    revocation::{Revocation, Subscription, TokenGuard},
};
use crate::{Clock, clock::LeaseClock};

/// Expiry is checked at least this often while waiting, so that shortened durations and a changed clock take effect.
const CHECK_INTERVAL_MS: i64 = 500;

/// How long to wait until the next check of an expiry time.
fn until_next_check(ends: Timestamp, clock: &LeaseClock) -> Duration {
    let left = ends.millis().saturating_sub(clock.now().millis()).clamp(1, CHECK_INTERVAL_MS);
    Duration::from_millis(left.unsigned_abs())
}

/// A lease on a login session alone, for streams of events without content of a terminal.
#[derive(Debug)]
pub struct LoginLease {
    session: TokenGuard,
    login: Arc<ExpiryTracker>,
    clock: LeaseClock,
}

impl LoginLease {
    pub(super) fn new(session: TokenGuard, login: Arc<ExpiryTracker>, clock: Clock) -> Self {
        Self { session, login, clock: LeaseClock::start(clock) }
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.session.reason().is_some()
    }

    /// Resolves when the login ends or its token is replaced.
    pub async fn ended(&self) {
        while !self.is_revoked() && self.clock.now() < self.login.ends_at() {
            let check = until_next_check(self.login.ends_at(), &self.clock);
            tokio::select! {
                biased;
                () = self.session.cancelled() => {}
                () = tokio::time::sleep(check) => {}
            }
        }
    }
}

/// The lease of an [`Authorized<Attach>`](crate::Authorized): ends with a revocation of the terminal, of the login
/// session or of its token's generation, and when the login or the grant expires.
#[derive(Debug)]
pub struct Lease {
    terminal: TokenGuard,
    session: TokenGuard,
    login: Arc<ExpiryTracker>,
    grant: Option<Arc<ExpiryTracker>>,
    clock: LeaseClock,
}

impl Lease {
    pub(super) fn new(
        subscription: Subscription,
        login: Arc<ExpiryTracker>,
        grant: Option<Arc<ExpiryTracker>>,
        clock: Clock,
    ) -> Self {
        let Subscription { terminal, session } = subscription;
        Self { terminal, session, login, grant, clock: LeaseClock::start(clock) }
    }

    /// The grant that the lease depends on, while the lock that it is for is set.
    fn grant(&self) -> Option<&ExpiryTracker> {
        self.grant.as_deref().filter(|grant| !grant.lock_removed())
    }

    /// The reason of a revocation, once there is one. Expiry is not considered.
    pub(super) fn revocation(&self) -> Option<Revocation> {
        self.terminal.reason().or_else(|| self.session.reason())
    }

    /// Whether content may be transferred now. Cheap; call it for every frame in either direction.
    ///
    /// # Errors
    /// The [`Revocation`] that ended the lease.
    pub fn check(&self) -> Result<(), Revocation> {
        if let Some(reason) = self.revocation() {
            return Err(reason);
        }
        let now = self.clock.now();
        if now >= self.login.ends_at() {
            return Err(Revocation::LoginEnded);
        }
        match self.grant() {
            Some(grant) if now >= grant.ends_at() => Err(Revocation::GrantEnded),
            _ => Ok(()),
        }
    }

    /// Resolves when the lease ends. Put it first in a `biased` select.
    pub async fn ended(&self) -> Revocation {
        loop {
            if let Err(reason) = self.check() {
                return reason;
            }
            let login_ends = self.login.ends_at();
            let next = self.grant().map_or(login_ends, |grant| grant.ends_at().min(login_ends));
            let check = until_next_check(next, &self.clock);
            tokio::select! {
                biased;
                () = self.terminal.cancelled() => {}
                () = self.session.cancelled() => {}
                () = tokio::time::sleep(check) => {}
            }
        }
    }

    /// When a revocation was requested; the requester waits from then on. `None` without a revocation, also when the
    /// lease has expired.
    pub fn revoked_at(&self) -> Option<Instant> {
        [&self.terminal, &self.session].into_iter().filter_map(|guard| guard.revoked_at()).min()
    }

    /// Records input: the idle times of the login and of the grant start again.
    pub fn record_input(&self) {
        let now = self.clock.now();
        self.login.record_activity(now);
        if let Some(grant) = self.grant() {
            grant.record_activity(now);
        }
    }

    /// Time of the last input. Without a lock: the last activity of the login.
    pub fn last_input(&self) -> Timestamp {
        self.grant().map_or_else(|| self.login.last_activity(), ExpiryTracker::last_activity)
    }

    /// When the grant ends; `None` when the terminal is not locked.
    pub fn granted_until(&self) -> Option<Timestamp> {
        self.grant().map(ExpiryTracker::ends_at)
    }

    /// Whether input extends the grant; near its absolute end it does not.
    pub fn input_extends_grant(&self) -> bool {
        self.grant().is_some_and(ExpiryTracker::is_extendable)
    }

    /// Whole seconds until the grant ends.
    pub fn grant_secs_left(&self) -> Option<i64> {
        self.granted_until().map(|until| (until.millis() - self.clock.now().millis()).max(0) / 1000)
    }
}

#[cfg(test)]
mod tests;
