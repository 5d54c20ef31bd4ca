//! The hash chain: the hash of a row, and the verification of the chain.
//!
//! `hash(n) = SHA-256("rexec audit 1" || hash(n-1) || every field with its length)`. A changed, removed or inserted row
//! is detected at its position; a truncated end is detected at the head, which is written in the same transactions.

use protocol::admin::AuditVerdict;
use sha2::{Digest as _, Sha256};
use store::{AuditRow, Db, StoreError};

/// Rows per read of the verification.
const BATCH: u32 = 500;

/// The hash of a row after `previous`.
pub(super) fn hash(previous: &[u8], row: &AuditRow) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(b"rexec audit 1");
    // A tag for presence and a length before each field: different rows never have the same encoding.
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

/// Verifies the whole chain on one snapshot.
///
/// # Errors
/// When the database does not answer. A broken chain is a verdict, not an error.
pub async fn verify(db: &Db) -> Result<AuditVerdict, StoreError> {
    let mut tx = db.read_audit().await?;
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
