//! Mending: after a crash, and now and then, records and engine are made to agree again. Only what belongs to this
//! instance is touched. Whatever fails is logged and tried again the next time; nothing here ends the server.

use std::{collections::HashMap, time::Duration};

use access::Revocation;
use protocol::{TerminalId, Timestamp, terminals::TerminalState};
use sandbox::{Found, RuntimeError};
use store::TerminalRow;

use super::{TerminalError, delete, launch, power};
use crate::{
    audit::{self, Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
};

/// The first round after the start, for what the engine had begun for the server before and finished after the look at
/// it.
const SOON: Duration = Duration::from_secs(5);
/// Between two rounds.
const EVERY: Duration = Duration::from_secs(60);
/// After the link of a guest was lost: the engine is looked at soon, and once more when it had time to notice. Together
/// they bound what a container costs that drops its link again and again.
const AFTER_LOSS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(4)];
/// What ends a terminal for good. Nothing else lets its home go.
const ENDS: [AuditEvent; 2] = [AuditEvent::TerminalDeleted, AuditEvent::TerminalCreateFailed];

/// What one terminal needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    /// Its first launch was cut short: it never ran, so nothing of it is kept.
    Forget,
    /// A deletion was cut short.
    Finish,
    /// It runs; listen for its guest again.
    Adopt,
    /// It was being started when the server went, and runs.
    Settle,
    /// The record says it runs, or starts; the container does not.
    NoteStopped,
    /// The record says it runs; the container was paused, so nobody can use it.
    NotePaused,
    /// It was paused, is noted as stopped, and goes on.
    Resume,
    /// Container and home are gone.
    NoteLost,
    /// It runs although its record says that it must not.
    Halt,
}

/// The decision. `fresh`: this process has just started, so whatever was under way is not any more.
fn need(row: &TerminalRow, found: Option<Found>, fresh: bool) -> Need {
    use TerminalState::{Creating, Deleting, Failed, Running, Stopped};
    match (row.state, found) {
        (Creating, _) if !fresh => Need::Nothing,
        (Creating, _) if !launch::has_run(row) => Need::Forget,
        (Creating, Some(Found::Running)) => Need::Settle,
        (Creating | Running, Some(Found::Paused)) => Need::NotePaused,
        (Creating | Running, Some(Found::Stopped | Found::Remains)) => Need::NoteStopped,
        (Creating | Running | Stopped, None | Some(Found::Emptied)) => Need::NoteLost,
        (Deleting, _) => Need::Finish,
        (Running, Some(Found::Running)) if fresh => Need::Adopt,
        (Running, Some(Found::Running)) => Need::Nothing,
        (Stopped, Some(Found::Running)) if power::is_paused(row) => Need::Resume,
        (Stopped | Failed, Some(Found::Running)) => Need::Halt,
        (Stopped | Failed, _) => Need::Nothing,
    }
}

/// Mends what a crash left. Called once, before anything is served.
pub async fn mend(services: &Services) {
    round(services, true).await;
}

/// Mends now and then, until the server goes away.
pub async fn watch(services: Services) {
    let mut next = SOON;
    loop {
        let pauses: &[Duration] = tokio::select! {
            biased;
            () = services.shutdown.cancelled() => return,
            () = services.runtime.guest_lost() => &AFTER_LOSS,
            () = tokio::time::sleep(next) => &[Duration::ZERO],
        };
        next = EVERY;
        for pause in pauses {
            if services.shutdown.run_until_cancelled(tokio::time::sleep(*pause)).await.is_none() {
                return;
            }
            round(&services, false).await;
        }
    }
}

async fn round(services: &Services, fresh: bool) {
    if let Err(error) = try_round(services, fresh).await {
        tracing::warn!(%error, "records and engine could not be compared; trying again later");
    }
}

