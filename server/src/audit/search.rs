//! Reads the audit log: pages of matching events, newest first, and the export in the order of the chain.
//!
//! A search reads ranges of positions from the newest to the oldest, with a pause after each, and ends at its time
//! limit. A range is so short that its statement ends soon on both databases.

use std::{ops::Range, time::Duration};

use data_encoding::HEXLOWER;
use protocol::{
    Page, Timestamp, UserId,
    admin::{AuditView, Outcome},
};
use serde::Serialize;
use store::{AuditFilter, AuditRow, Db, StoreError, Tx, pagination};
use tokio::time::{Instant, sleep};

use super::entry::outcome_name;
use crate::budgets::{AUDIT_SEARCH_POSITIONS, AUDIT_SEARCH_STEP, AUDIT_SEARCH_TIME, AUDIT_TIME_EVENTS};

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

/// Why a search has no result.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The search did not end within [`AUDIT_SEARCH_TIME`].
    #[error("the search took too long")]
    TimeLimit,
    /// Other searches run.
    #[error("other searches run")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Matching events before a position, newest first.
///
/// # Errors
/// [`SearchError::TimeLimit`] and [`SearchError::Store`].
pub async fn search(db: &Db, what: &Search, before: Option<i64>, limit: u32) -> Result<Page<AuditView>, SearchError> {
    let rows = search_within(db, &filter(what), before, limit + 1, AUDIT_SEARCH_TIME).await?;
    Ok(pagination::page(rows, limit, |row| row.seq.to_string(), view))
}

fn filter(what: &Search) -> AuditFilter {
    AuditFilter {
        event: what.event.clone(),
        outcome: what.outcome.map(|o| outcome_name(o).to_owned()),
        actor: what.actor.clone(),
        target: what.target.clone(),
        from: what.from.map(Timestamp::millis),
        until: what.until.map(Timestamp::millis),
        concerning: what.concerning.map(UserId::uuid),
    }
}

async fn search_within(
    db: &Db,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
    time: Duration,
) -> Result<Vec<AuditRow>, SearchError> {
    let deadline = Instant::now() + time;
    let mut tx = db.read_audit().await?;
    let mut left = positions(&mut tx, filter, before).await?;
    let (mut rows, mut width) = (Vec::new(), AUDIT_SEARCH_POSITIONS);
    loop {
        let missing = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if missing == 0 || left.is_empty() {
            tx.commit().await?;
            return Ok(rows);
        }
        let begun = Instant::now();
        if begun >= deadline {
            return Err(SearchError::TimeLimit);
        }
        let range = left.start.max(left.end.saturating_sub(width))..left.end;
        left.end = range.start;
        rows.extend(tx.search_audit(filter, range, missing).await?);
        let took = begun.elapsed();
        width = next_width(width, took);
        sleep(took.min(AUDIT_SEARCH_STEP)).await;
    }
}

/// The positions that can match.
async fn positions(tx: &mut Tx, filter: &AuditFilter, before: Option<i64>) -> Result<Range<i64>, StoreError> {
    let head = tx.audit_head().await?;
    let mut all = head.base_seq + 1..before.unwrap_or(i64::MAX).min(head.seq + 1);
    if filter.from.is_some() || filter.until.is_some() {
        let of_time = tx.audit_positions_of_time(filter.from, filter.until, AUDIT_TIME_EVENTS).await?;
        if let Some(of_time) = of_time {
            all = all.start.max(of_time.start)..all.end.min(of_time.end);
        }
    }
    Ok(all)
}

/// Longer ranges while statements are short, because an index finds the matches or the search would take many steps.
fn next_width(width: i64, took: Duration) -> i64 {
    if took > AUDIT_SEARCH_STEP {
        (width / 4).max(AUDIT_SEARCH_POSITIONS / 4)
    } else if took < AUDIT_SEARCH_STEP / 4 {
        width.saturating_mul(4)
    } else {
        width
    }
}

/// One line of the export: the event and its hash, so that the chain can be verified elsewhere.
#[derive(Debug, Serialize)]
struct ExportLine {
    #[serde(flatten)]
    event: AuditView,
    subject_id: Option<UserId>,
    hash: String,
}

/// The next lines of the export after a position, with the position of the last one; `None` at the end.
pub async fn export_after(db: &Db, seq: i64, limit: u32) -> Result<Option<(i64, String)>, StoreError> {
    let mut tx = db.read_audit().await?;
    let rows = tx.audit_after(seq, limit).await?;
    tx.commit().await?;
    let Some(last) = rows.last().map(|row| row.seq) else { return Ok(None) };
    let mut lines = String::new();
    for row in rows {
        let line = ExportLine {
            subject_id: row.subject_id.map(UserId::new),
            hash: HEXLOWER.encode(&row.hash),
            event: view(row),
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Actor, AuditEvent, AuditKeys, AuditLog, Entry, record};

    /// FINDINGS A8.
    #[tokio::test]
    async fn a_search_ends_at_its_time_limit() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
        let log = AuditLog::new(db.clone(), AuditKeys::begin(&db.read().await.unwrap().audit_head().await.unwrap()));
        record(&log, Timestamp::from_millis(0), &Actor::system(), Entry::new(AuditEvent::Login)).await.unwrap();
        let nothing = AuditFilter { actor: Some("nobody".into()), ..AuditFilter::default() };
        let ended = search_within(&db, &nothing, None, 51, Duration::ZERO).await;
        assert!(matches!(ended, Err(SearchError::TimeLimit)), "{ended:?}");
        assert!(search_within(&db, &nothing, None, 51, AUDIT_SEARCH_TIME).await.unwrap().is_empty());
    }

    #[test]
    fn ranges_grow_while_statements_are_short_and_shrink_when_they_are_not() {
        let (short, long) = (Duration::from_millis(1), Duration::from_millis(21));
        assert_eq!(
            (next_width(2000, short), next_width(2000, AUDIT_SEARCH_STEP), next_width(2000, long)),
            (8000, 2000, 500)
        );
        assert_eq!((next_width(500, long), next_width(i64::MAX, short)), (500, i64::MAX));
    }
}
