//! Making a terminal: record and event in one transaction, then the launch in a task of the server's own.

use access::Caller;
use protocol::{
    TerminalId, Timestamp,
    events::Stage,
    names::{Slug, TerminalName},
    terminals::{CreateTerminal, Terminal, TerminalState},
};
use sandbox::{EngineError, LaunchSpec, profile::STANDARD};
use store::{StoredReason, TerminalRow, Tx, pagination::TerminalCursor};
use uuid::Uuid;

use super::{Choice, TerminalError, launch, list, names, owned};
use crate::audit::AsActor as _;
use crate::engine_sentences::engine_sentence;
use crate::{
    audit::{self, Actor, AuditEvent},
    events::TerminalEvent,
    services::Services,
};

/// Labels looked at when one is made up.
const NAMES_LOOKED_AT: u32 = 200;

/// How far a launch was when its caller was answered.
#[derive(Debug)]
pub enum Launched {
    /// A shell can be reached.
    Ready(Terminal),
    /// Still going; `GET /api/events` tells how it ends.
    Going(Terminal),
}

/// Makes a terminal for the caller. A launch that fails while the caller waits leaves no container, volume, folder or
/// record, only its event; one that fails later leaves the record, with the reason.
///
/// # Errors
/// [`TerminalError`]; then nothing was made.
pub async fn create(services: &Services, caller: &Caller, ask: CreateTerminal) -> Result<Launched, TerminalError> {
    let (mine, caller) = (services.clone(), caller.clone());
    services.run_to_completion(async move { create_now(&mine, &caller, ask).await }).await
}

async fn create_now(services: &Services, caller: &Caller, ask: CreateTerminal) -> Result<Launched, TerminalError> {
    let actor = caller.actor();
    let (row, spec) = record(services, caller, &actor, ask).await?;
    services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    services.events.publish(row.owner_id, TerminalEvent::Progress(row.id, Stage::Recorded));
    let id = row.id;
    let (mine, theirs) = (services.clone(), actor);
    let launched = owned::run(services, move |answer| async move {
        match launch::bring_up(&mine, &row, &spec).await {
            Ok(()) => launch::runs(&mine, &theirs, &row, None).await.map_err(TerminalError::from),
            Err(error) if answer.take() => {
                unrecord(&mine, &theirs, &row, &error).await;
                Err(error.into())
            }
            Err(error) => {
                let written = launch::failed(&mine, &theirs, &row, AuditEvent::TerminalCreateFailed, &error).await;
                written.map_err(TerminalError::from).and(Err(error.into()))
            }
        }
    })
    .await;
    if let Some(done) = launched {
        done?;
    }
    let terminal = list::get(services, caller, id).await?;
    Ok(match terminal.state {
        TerminalState::Running => Launched::Ready(terminal),
        _ => Launched::Going(terminal),
    })
}

/// Checks the choice and the quota, and writes record and event. The account's row is held meanwhile, so that fifty
/// requests at once are counted one after the other.
async fn record(
    services: &Services,
    caller: &Caller,
    actor: &Actor,
    ask: CreateTerminal,
) -> Result<(TerminalRow, LaunchSpec), TerminalError> {
    let now = services.clock.now();
    let mut tx = services.db.begin().await?;
    tx.lock_user_row(caller.user).await?;
    let own = tx.user(caller.user).await?.and_then(|user| user.terminals_max);
    let max = own.unwrap_or(i64::from(tx.settings().await?.terminals_max));
    if tx.count_terminals_of(caller.user).await? >= max {
        return Err(TerminalError::Quota(max));
    }
    let row = choose(&mut tx, caller, ask, now).await?;
    let spec = launch::spec(&mut tx, &row).await?;
    tx.insert_terminal(&row).await?;
    let entry = launch::about(AuditEvent::TerminalCreated, &row).detail("image", &row.image).detail("tier", &row.tier);
    audit::append(&mut tx, now, actor, entry).await?;
    tx.commit().await?;
    Ok((row, spec))
}

async fn choose(
    tx: &mut Tx,
    caller: &Caller,
    ask: CreateTerminal,
    now: Timestamp,
) -> Result<TerminalRow, TerminalError> {
    if !tx.image(&ask.image).await?.is_some_and(|image| image.enabled) {
        return Err(TerminalError::Choice(Choice::UnknownImage));
    }
    let tiers = tx.tiers().await?;
    let tier = match &ask.tier {
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
    let profile = fixed(ask.profile, STANDARD.name, "profile")?;
    let egress = fixed(ask.egress, "open", "egress")?;
    let name = match ask.name {
        Some(name) => name,
        None => make_up(tx, caller, &ask.image).await?,
    };
    Ok(TerminalRow {
        id: TerminalId::new(Uuid::new_v4()),
        owner_id: caller.user,
        hostname: names::hostname(&name),
        name,
        image: ask.image,
        tier: tier.name.clone(),
        profile,
        egress,
        state: TerminalState::Creating,
        mfa_locked: false,
        lock_epoch: 0,
        reason: StoredReason::default(),
        generation: 0,
        launched: false,
        created_at: now,
        last_active_at: now,
    })
}

async fn make_up(tx: &mut Tx, caller: &Caller, image: &Slug) -> Result<TerminalName, TerminalError> {
    let rows = tx.terminals_of(caller.user, TerminalCursor::default(), NAMES_LOOKED_AT).await?;
    Ok(names::made_up(image, &rows.into_iter().map(|row| row.name).collect::<Vec<_>>()))
}

/// Takes the record back; the event of the failure stays. Should the database refuse, the record stays and mending
/// removes it.
async fn unrecord(services: &Services, actor: &Actor, row: &TerminalRow, error: &EngineError) {
    let written = launch::insist(|| async {
        let mut tx = services.db.begin().await?;
        if tx.terminal(row.id).await?.is_some_and(|now| now.state == TerminalState::Creating) {
            tx.remove_terminal(row.id, services.clock.now(), "the launch failed and left nothing").await?;
        }
        let entry = launch::about(AuditEvent::TerminalCreateFailed, row).failed().detail("error", error);
        audit::append(&mut tx, services.clock.now(), actor, entry).await?;
        tx.commit().await
    });
    if written.await.is_ok() {
        tracing::warn!(terminal = %row.id, %error, "a terminal could not be created");
        let words = engine_sentence(error).detail;
        services.events.publish(row.owner_id, TerminalEvent::Deleted(row.id, Some(words)));
    }
}