/// The engine is looked at before the records: what is made meanwhile has a record by then, and is left alone.
async fn try_round(services: &Services, fresh: bool) -> Result<(), TerminalError> {
    let looked_at = services.clock.now();
    let mut on_engine: HashMap<TerminalId, Found> = services.runtime.list().await?.into_iter().collect();
    let mut tx = services.db.read().await?;
    let rows = tx.every_terminal().await?;
    tx.commit().await?;
    for row in rows {
        let found = on_engine.remove(&row.id);
        // Started or stopped since the engine was looked at: what was seen is old.
        if !fresh && row.state != TerminalState::Deleting && !launch::settled_before(&row, looked_at) {
            continue;
        }
        let need = need(&row, found, fresh);
        if need == Need::Nothing {
            continue;
        }
        tracing::info!(terminal = %row.id, state = row.state.as_str(), ?found, ?need, "mending");
        if let Err(error) = satisfy(services, &row, need, looked_at).await {
            tracing::warn!(terminal = %row.id, %error, "could not be mended; trying again later");
        }
    }
    for orphan in on_engine.into_keys() {
        if let Err(error) = sweep(services, orphan, fresh).await {
            tracing::warn!(terminal = %orphan, %error, "could not be removed; trying again later");
        }
    }
    Ok(())
}

/// Something of ours without a record: what the engine finished after a deletion or a failed creation is removed. Anything
/// else has lost its record, not its worth: an older or another database must never cost anybody their home.
async fn sweep(services: &Services, orphan: TerminalId, fresh: bool) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let ended = tx.has_audit_event_of(&orphan.to_string(), ENDS.map(AuditEvent::as_str)).await?;
    tx.commit().await?;
    if ended {
        tracing::info!(terminal = %orphan, "removing what was left of a deleted terminal");
        services.runtime.delete(orphan).await?;
    } else if fresh {
        tracing::warn!(terminal = %orphan, "on the engine, and neither its record nor its end is in the database; left alone");
    }
    Ok(())
}

async fn satisfy(
    services: &Services,
    row: &TerminalRow,
    need: Need,
    looked_at: Timestamp,
) -> Result<(), TerminalError> {
    let system = Actor::system();
    match need {
        Need::Nothing => Ok(()),
        Need::Finish => delete::finish(services, &system, row).await,
        Need::Forget => forget(services, row).await,
        Need::Adopt => match services.runtime.adopt(row.id).await {
            Err(RuntimeError::NoContainer) => note(services, row, looked_at, TerminalState::Stopped, None).await,
            Err(error) => Err(error.into()),
            Ok(()) => limit_again(services, row).await,
        },
        Need::Settle => {
            services.runtime.adopt(row.id).await?;
            Ok(launch::runs(services, &system, row, Some(AuditEvent::TerminalStarted)).await?)
        }
        Need::NoteStopped => note(services, row, looked_at, TerminalState::Stopped, None).await,
        Need::NotePaused => note(services, row, looked_at, TerminalState::Stopped, Some(power::PAUSED)).await,
        Need::Resume => resume(services, row).await,
        Need::NoteLost => {
            let why = "Its container and its home are gone from the engine. Delete it and make a new one.";
            note(services, row, looked_at, TerminalState::Failed, Some(why)).await
        }
        Need::Halt => halt(services, row).await,
    }
}

/// A server that ended between the engine's change of limits and the record's left them apart: the record holds.
async fn limit_again(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let tier = tx.tier(&row.tier).await?;
    tx.commit().await?;
    match tier {
        Some(tier) => Ok(services.runtime.set_limits(row.id, launch::limits(&tier)).await?),
        None => Ok(()),
    }
}

async fn forget(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    services.runtime.delete(row.id).await?;
    let mut tx = services.db.begin().await?;
    tx.remove_terminal(row.id).await?;
    let entry = launch::about(AuditEvent::TerminalCreateFailed, row).failed().detail("error", "the server was stopped");
    audit::append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
    tx.commit().await?;
    services
        .events
        .publish(row.owner_id, TerminalEvent::Deleted(row.id, Some("The server was stopped meanwhile.".to_owned())));
    Ok(())
}

/// What must not run is stopped, unless somebody has started it since it was looked at.
async fn halt(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    let _turn = services.turns.of(row.id).await;
    let mut tx = services.db.read().await?;
    let now = tx.terminal(row.id).await?;
    tx.commit().await?;
    if !now.is_some_and(|now| is_same(&now, row)) {
        return Ok(());
    }
    match services.runtime.stop(row.id).await {
        Err(RuntimeError::NoContainer) => Ok(()),
        other => Ok(other?),
    }
}

