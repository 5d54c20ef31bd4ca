//! The reconciler: the only caller of the engine's lifecycle. It carries out what the records request, and records what
//! happens on the engine without a request.
//!
//! It is level-triggered: each operation reads the record, does the step that is missing, and reads it again. After a
//! crash the next round finds the same step. Operations of one terminal run one after the other.
//!
//! | record | step |
//! |---|---|
//! | request, phase `pending` | wait for a launch permit, then `starting` |
//! | request, phase `starting` | create or start the sandbox, then `running` or `failed` |
//! | request, phase `stopping` | stop the container, then `stopped`, or `pending` when a start is desired |
//! | request, phase `deleting` | remove the sandbox, then the record |
//! | request, other phases | apply the tier |
//! | no request | record the observed state, or stop the container ([`observation`]) |
//!
//! A container that ends by itself is not started again: its request was carried out, and the owner starts it.

mod apply_request;
mod launch;
mod observation;
mod record;
mod retry;
mod sync_observed;
mod tier;

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use futures_util::{StreamExt as _, stream};
use launch::FailedCreation;
use protocol::{SandboxId, TerminalId, terminals::Phase};
use sandbox::ObservedState;
use store::TerminalRow;

use super::TerminalError;
use crate::services::Services;

/// Delay of the second round after the start. It finds what the engine completed for the previous server process after
/// this one had listed it.
const SECOND_DELAY: Duration = Duration::from_secs(5);
/// Delay between rounds.
const INTERVAL: Duration = Duration::from_secs(60);
/// Delay after a round or an operation that failed.
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// Delays of the rounds after a guest link was lost: one at once, one when the engine had time to notice that the
/// container ended. They also bound the work that a container causes which drops its link repeatedly.
const DELAYS_AFTER_LOSS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(4)];
/// Terminals that one round works on at the same time.
const CONCURRENT: usize = 8;

/// Carries out the request in the record of a terminal. Returns `None` when that takes longer than the services'
/// `operation_wait`; it continues, and the event stream reports its end.
pub(super) async fn request(services: &Services, id: TerminalId) -> Option<Result<(), TerminalError>> {
    run_request(services, id, FailedCreation::Record).await
}

/// The same for a terminal that was just created: its record is withdrawn when the launch fails while the caller waits.
pub(super) async fn create(services: &Services, id: TerminalId) -> Option<Result<(), TerminalError>> {
    run_request(services, id, FailedCreation::Withdraw).await
}

async fn run_request(
    services: &Services,
    id: TerminalId,
    failed_creation: FailedCreation,
) -> Option<Result<(), TerminalError>> {
    let own = services.clone();
    let work = move |operation| async move {
        let outcome = apply_request::apply_request(&own, id, &operation, failed_creation).await;
        if outcome.is_err() {
            own.reconciler.operation_failed.notify_one();
        }
        outcome
    };
    services.operations.run(id, services.operation_wait, work).await
}

/// The first round, before requests are served. Launches are left to [`run`], because they take time.
pub async fn reconcile_at_start(services: &Services) {
    round(services, |row| !matches!(row.phase, Phase::Pending | Phase::Starting)).await;
}

/// One complete round. False when a part of it failed.
pub async fn reconcile(services: &Services) -> bool {
    round(services, |_| true).await
}

/// Runs rounds until shutdown.
pub async fn run(services: Services) {
    let mut delay = if reconcile(&services).await { SECOND_DELAY } else { RETRY_DELAY };
    loop {
        let delays: &[Duration] = tokio::select! {
            biased;
            () = services.shutdown.cancelled() => return,
            () = services.engine.guest_lost() => &DELAYS_AFTER_LOSS,
            () = services.reconciler.operation_failed.notified() => &[RETRY_DELAY],
            () = tokio::time::sleep(delay) => &[Duration::ZERO],
        };
        for pause in delays {
            if services.shutdown.run_until_cancelled(tokio::time::sleep(*pause)).await.is_none() {
                return;
            }
            delay = if reconcile(&services).await { INTERVAL } else { RETRY_DELAY };
        }
    }
}

async fn round(services: &Services, filter: impl Fn(&TerminalRow) -> bool) -> bool {
    match try_round(services, filter).await {
        Ok(all_succeeded) => all_succeeded,
        Err(error) => {
            tracing::warn!(%error, "records and engine could not be compared; repeated in the next round");
            false
        }
    }
}

/// The engine is listed before the records are read, so a sandbox that is created meanwhile has a record. The list only
/// filter the terminals; each operation observes the engine again when it runs.
async fn try_round(services: &Services, filter: impl Fn(&TerminalRow) -> bool) -> Result<bool, TerminalError> {
    let first = !services.reconciler.first_round_done.load(Ordering::Relaxed);
    let mut listed: HashMap<SandboxId, ObservedState> = services.engine.list().await?.into_iter().collect();
    let mut tx = services.db.read().await?;
    let rows = tx.all_terminals().await?;
    tx.commit().await?;
    let mut selected = Vec::new();
    for row in rows {
        let found = listed.remove(&row.sandbox.id);
        let needs_work = row.has_request() || observation::action(row.phase, found, first) != observation::Action::None;
        // An operation that runs ends by itself, and a round does not wait for it.
        if needs_work && filter(&row) && !services.operations.is_busy(row.id) {
            let phase = row.phase.as_str();
            rates::limited!(suppressed =>
                tracing::info!(suppressed, terminal = %row.id, phase, ?found, "reconciling"));
            selected.push(row.id);
        }
    }
    let operations =
        stream::iter(selected).map(|id| reconcile_terminal(services, id, first)).buffer_unordered(CONCURRENT);
    let mut all_succeeded = operations.fold(true, |all, succeeded| async move { all & succeeded }).await;
    for orphan in listed.into_keys() {
        if let Err(error) = collect_orphan(services, orphan, first).await {
            tracing::warn!(sandbox = %orphan, %error, "could not be removed; repeated in the next round");
            all_succeeded = false;
        }
    }
    if all_succeeded {
        services.reconciler.first_round_done.store(true, Ordering::Relaxed);
    }
    Ok(all_succeeded)
}

/// Carries out what the record requests, then records what is observed. False when one of them failed.
async fn reconcile_terminal(services: &Services, id: TerminalId, first: bool) -> bool {
    let own = services.clone();
    let work = move |operation| async move {
        let applied = apply_request::apply_request(&own, id, &operation, FailedCreation::Record).await;
        sync_observed::sync_observed(&own, id, first).await.and(applied)
    };
    match services.operations.run(id, Duration::MAX, work).await {
        Some(Err(error)) => {
            rates::limited!(suppressed => tracing::warn!(suppressed, terminal = %id, %error, "could not be reconciled; repeated in the next round"));
            false
        }
        Some(Ok(())) | None => true,
    }
}

/// Handles a sandbox on the engine without a record. With a tombstone it is what the engine completed after a deletion
/// or a failed launch, and is removed. Otherwise the database may be an older one, so the home is kept.
async fn collect_orphan(services: &Services, orphan: SandboxId, first: bool) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let ended = tx.has_tombstone(orphan).await?;
    tx.commit().await?;
    if ended {
        rates::limited!(suppressed => tracing::info!(suppressed, sandbox = %orphan, "removing the remains of a deleted terminal"));
        services.engine.delete(orphan).await?;
    } else if first {
        tracing::warn!(sandbox = %orphan, "on the engine without record or tombstone; kept");
    }
    Ok(())
}
