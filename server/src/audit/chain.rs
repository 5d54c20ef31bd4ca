//! The chain of values of the events.
//!
//! `value(n) = HMAC-SHA-256(key, value(n-1) and every field with its length)`. A changed, removed or inserted row is
//! detected at its position; a truncated end is detected at the head, which is written in the same transactions and
//! authenticated with the key. Versions without keys wrote SHA-256 in place of HMAC-SHA-256.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use store::{StoreError, Tx};

use super::{checkpoint::Checkpoint, keys::AuditKeys};

/// Rows per read of the verification.
const BATCH: u32 = 500;

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

/// Values that are known from outside the database, by position.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<i64, BTreeSet<Vec<u8>>>);

impl Known {
    /// The values of keys and checkpoints from the position `base` on.
    pub(super) fn of(keys: &AuditKeys, checkpoints: &[Checkpoint], base: i64) -> Self {
        let mut known = Self::default();
        let checkpoints = checkpoints.iter().map(|checkpoint| (checkpoint.seq, checkpoint.value.as_slice()));
        for (seq, value) in keys.positions().chain(checkpoints).filter(|(seq, _)| *seq >= base) {
            known.0.entry(seq).or_default().insert(value.to_vec());
        }
        known
    }

    fn contradicts(&self, (seq, value): (i64, &[u8])) -> bool {
        self.0.get(&seq).is_some_and(|values| values.iter().any(|known| known != value))
    }

    /// Whether a value after `seq` is known.
    pub(super) fn ends_after(&self, seq: i64) -> bool {
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
