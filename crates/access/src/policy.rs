//! The access policy: pure functions over facts and an instant.

use protocol::{TerminalId, Timestamp, auth::Role, terminals::Phase};

use crate::{Caller, Credential, CurrentLock, Denied, Facts, GrantFacts, SessionFacts};

/// Requires a complete, unexpired login session of the caller's account, regardless of the presented token generation.
fn require_login<'a>(facts: &'a Facts, caller: &Caller, now: Timestamp) -> Result<&'a SessionFacts, Denied> {
    let session = facts.session.as_ref().ok_or(Denied::NotLoggedIn)?;
    // With a clock that was set back, "not yet expired" cannot be decided.
    let valid = session.full
        && !session.disabled
        && session.user == caller.user
        && now < session.ends_at()
        && now >= session.last_seen_at;
    if valid { Ok(session) } else { Err(Denied::NotLoggedIn) }
}

/// Requires a valid login by its current token: a token that was rotated away opens no socket and no stream.
pub(super) fn require_current_login(facts: &Facts, caller: &Caller, now: Timestamp) -> Result<(), Denied> {
    let session = require_login(facts, caller, now)?;
    match caller.credential {
        Credential::Session { generation, .. } if generation == session.generation => Ok(()),
        Credential::Session { .. } | Credential::Token { .. } => Err(Denied::NotLoggedIn),
    }
}

/// Requires that the caller owns the terminal.
pub(super) fn require_owner(facts: &Facts, caller: &Caller, now: Timestamp) -> Result<(), Denied> {
    require_login(facts, caller, now)?;
    match &facts.terminal {
        Some(terminal) if terminal.owner == caller.user => Ok(()),
        _ => Err(Denied::NotFound),
    }
}

/// Requires that the caller is an administrator, by the role that the account has now.
pub(super) fn require_administrator(facts: &Facts, caller: &Caller, now: Timestamp) -> Result<(), Denied> {
    let session = require_login(facts, caller, now)?;
    match (session.role, &facts.terminal) {
        (Role::Admin, Some(_)) => Ok(()),
        _ => Err(Denied::NotFound),
    }
}

/// Requires that the caller owns the terminal, that it is not locked or this login session has a valid grant, and that
/// it runs. Returns the grant when the terminal is locked.
pub(super) fn require_owner_unlocked(
    facts: &Facts,
    caller: &Caller,
    id: TerminalId,
    now: Timestamp,
) -> Result<Option<GrantFacts>, Denied> {
    require_current_login(facts, caller, now)?;
    require_owner(facts, caller, now)?;
    let terminal = facts.terminal.as_ref().ok_or(Denied::NotFound)?;
    let grant = if terminal.locked {
        let lock = CurrentLock { terminal: id, epoch: terminal.epoch };
        let valid = facts.grant.as_ref().filter(|grant| grant_is_valid(grant, caller, lock, now));
        Some(valid.cloned().ok_or(Denied::Locked)?)
    } else {
        None
    };
    match terminal.phase {
        Phase::Running => Ok(grant),
        other => Err(Denied::NotRunning(other)),
    }
}

/// Whether a grant opens a lock for this caller: same account, login session, terminal and epoch, and not expired by
/// idleness or by its absolute end.
pub(super) fn grant_is_valid(grant: &GrantFacts, caller: &Caller, lock: CurrentLock, now: Timestamp) -> bool {
    grant.user == caller.user
        && Some(grant.session) == caller.session()
        && (grant.terminal, grant.epoch) == (lock.terminal, lock.epoch)
        && now >= grant.granted_at
        && now >= grant.last_input_at
        && now < grant.ends_at()
}

#[cfg(test)]
mod tests;
