//! Deletes expired login sessions and audit events past their retention time, and appends the numbers of suppressed
//! audit events.

use std::time::Duration;

use tokio::time::interval;

use super::AdminResult;
use crate::{
    audit::{self, Actor, AuditEvent, Entry},
    services::Services,
};

/// Interval of deletions.
const DELETION_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Interval in which windows of suppressed events end.
const COUNTS_INTERVAL: Duration = Duration::from_secs(60);

/// Runs until shutdown. A failure is logged; the next round tries again.
pub async fn run(services: Services) {
    let (mut deletion, mut counts) = (interval(DELETION_INTERVAL), interval(COUNTS_INTERVAL));
    loop {
        let done = tokio::select! {
            () = services.shutdown.cancelled() => return,
            _ = deletion.tick() => run_once(&services).await,
            _ = counts.tick() => append_counts(&services, false).await,
        };
        if let Err(error) = done {
            tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping failed; it is tried again later");
        }
    }
}

/// Appends the numbers of events that were suppressed, of the windows that have ended or of all. At
/// shutdown all are appended, because no more events are recorded.
///
/// # Errors
/// When the database does not answer.
pub async fn append_counts(services: &Services, all: bool) -> AdminResult<()> {
    Ok(audit::append_suppressed(&services.audit, services.clock.now(), all).await?)
}

/// One round.
///
/// # Errors
/// When the database does not answer.
pub async fn run_once(services: &Services) -> AdminResult<()> {
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
