//! Changes of name and tier. Neither changes the name of the container, its host name or its home.

use access::{Authorized, Caller, Denied, Operate};
use protocol::{
    TerminalId,
    names::{Slug, TerminalName},
    terminals::{PatchTerminal, Phase, Terminal},
};

use super::{Choice, TerminalError, audit_entry::audit_entry, list, permit::Permit, reconciler};
use crate::audit::AsActor as _;
use crate::{audit::AuditEvent, events::TerminalEvent, services::Services};

/// Changes the given fields. A locked terminal needs a grant or a code. The tier is changed first: when the engine
/// refuses it, the name is not changed either.
///
/// # Errors
/// [`TerminalError`].
pub async fn change(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    patch: PatchTerminal,
) -> Result<Terminal, TerminalError> {
    let (own, caller) = (services.clone(), caller.clone());
    services.operations.complete(async move { change_now(&own, &caller, id, patch).await }).await
}

async fn change_now(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    patch: PatchTerminal,
) -> Result<Terminal, TerminalError> {
    let proof = services.gate.authorize(caller, id, Operate).await?;
    let permit = Permit::obtain(services, caller, id, "change", patch.code.as_ref()).await?;
    if let Some(tier) = patch.tier {
        resize(services, caller, &proof, permit, &tier).await?;
    }
    if let Some(name) = patch.name {
        rename(services, caller, &proof, permit, &name).await?;
    }
    services.events.publish(caller.user, TerminalEvent::Changed(id));
    list::get(services, caller, id).await
}

async fn rename(
    services: &Services,
    caller: &Caller,
    proof: &Authorized<Operate>,
    permit: Permit,
    name: &TerminalName,
) -> Result<(), TerminalError> {
    let mut tx = services.db.begin().await?;
    let row = list::record(&mut tx, proof).await?;
    permit.check(&row)?;
    if row.name == *name {
        return Ok(());
    }
    tx.rename_terminal(proof, name).await?;
    let entry = audit_entry(AuditEvent::TerminalRenamed, &row).detail("to", name);
    services.audit.append(&mut tx, services.clock.now(), &caller.actor(), entry).await?;
    Ok(tx.commit().await?)
}

/// Requests another tier. The reconciler applies it, or restores the old one when the engine refuses.
async fn resize(
    services: &Services,
    caller: &Caller,
    proof: &Authorized<Operate>,
    permit: Permit,
    name: &Slug,
) -> Result<(), TerminalError> {
    let mut tx = services.db.begin().await?;
    let row = tx.lock_authorized_row(proof).await?.ok_or(Denied::NotFound)?;
    permit.check(&row)?;
    if tx.tier(name).await?.is_none() {
        return Err(TerminalError::Choice(Choice::UnknownTier));
    }
    if row.tier == *name {
        return Ok(());
    }
    if matches!(row.phase, Phase::Pending | Phase::Starting | Phase::Stopping | Phase::Deleting) {
        return Err(TerminalError::Phase(row.phase));
    }
    tx.request_tier(proof, name).await?;
    let entry = audit_entry(AuditEvent::TerminalResized, &row).detail("from", &row.tier).detail("to", name);
    services.audit.append(&mut tx, services.clock.now(), &caller.actor(), entry).await?;
    tx.commit().await?;
    reconciler::request(services, row.id).await.unwrap_or(Ok(()))
}
