//! The host and all terminals for administrators: names and states, no content.

use protocol::{
    Page,
    admin::{AdminTerminal, Finding, Level, System},
};
use store::{
    TerminalListing,
    pagination::{self, TerminalCursor},
};

use super::AdminResult;
use crate::services::Services;

/// Version, database, engine findings.
///
/// # Errors
/// When the database does not answer.
pub async fn system(services: &Services) -> AdminResult<System> {
    let mut findings = services.engine.probe().await;
    if services.config.public_url.is_none() && !services.config.listen.ip().is_loopback() {
        findings.push(Finding {
            id: "server.public_url".into(),
            title: "Public URL".into(),
            seen: format!("not set, and listening on {}", services.config.listen),
            level: Level::Broken,
            advice: Some("Set REXEC_PUBLIC_URL to the https address people type.".into()),
        });
    }
    Ok(System {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: services.db.version().await?,
        started_at: services.started_at,
        viewers: u32::try_from(services.revocations.active_leases()).unwrap_or(u32::MAX),
        findings,
    })
}

/// Every terminal, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn terminals(services: &Services, after: TerminalCursor, limit: u32) -> AdminResult<Page<AdminTerminal>> {
    let mut tx = services.db.read().await?;
    let rows = tx.terminals_page(after, limit + 1).await?;
    tx.commit().await?;
    let cursor = |row: &TerminalListing| TerminalCursor(row.terminal.created_at, row.terminal.id).to_string();
    Ok(pagination::page(rows, limit, cursor, view))
}

fn view(listing: TerminalListing) -> AdminTerminal {
    let TerminalListing { terminal, owner } = listing;
    AdminTerminal {
        id: terminal.id,
        name: terminal.name,
        owner,
        image: terminal.image,
        tier: terminal.tier,
        state: terminal.phase.state(),
        phase: terminal.phase,
        mfa_locked: terminal.mfa_locked,
        created_at: terminal.created_at,
        last_active_at: terminal.last_active_at,
    }
}
