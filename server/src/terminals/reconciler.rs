//! The reconciler: compares records and engine at the start and periodically, and makes them agree. It touches only
//! what belongs to this instance. A step that fails is logged and repeated in the next round.

use std::{collections::HashMap, time::Duration};

use access::Revocation;
use protocol::{TerminalId, terminals::TerminalState};
use sandbox::{EngineError, ObservedState};
use store::{Reason, TerminalRow};

use super::{TerminalError, delete, launch, power};
use crate::{
    audit::{self, Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
};

/// Delay of the first round after the start. It finds what the engine completed for the previous server process after
/// this one had listed it.
const FIRST_DELAY: Duration = Duration::from_secs(5);
/// Delay between rounds.
const INTERVAL: Duration = Duration::from_secs(60);
/// Delays of the rounds after a guest link was lost: one at once, one when the engine had time to notice that the
/// container ended. They also bound the work that a container causes which drops its link repeatedly.
const DELAYS_AFTER_LOSS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(4)];

/// The step that one terminal needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    None,
    /// Its first launch was interrupted. It never ran, so everything of it is removed.
    DeleteRecord,
    /// Its deletion was interrupted.
    FinishDeletion,
    /// It runs: listen for its guest again.
    Reconnect,
    /// It was being started when the server stopped, and runs now.
    RecordRunning,
    /// The record says that it runs or starts, but its container does not run.
    RecordStopped,
    /// The record says that it runs, but its container is paused.
    RecordPaused,
    /// It was paused, is recorded as stopped, and runs again.
    RecordResumed,
    /// Container and home no longer exist.
    RecordLost,
    /// It runs, but its record says that it must not.
    Stop,
}

/// Decides. `first_round`: this process has just started, so nothing is in progress.
fn action(row: &TerminalRow, found: Option<ObservedState>, first_round: bool) -> Action {
    use TerminalState::{Creating, Deleting, Failed, Running, Stopped};
    match (row.state, found) {
        (Creating, _) if !first_round => Action::None,
        (Creating, _) if !row.launched => Action::DeleteRecord,
        (Creating, Some(ObservedState::Running)) => Action::RecordRunning,
        (Creating | Running, Some(ObservedState::Paused)) => Action::RecordPaused,
        (Creating | Running, Some(ObservedState::Stopped | ObservedState::Remains)) => Action::RecordStopped,
        (Creating | Running | Stopped, None | Some(ObservedState::Emptied)) => Action::RecordLost,
        (Deleting, _) => Action::FinishDeletion,
        (Running, Some(ObservedState::Running)) if first_round => Action::Reconnect,
        (Running, Some(ObservedState::Running)) => Action::None,
        (Stopped, Some(ObservedState::Running)) if power::is_paused(row) => Action::RecordResumed,
        (Stopped | Failed, Some(ObservedState::Running)) => Action::Stop,
        (Stopped | Failed, _) => Action::None,
    }
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
        delay = INTERVAL;
        for pause in delays {
            if services.shutdown.run_until_cancelled(tokio::time::sleep(*pause)).await.is_none() {
                return;
            }
            reconcile(&services, false).await;
        }
    }
}

async fn reconcile(services: &Services, first_round: bool) {
    if let Err(error) = try_reconcile(services, first_round).await {
        tracing::warn!(%error, "records and engine could not be compared; repeated in the next round");
    }
}

/// The engine is listed before the records are read, so a container that is created meanwhile has a record.
async fn try_reconcile(services: &Services, first_round: bool) -> Result<(), TerminalError> {
    let before = generations(services).await?;
    let mut observed: HashMap<TerminalId, ObservedState> = services.runtime.list().await?.into_iter().collect();
    let mut tx = services.db.read().await?;
    let rows = tx.every_terminal().await?;
    tx.commit().await?;
    for row in rows {
        let found = observed.remove(&row.id);
        // The record changed while the engine was inspected, so what was observed may be older than the record.
        if !first_round && row.state != TerminalState::Deleting && before.get(&row.id) != Some(&row.generation) {
            continue;
        }
        let action = action(&row, found, first_round);
        if action == Action::None {
            continue;
        }
        tracing::info!(terminal = %row.id, state = row.state.as_str(), ?found, ?action, "reconciling");
        if let Err(error) = apply(services, &row, action).await {
            tracing::warn!(terminal = %row.id, %error, "could not be reconciled; repeated in the next round");
        }
    }
    for orphan in observed.into_keys() {
        if let Err(error) = collect(services, orphan, first_round).await {
            tracing::warn!(terminal = %orphan, %error, "could not be removed; repeated in the next round");
        }
    }
    Ok(())
}

