//! Terminals as their owner sees them. Not one byte of their content.

use protocol::{Page, TerminalId, terminals::Terminal};

use super::TerminalError;
use crate::{
    auth::Caller,
    services::Services,
    store::{
        GrantFacts, TerminalRow, Tx,
        pages::{self, BehindTerminal},
    },
};

/// One page of the caller's terminals, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    services: &Services,
    caller: &Caller,
    behind: BehindTerminal,
    limit: u32,
) -> Result<Page<Terminal>, TerminalError> {
    let mut tx = services.db.read().await?;
    let rows = tx.terminals_of(caller.user, behind, limit + 1).await?;
    let grants = tx.grants_of_session(caller.session).await?;
    tx.commit().await?;
    let place = |row: &TerminalRow| BehindTerminal(row.created_at, row.id).to_string();
    Ok(pages::page(rows, limit, place, |row| {
        let grant = grants.iter().find(|g| g.terminal == row.id).cloned();
        seen(services, caller, row, grant)
    }))
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
