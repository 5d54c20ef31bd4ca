//! Deletion of a terminal: a locked one needs a code, its leases are revoked, then the reconciler removes container and
//! home, and the record when they are proven to be deleted.

use access::{Administer, AllowsDelete, Authorized, Caller, Delete, Denied, Revocation};
use protocol::{
    TerminalId,
    names::Sensitive,
    terminals::{Deletion, Phase},
};
use store::{TerminalRow, Tx};

use super::{TerminalError, audit_entry::audit_entry, clients, list, reconciler};
use crate::audit::AsActor as _;
use crate::{
    audit::{self, Actor, AuditEvent, Entry},
    events::TerminalEvent,
    mfa::{FactorPurpose, TargetTerminal},
    services::Services,
};

/// Deletes the caller's terminal. A locked one needs a code of the account.
///
/// # Errors
/// [`TerminalError`]; then nothing has changed. A deletion that has begun is carried out, also after a failure of the
/// engine or of the server.
pub async fn delete(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    code: Option<&Sensitive>,
) -> Result<Deletion, TerminalError> {
    let proof = services.gate.authorize(caller, id, Delete).await?;
    run_to_completion(services, caller, proof, code).await
}

/// Deletes a terminal of any account, for an administrator. A locked one needs a code of the administrator.
///
/// # Errors
/// [`TerminalError`].
pub async fn delete_any(
    services: &Services,
    admin: &Caller,
    id: TerminalId,
    code: Option<&Sensitive>,
) -> Result<Deletion, TerminalError> {
    let proof = services.gate.authorize(admin, id, Administer).await?;
    run_to_completion(services, admin, proof, code).await
}

async fn run_to_completion<A: AllowsDelete + 'static>(
    services: &Services,
    caller: &Caller,
    proof: Authorized<A>,
    code: Option<&Sensitive>,
) -> Result<Deletion, TerminalError> {
    let (own, caller, code) = (services.clone(), caller.clone(), code.cloned());
    services.operations.complete(async move { delete_row(&own, &caller, &proof, code.as_ref()).await }).await
}

async fn delete_row<A: AllowsDelete>(
    services: &Services,
    caller: &Caller,
    proof: &Authorized<A>,
    code: Option<&Sensitive>,
) -> Result<Deletion, TerminalError> {
    let id = proof.id();
    let mut tx = services.db.read().await?;
    let row = list::record(&mut tx, proof).await?;
    tx.commit().await?;
    if row.phase == Phase::Deleting {
        return Ok(Deletion { id, gone: false });
    }
    let begun = match begin(services, &caller.actor(), proof, &row).await {
        Err(TerminalError::CodeNeeded) => begin_locked(services, caller, proof, &row, code).await,
        begun => begun,
    };
    if let Err(TerminalError::Store(_)) = &begun {
        // The result of the commit may be unknown. Ending clients that may attach again is safe.
        clients::end(services, id, Revocation::Unavailable).await;
    }
    if !begun? {
        return Ok(Deletion { id, gone: false });
    }
    services.operations.cancel(id);
    clients::end(services, id, Revocation::Deleted).await;
    services.events.publish(row.owner_id, TerminalEvent::Changed(id));
    let gone = match reconciler::request(services, id).await {
        Some(Ok(())) => true,
        Some(Err(error)) => {
            rates::limited!(suppressed => tracing::warn!(suppressed, terminal = %id, %error, "the deletion is not complete; the reconciler repeats it"));
            false
        }
        None => false,
    };
    Ok(Deletion { id, gone })
}

/// False when another request has begun it since it was read.
async fn begin<A: AllowsDelete>(
    services: &Services,
    actor: &Actor,
    proof: &Authorized<A>,
    row: &TerminalRow,
) -> Result<bool, TerminalError> {
    let mut tx = services.db.begin().await?;
    if !tx.begin_deletion(proof, false).await? {
        return begun_by_another(&mut tx, row.id).await;
    }
    services.audit.append(&mut tx, services.clock.now(), actor, deletion_started(row, false)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Why a deletion could not begin: another request has begun it (no error) or completed it, or the terminal
/// was locked since it was read.
async fn begun_by_another(tx: &mut Tx, id: TerminalId) -> Result<bool, TerminalError> {
    match tx.terminal(id).await? {
        None => Err(TerminalError::Denied(Denied::NotFound)),
        Some(now) if now.phase == Phase::Deleting => Ok(false),
        Some(_) => Err(TerminalError::CodeNeeded),
    }
}

/// Begins the deletion of a locked terminal: the code is used in the transaction that begins it. False as with
/// [`begin`]; then the code is still valid. An attempt without a code is recorded in the audit log.
async fn begin_locked<A: AllowsDelete>(
    services: &Services,
    caller: &Caller,
    proof: &Authorized<A>,
    row: &TerminalRow,
    code: Option<&Sensitive>,
) -> Result<bool, TerminalError> {
    let actor = caller.actor();
    let now = services.clock.now();
    let Some(code) = code else {
        let entry = deletion_started(row, true).failed().detail("reason", "code_needed");
        audit::record(&services.audit, now, &actor, entry).await?;
        return Err(TerminalError::CodeNeeded);
    };
    let verification = services.verification(
        caller,
        &actor,
        FactorPurpose::Delete(TargetTerminal { id: row.id, name: row.name.clone(), owner: row.owner_id }),
    );
    let mut factor = verification.verify_factor(deletion_started(row, true), code).await?;
    if !factor.tx().begin_deletion(proof, true).await? && !factor.tx().begin_deletion(proof, false).await? {
        return begun_by_another(factor.tx(), row.id).await;
    }
    factor.commit(now, &actor, deletion_started(row, true)).await?;
    Ok(true)
}

fn deletion_started(row: &TerminalRow, locked: bool) -> Entry {
    audit_entry(AuditEvent::TerminalDeleteStarted, row).detail("locked", locked)
}
