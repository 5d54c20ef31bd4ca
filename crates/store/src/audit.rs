//! Rows of the audit trail. Appended, never changed; what a row means and how the chain is made is decided above.

use protocol::Timestamp;
use uuid::Uuid;

use super::{
    StoreError, Tx,
    sql::{execute, fetch, rows},
    sqlx,
};

/// One event as stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditRow {
    /// Position in the chain, from 1, without gaps.
    pub seq: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Event name.
    pub event: String,
    /// `success` or `failure`.
    pub outcome: String,
    /// Who, by name as it was then.
    pub actor: Option<String>,
    /// Who, by id.
    pub actor_id: Option<Uuid>,
    /// The account it is about, so that its person sees it.
    pub subject_id: Option<Uuid>,
    /// Which terminal, account or thing.
    pub target: Option<String>,
    /// Its name as it was then.
    pub target_name: Option<String>,
    /// Client address.
    pub address: Option<String>,
    /// More facts.
    pub detail: Option<String>,
    /// Request id.
    pub request_id: Option<String>,
    /// SHA-256 over the previous hash and this row.
    pub hash: Vec<u8>,
}

/// The end of the chain, and where the kept part begins.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditHead {
    /// Position of the last event; 0 when there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Position of the last event that was removed after its retention; 0 when none was.
    pub base_seq: i64,
    /// Its hash.
    pub base_hash: Vec<u8>,
}

/// What to look for; `None` is anything.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Event name.
    pub event: Option<String>,
    /// `success` or `failure`.
    pub outcome: Option<String>,
    /// Actor's name.
    pub actor: Option<String>,
    /// Target id.
    pub target: Option<String>,
    /// Not before, in milliseconds.
    pub from: Option<i64>,
    /// Before, in milliseconds.
    pub until: Option<i64>,
    /// Only events that this account did, or that are about it.
    pub concerning: Option<Uuid>,
}

impl Tx {
    /// Takes the next position and holds the end of the chain until the transaction ends; gives that position and the
    /// previous hash. Writers come one after the other here, so append last in a transaction.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_audit_position(&mut self) -> Result<(i64, Vec<u8>), StoreError> {
        Ok(fetch!(
            fetch_one,
            self,
            (i64, Vec<u8>),
            "UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash"
        ))
    }

    /// Whether the trail says that a terminal's end was decided: it was deleted, or its creation failed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ended_in_trail(&mut self, terminal: &str, ends: [&str; 2]) -> Result<bool, StoreError> {
        let [one, other] = ends.map(str::to_owned);
        let (count,) = fetch!(
            fetch_one,
            self,
            (i64,),
            "SELECT COUNT(*) FROM audit_events WHERE target = $1 AND event IN ($2, $3)",
            terminal.to_owned(),
            one,
            other
        );
        Ok(count > 0)
    }

    /// Appends an event and makes it the end of the chain.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn append_audit(&mut self, row: &AuditRow) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO audit_events (seq, at, event, outcome, actor, actor_id, subject_id, target, target_name,
                address, detail, request_id, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            row.seq,
            row.at,
            row.event.as_str(),
            row.outcome.as_str(),
            row.actor.as_deref(),
            row.actor_id,
            row.subject_id,
            row.target.as_deref(),
            row.target_name.as_deref(),
            row.address.as_deref(),
            row.detail.as_deref(),
            row.request_id.as_deref(),
            row.hash.as_slice()
        );
        execute!(self, "UPDATE audit_head SET hash = $1 WHERE id = 1", row.hash.as_slice());
        Ok(())
    }

    /// The end and the beginning of the chain.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_head(&mut self) -> Result<AuditHead, StoreError> {
        Ok(fetch!(fetch_one, self, AuditHead, "SELECT seq, hash, base_seq, base_hash FROM audit_head WHERE id = 1"))
    }

    /// Events in the order of the chain, after a position.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_after(&mut self, seq: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        Ok(fetch!(
            fetch_all,
            self,
            AuditRow,
            rows!(audit_events, "WHERE seq > $1 ORDER BY seq LIMIT $2"),
            seq,
            i64::from(limit)
        ))
    }

    /// Events that match, newest first, before a position.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn search_audit(
        &mut self,
        filter: &AuditFilter,
        before: i64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        Ok(fetch!(
            fetch_all,
            self,
            AuditRow,
            rows!(
                audit_events,
                "WHERE seq < $1
                   AND ($2 IS NULL OR event = $2)
                   AND ($3 IS NULL OR outcome = $3)
                   AND ($4 IS NULL OR actor = $4)
                   AND ($5 IS NULL OR target = $5)
                   AND ($6 IS NULL OR at >= $6)
                   AND ($7 IS NULL OR at < $7)
                   AND ($8 IS NULL OR actor_id = $8 OR subject_id = $8)
                 ORDER BY seq DESC LIMIT $9"
            ),
            before,
            filter.event.as_deref(),
            filter.outcome.as_deref(),
            filter.actor.as_deref(),
            filter.target.as_deref(),
            filter.from,
            filter.until,
            filter.concerning,
            i64::from(limit)
        ))
    }

    /// Removes events older than an instant from the beginning of the chain, and remembers where it now begins.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_audit(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        execute!(self, "UPDATE audit_head SET id = id WHERE id = 1");
        // The chain is in order of positions; the last old event before the first young one is the new beginning.
        let last = fetch!(
            fetch_optional,
            self,
            (i64, Vec<u8>),
            "SELECT seq, hash FROM audit_events
             WHERE seq < COALESCE((SELECT MIN(seq) FROM audit_events WHERE at >= $1), 9223372036854775807)
             ORDER BY seq DESC LIMIT 1",
            before.millis()
        );
        let Some((seq, hash)) = last else { return Ok(0) };
        execute!(self, "UPDATE audit_head SET base_seq = $1, base_hash = $2 WHERE id = 1", seq, hash.as_slice());
        Ok(execute!(self, "DELETE FROM audit_events WHERE seq <= $1", seq))
    }
}
