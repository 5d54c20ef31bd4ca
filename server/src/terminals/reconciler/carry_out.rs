//! Carries out the request in a record: start, stop, restart, deletion, change of tier.

use std::sync::Arc;

use protocol::{TerminalId, events::Stage, terminals::Phase};
use sandbox::{EngineError, LaunchSpec, Progress};
use store::{SandboxState, TerminalRow};

use super::{record::read, tier};
use crate::{
    audit::{self, Actor, AuditEvent},
    engine_sentences::engine_sentence,
    events::TerminalEvent,
    operations::Operation,
    services::Services,
    terminals::{TerminalError, launch, reason},
};

/// Does one step after the other until the record has no request left.
pub(super) async fn carry_out(services: &Services, id: TerminalId, operation: &Operation) -> Result<(), TerminalError> {
    while let Some(row) = read(services, id).await? {
        if !row.has_request() {
            break;
        }
        match row.phase {
            Phase::Deleting => delete(services, &row).await?,
            Phase::Stopping => stop(services, &row).await?,
            Phase::Pending => start(services, row, operation).await?,
            Phase::Starting => {
                if row.sandbox.state == SandboxState::Creating {
                    // What an interrupted creation left is removed. The home is empty.
                    services.runtime.delete(row.sandbox.id).await?;
                }
                launch(services, &row, operation).await?;
            }
            Phase::Running | Phase::Paused | Phase::Stopped | Phase::Failed => tier::apply(services, &row).await?,
        }
    }
    Ok(())
}

/// Removes the sandbox, then the record. The audit event has the proof.
async fn delete(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let absence = services.runtime.delete(row.sandbox.id).await?;
    launch::retry_write(|| async {
        let (mut tx, now) = (services.db.begin().await?, services.clock.now());
        if tx.remove_terminal(row.id, row.sandbox.id, now, &absence.to_string()).await? {
            let entry = launch::about(AuditEvent::TerminalDeleted, row).detail("proof", &absence);
            audit::append(&mut tx, now, &Actor::system(), entry).await?;
        }
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Deleted(row.id, None));
    Ok(())
}

/// Stops the container. The record then says stopped, or pending when a start was requested.
async fn stop(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    match services.runtime.stop(row.sandbox.id).await {
        Ok(()) | Err(EngineError::NoContainer) => {}
        Err(error) => return Err(TerminalError::StillUp(error)),
    }
    launch::retry_write(|| async {
        let mut tx = services.db.begin().await?;
        tx.record_stopped(row).await?;
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}

/// Waits for its turn among the launches, then launches.
async fn start(services: &Services, row: TerminalRow, operation: &Operation) -> Result<(), TerminalError> {
    let permit = tokio::select! {
        permit = services.operations.launch_permit() => permit,
        () = operation.cancel.cancelled() => return Ok(()),
    };
    let mut tx = services.db.begin().await?;
    let moved = tx.record_phase(&row, Phase::Starting, None, row.observed_generation).await?;
    tx.commit().await?;
    if moved {
        services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
        let row = TerminalRow { phase: Phase::Starting, ..row };
        launch(services, &row, operation).await?;
    }
    drop(permit);
    Ok(())
}

/// Creates or starts the container of a record that is starting, and records the outcome.
async fn launch(services: &Services, row: &TerminalRow, operation: &Operation) -> Result<(), TerminalError> {
    let launched = match spec(services, row).await {
        Ok(spec) => bring_up(services, row, &spec, operation).await.map_err(TerminalError::from),
        Err(error) => Err(error),
    };
    let error = match launched {
        Ok(()) => {
            launch::retry_write(|| async {
                let mut tx = services.db.begin().await?;
                tx.record_started(row, services.clock.now()).await?;
                tx.commit().await
            })
            .await?;
            services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
            return Ok(());
        }
        // A deletion was requested.
        Err(TerminalError::Runtime(EngineError::Cancelled)) => return Ok(()),
        Err(TerminalError::Runtime(error)) => error,
        // Its image or tier was removed from the catalogue meanwhile.
        Err(TerminalError::Choice(_)) => EngineError::NoImage(row.image.to_string()),
        Err(error) => return Err(error),
    };
    if row.sandbox.state == SandboxState::Creating && operation.claim_outcome() {
        withdraw(services, row, &error).await?;
    } else {
        record_failure(services, row, &error).await?;
    }
    Err(error.into())
}

async fn spec(services: &Services, row: &TerminalRow) -> Result<LaunchSpec, TerminalError> {
    let mut tx = services.db.read().await?;
    let spec = launch::spec(&mut tx, row).await?;
    tx.commit().await?;
    Ok(spec)
}

async fn bring_up(
    services: &Services,
    row: &TerminalRow,
    spec: &LaunchSpec,
    operation: &Operation,
) -> Result<(), EngineError> {
    if row.sandbox.state == SandboxState::Assigned {
        return services.runtime.start(spec, &operation.cancel).await;
    }
    let (events, owner, id) = (services.events.clone(), row.owner_id, row.id);
    let progress: Progress = Arc::new(move |stage: Stage| events.publish(owner, TerminalEvent::Progress(id, stage)));
    services.runtime.create(spec, progress, &operation.cancel).await
}

/// Removes the record of a first launch that failed while its caller waits. Its audit event remains.
async fn withdraw(services: &Services, row: &TerminalRow, error: &EngineError) -> Result<(), TerminalError> {
    tracing::warn!(terminal = %row.id, %error, "a terminal could not be created");
    launch::retry_write(|| async {
        let (mut tx, now) = (services.db.begin().await?, services.clock.now());
        tx.remove_terminal(row.id, row.sandbox.id, now, "the launch failed and left nothing").await?;
        let entry = launch::about(AuditEvent::TerminalCreateFailed, row).failed().detail("error", error);
        audit::append(&mut tx, now, &Actor::system(), entry).await?;
        tx.commit().await
    })
    .await?;
    let sentence = engine_sentence(error).detail;
    services.events.publish(row.owner_id, TerminalEvent::Deleted(row.id, Some(sentence)));
    Ok(())
}

/// Records why a terminal could not be started.
async fn record_failure(services: &Services, row: &TerminalRow, error: &EngineError) -> Result<(), TerminalError> {
    tracing::warn!(terminal = %row.id, %error, "a terminal could not be started");
    let reason = reason::of_engine_error(error);
    let event = match row.sandbox.state {
        SandboxState::Creating => AuditEvent::TerminalCreateFailed,
        SandboxState::Assigned => AuditEvent::TerminalFailed,
    };
    launch::retry_write(|| async {
        let mut tx = services.db.begin().await?;
        tx.record_phase(row, Phase::Failed, Some(&reason), row.generation).await?;
        let entry = launch::about(event, row).failed().detail("error", error);
        audit::append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
        tx.commit().await
    })
    .await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}
