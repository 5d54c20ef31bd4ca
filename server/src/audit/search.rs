//! Reads the audit log: pages of matching events, newest first, and the export in the order of the chain.

use data_encoding::HEXLOWER;
use protocol::{
    Page, Timestamp, UserId,
    admin::{AuditView, Outcome},
};
use serde::Serialize;
use store::{AuditFilter, AuditRow, Db, StoreError, pagination};

use super::outcome_name;

/// Search criteria; an absent one matches everything.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Event name.
    pub event: Option<String>,
    /// Outcome.
    pub outcome: Option<Outcome>,
    /// Actor's name.
    pub actor: Option<String>,
    /// Id of the target.
    pub target: Option<String>,
    /// Earliest time, inclusive.
    pub from: Option<Timestamp>,
    /// Latest time, exclusive.
    pub until: Option<Timestamp>,
    /// Only events whose actor or subject is this account.
    pub concerning: Option<UserId>,
}

/// Matching events before a position, newest first.
pub async fn search(db: &Db, what: &Search, before: Option<i64>, limit: u32) -> Result<Page<AuditView>, StoreError> {
    let filter = AuditFilter {
        event: what.event.clone(),
        outcome: what.outcome.map(|o| outcome_name(o).to_owned()),
        actor: what.actor.clone(),
        target: what.target.clone(),
        from: what.from.map(Timestamp::millis),
        until: what.until.map(Timestamp::millis),
        concerning: what.concerning.map(UserId::uuid),
    };
    let mut tx = db.read().await?;
    let rows = tx.search_audit(&filter, before.unwrap_or(i64::MAX), limit + 1).await?;
    tx.commit().await?;
    Ok(pagination::page(rows, limit, |row| row.seq.to_string(), view))
}

/// One line of the export: the event and its hash, so that the chain can be verified elsewhere.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(flatten)]
    event: AuditView,
    subject_id: Option<UserId>,
    hash: String,
}

/// The next lines of the export after a position, with the position of the last one; `None` at the end.
pub async fn export_after(db: &Db, seq: i64, limit: u32) -> Result<Option<(i64, String)>, StoreError> {
    let mut tx = db.read().await?;
    let rows = tx.audit_after(seq, limit).await?;
    tx.commit().await?;
    let Some(last) = rows.last().map(|row| row.seq) else { return Ok(None) };
    let mut lines = String::new();
    for row in rows {
        let line =
            Line { subject_id: row.subject_id.map(UserId::new), hash: HEXLOWER.encode(&row.hash), event: view(row) };
        // Serialization of these types cannot fail.
        lines.push_str(&serde_json::to_string(&line).unwrap_or_default());
        lines.push('\n');
    }
    Ok(Some((last, lines)))
}

fn view(row: AuditRow) -> AuditView {
    AuditView {
        seq: row.seq,
        at: Timestamp::from_millis(row.at),
        event: row.event,
        outcome: if row.outcome == "success" { Outcome::Success } else { Outcome::Failure },
        actor: row.actor,
        actor_id: row.actor_id.map(UserId::new),
        target: row.target,
        target_name: row.target_name,
        address: row.address,
        detail: row.detail,
        request_id: row.request_id,
    }
}
