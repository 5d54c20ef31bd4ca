//! A change of tier: limits of a container, running or not.

use sandbox::EngineError;
use store::TerminalRow;

use crate::{
    audit::{self, Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
    terminals::{Choice, TerminalError, launch},
};

/// Applies the requested tier. When the engine refuses it, the record goes back to the tier that the sandbox has.
pub(super) async fn apply(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let refused = match set_limits(services, row).await {
        Ok(()) => None,
        Err(TerminalError::Runtime(error)) => Some(error),
        Err(error) => return Err(error),
    };
    launch::retry_write(|| async {
        let mut tx = services.db.begin().await?;
        tx.record_tier(row, refused.is_none()).await?;
        if let Some(error) = &refused {
            let entry = launch::about(AuditEvent::TerminalResized, row).failed().detail("to", &row.tier);
            let entry = entry.detail("error", error);
            audit::append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
        }
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    match refused {
        None => Ok(()),
        Some(error @ EngineError::LimitInUse(_)) => {
            tracing::info!(terminal = %row.id, %error, "the engine refused the tier");
            Err(TerminalError::Choice(Choice::TierTooSmall))
        }
        Some(error) => Err(error.into()),
    }
}

/// Applies the limits of the record's tier. Without a container the next start creates one with them.
pub(super) async fn set_limits(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let tier = tx.tier(&row.tier).await?;
    tx.commit().await?;
    let Some(tier) = tier else { return Ok(()) };
    match services.runtime.set_limits(row.sandbox.id, launch::limits(&tier)).await {
        Ok(()) | Err(EngineError::NoContainer) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
