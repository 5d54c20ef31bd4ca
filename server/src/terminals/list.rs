//! The terminals of a caller, without their content.

use access::{Action, Authorized, Caller, CurrentLock, Denied, GrantFacts, View};
use protocol::{Page, TerminalId, terminals::Terminal};
use store::{
    TerminalRow, Tx,
    pagination::{self, TerminalCursor},
};

use super::TerminalError;
use crate::{engine_sentences::reason_text, services::Services};

/// One page of the caller's terminals, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    services: &Services,
    caller: &Caller,
    after: TerminalCursor,
    limit: u32,
) -> Result<Page<Terminal>, TerminalError> {
    let mut tx = services.db.read().await?;
    let rows = tx.terminals_of(caller.user, after, limit + 1).await?;
    let grants = tx.grants_of_session(caller.login_session()?).await?;
    tx.commit().await?;
    let cursor = |row: &TerminalRow| TerminalCursor(row.created_at, row.id).to_string();
    Ok(pagination::page(rows, limit, cursor, |row| {
        let grant = grants.iter().find(|g| g.terminal == row.id).cloned();
        terminal_view(services, caller, row, grant)
    }))
}

/// One terminal of the caller.
///
/// # Errors
/// [`TerminalError::Denied`] when it is not the caller's.
pub async fn get(services: &Services, caller: &Caller, id: TerminalId) -> Result<Terminal, TerminalError> {
    let proof = services.gate.authorize(caller, id, View).await?;
    let mut tx = services.db.read().await?;
    let row = record(&mut tx, &proof).await?;
    let grant = match caller.session() {
        Some(session) => tx.grant(session, id).await?,
        None => None,
    };
    tx.commit().await?;
    Ok(terminal_view(services, caller, row, grant))
}

/// The record of an authorized terminal, in the caller's transaction.
pub(super) async fn record<A: Action>(tx: &mut Tx, proof: &Authorized<A>) -> Result<TerminalRow, TerminalError> {
    tx.authorized_terminal(proof).await?.ok_or(TerminalError::Denied(Denied::NotFound))
}

/// A record, with the grant of the caller's login session.
fn terminal_view(services: &Services, caller: &Caller, row: TerminalRow, grant: Option<GrantFacts>) -> Terminal {
    let lock = row.mfa_locked.then_some(CurrentLock { terminal: row.id, epoch: row.lock_epoch });
    let granted_until = services.gate.granted_until(caller, lock, grant);
    Terminal {
        id: row.id,
        name: row.name,
        image: row.image,
        tier: row.tier,
        profile: row.profile,
        state: row.phase.state(),
        phase: row.phase,
        mfa_locked: row.mfa_locked,
        granted_until,
        created_at: row.created_at,
        last_active_at: row.last_active_at,
        error: row.reason.0.as_ref().map(reason_text),
    }
}
