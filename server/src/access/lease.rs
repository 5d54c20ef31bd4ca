//! Leases: a proof is true at an instant and a socket is not, so a proof carries the means to end it.
//!
//! A [`CutCell`] is a one-shot switch. The registry keeps the current cell of each terminal and of each login
//! session; a cut takes the cell out of the registry, trips it, and can wait until every lease on it is gone.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    time::Duration,
};

use protocol::{ProblemKind, SessionId, TerminalId, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::clocks::{GrantClock, LoginClock};
use crate::{
    clock::Clock,
    store::{GrantFacts, SessionFacts},
};

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
    /// The database does not answer, so nobody could lock it now.
    Unavailable,
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
            Self::Unavailable => ProblemKind::Unavailable,
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

    /// Why the cell was tripped, when it was.
    pub(super) fn reason(&self) -> Option<Cut> {
        self.0.tripped()
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
    grants: Mutex<HashMap<(SessionId, TerminalId), Weak<GrantClock>>>,
    logins: Mutex<HashMap<SessionId, Weak<LoginClock>>>,
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

    /// Ends every lease on every terminal. Says how many terminals had one.
    pub(super) fn every_terminal(&self, why: Cut) -> usize {
        let cells = std::mem::take(&mut *self.terminals.lock().unwrap_or_else(PoisonError::into_inner));
        cells.values().filter(|cell| *cell.holders.borrow() > 0).inspect(|cell| cell.trip(why)).count()
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
        if let Some(shared) = grants.get(&(session, terminal)).and_then(Weak::upgrade)
            && shared.epoch() == fresh.epoch()
        {
            shared.move_on(&fresh);
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
        if let Some(live) = self.live_grant(grant.session, grant.terminal).filter(|live| live.epoch() == grant.epoch) {
            live.move_on(&GrantClock::new(grant.epoch, grant.last_input_at, grant.idle_secs, grant.absolute_end));
        }
    }

    /// The one clock of a login, shared by all its sockets: typing in one, or a request, keeps them all.
    pub(super) fn login_clock(&self, session: SessionId, facts: &SessionFacts) -> Arc<LoginClock> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.retain(|_, weak| weak.strong_count() > 0);
        if let Some(shared) = logins.get(&session).and_then(Weak::upgrade) {
            shared.follow(facts);
            return shared;
        }
        let fresh = Arc::new(LoginClock::new(facts));
        logins.insert(session, Arc::downgrade(&fresh));
        fresh
    }

    /// A request of this login arrived: its open sockets live on.
    pub fn touch_login(&self, session: SessionId, now: Timestamp) {
        if let Some(live) = self.live_login(session) {
            live.touch(now);
        }
    }

    /// The live clock of a login, when a socket holds one.
    pub(super) fn live_login(&self, session: SessionId) -> Option<Arc<LoginClock>> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(&session).and_then(Weak::upgrade)
    }

    /// The live clock of a grant, when a socket holds one.
    pub fn live_grant(&self, session: SessionId, terminal: TerminalId) -> Option<Arc<GrantClock>> {
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.get(&(session, terminal)).and_then(Weak::upgrade)
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
        self.session.reason().is_some()
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

/// The running part of a [`super::TerminalAccess`]: ends with the terminal's cell, the login's cell, or the grant.
#[derive(Debug)]
pub struct Lease {
    terminal: Hold,
    session: Hold,
    login: Arc<LoginClock>,
    grant: Option<Arc<GrantClock>>,
    clock: Clock,
}

impl Lease {
    pub(super) fn new(
        holds: (Hold, Hold),
        login: Arc<LoginClock>,
        grant: Option<Arc<GrantClock>>,
        clock: Clock,
    ) -> Self {
        Self { terminal: holds.0, session: holds.1, login, grant, clock }
    }

    /// Whether a byte may move now. Cheap; ask it for every frame, either way.
    ///
    /// # Errors
    /// The [`Cut`] that ended the lease.
    pub fn live(&self) -> Result<(), Cut> {
        if let Some(why) = self.terminal.reason().or_else(|| self.session.reason()) {
            return Err(why);
        }
        let now = self.clock.now();
        if now >= self.login.ends_at() {
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
            let login_ends = self.login.ends_at();
            let next = self.grant.as_ref().map_or(login_ends, |g| g.ends_at().min(login_ends));
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

    /// Input arrived: the idle times of the login and of the grant start again.
    pub fn touch(&self) {
        let now = self.clock.now();
        self.login.touch(now);
        if let Some(grant) = &self.grant {
            grant.touch(now);
        }
    }

    /// Last input here, to be stored now and then; for an open terminal, the last sign of life of the login.
    pub fn last_input(&self) -> Timestamp {
        self.grant.as_ref().map_or_else(|| self.login.last_seen(), |grant| grant.last_input())
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
        self.terminal.reason().or_else(|| self.session.reason())
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
        let facts = SessionFacts {
            user: protocol::UserId::new(Uuid::nil()),
            full: true,
            disabled: false,
            last_seen_at: Timestamp::from_millis(0),
            idle_secs: 3600,
            absolute_end: Timestamp::from_millis(7_200_000),
        };
        Lease::new(cuts.subscribe(s, t), cuts.login_clock(s, &facts), grant, clock.clone())
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

    #[test]
    fn typing_or_a_request_keeps_the_login_until_its_absolute_end() {
        let (cuts, clock) = (Cuts::default(), Clock::manual(Timestamp::from_millis(0)));
        let (s, t) = ids();
        let (typing, watching) = (lease(&cuts, (s, t), &clock, None), lease(&cuts, (s, t), &clock, None));
        clock.advance_secs(3599);
        typing.touch();
        clock.advance_secs(1800);
        assert_eq!(watching.live(), Ok(()));
        cuts.touch_login(s, clock.now());
        clock.advance_secs(1800);
        assert_eq!(typing.live(), Ok(()));
        clock.advance_secs(1);
        assert_eq!(watching.live(), Err(Cut::LoginEnded));
    }
}
