//! Terminals as their owner sees them. Not one byte of their content.

use protocol::{Page, TerminalId, Timestamp, limits, terminals::Terminal};
use uuid::Uuid;

use super::TerminalError;
use crate::{
    auth::Caller,
    services::Services,
    store::{GrantFacts, TerminalRow, Tx},
};

/// One page of the caller's terminals, newest first. `after` is the cursor of the page before.
///
/// # Errors
/// [`TerminalError::Choice`] for a cursor that is none.
pub async fn list(
    services: &Services,
    caller: &Caller,
    after: Option<&str>,
    limit: Option<u32>,
) -> Result<Page<Terminal>, TerminalError> {
    let before = after.map_or(Ok((Timestamp::from_millis(i64::MAX), TerminalId::new(Uuid::max()))), cursor)?;
    let limit = limit.unwrap_or(limits::PAGE_ITEMS_DEFAULT).clamp(1, limits::PAGE_ITEMS_MAX);
    let mut tx = services.db.read().await?;
    let mut rows = tx.terminals_of(caller.user, before, limit + 1).await?;
    let grants = tx.grants_of_session(caller.session).await?;
    tx.commit().await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.created_at.millis(), row.id));
    let items = rows.into_iter().map(|row| {
        let grant = grants.iter().find(|g| g.terminal == row.id).cloned();
        seen(services, caller, row, grant)
    });
    Ok(Page { items: items.collect(), next: last })
}

/// One terminal of the caller's.
///
/// # Errors
/// [`TerminalError::Denied`] when it is not the caller's.
pub async fn get(services: &Services, caller: &Caller, id: TerminalId) -> Result<Terminal, TerminalError> {
    services.gate.find(caller, id).await?;
    let mut tx = services.db.read().await?;
    let row = own(&mut tx, caller, id).await?;
    let grant = tx.grant(caller.session, id).await?;
    tx.commit().await?;
    Ok(seen(services, caller, row, grant))
}

/// The record, when it is (still) the caller's.
pub(super) async fn own(tx: &mut Tx, caller: &Caller, id: TerminalId) -> Result<TerminalRow, TerminalError> {
    let row = tx.terminal(id).await?.filter(|row| row.owner_id == caller.user);
    row.ok_or(TerminalError::Denied(crate::access::Denied::NotFound))
}

fn cursor(text: &str) -> Result<(Timestamp, TerminalId), TerminalError> {
    let parsed = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parsed.map(|(at, id)| (Timestamp::from_millis(at), id)).ok_or_else(|| TerminalError::Choice {
        field: "after",
        why: "This is not a cursor of this list. Leave it out to start from the first page.".to_owned(),
    })
}

/// A record as the asking login session sees it.
fn seen(services: &Services, caller: &Caller, row: TerminalRow, grant: Option<GrantFacts>) -> Terminal {
    let granted_until = services.gate.granted_until(caller, &row, grant);
    Terminal {
        id: row.id,
        name: row.name,
        image: row.image,
        tier: row.tier,
        profile: row.profile,
        state: row.state,
        mfa_locked: row.mfa_locked,
        granted_until,
        created_at: row.created_at,
        last_active_at: row.last_active_at,
        error: row.error,
    }
}
