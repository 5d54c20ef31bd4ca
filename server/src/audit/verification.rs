//! The verification of all events, of the end of the chain, and of checkpoints.

use protocol::admin::AuditVerdict;
use store::{AuditHead, StoreError};

use super::{
    chain::{Fault, Known, walk},
    checkpoint::Checkpoint,
    keys::AuditKeys,
    log::AuditLog,
};

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The result as the API has it.
    pub verdict: AuditVerdict,
    /// What is wrong.
    pub fault: Option<Fault>,
    /// Number of given checkpoints whose events were deleted after their retention time, so they were not compared.
    pub expired: usize,
}

/// Verifies the whole chain on one snapshot, and that the checkpoints and the latest one of this process are on it.
///
/// # Errors
/// When the database does not answer. A broken chain is a result, not an error.
pub async fn verify(log: &AuditLog, checkpoints: &[Checkpoint]) -> Result<Verification, StoreError> {
    // Copied before the snapshot, which therefore has their events.
    let checkpoints: Vec<_> = checkpoints.iter().cloned().chain(log.latest_checkpoint()).collect();
    let mut tx = log.db.read_audit().await?;
    let head = tx.audit_head().await?;
    let known = Known::of(&log.keys, &checkpoints, head.base_seq);
    let from = (head.base_seq, head.base_hash.clone());
    let fault = match walk(&mut tx, &log.keys, &known, from, i64::MAX).await? {
        Ok((seq, value)) => fault_at_end(&log.keys, &known, &head, (seq, &value)),
        Err(fault) => Some(fault),
    };
    let expired = checkpoints.iter().filter(|checkpoint| checkpoint.seq < head.base_seq).count();
    Ok(Verification { verdict: verdict(&log.keys, &head, fault), fault, expired })
}

/// What is wrong with the end of a chain whose rows end at `seq` with `value`.
fn fault_at_end(keys: &AuditKeys, known: &Known, head: &AuditHead, (seq, value): (i64, &[u8])) -> Option<Fault> {
    if seq < head.seq || known.ends_after(seq) {
        Some(Fault::Cut(seq))
    } else if seq > head.seq {
        Some(Fault::Event(head.seq + 1))
    } else if value != head.hash || !keys.authenticates(head) {
        Some(Fault::End(seq))
    } else {
        None
    }
}

fn verdict(keys: &AuditKeys, head: &AuditHead, fault: Option<Fault>) -> AuditVerdict {
    let first_bad_seq = fault.map(|fault| match fault {
        Fault::Event(seq) | Fault::Rebuilt(seq) => seq,
        Fault::Cut(seq) | Fault::End(seq) => seq + 1,
    });
    AuditVerdict {
        intact: fault.is_none(),
        events: first_bad_seq.map_or(head.seq, |bad| (bad - 1).max(head.base_seq)) - head.base_seq,
        first_bad_seq,
        keyed_from: keys.keyed_from(),
        head_authentic: keys.authenticates(head),
        truncated: matches!(fault, Some(Fault::Cut(_) | Fault::End(_))),
    }
}
