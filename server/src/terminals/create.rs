//! Creation of a terminal: record and audit event in one transaction, then the launch.

use access::Caller;
use protocol::{
    SandboxId, TerminalId, Timestamp,
    events::Stage,
    names::{Slug, TerminalName},
    terminals::{CreateTerminal, Phase},
};
use sandbox::profile::STANDARD;
use store::{DesiredState, SandboxRow, SandboxState, StoredReason, TerminalRow, Tx, pagination::TerminalCursor};
use uuid::Uuid;

use super::{Choice, TerminalError, audit_entry::audit_entry, completion::Completion, list, names, reconciler};
use crate::audit::AsActor as _;
use crate::{
    audit::{Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
};

/// Newest terminals whose names a generated name avoids.
const NAMES_COMPARED: u32 = 200;

/// Creates a terminal for the caller. A launch that fails while the caller waits leaves no container, volume, directory
/// or record, only its audit event; one that fails later leaves the record, with the reason.
///
/// # Errors
/// [`TerminalError`]; then nothing was created.
pub async fn create(
    services: &Services,
    caller: &Caller,
    request: CreateTerminal,
) -> Result<Completion, TerminalError> {
    let (own, caller) = (services.clone(), caller.clone());
    services.operations.complete(async move { create_now(&own, &caller, request).await }).await
}

async fn create_now(
    services: &Services,
    caller: &Caller,
    request: CreateTerminal,
) -> Result<Completion, TerminalError> {
    let row = record(services, caller, &caller.actor(), request).await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    services.events.publish(row.owner_id, TerminalEvent::Progress(row.id, Stage::Recorded));
    match reconciler::create(services, row.id).await {
        // The record is committed, and the reconciler continues with it.
        None | Some(Ok(()) | Err(TerminalError::Store(_))) => {}
        Some(Err(error)) => return Err(error),
    }
    let terminal = list::get(services, caller, row.id).await?;
    Ok(if terminal.phase == Phase::Running { Completion::Done(terminal) } else { Completion::InProgress(terminal) })
}

/// Checks the choice and the quota, and writes record and event. The account's row is locked, so that concurrent
/// requests are counted one after the other.
async fn record(
    services: &Services,
    caller: &Caller,
    actor: &Actor,
    request: CreateTerminal,
) -> Result<TerminalRow, TerminalError> {
    let now = services.clock.now();
    let mut tx = services.db.begin().await?;
    tx.lock_user_row(caller.user).await?;
    let own = tx.user(caller.user).await?.and_then(|user| user.terminals_max);
    let max = own.unwrap_or(i64::from(tx.settings().await?.terminals_max));
    if tx.count_terminals_of(caller.user).await? >= max {
        return Err(TerminalError::Quota(max));
    }
    let row = new_row(&mut tx, caller, request, now).await?;
    tx.insert_terminal(&row).await?;
    let entry = audit_entry(AuditEvent::TerminalCreated, &row).detail("image", &row.image).detail("tier", &row.tier);
    services.audit.append(&mut tx, now, actor, entry).await?;
    tx.commit().await?;
    Ok(row)
}

async fn new_row(
    tx: &mut Tx,
    caller: &Caller,
    request: CreateTerminal,
    now: Timestamp,
) -> Result<TerminalRow, TerminalError> {
    if !tx.image(&request.image).await?.is_some_and(|image| image.enabled) {
        return Err(TerminalError::Choice(Choice::UnknownImage));
    }
    let tiers = tx.tiers().await?;
    let tier = match &request.tier {
        Some(name) => tiers.iter().find(|tier| tier.name == *name),
        None => tiers.iter().find(|tier| tier.is_default).or(tiers.first()),
    };
    let tier = tier.ok_or(TerminalError::Choice(Choice::UnknownTier))?;
    let fixed = |given: Option<Slug>, only: &str, field| match given {
        Some(given) if given.as_str() != only => {
            Err(TerminalError::Choice(Choice::Only { field, only: only.to_owned() }))
        }
        _ => Slug::parse(only).map_err(|error| TerminalError::Choice(Choice::Name(field, error))),
    };
    let profile = fixed(request.profile, STANDARD.name, "profile")?;
    let egress = fixed(request.egress, "open", "egress")?;
    let name = match request.name {
        Some(name) => name,
        None => generate_name(tx, caller, &request.image).await?,
    };
    let id = TerminalId::new(Uuid::new_v4());
    Ok(TerminalRow {
        id,
        owner_id: caller.user,
        hostname: names::hostname(&name),
        name,
        image: request.image,
        tier: tier.name.clone(),
        profile,
        egress,
        desired: DesiredState::Running,
        phase: Phase::Pending,
        mfa_locked: false,
        lock_epoch: 0,
        reason: StoredReason::default(),
        generation: 1,
        observed_generation: 0,
        sandbox: SandboxRow { id: SandboxId::new(id.uuid()), state: SandboxState::Creating, tier: tier.name.clone() },
        created_at: now,
        last_active_at: now,
    })
}

async fn generate_name(tx: &mut Tx, caller: &Caller, image: &Slug) -> Result<TerminalName, TerminalError> {
    let rows = tx.terminals_of(caller.user, TerminalCursor::default(), NAMES_COMPARED).await?;
    Ok(names::generate(image, &rows.into_iter().map(|row| row.name).collect::<Vec<_>>()))
}
