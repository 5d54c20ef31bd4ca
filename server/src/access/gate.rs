//! The gate: the only place where the two proofs are made.

use std::sync::Arc;

use protocol::{Problem, ProblemKind, SessionId, TerminalId, Timestamp, UserId, terminals::TerminalState};

use super::{
    lease::{Cuts, Lease, LoginLease},
    policy::{self, Verdict},
};
use crate::{
    auth::Caller,
    clock::Clock,
    store::{Db, Facts, GrantFacts, StoreError, TerminalFacts, TerminalRow},
};

/// Why the gate stays shut.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The login is not there, not complete, over, or its account is disabled.
    #[error("not signed in")]
    NotLoggedIn,
    /// Not there, or not the caller's; nobody is told which.
    #[error("no such terminal")]
    NotFound,
    /// It is the caller's, and open, but has no shell to reach.
    #[error("the terminal is {}", .0.as_str())]
    NotRunning(TerminalState),
    /// Locked, and no grant of this login session is alive.
    #[error("locked with MFA")]
    Locked,
    /// The facts could not be read; a database that does not answer means locked.
    #[error("the facts could not be read")]
    Unavailable(#[from] StoreError),
}

impl Denied {
    /// The refusal this is reported as.
    pub const fn kind(&self) -> ProblemKind {
        match self {
            Self::NotLoggedIn => ProblemKind::NotLoggedIn,
            Self::NotFound => ProblemKind::NotFound,
            Self::NotRunning(_) => ProblemKind::NotRunning,
            Self::Locked => ProblemKind::Locked,
            Self::Unavailable(_) => ProblemKind::Unavailable,
        }
    }
}

impl Denied {
    /// The refusal as it travels, with why and what to do.
    pub fn problem(&self) -> Problem {
        let say = |why: &str| Problem::new(self.kind(), why);
        match self {
            Self::NotLoggedIn => say("Your login has ended. Sign in again."),
            Self::NotFound => say("There is no such terminal, or it is not yours. Go back to your terminals."),
            Self::NotRunning(TerminalState::Running) => {
                say("The terminal's container has ended. Start it, then connect.")
            }
            Self::NotRunning(TerminalState::Creating) => {
                say("The terminal is being started. Connect when it is running.")
            }
            Self::NotRunning(state) => say(&format!("The terminal is {}. Start it, then connect.", state.as_str())),
            Self::Locked => say("Enter a code of your authenticator app to use it, or to remove the lock."),
            Self::Unavailable(error) => error.problem(),
        }
    }
}

/// Proof that the caller may know this terminal: name, state, lock, start, stop. Not one byte of it.
#[derive(Debug)]
pub struct VisibleTerminal {
    facts: TerminalFacts,
}

impl VisibleTerminal {
    /// The facts at the instant of the decision.
    pub fn facts(&self) -> &TerminalFacts {
        &self.facts
    }
}

/// Proof that the caller may touch this terminal's bytes, for as long as the lease lives.
/// No Clone, no Default, no Serialize: only this file can build one.
#[derive(Debug)]
pub struct TerminalAccess {
    id: TerminalId,
    user: UserId,
    session: SessionId,
    lease: Lease,
}

impl TerminalAccess {
    /// Which terminal.
    pub fn id(&self) -> TerminalId {
        self.id
    }
    /// Who.
    pub fn user(&self) -> UserId {
        self.user
    }
    /// By which login session.
    pub fn session(&self) -> SessionId {
        self.session
    }
    /// The running part: ask `live()` for every frame, wait on `ended()`.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }
}

/// Makes the proofs.
#[derive(Debug, Clone)]
pub struct TerminalGate {
    db: Db,
    cuts: Arc<Cuts>,
    clock: Clock,
}

impl TerminalGate {
    /// A gate over this store.
    pub fn new(db: Db, cuts: Arc<Cuts>, clock: Clock) -> Self {
        Self { db, cuts, clock }
    }

    /// May the caller know that it exists?
    ///
    /// # Errors
    /// [`Denied::NotFound`] for every terminal that is not the caller's.
    pub async fn find(&self, who: &Caller, id: TerminalId) -> Result<VisibleTerminal, Denied> {
        let facts = self.db.access_facts(who.session, id).await?;
        match (policy::visible(&facts, who.user, self.clock.now()), facts.terminal) {
            (Verdict::Open { .. }, Some(facts)) => Ok(VisibleTerminal { facts }),
            (Verdict::NotLoggedIn, _) => Err(Denied::NotLoggedIn),
            _ => Err(Denied::NotFound),
        }
    }

