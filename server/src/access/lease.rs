//! Leases: a proof is true at an instant and a socket is not, so a proof carries the means to end it.
//!
//! A [`CutCell`] is a one-shot switch. The registry keeps the current cell of each terminal and of each login
//! session; a cut takes the cell out of the registry, trips it, and can wait until every lease on it is gone.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use protocol::{ProblemKind, SessionId, TerminalId, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, store::GrantFacts};

/// Why a lease ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The terminal was locked.
    Locked,
    /// The grant ended by time.
    GrantEnded,
    /// The terminal is gone, or is no longer this caller's.
    Gone,
    /// The terminal was stopped.
    Stopped,
    /// The login session ended (logout, password, factor or role change, disabling, time).
    LoginEnded,
}

impl Cut {
    /// The refusal this cut is reported as.
    pub const fn problem_kind(self) -> ProblemKind {
        match self {
            Self::Locked | Self::GrantEnded => ProblemKind::Locked,
            Self::Gone => ProblemKind::NotFound,
            Self::Stopped => ProblemKind::NotRunning,
            Self::LoginEnded => ProblemKind::NotLoggedIn,
        }
    }
}

#[derive(Debug)]
struct CutCell {
    token: CancellationToken,
    reason: OnceLock<Cut>,
    holders: watch::Sender<usize>,
}

impl CutCell {
    fn new() -> Arc<Self> {
        Arc::new(Self { token: CancellationToken::new(), reason: OnceLock::new(), holders: watch::Sender::new(0) })
    }
    fn trip(&self, why: Cut) {
        // The first reason stands; the switch is tripped after the reason can be read.
        let _ = self.reason.set(why);
        self.token.cancel();
    }
    fn tripped(&self) -> Option<Cut> {
        self.reason.get().copied()
    }
}

/// A counted hold on a cell; dropping it lets a waiting cut go on.
#[derive(Debug)]
pub(super) struct Hold(Arc<CutCell>);

impl Hold {
    fn on(cell: Arc<CutCell>) -> Self {
        cell.holders.send_modify(|n| *n += 1);
        Self(cell)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.holders.send_modify(|n| *n -= 1);
    }
}

/// Whether everything on a cut cell was gone before the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// No lease is left.
    All,
    /// Some still had not let go; they can move no byte ([`Lease::live`] is false), only their sockets linger.
    Lingering(usize),
}

type Cells<K> = Mutex<HashMap<K, Arc<CutCell>>>;

/// The registry of cells. One per server process.
#[derive(Debug, Default)]
pub struct Cuts {
    terminals: Cells<TerminalId>,
    sessions: Cells<SessionId>,
    grants: Mutex<HashMap<(SessionId, TerminalId), std::sync::Weak<GrantClock>>>,
}

impl Cuts {
    /// Takes holds on both cells. Must be called *before* facts are read, and checked after.
    pub(super) fn subscribe(&self, session: SessionId, terminal: TerminalId) -> (Hold, Hold) {
        (hold(&self.terminals, terminal), hold(&self.sessions, session))
    }

    /// Takes a hold on a login alone.
    pub(super) fn subscribe_login(&self, session: SessionId) -> Hold {
        hold(&self.sessions, session)
    }

    /// Ends every lease on a terminal, and waits for them to let go. Call after the commit and before the answer.
    pub async fn terminal(&self, id: TerminalId, why: Cut, deadline: Duration) -> Drained {
        drain(trip(&self.terminals, id, why), deadline).await
    }

    /// Ends every lease of a login session, and waits for them to let go.
    pub async fn session(&self, id: SessionId, why: Cut, deadline: Duration) -> Drained {
        drain(trip(&self.sessions, id, why), deadline).await
    }

    /// The one clock of a grant, shared by all its sockets: input in one keeps the others.
    pub(super) fn grant_clock(
        &self,
        session: SessionId,
        terminal: TerminalId,
        make: impl FnOnce() -> GrantClock,
    ) -> Arc<GrantClock> {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.retain(|_, weak| weak.strong_count() > 0);
        let fresh = make();
        if let Some(shared) = grants.get(&(session, terminal)).and_then(std::sync::Weak::upgrade)
            && shared.epoch == fresh.epoch
        {
            // A renewed grant moves the shared clock on; it never moves it back.
            shared.last_input_ms.fetch_max(fresh.last_input_ms.load(Ordering::SeqCst), Ordering::SeqCst);
            shared.absolute_end_ms.fetch_max(fresh.absolute_end_ms.load(Ordering::SeqCst), Ordering::SeqCst);
            return shared;
        }
        let fresh = Arc::new(fresh);
        grants.insert((session, terminal), Arc::downgrade(&fresh));
        fresh
    }

