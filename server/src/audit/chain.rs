//! The hash chain: what is hashed, and the walk that checks it. Knows rows, not their meaning.
//!
//! `hash(n) = SHA-256("rexec audit 1" || hash(n-1) || every field with its length)`. A changed, removed or inserted row
//! shows at its position; a cut-off end shows at the head, which is written in the same transactions.

use protocol::admin::AuditVerdict;
use sha2::{Digest as _, Sha256};
use store::{AuditRow, Db, StoreError};

/// Rows read at a time by the walk.
const BATCH: u32 = 500;

/// The hash of a row after `previous`.
pub(super) fn hash(previous: &[u8], row: &AuditRow) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(b"rexec audit 1");
    // A length before each field, and another tag for an absent one: no two rows have the same text.
    let mut field = |value: Option<&[u8]>| match value {
        Some(bytes) => {
            digest.update([1]);
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        }
        None => digest.update([0]),
    };
    field(Some(previous));
    field(Some(&row.seq.to_be_bytes()));
    field(Some(&row.at.to_be_bytes()));
    field(Some(row.event.as_bytes()));
    field(Some(row.outcome.as_bytes()));
    field(row.actor.as_deref().map(str::as_bytes));
    field(row.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
    field(row.subject_id.as_ref().map(|id| id.as_bytes().as_slice()));
    field(row.target.as_deref().map(str::as_bytes));
    field(row.target_name.as_deref().map(str::as_bytes));
    field(row.address.as_deref().map(str::as_bytes));
    field(row.detail.as_deref().map(str::as_bytes));
    field(row.request_id.as_deref().map(str::as_bytes));
    digest.finalize().to_vec()
}

/// Walks the whole chain on one snapshot.
///
/// # Errors
/// When the database does not answer; a broken chain is an answer, not an error.
pub async fn verify(db: &Db) -> Result<AuditVerdict, StoreError> {
    let mut tx = db.read().await?;
    let head = tx.audit_head().await?;
    let (mut seq, mut previous) = (head.base_seq, head.base_hash);
    let broken = |at: i64| AuditVerdict { intact: false, events: at - head.base_seq - 1, first_bad_seq: Some(at) };
    loop {
        let rows = tx.audit_after(seq, BATCH).await?;
        let last = rows.len() < BATCH as usize;
        for row in rows {
            if row.seq != seq + 1 || row.hash != hash(&previous, &row) {
                return Ok(broken(seq + 1));
            }
            (seq, previous) = (row.seq, row.hash);
        }
        if last {
            break;
        }
    }
    if seq != head.seq || previous != head.hash {
        return Ok(broken(seq + 1));
    }
    Ok(AuditVerdict { intact: true, events: seq - head.base_seq, first_bad_seq: None })
}