/// Whoever paused it let it go on; its shells were there all the time.
async fn resume(services: &Services, row: &TerminalRow) -> Result<(), TerminalError> {
    services.runtime.adopt(row.id).await?;
    let mut tx = services.db.begin().await?;
    if tx.move_terminal(row.id, TerminalState::Stopped, TerminalState::Running, None).await? {
        let entry = launch::about(AuditEvent::TerminalStarted, row).detail("reason", "seen on the engine");
        audit::append(&mut tx, services.clock.now(), &Actor::system(), entry).await?;
    }
    tx.commit().await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    Ok(())
}

/// Whether nothing has happened to a terminal since its record was read as `row`.
fn is_same(now: &TerminalRow, row: &TerminalRow) -> bool {
    now.state == row.state && now.last_active_at == row.last_active_at
}

/// The record follows the engine, unless it changed since.
async fn note(
    services: &Services,
    row: &TerminalRow,
    looked_at: Timestamp,
    to: TerminalState,
    error: Option<&str>,
) -> Result<(), TerminalError> {
    let mut tx = services.db.begin().await?;
    let now = tx.lock_terminal_row(row.id).await?;
    let same = now.is_some_and(|now| is_same(&now, row) && launch::settled_before(&now, looked_at));
    if !same {
        return Ok(());
    }
    tx.move_terminal(row.id, row.state, to, error).await?;
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
        UserId,
        names::{Slug, TerminalName},
    };
    use uuid::Uuid;

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
            error: None,
            created_at: Timestamp::from_millis(10),
            last_active_at: Timestamp::from_millis(if ran { 11 } else { 10 }),
        }
    }

    #[test]
    fn a_home_with_files_is_never_forgotten() {
        use TerminalState::{Creating, Deleting, Failed, Running, Stopped};
        let all = [Found::Running, Found::Paused, Found::Stopped, Found::Remains, Found::Emptied].map(Some);
        let all = all.into_iter().chain([None]);
        for found in all {
            for fresh in [true, false] {
                for state in [Creating, Running, Stopped, Failed] {
                    let need = need(&row(state, true), found, fresh);
                    assert!(!matches!(need, Need::Forget | Need::Finish), "{state:?} {found:?}");
                }
                assert_eq!(need(&row(Deleting, true), found, fresh), Need::Finish);
            }
            assert_eq!(need(&row(Creating, false), found, true), Need::Forget);
            assert_eq!(need(&row(Creating, false), found, false), Need::Nothing, "it may be under way");
        }
    }

    #[test]
    fn records_follow_the_engine() {
        use TerminalState::{Creating, Failed, Running, Stopped};
        for (state, found, fresh, expected) in [
            (Running, Some(Found::Running), true, Need::Adopt),
            (Running, Some(Found::Running), false, Need::Nothing),
            (Running, Some(Found::Stopped), false, Need::NoteStopped),
            (Running, Some(Found::Remains), true, Need::NoteStopped),
            (Running, None, true, Need::NoteLost),
            (Running, Some(Found::Emptied), false, Need::NoteLost),
            (Running, Some(Found::Paused), false, Need::NotePaused),
            (Creating, Some(Found::Paused), true, Need::NotePaused),
            (Stopped, Some(Found::Paused), false, Need::Nothing),
            (Creating, Some(Found::Running), true, Need::Settle),
            (Creating, Some(Found::Stopped), true, Need::NoteStopped),
            (Stopped, Some(Found::Running), true, Need::Halt),
            (Failed, Some(Found::Running), false, Need::Halt),
            (Stopped, Some(Found::Stopped), true, Need::Nothing),
            (Stopped, Some(Found::Remains), true, Need::Nothing),
            (Stopped, None, true, Need::NoteLost),
            (Stopped, Some(Found::Emptied), false, Need::NoteLost),
            (Failed, None, false, Need::Nothing),
        ] {
            assert_eq!(need(&row(state, true), found, fresh), expected, "{state:?} {found:?} {fresh}");
        }
        let paused = TerminalRow { error: Some(power::PAUSED.to_owned()), ..row(Stopped, true) };
        assert_eq!(need(&paused, Some(Found::Running), false), Need::Resume);
        assert_eq!(need(&paused, Some(Found::Paused), false), Need::Nothing);
    }
}
