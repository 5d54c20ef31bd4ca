//! Carries out the request in a record: start, stop, restart, deletion, change of tier.

use access::Revocation;
use protocol::{TerminalId, terminals::Phase};
use sandbox::EngineError;
use store::{SandboxState, TerminalRow};

use super::{
    launch::{FailedCreation, Launch},
    record::read,
    retry::retry_write,
    tier,
};
use crate::{
    audit::{Actor, AuditEvent},
    events::TerminalEvent,
    operations::Operation,
    services::Services,
    terminals::{TerminalError, audit_entry::audit_entry, clients},
};

/// Does one step after the other until the record has no request left.
pub(super) async fn apply_request(
    services: &Services,
    id: TerminalId,
    operation: &Operation,
    failed_creation: FailedCreation,
) -> Result<(), TerminalError> {
    let launch = Launch { services, operation, failed_creation };
    while let Some(row) = read(services, id).await? {
        if !row.has_request() {
            break;
        }
        match row.phase {
            Phase::Deleting => delete(services, &row).await?,
            Phase::Stopping => stop(services, &row).await?,
            Phase::Pending => launch.begin(row).await?,
            Phase::Starting => {
                if row.sandbox.state == SandboxState::Creating {
                    // What an interrupted creation left is removed.
                    services.engine.delete(row.sandbox.id).await?;
                }
                launch.run(&row).await?;
            }
            Phase::Running | Phase::Paused | Phase::Stopped | Phase::Failed => tier::apply(services, &row).await?,
        }
    }
    Ok(())
}

/// Removes the sandbox, then the record. The audit event has the proof.
async fn delete(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    clients::end(services, row.id, Revocation::Deleted).await;
    let absence = services.engine.delete(row.sandbox.id).await?;
    retry_write(|| async {
        let (mut tx, now) = (services.db.begin().await?, services.clock.now());
        if tx.remove_terminal(row, now, &absence.to_string()).await? {
            let entry = audit_entry(AuditEvent::TerminalDeleted, row).detail("proof", &absence);
            services.audit.append(&mut tx, now, &Actor::system(), entry).await?;
        }
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Deleted(row.id, None));
    Ok(())
}

/// Stops the container. The record then says stopped, or pending when a start was requested.
async fn stop(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    clients::end(services, row.id, Revocation::Stopped).await;
    match services.engine.stop(row.sandbox.id).await {
        Ok(()) | Err(EngineError::NoContainer) => {}
        Err(error) => return Err(TerminalError::StopFailed(error)),
    }
    retry_write(|| async {
        let mut tx = services.db.begin().await?;
        tx.record_stopped(row).await?;
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}