/// The generation of each record.
async fn generations(services: &Services) -> Result<HashMap<TerminalId, i64>, TerminalError> {
    let mut tx = services.db.read().await?;
    let rows = tx.every_terminal().await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(|row| (row.id, row.generation)).collect())
}

/// Handles a terminal on the engine without a record. With a tombstone it is what the engine completed after a
/// deletion or a failed launch, and is removed. Otherwise the database may be an older one, so the home is kept.
async fn collect(services: &Services, orphan: TerminalId, first_round: bool) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let ended = tx.has_tombstone(orphan).await?;
    tx.commit().await?;
    if ended {
        tracing::info!(terminal = %orphan, "removing the remains of a deleted terminal");
        services.runtime.delete(orphan).await?;
    } else if first_round {
        tracing::warn!(terminal = %orphan, "on the engine without record or tombstone; kept");
    }
    Ok(())
}

async fn apply(services: &Services, row: &TerminalRow, action: Action) -> Result<(), TerminalError> {
    let system = Actor::system();
    match action {
        Action::None => Ok(()),
        Action::FinishDeletion => delete::finish(services, &system, row).await,
        Action::DeleteRecord => delete_record(services, row).await,
        Action::Reconnect => match services.runtime.reconnect(row.id).await {
            Err(EngineError::NoContainer) => record(services, row, TerminalState::Stopped, None).await,
            Err(error) => Err(error.into()),
            Ok(()) => apply_limits(services, row).await,
        },
        Action::RecordRunning => {
            services.runtime.reconnect(row.id).await?;
            Ok(launch::runs(services, &system, row, Some(AuditEvent::TerminalStarted)).await?)
        }
        Action::RecordStopped => record(services, row, TerminalState::Stopped, None).await,
        Action::RecordPaused => record(services, row, TerminalState::Stopped, Some(&Reason::Paused)).await,
        Action::RecordResumed => record_resumed(services, row).await,
        Action::RecordLost => record(services, row, TerminalState::Failed, Some(&Reason::Lost)).await,
        Action::Stop => stop(services, row).await,
    }
}

/// Applies the recorded limits: the server may have stopped between changing them on the engine and in the record.
async fn apply_limits(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let tier = tx.tier(&row.tier).await?;
    tx.commit().await?;
    match tier {
        Some(tier) => Ok(services.runtime.set_limits(row.id, launch::limits(&tier)).await?),
        None => Ok(()),
    }
}

async fn delete_record(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    services.runtime.delete(row.id).await?;
    let mut tx = services.db.begin().await?;
    tx.remove_terminal(row.id, services.clock.now(), "the launch was interrupted").await?;
    let entry = launch::about(AuditEvent::TerminalCreateFailed, row).failed().detail("error", "the server was stopped");
    audit::append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
    tx.commit().await?;
    services
        .events
        .publish(row.owner_id, TerminalEvent::Deleted(row.id, Some("The server was stopped meanwhile.".to_owned())));
    Ok(())
}

/// Stops a terminal that must not run, unless its record has changed since.
async fn stop(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let _turn = services.turns.of(row.id).await;
    let mut tx = services.db.read().await?;
    let now = tx.terminal(row.id).await?;
    tx.commit().await?;
    if !now.is_some_and(|now| is_unchanged(&now, row)) {
        return Ok(());
    }
    match services.runtime.stop(row.id).await {
        Err(EngineError::NoContainer) => Ok(()),
        other => Ok(other?),
    }
}

/// Records that a paused container runs again.
async fn record_resumed(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    services.runtime.reconnect(row.id).await?;
    let mut tx = services.db.begin().await?;
    if tx.move_terminal(row.id, TerminalState::Stopped, TerminalState::Running, None).await? {
        let entry = launch::about(AuditEvent::TerminalStarted, row).detail("reason", "seen on the engine");
        audit::append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
    }
    tx.commit().await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}

/// Whether the record has not changed since it was read as `row`.
fn is_unchanged(now: &TerminalRow, row: &TerminalRow) -> bool {
    now.generation == row.generation
}

