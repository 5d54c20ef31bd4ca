//! The chain: the value of a row, and the verification of all rows.
//!
//! `value(n) = HMAC-SHA-256(key, value(n-1) and every field with its length)`. A changed, removed or inserted row is
//! detected at its position; a truncated end is detected at the head, which is written in the same transactions and
//! authenticated with the key. Versions without keys wrote SHA-256 in place of HMAC-SHA-256.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use protocol::admin::AuditVerdict;
use sha2::{Digest as _, Sha256};
use store::{AuditHead, AuditRow, StoreError, Tx};

use super::{AuditKeys, AuditLog, Checkpoint};

/// Rows per read of the verification.
const BATCH: u32 = 500;

/// `label`, then each field with a tag for its presence and its length: different fields never have the same encoding.
pub(super) fn encode(label: &[u8], fields: &[Option<&[u8]>]) -> Vec<u8> {
    let mut bytes = label.to_vec();
    for field in fields {
        match field {
            Some(field) => {
                bytes.push(1);
                bytes.extend((field.len() as u64).to_be_bytes());
                bytes.extend_from_slice(field);
            }
            None => bytes.push(0),
        }
    }
    bytes
}

/// The encoding of a row after `previous`.
pub(super) fn row_bytes(label: &[u8], previous: &[u8], row: &AuditRow) -> Vec<u8> {
    encode(
        label,
        &[
            Some(previous),
            Some(&row.seq.to_be_bytes()),
            Some(&row.at.to_be_bytes()),
            Some(row.event.as_bytes()),
            Some(row.outcome.as_bytes()),
            row.actor.as_deref().map(str::as_bytes),
            row.actor_id.as_ref().map(|id| id.as_bytes().as_slice()),
            row.subject_id.as_ref().map(|id| id.as_bytes().as_slice()),
            row.target.as_deref().map(str::as_bytes),
            row.target_name.as_deref().map(str::as_bytes),
            row.address.as_deref().map(str::as_bytes),
            row.detail.as_deref().map(str::as_bytes),
            row.request_id.as_deref().map(str::as_bytes),
        ],
    )
}

/// The value of a row in versions without keys.
pub(super) fn unkeyed_value(previous: &[u8], row: &AuditRow) -> Vec<u8> {
    Sha256::digest(row_bytes(b"rexec audit 1", previous, row)).to_vec()
}

/// What is wrong with a chain, at the first place where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The event at this position was altered, removed or inserted.
    Event(i64),
    /// The event at this position fits to the chain, but it is not the one that a checkpoint or the key file names.
    Rebuilt(i64),
    /// The events after this position are missing.
    Cut(i64),
    /// The stored end of the chain, at this position, is not the one that Rexec wrote.
    End(i64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(seq) => write!(f, "event {seq} was altered, removed or inserted"),
            Self::Rebuilt(seq) => write!(f, "event {seq} is not the one of a checkpoint or key: the log was rebuilt"),
            Self::Cut(seq) => write!(f, "the events after {seq} are missing"),
            Self::End(seq) => write!(f, "the end was rewritten outside Rexec; events after {seq} may be missing"),
        }
    }
}

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

/// Values that are known from outside the database, by position.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<i64, BTreeSet<Vec<u8>>>);

impl Known {
    fn of(keys: &AuditKeys, checkpoints: &[Checkpoint]) -> Self {
        let mut known = Self::default();
        let checkpoints = checkpoints.iter().map(|checkpoint| (checkpoint.seq, checkpoint.value.as_slice()));
        for (seq, value) in keys.positions().chain(checkpoints) {
            known.0.entry(seq).or_default().insert(value.to_vec());
        }
        known
    }

    fn contradicts(&self, (seq, value): (i64, &[u8])) -> bool {
        self.0.get(&seq).is_some_and(|values| values.iter().any(|known| known != value))
    }

    fn ends_after(&self, seq: i64) -> bool {
        self.0.last_key_value().is_some_and(|(last, _)| *last > seq)
    }
}

/// A position of the chain with its value.
pub(super) type Position = (i64, Vec<u8>);

/// Reads the rows after `from` up to the position `until`, and compares each with its value. Returns where they end.
pub(super) async fn walk(
    tx: &mut Tx,
    keys: &AuditKeys,
    known: &Known,
    from: Position,
    until: i64,
) -> Result<Result<Position, Fault>, StoreError> {
    let (mut seq, mut value) = from;
    if known.contradicts((seq, &value)) {
        return Ok(Err(Fault::Rebuilt(seq)));
    }
    while seq < until {
        let begin = seq;
        let rows = tx.audit_after(seq, BATCH).await?;
        let last = rows.len() < BATCH as usize;
        for row in rows.into_iter().take_while(|row| row.seq <= until) {
            if row.seq != seq + 1 || row.hash != keys.value(&value, &row) {
                return Ok(Err(Fault::Event(seq + 1)));
            }
            (seq, value) = (row.seq, row.hash);
            if known.contradicts((seq, &value)) {
                return Ok(Err(Fault::Rebuilt(seq)));
            }
        }
        if last || seq == begin {
            break;
        }
    }
    Ok(Ok((seq, value)))
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
    let known = Known::of(&log.keys, &checkpoints);
    let known = Known(known.0.into_iter().filter(|(seq, _)| *seq >= head.base_seq).collect());
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