    /// Leases on terminals that are alive: open sockets, in short.
    pub fn held(&self) -> usize {
        let cells = self.terminals.lock().unwrap_or_else(PoisonError::into_inner);
        cells.values().map(|cell| *cell.holders.borrow()).sum()
    }

    /// A code was given again for a grant that sockets live on: their clock moves on, never back, and they stay open.
    pub fn renew_grant(&self, grant: &GrantFacts) {
        if let Some(live) = self.live_grant(grant.session, grant.terminal).filter(|live| live.epoch == grant.epoch) {
            live.last_input_ms.fetch_max(grant.last_input_at.millis(), Ordering::SeqCst);
            live.absolute_end_ms.fetch_max(grant.absolute_end.millis(), Ordering::SeqCst);
        }
    }

    /// The live clock of a grant, when a socket holds one.
    pub fn live_grant(&self, session: SessionId, terminal: TerminalId) -> Option<Arc<GrantClock>> {
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.get(&(session, terminal)).and_then(std::sync::Weak::upgrade)
    }
}

fn hold<K: Eq + Hash>(cells: &Cells<K>, key: K) -> Hold {
    let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
    cells.retain(|_, cell| *cell.holders.borrow() > 0);
    Hold::on(cells.entry(key).or_insert_with(CutCell::new).clone())
}

fn trip<K: Eq + Hash>(cells: &Cells<K>, key: K, why: Cut) -> Option<Arc<CutCell>> {
    let cell = cells.lock().unwrap_or_else(PoisonError::into_inner).remove(&key)?;
    cell.trip(why);
    Some(cell)
}

async fn drain(cell: Option<Arc<CutCell>>, deadline: Duration) -> Drained {
    let Some(cell) = cell else { return Drained::All };
    let mut holders = cell.holders.subscribe();
    let gone = tokio::time::timeout(deadline, holders.wait_for(|n| *n == 0)).await.is_ok();
    if gone { Drained::All } else { Drained::Lingering(*cell.holders.borrow()) }
}

/// A hold on a login alone, for streams that tell of changes and move no byte of a terminal.
#[derive(Debug)]
pub struct LoginLease {
    session: Hold,
    ends: Timestamp,
    clock: Clock,
}

impl LoginLease {
    pub(super) fn new(session: Hold, ends: Timestamp, clock: Clock) -> Self {
        Self { session, ends, clock }
    }

    /// Whether the login was ended since.
    pub(super) fn tripped(&self) -> bool {
        self.session.0.tripped().is_some()
    }

    /// Waits until the login is ended, or should be looked at again because its time is over.
    pub async fn ended(&self) {
        let left = self.ends.millis().saturating_sub(self.clock.now().millis()).max(0);
        tokio::select! {
            () = self.session.0.token.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())) => {}
        }
    }
}

/// When a grant ends: `min(last input + idle, absolute end)`. Shared by the sockets that live on it.
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

/// The running part of a [`super::TerminalAccess`]: ends with the terminal's cell, the login's cell, or the grant.
#[derive(Debug)]
pub struct Lease {
    terminal: Hold,
    session: Hold,
    grant: Option<Arc<GrantClock>>,
    session_ends: Timestamp,
    clock: Clock,
}

impl Lease {
    pub(super) fn new(
        holds: (Hold, Hold),
        grant: Option<Arc<GrantClock>>,
        session_ends: Timestamp,
        clock: Clock,
    ) -> Self {
        Self { terminal: holds.0, session: holds.1, grant, session_ends, clock }
    }

    /// Whether a byte may move now. Cheap; ask it for every frame, either way.
    ///
    /// # Errors
    /// The [`Cut`] that ended the lease.
    pub fn live(&self) -> Result<(), Cut> {
        if let Some(why) = self.terminal.0.tripped().or_else(|| self.session.0.tripped()) {
            return Err(why);
        }
        let now = self.clock.now();
        if now >= self.session_ends {
            return Err(Cut::LoginEnded);
        }
        match &self.grant {
            Some(grant) if now >= grant.ends_at() => Err(Cut::GrantEnded),
            _ => Ok(()),
        }
    }

