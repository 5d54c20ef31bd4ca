//! A change of tier: limits of a container, running or not.

use sandbox::EngineError;
use store::TerminalRow;

use super::retry::retry_write;
use crate::{
    audit::{Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
    terminals::{Choice, TerminalError, audit_entry::audit_entry, launch_spec},
};

/// Applies the requested tier. When the engine refuses it, the record goes back to the tier of the sandbox.
pub(super) async fn apply(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let error = match set_limits(services, row).await {
        Ok(()) => return write(services, row, None).await,
        Err(TerminalError::Engine(error)) => error,
        Err(error) => return Err(error),
    };
    // The limits of the sandbox's own tier are applied until the engine takes them.
    if row.tier != row.sandbox.tier {
        write(services, row, Some(&error)).await?;
    }
    if let EngineError::LimitBelowUsage(_) = &error {
        rates::limited!(suppressed => tracing::info!(suppressed, terminal = %row.id, %error, "the engine refused the tier"));
        return Err(TerminalError::Choice(Choice::TierTooSmall));
    }
    Err(error.into())
}

/// Records the outcome. Only a limit that is in use leaves the limits in force; after another error the engine may have
/// the new ones, so the old ones are applied again.
async fn write(services: &Services, row: &TerminalRow, error: Option<&EngineError>) -> Result<(), TerminalError> {
    retry_write(|| async {
        let mut tx = services.db.begin().await?;
        if let Some(error) = error {
            let apply_again = !matches!(error, EngineError::LimitBelowUsage(_));
            if tx.revert_tier(row, apply_again).await? {
                let entry = audit_entry(AuditEvent::TerminalResized, row).failed().detail("to", &row.tier);
                let entry = entry.detail("error", error);
                services.audit.append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
            }
        } else {
            tx.record_tier_applied(row).await?;
        }
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}

/// Applies the limits of the record's tier. Without a container the next start creates one with them.
pub(super) async fn set_limits(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let tier = tx.tier(&row.tier).await?;
    tx.commit().await?;
    let Some(tier) = tier else { return Ok(()) };
    match services.engine.set_limits(row.sandbox.id, launch_spec::limits(&tier)).await {
        Ok(()) | Err(EngineError::NoContainer) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
