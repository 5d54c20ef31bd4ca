//! Records what happened on the engine without a request, and stops what must not run.

use access::Revocation;
use protocol::{TerminalId, terminals::Phase};
use sandbox::EngineError;
use store::{Reason, TerminalRow};

use super::{
    observation::{Action, action},
    record::read,
    tier,
};
use crate::{
    audit::{Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
    terminals::{TerminalError, audit_entry::audit_entry, clients},
};

/// Compares a terminal without a pending request with the engine, and makes them agree.
pub(super) async fn sync_observed(services: &Services, id: TerminalId, first: bool) -> Result<(), TerminalError> {
    let Some(row) = read(services, id).await? else { return Ok(()) };
    let found = services.engine.observe(row.sandbox.id).await?;
    match action(row.phase, found, first) {
        Action::None => Ok(()),
        Action::Reconnect => match services.engine.reconnect(row.sandbox.id).await {
            Err(EngineError::NoContainer) => record(services, &row, Phase::Stopped, None).await,
            Err(error) => Err(error.into()),
            Ok(()) => tier::set_limits(services, &row).await,
        },
        Action::RecordStopped => record(services, &row, Phase::Stopped, None).await,
        Action::RecordPaused => record(services, &row, Phase::Paused, Some(Reason::Paused)).await,
        Action::RecordResumed => {
            services.engine.reconnect(row.sandbox.id).await?;
            record(services, &row, Phase::Running, None).await
        }
        Action::RecordLost => record(services, &row, Phase::Failed, Some(Reason::Lost)).await,
        Action::Stop => match services.engine.stop(row.sandbox.id).await {
            Ok(()) | Err(EngineError::NoContainer) => Ok(()),
            Err(error) => Err(error.into()),
        },
    }
}

/// Records an observed phase, unless a request changed the phase meanwhile. Attached clients are ended when the
/// terminal no longer runs.
async fn record(
    services: &Services,
    row: &TerminalRow,
    to: Phase,
    reason: Option<Reason>,
) -> Result<(), TerminalError> {
    let (event, revocation) = match to {
        Phase::Running => (AuditEvent::TerminalStarted, None),
        Phase::Failed => (AuditEvent::TerminalFailed, Some(Revocation::Stopped)),
        _ => (AuditEvent::TerminalStopped, Some(Revocation::Stopped)),
    };
    let mut tx = services.db.begin().await?;
    if !tx.record_phase(row, to, reason.as_ref(), row.generation).await? {
        return Ok(());
    }
    let entry = audit_entry(event, row).detail("reason", "seen on the engine");
    services.audit.append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
    tx.commit().await?;
    if let Some(revocation) = revocation {
        clients::end(services, row.id, revocation).await;
    }
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}
