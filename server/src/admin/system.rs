//! What administrators see of the machine and of other people's terminals: names and states, never a byte.

use protocol::{
    Page, TerminalId, Timestamp,
    admin::{AdminTerminal, Finding, Level, System},
};
use uuid::Uuid;

use super::{AdminError, Done};
use crate::{services::Services, store::TerminalListing};

/// Version, database, engine findings.
///
/// # Errors
/// When the database does not answer.
pub async fn system(services: &Services) -> Done<System> {
    let mut findings = services.runtime.probe().await;
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
        viewers: u32::try_from(services.cuts.held()).unwrap_or(u32::MAX),
        findings,
    })
}

/// Every terminal, newest first, after a cursor.
///
/// # Errors
/// [`AdminError::Invalid`] for a cursor that is not one of ours.
pub async fn terminals(services: &Services, after: Option<&str>, limit: u32) -> Done<Page<AdminTerminal>> {
    let before = match after {
        None => (Timestamp::from_millis(i64::MAX), TerminalId::new(Uuid::max())),
        Some(cursor) => {
            parse(cursor).ok_or_else(|| AdminError::invalid("after", "Use the `next` of the last page."))?
        }
    };
    let mut tx = services.db.read().await?;
    let rows = tx.all_terminals(before, limit).await?;
    tx.commit().await?;
    let full = rows.len() == limit as usize;
    let next = rows.last().filter(|_| full).map(|l| format!("{}_{}", l.terminal.created_at.millis(), l.terminal.id));
    Ok(Page { items: rows.into_iter().map(view).collect(), next })
}

fn parse(cursor: &str) -> Option<(Timestamp, TerminalId)> {
    let (ms, id) = cursor.split_once('_')?;
    Some((Timestamp::from_millis(ms.parse().ok()?), id.parse().ok()?))
}

fn view(listing: TerminalListing) -> AdminTerminal {
    let TerminalListing { terminal, owner } = listing;
    AdminTerminal {
        id: terminal.id,
        name: terminal.name,
        owner,
        image: terminal.image,
        tier: terminal.tier,
        state: terminal.state,
        mfa_locked: terminal.mfa_locked,
        created_at: terminal.created_at,
        last_active_at: terminal.last_active_at,
    }
}
