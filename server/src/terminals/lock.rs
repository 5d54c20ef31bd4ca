//! The lock of a terminal: lock, verify, unlock, status. All routes of the lock use these functions.
//!
//! Order of locking: commit, revoke, answer. From the commit on the gate denies access without a grant of the new
//! epoch. The revocation ends the leases that were given before. The answer follows when all of them are released, or
//! after [`REVOCATION_DEADLINE`].

use std::time::Duration;

use access::{Authorized, Caller, CurrentLock, Denied, GrantFacts, Operate, Release, Revocation, Scope, View};
use protocol::{
    TerminalId,
    mfa::{LockStatus, VerifyAnswer},
    names::Sensitive,
    terminals::Phase,
};
use store::{StoreError, TerminalRow, Tx};

use crate::audit::AsActor as _;
use crate::{
    audit::{self, AuditEvent, Entry},
    auth::{NewToken, sessions},
    events::{DeferredEvent, TerminalEvent},
    mfa::{CodeError, FactorPurpose, SecondFactor, TargetTerminal},
    services::Services,
};

/// How long the answer to a lock waits for the release of the terminal's leases.
pub const REVOCATION_DEADLINE: Duration = Duration::from_millis(250);

/// The result of a verified code: the answer, the new token of the login session, and the event for its other pages. A
/// page connects as soon as it receives the event, with the cookie that its browser has, so the event is published
/// after the answer with the new cookie.
pub type LockOutcome<T> = (T, NewToken, DeferredEvent);

/// Why a use-case of the lock failed.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The gate denied access.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The code was refused, or the account has no factor.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The terminal is not locked.
    #[error("the terminal is not locked")]
    NotLocked,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the terminal is locked, whether the account can lock it, and until when this login session has a grant.
///
/// # Errors
/// [`LockError::Denied`].
pub async fn status(services: &Services, who: &Caller, id: TerminalId) -> Result<LockStatus, LockError> {
    let proof = services.gate.authorize(who, id, View).await?;
    let mut tx = services.db.read().await?;
    let terminal = tx.authorized_terminal(&proof).await?.ok_or(Denied::NotFound)?;
    let mfa_enabled = tx.has_factor(who.user).await?;
    let grant = tx.grant(who.login_session()?, id).await?;
    tx.commit().await?;
    let lock = terminal.mfa_locked.then_some(CurrentLock { terminal: id, epoch: terminal.lock_epoch });
    let granted_until = services.gate.granted_until(who, lock, grant);
    Ok(LockStatus { mfa_locked: terminal.mfa_locked, mfa_enabled, can_use_feature: mfa_enabled, granted_until })
}

/// Locks a terminal. It needs no code, because locking gives no access. Locking a locked terminal removes its grants
/// and ends its leases again.
///
/// # Errors
/// [`LockError::Denied`]; [`CodeError::NoFactor`] when the account has no factor to unlock it with.
pub async fn lock(services: &Services, who: &Caller, id: TerminalId) -> Result<LockStatus, LockError> {
    let proof = services.gate.authorize(who, id, Operate).await?;
    let (services, who) = (services.clone(), who.clone());
    services.clone().operations.complete(async move { lock_and_revoke(&services, &who, &proof).await }).await
}

async fn lock_and_revoke(
    services: &Services,
    who: &Caller,
    proof: &Authorized<Operate>,
) -> Result<LockStatus, LockError> {
    let id = proof.id();
    let mut tx = services.db.begin().await?;
    // The factor's row is locked: a request that disables the factor waits for this one, or was committed before it.
    let has_factor = tx.lock_factor_row(who.user).await?.is_some_and(|factor| factor.secret.is_some());
    let terminal = lock_row(&mut tx, proof).await?;
    let entry = Entry::new(AuditEvent::TerminalMfaLocked).about_terminal(id, &terminal.name, terminal.owner_id);
    if !has_factor {
        let entry = entry.failed().detail("reason", "no_factor");
        services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
        tx.commit().await?;
        return Err(CodeError::NoFactor.into());
    }
    tx.set_lock(proof, true).await?.ok_or(Denied::NotFound)?;
    let grants_ended = tx.delete_grants_on(id).await?;
    let entry = entry.detail("grants_ended", grants_ended).detail("was_locked", terminal.mfa_locked);
    services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    let committed = tx.commit().await;
    // Also when the result of the commit is unknown: ending clients that may attach again is safe.
    if let Release::Pending(n) =
        services.revocations.revoke(Scope::Terminal(id), Revocation::Locked, REVOCATION_DEADLINE).await
    {
        rates::limited!(suppressed => tracing::warn!(suppressed, terminal = %id, n, "sockets of a locked terminal are slow to close; they move no bytes"));
    }
    committed?;
    services.events.publish(terminal.owner_id, TerminalEvent::Changed(id));
    Ok(LockStatus { mfa_locked: true, mfa_enabled: true, can_use_feature: true, granted_until: None })
}