    /// Waits until the lease ends. Put it first in a `biased` select.
    pub async fn ended(&self) -> Cut {
        loop {
            if let Err(why) = self.live() {
                return why;
            }
            let next = self.grant.as_ref().map_or(self.session_ends, |g| g.ends_at().min(self.session_ends));
            // Woken at least twice a second, so that a moved or manual clock is noticed.
            let left = next.millis().saturating_sub(self.clock.now().millis()).clamp(1, 500);
            let nap = Duration::from_millis(left.unsigned_abs());
            tokio::select! {
                biased;
                () = self.terminal.0.token.cancelled() => {}
                () = self.session.0.token.cancelled() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    /// Input arrived: the grant's idle time starts again.
    pub fn touch(&self) {
        if let Some(grant) = &self.grant {
            grant.touch(self.clock.now());
        }
    }

    /// End of the grant this lease lives on; `None` when the terminal is not locked.
    pub fn granted_until(&self) -> Option<Timestamp> {
        self.grant.as_ref().map(|g| g.ends_at())
    }

    /// Whole seconds until then, by the clock that decides.
    pub fn secs_left(&self) -> Option<i64> {
        self.granted_until().map(|until| (until.millis() - self.clock.now().millis()).max(0) / 1000)
    }

    /// The grant's clock.
    pub fn grant(&self) -> Option<&Arc<GrantClock>> {
        self.grant.as_ref()
    }

    /// Whether a cut has already been decided (used once more between reading facts and building the proof).
    pub(super) fn tripped(&self) -> Option<Cut> {
        self.terminal.0.tripped().or_else(|| self.session.0.tripped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ids() -> (SessionId, TerminalId) {
        (SessionId::new(Uuid::new_v4()), TerminalId::new(Uuid::new_v4()))
    }

    fn lease(cuts: &Cuts, (s, t): (SessionId, TerminalId), clock: &Clock, grant: Option<Arc<GrantClock>>) -> Lease {
        Lease::new(cuts.subscribe(s, t), grant, clock.now().plus_secs(3600), clock.clone())
    }

    #[tokio::test]
    async fn a_cut_ends_the_lease_at_once_and_waits_for_its_holder() {
        let (cuts, clock) = (Cuts::default(), Clock::manual(Timestamp::from_millis(0)));
        let (s, t) = ids();
        let held = lease(&cuts, (s, t), &clock, None);
        assert_eq!(held.live(), Ok(()));
        assert_eq!(cuts.terminal(t, Cut::Locked, Duration::from_millis(1)).await, Drained::Lingering(1));
        assert_eq!(held.live(), Err(Cut::Locked));
        assert_eq!(held.ended().await, Cut::Locked);
        drop(held);
        // A later lease of the same terminal is on a cell of its own.
        let later = lease(&cuts, (s, t), &clock, None);
        assert_eq!(later.live(), Ok(()));
        assert_eq!(cuts.session(s, Cut::LoginEnded, Duration::from_millis(1)).await, Drained::Lingering(1));
        assert_eq!(later.live(), Err(Cut::LoginEnded));
    }

    #[tokio::test]
    async fn a_cut_between_subscribing_and_building_is_seen() {
        let (cuts, clock) = (Cuts::default(), Clock::manual(Timestamp::from_millis(0)));
        let (s, t) = ids();
        let building = lease(&cuts, (s, t), &clock, None);
        let _ = cuts.terminal(t, Cut::Locked, Duration::ZERO).await;
        assert_eq!(building.tripped(), Some(Cut::Locked));
    }

    #[test]
    fn a_grant_ends_by_idleness_or_by_its_absolute_end_and_is_shared() {
        let (cuts, clock) = (Cuts::default(), Clock::manual(Timestamp::from_millis(0)));
        let (s, t) = ids();
        let now = clock.now();
        let make = || GrantClock::new(1, now, 60, now.plus_secs(100));
        let first = lease(&cuts, (s, t), &clock, Some(cuts.grant_clock(s, t, make)));
        let second = lease(&cuts, (s, t), &clock, Some(cuts.grant_clock(s, t, make)));
        clock.advance_secs(59);
        first.touch();
        clock.advance_secs(40);
        assert_eq!(second.live(), Ok(()), "input in one tab keeps the other");
        clock.advance_secs(1);
        assert_eq!(second.live(), Err(Cut::GrantEnded), "the absolute end stands");
    }
}
