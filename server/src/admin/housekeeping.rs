//! Deletes expired login sessions, and audit events past their retention time.

use std::time::Duration;

use super::AdminResult;
use crate::{
    audit::{self, Actor, AuditEvent, Entry},
    services::Services,
};

/// Interval.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Runs until shutdown. A failure is logged; the next round tries again.
pub async fn run(services: Services) {
    loop {
        if let Err(error) = once(&services).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping failed; it is tried again later");
        }
        tokio::select! {
            () = services.shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One round.
///
/// # Errors
/// When the database does not answer.
pub async fn once(services: &Services) -> AdminResult<()> {
    let now = services.clock.now();
    let mut tx = services.db.begin().await?;
    tx.delete_expired_sessions(now).await?;
    let settings = tx.settings().await?;
    let oldest = now.plus_secs(-i64::from(settings.audit_retention_days) * 86_400);
    let pruned = tx.prune_audit(oldest).await?;
    if pruned > 0 {
        let entry = Entry::new(AuditEvent::AuditPruned).detail("events", pruned).detail("before", oldest);
        audit::append(&mut tx, now, &Actor::system(), entry).await?;
    }
    tx.commit().await?;
    Ok(())
}
