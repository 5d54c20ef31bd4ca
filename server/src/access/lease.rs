//! Leases: a proof is true at an instant and a socket is not, so a proof carries the means to end it.
//!
//! A [`CutCell`] is a one-shot switch. The registry keeps the current cell of each terminal and of each login
//! session; a cut takes the cell out of the registry, trips it, and can wait until every lease on it is gone.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use protocol::{ProblemKind, SessionId, TerminalId, Timestamp};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::clocks::{Clocks, LifeClock, Longest};
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
    reason: OnceLock<(Cut, Instant)>,
    holders: watch::Sender<usize>,
}

impl CutCell {
    fn new() -> Arc<Self> {
        Arc::new(Self { token: CancellationToken::new(), reason: OnceLock::new(), holders: watch::Sender::new(0) })
    }
    fn trip(&self, why: Cut) {
        // The first reason stands; the switch is tripped after the reason can be read.
        let _ = self.reason.set((why, Instant::now()));
        self.token.cancel();
    }
    fn tripped(&self) -> Option<Cut> {
        self.reason.get().map(|(why, _)| *why)
    }
    fn tripped_at(&self) -> Option<Instant> {
        self.reason.get().map(|(_, at)| *at)
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
    grants: Clocks<(SessionId, TerminalId)>,
    logins: Clocks<SessionId>,
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
    pub(super) fn grant_clock(&self, grant: &GrantFacts) -> Arc<LifeClock> {
        self.grants.shared((grant.session, grant.terminal), grant.into())
    }

    /// Leases on terminals that are alive: open sockets, in short.
    pub fn held(&self) -> usize {
        let cells = self.terminals.lock().unwrap_or_else(PoisonError::into_inner);
        cells.values().map(|cell| *cell.holders.borrow()).sum()
    }

    /// A code was given again for a grant that sockets live on: their clock moves on, and they stay open.
    pub fn renew_grant(&self, grant: &GrantFacts) {
        if self.live_grant(grant.session, grant.terminal).is_some_and(|live| live.epoch() == grant.epoch) {
            self.grant_clock(grant);
        }
    }

    /// The lock of this epoch is gone: sockets that were open by a grant for it stay open without one. A later lock cuts
    /// them as it cuts all, and grants for a later lock are of another epoch. Call after the commit.
    pub fn lift_grants(&self, id: TerminalId, epoch: i64) {
        for clock in self.grants.live_where(|(_, terminal)| *terminal == id) {
            if clock.epoch() == epoch {
                clock.lift();
            }
        }
    }

    /// The one clock of a login, shared by all its sockets: typing in one, or a request, keeps them all.
    pub(super) fn login_clock(&self, session: SessionId, facts: &SessionFacts) -> Arc<LifeClock> {
        self.logins.shared(session, facts.into())
    }

    /// A request of this login arrived: its open sockets live on.
    pub fn touch_login(&self, session: SessionId, now: Timestamp) {
        if let Some(live) = self.live_login(session) {
            live.touch(now);
        }
    }

    /// The organisation's times are shorter or longer now: no open socket outlives them. Call after the commit.
    pub fn tighten(&self, grants: Longest, logins: Longest) {
        self.grants.tighten(grants);
        self.logins.tighten(logins);
    }

    /// The live clock of a login, when a socket holds one.
    pub(super) fn live_login(&self, session: SessionId) -> Option<Arc<LifeClock>> {
        self.logins.live(&session)
    }

    /// The live clock of a grant, when a socket holds one.
    pub(super) fn live_grant(&self, session: SessionId, terminal: TerminalId) -> Option<Arc<LifeClock>> {
        self.grants.live(&(session, terminal))
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

/// Waits until a switch is tripped or the clock says the end. Woken at least twice a second, so that times that were
/// shortened, and a clock that was moved, are noticed.
async fn switch_or_time(switches: [&CancellationToken; 2], ends: Timestamp, clock: &Clock) {
    let left = ends.millis().saturating_sub(clock.now().millis()).clamp(1, 500);
    tokio::select! {
        biased;
        () = switches[0].cancelled() => {}
        () = switches[1].cancelled() => {}
        () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())) => {}
    }
}

/// A hold on a login alone, for streams that tell of changes and move no byte of a terminal.
#[derive(Debug)]
pub struct LoginLease {
    session: Hold,
    login: Arc<LifeClock>,
    clock: Clock,
}

impl LoginLease {
    pub(super) fn new(session: Hold, login: Arc<LifeClock>, clock: Clock) -> Self {
        Self { session, login, clock }
    }

    /// Whether the login was ended since.
    pub(super) fn tripped(&self) -> bool {
        self.session.reason().is_some()
    }

