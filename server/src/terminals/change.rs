//! A new label, another tier. Neither touches the container's name, its host name or its home.

use access::{Authorized, Caller, Operate};
use protocol::{
    TerminalId,
    names::{Slug, TerminalName},
    terminals::{PatchTerminal, Terminal, TerminalState},
};
use sandbox::EngineError;

use super::{Choice, TerminalError, launch, list};
use crate::audit::AsActor as _;
use crate::{
    audit::{self, AuditEvent},
    events::TerminalEvent,
    services::Services,
};

/// Changes what is given. The tier first: an engine that refuses it leaves the label as it was, too.
///
/// # Errors
/// [`TerminalError`].
pub async fn change(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    patch: PatchTerminal,
) -> Result<Terminal, TerminalError> {
    let (mine, caller) = (services.clone(), caller.clone());
    services.run_to_completion(async move { change_now(&mine, &caller, id, patch).await }).await
}

async fn change_now(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    patch: PatchTerminal,
) -> Result<Terminal, TerminalError> {
    let proof = services.gate.authorize(caller, id, Operate).await?;
    if let Some(tier) = patch.tier {
        resize(services, caller, &proof, &tier).await?;
    }
    if let Some(name) = patch.name {
        rename(services, caller, &proof, &name).await?;
    }
    services.events.publish(caller.user, TerminalEvent::Changed(id));
    list::get(services, caller, id).await
}

async fn rename(
    services: &Services,
    caller: &Caller,
    proof: &Authorized<Operate>,
    name: &TerminalName,
) -> Result<(), TerminalError> {
    let mut tx = services.db.begin().await?;
    let row = list::record(&mut tx, proof).await?;
    if row.name == *name {
        return Ok(());
    }
    tx.rename_terminal(proof, name).await?;
    let entry = launch::about(AuditEvent::TerminalRenamed, &row).detail("to", name);
    audit::append(&mut tx, services.clock.now(), &caller.actor(), entry).await?;
    Ok(tx.commit().await?)
}

/// The engine is asked first, so that the record never says what is not in force; should the record then fail, the
/// engine gets the old limits back.
async fn resize(
    services: &Services,
    caller: &Caller,
    proof: &Authorized<Operate>,
    name: &Slug,
) -> Result<(), TerminalError> {
    let id = proof.id();
    let mut tx = services.db.read().await?;
    let row = list::record(&mut tx, proof).await?;
    let new = tx.tier(name).await?.ok_or(TerminalError::Choice(Choice::UnknownTier))?;
    let old = tx.tier(&row.tier).await?;
    tx.commit().await?;
    if row.tier == *name {
        return Ok(());
    }
    if matches!(row.state, TerminalState::Creating | TerminalState::Deleting) {
        return Err(TerminalError::State(row.state));
    }
    match services.runtime.set_limits(id, launch::limits(&new)).await {
        // Without a container the next start makes one with the new limits.
        Ok(()) | Err(EngineError::NoContainer) => {}
        Err(error @ EngineError::LimitInUse(_)) => {
            tracing::info!(terminal = %id, %error, "the engine refused the tier");
            return Err(TerminalError::Choice(Choice::TierTooSmall));
        }
        Err(error) => return Err(error.into()),
    }
    let written = async {
        let mut tx = services.db.begin().await?;
        tx.set_terminal_tier(proof, name).await?;
        let entry = launch::about(AuditEvent::TerminalResized, &row).detail("from", &row.tier).detail("to", name);
        audit::append(&mut tx, services.clock.now(), &caller.actor(), entry).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        if let Some(old) = old {
            let undone = services.runtime.set_limits(id, launch::limits(&old)).await;
            tracing::warn!(terminal = %id, ?undone, "the tier could not be recorded; the old limits are back");
        }
        return Err(error.into());
    }
    Ok(())
}
