//! Start, stop and restart. A stop revokes every lease before the container stops; the home volume is kept.

use access::{Administer, AllowsStop, Authorized, Caller, Operate, Revocation};
use protocol::{
    TerminalId,
    names::Sensitive,
    terminals::{Phase, Terminal},
};
use store::{DesiredState, PowerRequest, TerminalRow};

use super::{
    TerminalError, audit_entry::audit_entry, clients, completion::Completion, launch_spec, list, permit::Permit,
    reconciler,
};
use crate::audit::AsActor as _;
use crate::{
    audit::{Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
};

/// The requested change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PowerAction {
    Start,
    Stop,
    Restart,
}

/// Starts a stopped, paused or failed terminal. Succeeds when it runs already.
///
/// # Errors
/// [`TerminalError`].
pub async fn start(services: &Services, caller: &Caller, id: TerminalId) -> Result<Completion, TerminalError> {
    operate(services, caller, id, PowerAction::Start, Permit::NotNeeded).await
}

/// Stops a running terminal. Succeeds when it is stopped already. A locked one needs a grant or a code.
///
/// # Errors
/// [`TerminalError`]; when the engine fails, no client can attach any more and the reconciler repeats the stop.
pub async fn stop(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    code: Option<&Sensitive>,
) -> Result<Completion, TerminalError> {
    let permit = Permit::obtain(services, caller, id, "stop", code).await?;
    operate(services, caller, id, PowerAction::Stop, permit).await
}

/// Stops a terminal and starts it again, as one operation. A locked one needs a grant or a code.
///
/// # Errors
/// [`TerminalError`].
pub async fn restart(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    code: Option<&Sensitive>,
) -> Result<Completion, TerminalError> {
    let permit = Permit::obtain(services, caller, id, "restart", code).await?;
    operate(services, caller, id, PowerAction::Restart, permit).await
}

/// Stops a terminal of any account, for an administrator. Its lock stays as it is.
///
/// # Errors
/// [`TerminalError`].
pub async fn stop_any(services: &Services, admin: &Caller, id: TerminalId) -> Result<(), TerminalError> {
    let proof = services.gate.authorize(admin, id, Administer).await?;
    change(services, admin.actor(), proof, PowerAction::Stop, Permit::NotNeeded).await
}

async fn operate(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    action: PowerAction,
    permit: Permit,
) -> Result<Completion, TerminalError> {
    let proof = services.gate.authorize(caller, id, Operate).await?;
    change(services, caller.actor(), proof, action, permit).await?;
    let terminal: Terminal = list::get(services, caller, id).await?;
    if terminal.phase == Phase::Failed && action != PowerAction::Stop {
        // Another operation carried the request out before this one ran.
        return Err(TerminalError::Failed(terminal.error.unwrap_or_default()));
    }
    let reached = if action == PowerAction::Stop { Phase::Stopped } else { Phase::Running };
    Ok(if terminal.phase == reached { Completion::Done(terminal) } else { Completion::InProgress(terminal) })
}

async fn change<A: AllowsStop + 'static>(
    services: &Services,
    actor: Actor,
    proof: Authorized<A>,
    action: PowerAction,
    permit: Permit,
) -> Result<(), TerminalError> {
    let services = services.clone();
    services
        .clone()
        .operations
        .complete(async move { change_now(&services, &actor, &proof, action, permit).await })
        .await
}

/// The record and its events are committed first, and the gate denies every attach from then on. Then the leases of
/// attached clients are revoked. Then the reconciler carries the request out.
async fn change_now<A: AllowsStop>(
    services: &Services,
    actor: &Actor,
    proof: &Authorized<A>,
    action: PowerAction,
    permit: Permit,
) -> Result<(), TerminalError> {
    let mut tx = services.db.begin().await?;
    let row = list::record(&mut tx, proof).await?;
    permit.check(&row)?;
    let Some(request) = request(&row, action)? else { return Ok(()) };
    if action != PowerAction::Stop {
        // Refused now rather than after the stop, when its image or tier no longer exists.
        launch_spec::spec(&mut tx, &row).await?;
    }
    if !tx.request_power(proof, row.phase, request).await? {
        return Err(TerminalError::Phase(row.phase));
    }
    let now = services.clock.now();
    let has_clients = matches!(row.phase, Phase::Running | Phase::Paused);
    if request == PowerRequest::Stop || (request == PowerRequest::Restart && has_clients) {
        services.audit.append(&mut tx, now, actor, audit_entry(AuditEvent::TerminalStopped, &row)).await?;
    }
    if request != PowerRequest::Stop {
        services.audit.append(&mut tx, now, actor, audit_entry(AuditEvent::TerminalStarted, &row)).await?;
    }
    let committed = tx.commit().await;
    // Also when the result of the commit is unknown: ending clients that may attach again is safe.
    if has_clients {
        clients::end(services, row.id, Revocation::Stopped).await;
    }
    committed?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    match reconciler::request(services, row.id).await {
        // The error is of the start that was requested after this stop.
        Some(Err(TerminalError::Engine(_))) if action == PowerAction::Stop => Ok(()),
        Some(outcome) => outcome,
        None => Ok(()),
    }
}

/// The request that leads from the phase of the record to the result of the action. `None` when nothing has to be done.
fn request(row: &TerminalRow, action: PowerAction) -> Result<Option<PowerRequest>, TerminalError> {
    use PowerAction::{Restart, Start, Stop};
    Ok(Some(match (row.phase, action) {
        (Phase::Pending | Phase::Starting | Phase::Deleting, _) | (Phase::Failed, Stop | Restart) => {
            return Err(TerminalError::Phase(row.phase));
        }
        (Phase::Running, Start) | (Phase::Stopped, Stop) => return Ok(None),
        (Phase::Stopping, Stop) if row.desired == DesiredState::Stopped => return Ok(None),
        (Phase::Stopping, Start | Restart) if row.desired == DesiredState::Running => return Ok(None),
        (_, Stop) => PowerRequest::Stop,
        (Phase::Running | Phase::Stopping, _) | (Phase::Paused, Restart) => PowerRequest::Restart,
        (Phase::Paused | Phase::Stopped | Phase::Failed, _) => PowerRequest::Start,
    }))
}
