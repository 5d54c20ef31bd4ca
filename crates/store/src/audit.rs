//! Rows of the audit log. They are appended and never changed. The server defines the events and computes the hashes.

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
    /// Actor: the name at the time of the event.
    pub actor: Option<String>,
    /// Actor: the account's id.
    pub actor_id: Option<Uuid>,
    /// The account that the event is about. Its user may read the event.
    pub subject_id: Option<Uuid>,
    /// Id of the terminal, account or other object.
    pub target: Option<String>,
    /// The target's name at the time of the event.
    pub target_name: Option<String>,
    /// Client address.
    pub address: Option<String>,
    /// Additional information.
    pub detail: Option<String>,
    /// Request id.
    pub request_id: Option<String>,
    /// Value of the chain: covers the previous value and this row.
    pub hash: Vec<u8>,
}

/// The end of the chain, and the beginning of the part that is stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditHead {
    /// Position of the last event; 0 when there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Position of the last event that was deleted after its retention time; 0 when none was.
    pub base_seq: i64,
    /// Its hash.
    pub base_hash: Vec<u8>,
    /// Authenticates the other fields; `None` in a database of a version without keys.
    pub mac: Option<Vec<u8>>,
}

impl Tx {
    /// Locks the end of the chain until the transaction ends, and returns it. This serializes all writers, so append
    /// last in a transaction.
    pub async fn lock_audit_head(&mut self) -> Result<AuditHead, StoreError> {
        Ok(fetch!(
            fetch_one,
            self,
            AuditHead,
            "UPDATE audit_head SET id = id WHERE id = 1 RETURNING seq, hash, base_seq, base_hash, mac"
        ))
    }

    /// Writes the end of the chain as it is. A database that cannot commit this cannot store a lock either.
    pub(crate) async fn rewrite_audit_head(&mut self) -> Result<(), StoreError> {
        execute!(self, "UPDATE audit_head SET seq = seq WHERE id = 1");
        Ok(())
    }

    /// Appends an event and makes it the end of the chain. `head` has the position, hash and code of the new end.
    pub async fn append_audit(&mut self, row: &AuditRow, head: &AuditHead) -> Result<(), StoreError> {
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
        execute!(
            self,
            "UPDATE audit_head SET seq = $1, hash = $2, mac = $3 WHERE id = 1",
            head.seq,
            head.hash.as_slice(),
            head.mac.as_deref()
        );
        Ok(())
    }

    /// The end and the stored beginning of the chain.
    pub async fn audit_head(&mut self) -> Result<AuditHead, StoreError> {
        Ok(fetch!(
            fetch_one,
            self,
            AuditHead,
            "SELECT seq, hash, base_seq, base_hash, mac FROM audit_head WHERE id = 1"
        ))
    }

    /// Stores the code that authenticates the end and the beginning of the chain.
    pub async fn authenticate_audit_head(&mut self, mac: &[u8]) -> Result<(), StoreError> {
        execute!(self, "UPDATE audit_head SET mac = $1 WHERE id = 1", mac);
        Ok(())
    }

    /// Stores after which event the verified part of the chain begins.
    pub async fn set_audit_base(&mut self, seq: i64, hash: &[u8]) -> Result<(), StoreError> {
        execute!(self, "UPDATE audit_head SET base_seq = $1, base_hash = $2 WHERE id = 1", seq, hash);
        Ok(())
    }

    /// Events in the order of the chain, after a position.
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

    /// Position and hash of the last event of those at the beginning of the chain that are older than `before`.
    pub async fn audit_end_before(&mut self, before: Timestamp) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        // Times may be out of order in the chain. Only events before the first one that is kept are deleted. It is
        // searched in the order of the chain (`at + 0`), because the index over times would be read to its end.
        Ok(fetch!(
            fetch_optional,
            self,
            (i64, Vec<u8>),
            "SELECT seq, hash FROM audit_events
             WHERE seq < COALESCE((SELECT seq FROM audit_events WHERE at + 0 >= $1 ORDER BY seq LIMIT 1),
                                  9223372036854775807)
             ORDER BY seq DESC LIMIT 1",
            before.millis()
        ))
    }

    /// Deletes the events up to the beginning in `head`, and stores the beginning and the code. Returns the number of
    /// deleted events.
    pub async fn prune_audit(&mut self, head: &AuditHead) -> Result<u64, StoreError> {
        execute!(
            self,
            "UPDATE audit_head SET base_seq = $1, base_hash = $2, mac = $3 WHERE id = 1",
            head.base_seq,
            head.base_hash.as_slice(),
            head.mac.as_deref()
        );
        Ok(execute!(self, "DELETE FROM audit_events WHERE seq <= $1", head.base_seq))
    }
}