/// Gives this login session a grant on a locked terminal; the lock stays. Another code renews the grant, also for
/// leases that depend on it. The session gets a new token, so a copy of its cookie gains no access. The caller ends the
/// leases of the older tokens (`accounts::end_older_tokens`), and the sockets of this session reconnect with the new
/// cookie.
///
/// # Errors
/// [`LockError`].
pub async fn verify(
    services: &Services,
    who: &Caller,
    id: TerminalId,
    code: &Sensitive,
) -> Result<LockOutcome<VerifyAnswer>, LockError> {
    let now = services.clock.now();
    let (mut factor, locked, token, _) =
        verify_code(services, who, id, code, FactorPurpose::Verify, AuditEvent::TerminalMfaAccessVerified).await?;
    let settings = factor.tx().settings().await?;
    let grant = GrantFacts {
        user: factor.user(),
        session: who.login_session()?,
        terminal: id,
        epoch: locked.lock_epoch,
        granted_at: now,
        last_input_at: now,
        idle_secs: settings.grant_idle_secs,
        absolute_end: now.plus_secs(i64::from(settings.grant_absolute_secs)),
    };
    let granted_until = grant.ends_at();
    factor.tx().put_grant(&grant).await?;
    let entry = Entry::new(AuditEvent::TerminalMfaAccessVerified).about_terminal(id, &locked.name, locked.owner_id);
    factor.commit(now, &who.actor(), entry.detail("granted_until", granted_until)).await?;
    services.revocations.renew_grant(&grant);
    let event = services.events.deferred(locked.owner_id, TerminalEvent::Changed(id));
    Ok((VerifyAnswer { verified: true, granted_until }, token, event))
}

/// Removes the lock and its grants. Leases that depend on a grant continue without it. The session gets a new token, as
/// with [`verify`]: its own sockets reconnect, those of other login sessions stay open.
///
/// # Errors
/// [`LockError`].
pub async fn unlock(
    services: &Services,
    who: &Caller,
    id: TerminalId,
    code: &Sensitive,
) -> Result<LockOutcome<LockStatus>, LockError> {
    let now = services.clock.now();
    let (mut factor, locked, token, proof) =
        verify_code(services, who, id, code, FactorPurpose::Unlock, AuditEvent::TerminalMfaUnlocked).await?;
    factor.tx().set_lock(&proof, false).await?.ok_or(Denied::NotFound)?;
    factor.tx().delete_grants_on(id).await?;
    let entry = Entry::new(AuditEvent::TerminalMfaUnlocked).about_terminal(id, &locked.name, locked.owner_id);
    factor.commit(now, &who.actor(), entry).await?;
    services.revocations.remove_lock(id, locked.lock_epoch);
    let event = services.events.deferred(locked.owner_id, TerminalEvent::Changed(id));
    let status = LockStatus { mfa_locked: false, mfa_enabled: true, can_use_feature: true, granted_until: None };
    Ok((status, token, event))
}

/// A verified code, the locked terminal, the new token of the login session, and the proof of access.
type VerifiedCode = (SecondFactor, TerminalRow, NewToken, Authorized<Operate>);

/// Verifies a code for a locked terminal of the caller. In the transaction of the returned factor the terminal's row is
/// locked, the terminal is still locked with MFA, and the session has its new token.
async fn verify_code(
    services: &Services,
    who: &Caller,
    id: TerminalId,
    code: &Sensitive,
    purpose: fn(TargetTerminal) -> FactorPurpose,
    event: AuditEvent,
) -> Result<VerifiedCode, LockError> {
    let now = services.clock.now();
    let proof = services.gate.authorize(who, id, Operate).await?;
    let mut tx = services.db.read().await?;
    let seen = tx.authorized_terminal(&proof).await?.ok_or(Denied::NotFound)?;
    tx.commit().await?;
    let actor = who.actor();
    let tried = Entry::new(event).about_terminal(id, &seen.name, seen.owner_id);
    let not_locked = tried.clone().failed().detail("reason", "not_locked");
    if !proof.facts().locked {
        audit::record(&services.audit, now, &actor, not_locked).await?;
        return Err(LockError::NotLocked);
    }
    let verification =
        services.verification(who, &actor, purpose(TargetTerminal { id, name: seen.name, owner: seen.owner_id }));
    let mut factor = verification.verify_factor(tried, code).await?;
    let terminal = lock_row(factor.tx(), &proof).await?;
    if !terminal.mfa_locked {
        // Unlocked in between. The factor's transaction is dropped first, because one transaction writes at a time.
        drop(factor);
        audit::record(&services.audit, now, &actor, not_locked).await?;
        return Err(LockError::NotLocked);
    }
    let token = sessions::rotate(factor.tx(), who.login_session()?, now).await?.ok_or(Denied::NotLoggedIn)?;
    Ok((factor, terminal, token, proof))
}

/// Locks the row of an authorized terminal until the end of the transaction.
async fn lock_row(tx: &mut Tx, proof: &Authorized<Operate>) -> Result<TerminalRow, LockError> {
    let row = tx.lock_authorized_row(proof).await?;
    row.filter(|row| row.phase != Phase::Deleting).ok_or_else(|| Denied::NotFound.into())
}