/// Records what was observed on the engine, unless the record has changed since.
async fn record(
    services: &Services,
    row: &TerminalRow,
    to: TerminalState,
    reason: Option<&Reason>,
) -> Result<(), TerminalError> {
    let mut tx = services.db.begin().await?;
    let now = tx.lock_terminal_row(row.id).await?;
    let same = now.is_some_and(|now| is_unchanged(&now, row));
    if !same {
        return Ok(());
    }
    tx.move_terminal(row.id, row.state, to, reason).await?;
    let event = if to == TerminalState::Stopped { AuditEvent::TerminalStopped } else { AuditEvent::TerminalFailed };
    let entry = launch::about(event, row).detail("reason", "seen on the engine");
    audit::append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
    tx.commit().await?;
    power::cut(services, row.id, if to == TerminalState::Stopped { Revocation::Stopped } else { Revocation::Deleted })
        .await;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}

#[cfg(test)]
mod tests {
    use protocol::{
        Timestamp, UserId,
        names::{Slug, TerminalName},
    };
    use uuid::Uuid;

    use store::StoredReason;

    use super::*;

    fn row(state: TerminalState, ran: bool) -> TerminalRow {
        let slug = |text| Slug::parse(text).unwrap();
        TerminalRow {
            id: TerminalId::new(Uuid::from_u128(1)),
            owner_id: UserId::new(Uuid::from_u128(2)),
            name: TerminalName::parse("x").unwrap(),
            hostname: "x".into(),
            image: slug("debian"),
            tier: slug("small"),
            profile: slug("standard"),
            egress: slug("open"),
            state,
            mfa_locked: false,
            lock_epoch: 0,
            reason: StoredReason::default(),
            generation: 0,
            launched: ran,
            created_at: Timestamp::from_millis(10),
            last_active_at: Timestamp::from_millis(10),
        }
    }

    #[test]
    fn a_home_that_may_hold_files_is_never_removed() {
        use TerminalState::{Creating, Deleting, Failed, Running, Stopped};
        let all = [
            ObservedState::Running,
            ObservedState::Paused,
            ObservedState::Stopped,
            ObservedState::Remains,
            ObservedState::Emptied,
        ]
        .map(Some);
        let all = all.into_iter().chain([None]);
        for found in all {
            for first_round in [true, false] {
                for state in [Creating, Running, Stopped, Failed] {
                    let action = action(&row(state, true), found, first_round);
                    assert!(!matches!(action, Action::DeleteRecord | Action::FinishDeletion), "{state:?} {found:?}");
                }
                assert_eq!(action(&row(Deleting, true), found, first_round), Action::FinishDeletion);
            }
            assert_eq!(action(&row(Creating, false), found, true), Action::DeleteRecord);
            assert_eq!(action(&row(Creating, false), found, false), Action::None, "it may be in progress");
        }
    }

    #[test]
    fn records_follow_the_observed_state() {
        use TerminalState::{Creating, Failed, Running, Stopped};
        for (state, found, first_round, expected) in [
            (Running, Some(ObservedState::Running), true, Action::Reconnect),
            (Running, Some(ObservedState::Running), false, Action::None),
            (Running, Some(ObservedState::Stopped), false, Action::RecordStopped),
            (Running, Some(ObservedState::Remains), true, Action::RecordStopped),
            (Running, None, true, Action::RecordLost),
            (Running, Some(ObservedState::Emptied), false, Action::RecordLost),
            (Running, Some(ObservedState::Paused), false, Action::RecordPaused),
            (Creating, Some(ObservedState::Paused), true, Action::RecordPaused),
            (Stopped, Some(ObservedState::Paused), false, Action::None),
            (Creating, Some(ObservedState::Running), true, Action::RecordRunning),
            (Creating, Some(ObservedState::Stopped), true, Action::RecordStopped),
            (Stopped, Some(ObservedState::Running), true, Action::Stop),
            (Failed, Some(ObservedState::Running), false, Action::Stop),
            (Stopped, Some(ObservedState::Stopped), true, Action::None),
            (Stopped, Some(ObservedState::Remains), true, Action::None),
            (Stopped, None, true, Action::RecordLost),
            (Stopped, Some(ObservedState::Emptied), false, Action::RecordLost),
            (Failed, None, false, Action::None),
        ] {
            assert_eq!(action(&row(state, true), found, first_round), expected, "{state:?} {found:?} {first_round}");
        }
        let paused = TerminalRow { reason: StoredReason(Some(Reason::Paused)), ..row(Stopped, true) };
        assert_eq!(action(&paused, Some(ObservedState::Running), false), Action::RecordResumed);
        assert_eq!(action(&paused, Some(ObservedState::Paused), false), Action::None);
    }
}
