//! The reconciler: the only caller of the engine's lifecycle. It carries out what the records request, and records what
//! happens on the engine without a request.
//!
//! It is level-triggered: each operation reads the record and looks at the engine, and does the step that is missing.
//! After a crash the first round finds the same step again. Operations of one terminal run one after the other.

mod carry_out;
mod follow;
mod observation;
mod record;
mod tier;

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt as _, stream};
use protocol::{SandboxId, TerminalId};
use sandbox::ObservedState;
use store::TerminalRow;

use super::TerminalError;
use crate::services::Services;

/// Delay of the first round after the start. It finds what the engine completed for the previous server process after
/// this one had listed it.
const FIRST_DELAY: Duration = Duration::from_secs(5);
/// Delay between rounds.
const INTERVAL: Duration = Duration::from_secs(60);
/// Delay after a round in which an operation failed.
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// Delays of the rounds after a guest link was lost: one at once, one when the engine had time to notice that the
/// container ended. They also bound the work that a container causes which drops its link repeatedly.
const DELAYS_AFTER_LOSS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(4)];
/// Terminals that one round works on at the same time.
const CONCURRENT: usize = 8;

/// Carries out the request in the record of a terminal. Returns `None` when that takes longer than the services'
/// `operation_wait`; it goes on, and the event stream reports its end.
pub(super) async fn request(services: &Services, id: TerminalId) -> Option<Result<(), TerminalError>> {
    let own = services.clone();
    let work = move |operation| async move { carry_out::carry_out(&own, id, &operation).await };
    services.operations.run(id, services.operation_wait, work).await
}

/// The first round. Called once, before requests are served.
pub async fn reconcile_at_start(services: &Services) {
    reconcile(services, true).await;
}

/// Runs rounds until shutdown.
pub async fn run(services: Services) {
    let mut delay = FIRST_DELAY;
    loop {
        let delays: &[Duration] = tokio::select! {
            biased;
            () = services.shutdown.cancelled() => return,
            () = services.runtime.guest_lost() => &DELAYS_AFTER_LOSS,
            () = tokio::time::sleep(delay) => &[Duration::ZERO],
        };
        for pause in delays {
            if services.shutdown.run_until_cancelled(tokio::time::sleep(*pause)).await.is_none() {
                return;
            }
            delay = if reconcile(&services, false).await { INTERVAL } else { RETRY_DELAY };
        }
    }
}

/// One round. `first`: this process has just started, so no guest is connected yet. False when a part of it failed.
async fn reconcile(services: &Services, first: bool) -> bool {
    match try_reconcile(services, first).await {
        Ok(all_succeeded) => all_succeeded,
        Err(error) => {
            tracing::warn!(%error, "records and engine could not be compared; repeated in the next round");
            false
        }
    }
}

/// The engine is listed before the records are read, so a sandbox that is created meanwhile has a record. The list only
/// selects the terminals; each operation looks at the engine again when its turn comes.
async fn try_reconcile(services: &Services, first: bool) -> Result<bool, TerminalError> {
    let mut listed: HashMap<SandboxId, ObservedState> = services.runtime.list().await?.into_iter().collect();
    let mut tx = services.db.read().await?;
    let rows = tx.every_terminal().await?;
    tx.commit().await?;
    let mut selected = Vec::new();
    for row in rows {
        let found = listed.remove(&row.sandbox.id);
        if row.has_request() || observation::action(row.phase, found, first) != observation::Action::None {
            tracing::info!(terminal = %row.id, phase = row.phase.as_str(), ?found, "reconciling");
            selected.push(row);
        }
    }
    let operations = stream::iter(selected).map(|row| settle(services, row, first)).buffer_unordered(CONCURRENT);
    let mut all_succeeded = operations.all(|succeeded| async move { succeeded }).await;
    for orphan in listed.into_keys() {
        if let Err(error) = collect(services, orphan, first).await {
            tracing::warn!(sandbox = %orphan, %error, "could not be removed; repeated in the next round");
            all_succeeded = false;
        }
    }
    Ok(all_succeeded)
}

/// Carries out what the record requests, then records what is observed. False when that failed.
async fn settle(services: &Services, row: TerminalRow, first: bool) -> bool {
    let (own, id) = (services.clone(), row.id);
    let work = move |operation| async move {
        carry_out::carry_out(&own, id, &operation).await?;
        follow::follow(&own, id, first).await
    };
    match services.operations.run(id, Duration::MAX, work).await {
        Some(Err(error)) => {
            tracing::warn!(terminal = %id, %error, "could not be reconciled; repeated in the next round");
            false
        }
        Some(Ok(())) | None => true,
    }
}

/// Handles a sandbox on the engine without a record. With a tombstone it is what the engine completed after a deletion
/// or a failed launch, and is removed. Otherwise the database may be an older one, so the home is kept.
async fn collect(services: &Services, orphan: SandboxId, first: bool) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let ended = tx.has_tombstone(orphan).await?;
    tx.commit().await?;
    if ended {
        tracing::info!(sandbox = %orphan, "removing the remains of a deleted terminal");
        services.runtime.delete(orphan).await?;
    } else if first {
        tracing::warn!(sandbox = %orphan, "on the engine without record or tombstone; kept");
    }
    Ok(())
}
