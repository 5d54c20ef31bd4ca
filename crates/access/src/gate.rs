//! The gate: the only place that decides about access and creates proofs.

use std::sync::Arc;

use protocol::{SessionId, TerminalId, Timestamp};

use super::{
    action::{Action, Authorized, Rule},
    lease::{Lease, LoginLease},
    policy,
    revocation::{RevocationRegistry, Subscription},
};
use crate::{Caller, Clock, Credential, CurrentLock, Denied, Facts, FactsError, FactsSource, GrantFacts};

/// Decides about access to terminals.
#[derive(Debug, Clone)]
pub struct TerminalGate {
    facts: Arc<dyn FactsSource>,
    registry: Arc<RevocationRegistry>,
    clock: Clock,
}

impl TerminalGate {
    /// A gate over these facts.
    pub fn new(facts: Arc<dyn FactsSource>, registry: Arc<RevocationRegistry>, clock: Clock) -> Self {
        Self { facts, registry, clock }
    }

    /// Decides whether the caller may do `action` with the terminal, and returns the proof.
    ///
    /// For actions with a lease the order matters: subscribe to revocations, read the facts, decide, check for a
    /// revocation once more, build the proof. A revocation that is committed meanwhile is seen either in the facts or
    /// in the registry.
    ///
    /// # Errors
    /// [`Denied`]; a terminal that the caller may not see is [`Denied::NotFound`], one that exists and is locked is
    /// [`Denied::Locked`].
    pub async fn authorize<A: Action>(
        &self,
        caller: &Caller,
        id: TerminalId,
        action: A,
    ) -> Result<Authorized<A>, Denied> {
        let _ = action;
        let Credential::Session { id: session, generation } = caller.credential else {
            return Err(Denied::NotLoggedIn);
        };
        let subscription = (A::RULE == Rule::OwnerUnlocked).then(|| self.registry.subscribe((session, generation), id));
        let facts = self.read(session, id).await?;
        let now = self.clock.now();
        let grant = match A::RULE {
            Rule::Owner => policy::require_owner(&facts, caller, now).map(|()| None)?,
            Rule::Administrator => policy::require_administrator(&facts, caller, now).map(|()| None)?,
            Rule::OwnerUnlocked => policy::require_owner_unlocked(&facts, caller, id, now)?,
        };
        let lease = match subscription {
            Some(subscription) => Some(self.lease(subscription, session, &facts, grant)?),
            None => None,
        };
        let terminal = facts.terminal.ok_or(Denied::NotFound)?;
        let lease = A::require_lease(lease).ok_or(Denied::NotFound)?;
        Ok(Authorized::new(caller, id, terminal, lease))
    }

    fn lease(
        &self,
        subscription: Subscription,
        session: SessionId,
        facts: &Facts,
        grant: Option<GrantFacts>,
    ) -> Result<Lease, Denied> {
        let grant = grant.map(|grant| self.registry.grant_tracker(&grant));
        let login = facts.session.as_ref().ok_or(Denied::NotLoggedIn)?;
        let login = self.registry.login_tracker(session, login);
        let lease = Lease::new(subscription, login, grant, self.clock.clone());
        match lease.revocation() {
            Some(reason) => Err(reason.into()),
            None => Ok(lease),
        }
    }

    /// A lease on the caller's login alone, for event streams.
    ///
    /// # Errors
    /// [`Denied::NotLoggedIn`] when the login has ended.
    pub async fn login_lease(&self, caller: &Caller) -> Result<LoginLease, Denied> {
        let Credential::Session { id: session, generation } = caller.credential else {
            return Err(Denied::NotLoggedIn);
        };
        let subscription = self.registry.subscribe_login((session, generation));
        let facts = self.read(session, TerminalId::nil()).await?;
        policy::require_current_login(&facts, caller, self.clock.now())?;
        let login = facts.session.as_ref().ok_or(Denied::NotLoggedIn)?;
        let login = self.registry.login_tracker(session, login);
        let lease = LoginLease::new(subscription, login, self.clock.clone());
        if lease.is_revoked() { Err(Denied::NotLoggedIn) } else { Ok(lease) }
    }

    /// When the caller's grant ends without further input, for lists and status. `None` without a valid grant.
    pub fn granted_until(
        &self,
        caller: &Caller,
        lock: Option<CurrentLock>,
        grant: Option<GrantFacts>,
    ) -> Option<Timestamp> {
        let (lock, mut grant) = (lock?, grant?);
        self.add_recent_activity(&mut grant);
        policy::grant_is_valid(&grant, caller, lock, self.clock.now()).then(|| grant.ends_at())
    }

    /// Reads the facts and adds the activity that open sockets have recorded in memory and not yet in the store.
    async fn read(&self, session: SessionId, terminal: TerminalId) -> Result<Facts, FactsError> {
        let mut facts = self.facts.facts(session, terminal).await?;
        if let (Some(login), Some(tracker)) = (facts.session.as_mut(), self.registry.find_login_tracker(session)) {
            login.last_seen_at = login.last_seen_at.max(tracker.last_activity());
        }
        if let Some(grant) = &mut facts.grant {
            self.add_recent_activity(grant);
        }
        Ok(facts)
    }

    fn add_recent_activity(&self, grant: &mut GrantFacts) {
        let tracker = self.registry.find_grant_tracker(grant.session, grant.terminal);
        if let Some(tracker) = tracker.filter(|tracker| tracker.epoch() == grant.epoch) {
            grant.last_input_at = grant.last_input_at.max(tracker.last_activity());
        }
    }
}
