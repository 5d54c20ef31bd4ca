//! What making, starting and mending share: from a record to a running container, and the record told of it.

use std::sync::Arc;

use protocol::terminals::TerminalState;
use sandbox::{EngineError, LaunchSpec, Limits, Progress, profile::STANDARD};
use store::{StoreError, TerminalRow, TierRow, Tx};

use super::{Choice, TerminalError, reason};
use crate::{
    audit::{self, Actor, AuditEvent, Entry},
    events::TerminalEvent,
    services::Services,
};

/// Tries to write the end of a launch this often; without it the record would say "creating" until the next mending.
const WRITES_MAX: u32 = 5;
const WRITE_AGAIN: std::time::Duration = std::time::Duration::from_millis(500);

/// Limits of a tier, as engines take them.
pub(super) fn limits(tier: &TierRow) -> Limits {
    Limits { memory_bytes: tier.memory_bytes, cpu_millis: tier.cpu_millis }
}

/// What the record's container is made from.
pub(super) async fn spec(tx: &mut Tx, row: &TerminalRow) -> Result<LaunchSpec, TerminalError> {
    let gone = |field| TerminalError::Choice(Choice::NotOffered(field));
    let image = tx.image(&row.image).await?.ok_or_else(|| gone("image"))?;
    let tier = tx.tier(&row.tier).await?.ok_or_else(|| gone("tier"))?;
    Ok(LaunchSpec {
        id: row.id,
        image_reference: image.reference,
        hostname: row.hostname.clone(),
        limits: limits(&tier),
        profile: STANDARD,
    })
}

/// Makes or starts the container of a record that is `creating`.
pub(super) async fn bring_up(services: &Services, row: &TerminalRow, spec: &LaunchSpec) -> Result<(), EngineError> {
    if row.launched {
        return services.runtime.start(spec).await;
    }
    let (events, owner, id) = (services.events.clone(), row.owner_id, row.id);
    let progress: Progress = Arc::new(move |stage| events.publish(owner, TerminalEvent::Progress(id, stage)));
    services.runtime.create(spec, progress).await
}

/// The container runs: the record says so, unless it was decided otherwise meanwhile (a deletion).
pub(super) async fn runs(
    services: &Services,
    actor: &Actor,
    row: &TerminalRow,
    event: Option<AuditEvent>,
) -> Result<(), StoreError> {
    insist(|| async {
        let now = services.clock.now();
        let mut tx = services.db.begin().await?;
        if tx.mark_terminal_running(row.id, now).await?
            && let Some(event) = event
        {
            audit::append(&mut tx, now, actor, about(event, row)).await?;
        }
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}

/// It could not be made or started: the record says why.
pub(super) async fn failed(
    services: &Services,
    actor: &Actor,
    row: &TerminalRow,
    event: AuditEvent,
    error: &EngineError,
) -> Result<(), StoreError> {
    tracing::warn!(terminal = %row.id, %error, "a terminal could not be started");
    let reason = reason::of_engine_error(error);
    insist(|| async {
        let mut tx = services.db.begin().await?;
        tx.move_terminal(row.id, TerminalState::Creating, TerminalState::Failed, Some(&reason)).await?;
        let entry = about(event, row).failed().detail("error", error);
        audit::append(&mut tx, services.clock.now(), actor, entry).await?;
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}

/// An event about a terminal.
pub(super) fn about(event: AuditEvent, row: &TerminalRow) -> Entry {
    Entry::new(event).about_terminal(row.id, &row.name, row.owner_id)
}

/// Writes what has already happened on the engine, and does not give up at the first refusal of the database.
pub(super) async fn insist<F>(write: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut tries = 1;
    loop {
        match write().await {
            Ok(()) => return Ok(()),
            Err(error) if tries == WRITES_MAX => {
                tracing::error!(%error, "the end of a change could not be written; the reaper will mend it");
                return Err(error);
            }
            Err(_) => tokio::time::sleep(WRITE_AGAIN * tries).await,
        }
        tries += 1;
    }
}