    /// May the caller touch its bytes? Subscribe, read, decide, look again, build.
    ///
    /// # Errors
    /// [`Denied`]; also when a cut was decided while the facts were read.
    pub async fn admit(&self, who: &Caller, id: TerminalId) -> Result<TerminalAccess, Denied> {
        // A cookie that was copied before the owner gave a code must not ride on the grant of that code.
        if who.stale {
            return Err(Denied::NotLoggedIn);
        }
        let holds = self.cuts.subscribe(who.session, id);
        let mut facts = self.db.access_facts(who.session, id).await?;
        self.freshen(&mut facts, who.session);
        let grant = match policy::decide(&facts, (who.user, who.session), id, self.clock.now()) {
            Verdict::Open { grant } => grant,
            Verdict::NotLoggedIn => return Err(Denied::NotLoggedIn),
            Verdict::NotFound => return Err(Denied::NotFound),
            Verdict::NotRunning(state) => return Err(Denied::NotRunning(state)),
            Verdict::Locked => return Err(Denied::Locked),
        };
        let grant = grant.map(|grant| self.cuts.grant_clock(&grant));
        let login = self.cuts.login_clock(who.session, facts.session.as_ref().ok_or(Denied::NotLoggedIn)?);
        let lease = Lease::new(holds, login, grant, self.clock.clone());
        if let Some(cut) = lease.tripped() {
            return Err(match cut.problem_kind() {
                ProblemKind::NotLoggedIn => Denied::NotLoggedIn,
                ProblemKind::NotFound => Denied::NotFound,
                ProblemKind::NotRunning => Denied::NotRunning(TerminalState::Stopped),
                // Until the database answers again; then the facts decide.
                _ => Denied::Locked,
            });
        }
        Ok(TerminalAccess { id, user: who.user, session: who.session, lease })
    }

    /// Holds on to the caller's login, for streams that tell of changes. Subscribe, read, decide, look again, as ever.
    ///
    /// # Errors
    /// [`Denied::NotLoggedIn`] when it is over.
    pub async fn stay(&self, who: &Caller) -> Result<LoginLease, Denied> {
        // A stream would outlive the seconds that a rotated token is good for.
        if who.stale {
            return Err(Denied::NotLoggedIn);
        }
        let hold = self.cuts.subscribe_login(who.session);
        let nothing = TerminalId::new(uuid::Uuid::nil());
        let mut facts = self.db.access_facts(who.session, nothing).await?;
        self.freshen(&mut facts, who.session);
        let login = match (policy::visible(&facts, who.user, self.clock.now()), &facts.session) {
            (Verdict::NotLoggedIn, _) | (_, None) => return Err(Denied::NotLoggedIn),
            (_, Some(session)) => self.cuts.login_clock(who.session, session),
        };
        let lease = LoginLease::new(hold, login, self.clock.clone());
        if lease.tripped() { Err(Denied::NotLoggedIn) } else { Ok(lease) }
    }

    /// Until when the caller's login may use a terminal with this grant, if nothing more is typed; for lists and status,
    /// it opens nothing.
    pub fn granted_until(&self, who: &Caller, row: &TerminalRow, grant: Option<GrantFacts>) -> Option<Timestamp> {
        let mut grant = grant.filter(|_| row.mfa_locked)?;
        self.freshen_grant(&mut grant);
        policy::lives(&grant, (who.user, who.session), (row.id, row.lock_epoch), self.clock.now())
            .then(|| grant.ends_at())
    }

    /// Requests and input of live sockets are written to the store only now and then; the shared clocks know them at
    /// once.
    fn freshen(&self, facts: &mut Facts, session: SessionId) {
        if let (Some(login), Some(live)) = (facts.session.as_mut(), self.cuts.live_login(session)) {
            login.last_seen_at = login.last_seen_at.max(live.last_sign());
        }
        if let Some(grant) = &mut facts.grant {
            self.freshen_grant(grant);
        }
    }

    fn freshen_grant(&self, grant: &mut GrantFacts) {
        let live = self.cuts.live_grant(grant.session, grant.terminal);
        if let Some(live) = live.filter(|live| live.epoch() == grant.epoch) {
            grant.last_input_at = grant.last_input_at.max(live.last_sign());
        }
    }
}