    /// Waits until the login ends.
    pub async fn ended(&self) {
        let switch = &self.session.0.token;
        while !self.tripped() && self.clock.now() < self.login.ends_at() {
            switch_or_time([switch, switch], self.login.ends_at(), &self.clock).await;
        }
    }
}

/// The running part of a [`super::TerminalAccess`]: ends with the terminal's cell, the login's cell, or the grant.
#[derive(Debug)]
pub struct Lease {
    terminal: Hold,
    session: Hold,
    login: Arc<LifeClock>,
    grant: Option<Arc<LifeClock>>,
    clock: Clock,
}

impl Lease {
    pub(super) fn new(holds: (Hold, Hold), login: Arc<LifeClock>, grant: Option<Arc<LifeClock>>, clock: Clock) -> Self {
        Self { terminal: holds.0, session: holds.1, login, grant, clock }
    }

    /// The grant this lives on, when there is a lock that it is for.
    fn grant(&self) -> Option<&LifeClock> {
        self.grant.as_deref().filter(|grant| !grant.lifted())
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
        match self.grant() {
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
            let next = self.grant().map_or(login_ends, |g| g.ends_at().min(login_ends));
            switch_or_time([&self.terminal.0.token, &self.session.0.token], next, &self.clock).await;
        }
    }

    /// When somebody ended it; whoever did waits from then on. `None` while nobody did, and when only its time is over.
    pub fn cut_at(&self) -> Option<Instant> {
        [&self.terminal, &self.session].into_iter().filter_map(|hold| hold.0.tripped_at()).min()
    }

    /// Input arrived: the idle times of the login and of the grant start again.
    pub fn touch(&self) {
        let now = self.clock.now();
        self.login.touch(now);
        if let Some(grant) = self.grant() {
            grant.touch(now);
        }
    }

    /// Last input here, to be stored now and then; for an open terminal, the last sign of life of the login.
    pub fn last_input(&self) -> Timestamp {
        self.grant().map_or_else(|| self.login.last_sign(), |grant| grant.last_sign())
    }

    /// End of the grant this lease lives on; `None` when the terminal is not locked.
    pub fn granted_until(&self) -> Option<Timestamp> {
        self.grant().map(LifeClock::ends_at)
    }

    /// Whether typing moves that end; the absolute one stands.
    pub fn typing_helps(&self) -> bool {
        self.grant().is_some_and(LifeClock::can_move)
    }

    /// Whole seconds until then, by the clock that decides.
    pub fn secs_left(&self) -> Option<i64> {
        self.granted_until().map(|until| (until.millis() - self.clock.now().millis()).max(0) / 1000)
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

    fn lease(cuts: &Cuts, (s, t): (SessionId, TerminalId), clock: &Clock, grant: Option<Arc<LifeClock>>) -> Lease {
        let facts = SessionFacts {
            user: protocol::UserId::new(Uuid::nil()),
            full: true,
            disabled: false,
            created_at: Timestamp::from_millis(0),
            last_seen_at: Timestamp::from_millis(0),
            idle_secs: 3600,
            absolute_end: Timestamp::from_millis(7_200_000),
        };
        Lease::new(cuts.subscribe(s, t), cuts.login_clock(s, &facts), grant, clock.clone())
    }

    fn grant((session, terminal): (SessionId, TerminalId), now: Timestamp) -> GrantFacts {
        GrantFacts {
            user: protocol::UserId::new(Uuid::nil()),
            session,
            terminal,
            epoch: 1,
            granted_at: now,
            last_input_at: now,
            idle_secs: 60,
            absolute_end: now.plus_secs(100),
        }
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
        let grant = grant((s, t), clock.now());
        let first = lease(&cuts, (s, t), &clock, Some(cuts.grant_clock(&grant)));
        let second = lease(&cuts, (s, t), &clock, Some(cuts.grant_clock(&grant)));
        clock.advance_secs(59);
        assert!(first.typing_helps());
        first.touch();
        assert!(!first.typing_helps(), "the absolute end comes first now");
        clock.advance_secs(40);
        assert_eq!(second.live(), Ok(()), "input in one tab keeps the other");
        clock.advance_secs(1);
        assert_eq!(second.live(), Err(Cut::GrantEnded), "the absolute end stands");
    }

    #[test]
    fn shorter_times_hold_for_what_lives_and_for_facts_that_were_read_before() {
        let (cuts, clock) = (Cuts::default(), Clock::manual(Timestamp::from_millis(0)));
        let (s, t) = ids();
        let read = grant((s, t), clock.now());
        let open = lease(&cuts, (s, t), &clock, Some(cuts.grant_clock(&read)));
        cuts.tighten(Longest { idle_secs: 20, absolute_secs: 50 }, Longest { idle_secs: 3600, absolute_secs: 7200 });
        let late = lease(&cuts, (s, t), &clock, Some(cuts.grant_clock(&read)));
        for held in [&open, &late] {
            assert_eq!(held.granted_until(), Some(Timestamp::from_millis(20_000)));
        }
        clock.advance_secs(19);
        open.touch();
        clock.advance_secs(19);
        open.touch();
        assert_eq!(late.granted_until(), Some(Timestamp::from_millis(50_000)), "50 s after it was given");
        cuts.tighten(Longest { idle_secs: 900, absolute_secs: 900 }, Longest { idle_secs: 3600, absolute_secs: 7200 });
        assert_eq!(late.granted_until(), Some(Timestamp::from_millis(50_000)), "longer ones are for new grants");
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
