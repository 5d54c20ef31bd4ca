//! Deletes expired login sessions and audit events past their retention time, and appends the numbers of suppressed
//! audit events. Writes checkpoints of the audit log.

use std::{path::Path, time::Duration};

use tokio::{fs::OpenOptions, io::AsyncWriteExt as _, time::interval};

use super::AdminResult;
use crate::{
    audit::{self, Actor, AuditEvent, Entry},
    services::Services,
};

/// Interval of deletions.
const DELETION_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Interval in which windows of suppressed events end.
const COUNTS_INTERVAL: Duration = Duration::from_secs(60);
/// Interval of checkpoints of the audit log.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(3600);

/// Runs until shutdown. A failure is logged; the next round tries again.
pub async fn run(services: Services) {
    let (mut deletion, mut counts) = (interval(DELETION_INTERVAL), interval(COUNTS_INTERVAL));
    let mut checkpoints = interval(CHECKPOINT_INTERVAL);
    loop {
        let done = tokio::select! {
            () = services.shutdown.cancelled() => return,
            _ = deletion.tick() => run_once(&services).await,
            _ = counts.tick() => append_counts(&services, false).await,
            _ = checkpoints.tick() => {
                write_checkpoint(&services).await;
                Ok(())
            }
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

/// Writes a checkpoint of the audit log to the log, and to the configured file. A failure is logged.
pub async fn write_checkpoint(services: &Services) {
    let line = match audit::checkpoint(&services.audit, services.clock.now()).await {
        Ok(made) => made.to_string(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no checkpoint of the audit log was made");
            return;
        }
    };
    tracing::info!(checkpoint = line, "checkpoint of the audit log");
    let Some(file) = &services.config.audit_checkpoint_file else { return };
    if let Err(error) = append_line(file, line).await {
        tracing::error!(%error, file = %file.display(), "the checkpoint of the audit log was not written to its file");
    }
}

async fn append_line(file: &Path, mut line: String) -> std::io::Result<()> {
    line.push('\n');
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(file).await?;
    file.write_all(line.as_bytes()).await?;
    file.sync_all().await
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
    let pruned = audit::prune(&services.audit, &mut tx, oldest).await?;
    if pruned > 0 {
        let entry = Entry::new(AuditEvent::AuditPruned).detail("events", pruned).detail("before", oldest);
        services.audit.append(&mut tx, now, &Actor::system(), entry).await?;
    }
    tx.commit().await?;
    Ok(())
}
