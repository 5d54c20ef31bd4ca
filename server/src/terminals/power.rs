//! Start, stop, restart. A stop ends every open socket before the container goes down; the home volume stays.

use std::time::Duration;

use access::{Administer, AllowsStop, Authorized, Caller, Operate, Release, Revocation, Scope};
use protocol::{
    TerminalId,
    terminals::{Terminal, TerminalState},
};
use store::{Reason, TerminalRow};

use super::{Launched, TerminalError, launch, list, owned};
use crate::audit::AsActor as _;
use crate::{
    audit::{self, Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
};

/// Sockets get this long to let go of a terminal that is being stopped or removed.
pub(super) const CUT_DEADLINE: Duration = Duration::from_millis(500);

/// Whether the container was paused by somebody else. It still has processes, so there is something to stop.
pub(super) fn is_paused(row: &TerminalRow) -> bool {
    row.state == TerminalState::Stopped && row.reason.0 == Some(Reason::Paused)
}

/// Starts a stopped or failed terminal. One that runs already is no error.
///
/// # Errors
/// [`TerminalError`].
pub async fn start(services: &Services, caller: &Caller, id: TerminalId) -> Result<Launched, TerminalError> {
    let (mine, caller) = (services.clone(), caller.clone());
    services.run_to_completion(async move { start_now(&mine, &caller, id).await }).await
}

async fn start_now(services: &Services, caller: &Caller, id: TerminalId) -> Result<Launched, TerminalError> {
    let proof = services.gate.authorize(caller, id, Operate).await?;
    let mut tx = services.db.begin().await?;
    let row = list::record(&mut tx, &proof).await?;
    match row.state {
        TerminalState::Running => {
            tx.commit().await?;
            return Ok(Launched::Ready(list::get(services, caller, id).await?));
        }
        TerminalState::Creating | TerminalState::Deleting => return Err(TerminalError::State(row.state)),
        TerminalState::Stopped | TerminalState::Failed => {}
    }
    let spec = launch::spec(&mut tx, &row).await?;
    if !tx.move_terminal(id, row.state, TerminalState::Creating, None).await? {
        return Err(TerminalError::State(TerminalState::Creating));
    }
    tx.commit().await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(id));
    let (mine, actor) = (services.clone(), caller.actor());
    let started = owned::run(services, move |_| async move {
        let _turn = mine.turns.of(row.id).await;
        match launch::bring_up(&mine, &row, &spec).await {
            Ok(()) => Ok(launch::runs(&mine, &actor, &row, Some(AuditEvent::TerminalStarted)).await?),
            Err(error) => {
                launch::failed(&mine, &actor, &row, AuditEvent::TerminalFailed, &error).await?;
                Err(TerminalError::from(error))
            }
        }
    })
    .await;
    if let Some(done) = started {
        done?;
    }
    answer(services, caller, id, TerminalState::Running).await
}

/// Stops a running terminal. One that is stopped already is no error.
///
/// # Errors
/// [`TerminalError`]; when the engine fails, nobody can reach the terminal any more and mending stops it.
pub async fn stop(services: &Services, caller: &Caller, id: TerminalId) -> Result<Launched, TerminalError> {
    let proof = services.gate.authorize(caller, id, Operate).await?;
    halt(services, &caller.actor(), &proof).await?;
    answer(services, caller, id, TerminalState::Stopped).await
}

/// Stops and starts.
///
/// # Errors
/// [`TerminalError`].
pub async fn restart(services: &Services, caller: &Caller, id: TerminalId) -> Result<Launched, TerminalError> {
    stop(services, caller, id).await?;
    start(services, caller, id).await
}

/// Stops somebody's terminal, for an administrator. Its lock stays as it is.
///
/// # Errors
/// [`TerminalError`].
pub async fn stop_any(services: &Services, admin: &Caller, id: TerminalId) -> Result<(), TerminalError> {
    let proof = services.gate.authorize(admin, id, Administer).await?;
    halt(services, &admin.actor(), &proof).await
}

/// Record and event first: from the commit on, nobody is let in. Then whoever is in is put out. Then the container.
async fn halt<A: AllowsStop>(services: &Services, actor: &Actor, proof: &Authorized<A>) -> Result<(), TerminalError> {
    let mut tx = services.db.read().await?;
    let row = list::record(&mut tx, proof).await?;
    tx.commit().await?;
    let (mine, actor) = (services.clone(), actor.clone());
    services.run_to_completion(async move { halt_now(&mine, &actor, row).await }).await
}

async fn halt_now(services: &Services, actor: &Actor, row: TerminalRow) -> Result<(), TerminalError> {
    match row.state {
        TerminalState::Stopped if !is_paused(&row) => return Ok(()),
        TerminalState::Creating | TerminalState::Deleting | TerminalState::Failed => {
            return Err(TerminalError::State(row.state));
        }
        TerminalState::Running | TerminalState::Stopped => {}
    }
    // Taken before the record says stopped: whoever starts it then comes after.
    let turn = services.turns.of(row.id).await;
    let mut tx = services.db.begin().await?;
    if !tx.move_terminal(row.id, row.state, TerminalState::Stopped, None).await? {
        return Err(TerminalError::State(row.state));
    }
    audit::append(&mut tx, services.clock.now(), actor, launch::about(AuditEvent::TerminalStopped, &row)).await?;
    tx.commit().await?;
    cut(services, row.id, Revocation::Stopped).await;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    let (mine, id) = (services.clone(), row.id);
    let done = owned::run(services, move |_| async move {
        let _turn = turn;
        mine.runtime.stop(id).await
    })
    .await
    .unwrap_or(Ok(()));
    done.map_err(TerminalError::StillUp)
}

/// Ends everything that looks at a terminal.
pub(super) async fn cut(services: &Services, id: TerminalId, why: Revocation) {
    if let Release::Pending(sockets) = services.revocations.revoke(Scope::Terminal(id), why, CUT_DEADLINE).await {
        tracing::warn!(terminal = %id, sockets, "some sockets are slow to close; they move no bytes");
    }
    services.sessions.end(id);
}

async fn answer(
    services: &Services,
    caller: &Caller,
    id: TerminalId,
    wanted: TerminalState,
) -> Result<Launched, TerminalError> {
    let terminal: Terminal = list::get(services, caller, id).await?;
    Ok(if terminal.state == wanted { Launched::Ready(terminal) } else { Launched::Going(terminal) })
}
